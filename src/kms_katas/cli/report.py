"""Reports for programs: which formats there are, what is written before the grading, and how a file is replaced.

Not for how a format looks: see reports/.
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import kms_katas
from kms_katas.cli import screen
from kms_katas.kit import CheckResult, Kata, KitError, Verdict
from kms_katas.reports.classroom50 import VARIABLES, as_classroom50
from kms_katas.reports.csv_report import as_csv
from kms_katas.reports.exercism import as_exercism
from kms_katas.reports.github import as_annotations, as_summary, for_log
from kms_katas.reports.gradescope import as_gradescope
from kms_katas.reports.html_report import as_html
from kms_katas.reports.json_report import as_json
from kms_katas.reports.junit import as_junit
from kms_katas.reports.public import total

_FORMATS: dict[str, Callable[[list[Verdict]], str]] = {
    "json": as_json,
    "junit": as_junit,
    "gradescope": as_gradescope,
    "classroom50": lambda verdicts: as_classroom50(verdicts, os.environ, datetime.now(UTC)),
    "exercism": lambda verdicts: as_exercism(verdicts[0]),
    "github": as_summary,
    "csv": lambda verdicts: as_csv(("", verdict) for verdict in verdicts),
    "html": as_html,
}


def maker(format: str, katas: tuple[Kata, ...]) -> Callable[[list[Verdict]], str]:
    """What makes the report of these katas. Raises KitError where the format cannot hold it: before any grading."""
    if format == "exercism" and len(katas) != 1:
        raise KitError(f"The format exercism reports one kata, and these are {len(katas)}. Name the one to check.")
    absent = [name for name in VARIABLES if not os.environ.get(name)]
    if format == "classroom50" and absent:
        raise KitError(
            f"The format classroom50 needs {', '.join(absent)} in the environment, where the runner of Classroom 50 "
            "puts them. To try it by hand, set them yourself."
        )
    make = _FORMATS[format]
    return lambda verdicts: make(verdicts).removesuffix("\n") + "\n"


def unfinished(katas: Iterable[Kata], seed: int | None) -> list[Verdict]:
    """What a report says until the grading has ended: errors, and no word on any answer."""
    return [
        Verdict(kata.id, (_unfinished(kata),), seed or 0, kms_katas.__version__, "0" * 64, isolation="none")
        for kata in katas
    ]


def show_on_github(verdicts: list[Verdict], summary: str, output: Path | None) -> None:
    """Annotations go to the log, which alone can carry them; the summary to `output`, else to the step's own file."""
    print(as_annotations(verdicts) + total(verdicts))
    own = os.environ.get("GITHUB_STEP_SUMMARY")
    if output:
        write(output, summary)
    elif own:
        with _told(Path(own)), open(own, "a", encoding="utf-8", newline="\n") as page:
            page.write(summary)


def put(text: str, output: Path | None) -> None:
    """To the file, else to where this prints: in GitHub's log, without a line that would command its runner."""
    if output:
        write(output, text)
    else:
        print(for_log(text) if screen.on_github() else text, end="")


def write(output: Path, text: str) -> None:
    """The whole of it or what was there before, whenever this is killed. Raises KitError where it cannot be written."""
    with _told(output):
        target = output.resolve()  # behind a link the file is replaced, not the link
        if target.exists() and not target.is_file():
            _plainly(target, text)  # a pipe, a terminal
            return
        beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            _plainly(beside, text)
            if target.exists():
                beside.chmod(target.stat().st_mode & 0o777)
            os.replace(beside, target)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()
            if not target.exists():
                raise
            # A folder in which nothing new may be made, or a file that is a mount of its own.
            _plainly(target, text)


def write_pages(folder: Path, pages: dict[str, str]) -> None:
    """Each page at its path below `folder`, which is made. Raises KitError where that cannot be."""
    for name, text in pages.items():
        with _told(folder):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write(folder / name, text)


def _plainly(path: Path, text: str) -> None:
    # A learner's folder may have a name that is no text.
    path.write_text(text, "utf-8", errors="backslashreplace", newline="\n")


@contextlib.contextmanager
def _told(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KitError(
            f"--output {output} cannot be written: {error.strerror}. Give a file in a folder that is there."
        ) from error


def _unfinished(kata: Kata) -> CheckResult:
    return CheckResult(
        check="grading",
        title="The grading came to its end.",
        task=1,
        status="error",
        max_points=kata.points,
        message="The grading has not come to its end. If nothing grades any more, it was stopped or killed.",
        next_step="Nothing is known about the answer. Grade it again.",
    )
