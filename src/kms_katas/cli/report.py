"""Reports for programs: which are wanted and where, what is written before the grading, and how a file is replaced.

Not for how a format looks: see reports/.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import kms_katas
from kms_katas.cli import on_github
from kms_katas.kit import CheckResult, Kata, KitError, Verdict
from kms_katas.reports.classroom50 import VARIABLES, as_classroom50
from kms_katas.reports.csv_report import as_csv
from kms_katas.reports.exercism import as_exercism
from kms_katas.reports.github import MAX_SUMMARY, as_annotations, as_summary, for_log, in_total
from kms_katas.reports.gradescope import as_gradescope
from kms_katas.reports.html_report import as_html
from kms_katas.reports.json_report import as_json
from kms_katas.reports.junit import as_junit
from kms_katas.reports.public import hidden_note

_FORMATS: dict[str, Callable[[list[Verdict]], str]] = {
    "json": as_json,
    "junit": lambda verdicts: as_junit(_unnamed(verdicts)),
    "gradescope": as_gradescope,
    "classroom50": lambda verdicts: as_classroom50(verdicts, os.environ, datetime.now(UTC)),
    "exercism": lambda verdicts: as_exercism(verdicts[0]),
    "github": lambda verdicts: as_summary(_unnamed(verdicts)),
    "csv": lambda verdicts: as_csv(_unnamed(verdicts)),
    "html": as_html,
}


@dataclass(frozen=True)
class Wanted:
    """One report: its format, and the file or folder it goes to; None: it is printed."""

    format: str
    output: Path | None


def wanted(formats: Sequence[str], outputs: Sequence[Path], spared: Iterable[Path]) -> tuple[Wanted, ...]:
    """The reports that were asked for: the first --format goes to the first --output, and so on; `-` prints it.

    Raises KitError where that leaves a question, and where a report would take the place of a file of `spared`.
    """
    formats = formats or ("text",)
    outputs = outputs or (Path("-"),)
    if len(formats) != len(outputs):
        raise KitError(
            f"There are {len(formats)} reports (--format) and {len(outputs)} places for them (--output). Give each "
            "--format an --output of its own, in the same order; --output - prints a report."
        )
    places = [output.resolve() for output in outputs if output != Path("-")]
    # Annotations are printed wherever the summary goes: among text they do no harm, JSON or XML they would break.
    printed = [name for name, output in zip(formats, outputs, strict=True) if output == Path("-") or name == "github"]
    if len(printed) > 1 and set(printed) != {"text", "github"}:
        raise KitError(f"Two reports cannot both be printed: {' and '.join(printed)}. Give each an --output FILE.")
    twice = [place for place in places if places.count(place) > 1]
    if twice:
        raise KitError(f"Two reports cannot both go to {twice[0]}. Give each an --output of its own.")
    lost = set(places).intersection(path.resolve() for path in spared)
    if lost:
        raise KitError(
            f"--output {lost.pop()} would write over what is graded, or needed for it. Give it a file of its own."
        )
    return tuple(
        Wanted(format, None if output == Path("-") else output) for format, output in zip(formats, outputs, strict=True)
    )


def deliver(reports: Iterable[Wanted], put_one: Callable[[Wanted], None]) -> None:
    """`put_one` for each. One that cannot be written keeps no other from its place; the first such KitError rises.

    Files first: whoever reads what is printed may leave half-way.
    """
    failed: KitError | None = None
    for report in sorted(reports, key=lambda report: report.output is None):
        try:
            put_one(report)
        except KitError as error:
            failed = failed or error
    if failed:
        raise failed


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


_IN_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV}
"""What comes of a folder in which nothing new may be made, and of a file that is a mount of its own."""


def unfinished(katas: Iterable[Kata], seed: int | None) -> list[Verdict]:
    """What a report says until the grading has ended: errors, and no word on any answer."""
    return [
        Verdict(kata.id, (_unfinished(kata),), seed or 0, kms_katas.__version__, "0" * 64, isolation="none")
        for kata in katas
    ]


def show_on_github(graded: Sequence[tuple[str, Verdict]], output: Path | None) -> None:
    """Annotations go to the log, which alone can carry them; the summary to `output`, else to the step's own file."""
    own = os.environ.get("GITHUB_STEP_SUMMARY")
    if output:
        write(output, as_summary(graded))
    elif own:
        with _told(Path(own), "The job summary ($GITHUB_STEP_SUMMARY)"), open(own, "ab") as page:
            # The limit holds for all that the step writes there.
            page.write(as_summary(graded, MAX_SUMMARY - page.tell()).encode())
    print(as_annotations(graded) + " ".join(filter(None, (in_total(graded), hidden_note(v for _, v in graded)))))


def put(text: str, output: Path | None) -> None:
    """To the file, else to where this prints: in GitHub's log, without a line that would command its runner."""
    if output:
        write(output, text)
    else:
        print(for_log(text) if on_github() else text, end="")


def write(output: Path, text: str | bytes, what: str = "--output") -> None:
    """The whole of it or what was there before, whenever this is killed. Raises KitError where it cannot be written.

    `what` is what the sentence calls the file.
    """
    with _told(output, what):
        target = output.resolve()  # behind a link the file is replaced, not the link
        if target.exists() and not target.is_file():
            _plainly(target, text)  # a pipe, a terminal
            return
        beside = target.with_name(f".kata-report-{secrets.token_hex(4)}")  # no longer than a name may be
        try:
            _plainly(beside, text)
            if target.exists():
                beside.chmod(target.stat().st_mode & 0o777)
            os.replace(beside, target)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink()
            # On a full disk, writing in place would leave nothing: what stands there says `error`, and stays.
            if error.errno not in _IN_PLACE or not target.exists():
                raise
            _plainly(target, text)


def write_pages(folder: Path, pages: dict[str, str]) -> None:
    """Each page at its path below `folder`, which is made. Raises KitError where that cannot be."""
    for name, text in pages.items():
        with _told(folder):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write(folder / name, text)


def _plainly(path: Path, text: str | bytes) -> None:
    if isinstance(text, bytes):
        path.write_bytes(text)
        return
    # A learner's folder may have a name that is no text.
    path.write_text(text, "utf-8", errors="backslashreplace", newline="\n")


@contextlib.contextmanager
def _told(output: Path, what: str = "--output") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        step = "Give a file in a folder that is there and that you may write to"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            step = "Make room, or give a file elsewhere"
        raise KitError(f"{what} {output} cannot be written: {error.strerror}. {step}.") from error


def _unnamed(verdicts: Iterable[Verdict]) -> list[tuple[str, Verdict]]:
    return [("", verdict) for verdict in verdicts]


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
