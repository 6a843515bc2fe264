"""`kata grade`: the answers of many learners, graded in several lanes. Not for one learner's own: see check.py."""

import os
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rich.text import Text

from kms_katas.cli import INTERRUPTED, NOT_PASSED, PASSED, on_github, report, screen
from kms_katas.cli.place import Place
from kms_katas.grading.cells import passed_over
from kms_katas.grading.lanes import Job, grade_in_lanes
from kms_katas.grading.run import answer_folder
from kms_katas.grading.runner import Runner, best_runner, how_to_install, lacking
from kms_katas.kit import Kata, Kit, KitError, Verdict
from kms_katas.reports.csv_report import as_csv
from kms_katas.reports.github import as_summary, for_log
from kms_katas.reports.html_report import as_pages
from kms_katas.reports.json_report import as_cohort
from kms_katas.reports.junit import as_junit
from kms_katas.reports.public import one_line, points, why


def grade(
    place: Place,
    submissions: Path,
    word: str | None,
    lanes: int | None,
    seed: int | None,
    formats: Sequence[str],
    outputs: Sequence[Path],
    isolation: str | None,
) -> int:
    """Grade and report. The exit status: 0 when every answer passed, and no learner's folder is a link."""
    kit = place.kit
    entries = _entries(submissions)
    jobs = list(_jobs(kit, entries, place.find(word) if word else None, seed))
    left_out = _left_out(entries, {job.name for job in jobs})
    if not jobs:
        raise KitError(
            f"{submissions} holds no answer. Give a folder with a folder for each learner, shaped like katas/ or a "
            f"workspace; with --kata, each may hold the files of that kata alone.{_in_words(left_out)}"
        )
    if needed := next((job.kata for job in jobs if lacking(job.kata)), None):
        package = lacking(needed) or ""
        raise KitError(f"{needed.id} needs {package}, which is not installed here. {how_to_install(package)}")
    reports = report.wanted(formats, outputs, [job.folder / name for job in jobs for name in job.kata.answer])
    if any(wanted.format == "html" and wanted.output is None for wanted in reports):
        raise KitError("--format html makes a page for each answer. Give --output the folder to put them in.")
    unfinished = [(job, report.unfinished([job.kata], job.seed)[0]) for job in jobs]
    for wanted in reports:
        if wanted.output:
            # Before the grading: a file that cannot be written costs no run, and no earlier report passes for this one.
            _write(wanted.output, wanted.format, unfinished, opening=True)
    if not all(job.kata.documents_only for job in jobs):
        isolation = _closed_off(kit, isolation)
    graded = _graded(kit, jobs, lanes or os.cpu_count() or 1, isolation, reports)

    def put(wanted: report.Wanted) -> None:
        if wanted.format == "github":
            report.show_on_github(_named(graded), wanted.output)
        elif wanted.output:
            _write(wanted.output, wanted.format, graded)
        elif wanted.format == "text":
            screen.console().print(_lines(graded))
        else:
            report.put(_MAKERS[wanted.format](_named(graded)), None)

    try:
        report.deliver(reports, put)
    finally:
        if left_out:
            # Last, where it is still seen when many lines have gone by.
            sys.stdout.flush()
            words = _in_words(left_out)
            print(for_log(words) if on_github() else words, file=sys.stderr)
        for job in jobs:
            if said := passed_over(kit, job.kata, job.folder):
                words = f"{one_line(job.name)}, {job.kata.id}: {said}"
                print(for_log(words) if on_github() else words, file=sys.stderr)
    passed = all(verdict.passed for _, verdict in graded) and _LINK not in left_out.values()
    return PASSED if passed else NOT_PASSED


def _graded(
    kit: Kit, jobs: Sequence[Job], lanes: int, isolation: str | None, reports: Iterable[report.Wanted]
) -> list[tuple[Job, Verdict]]:
    """In the order of `jobs`. Ends the command at Ctrl-C, and says what comes of it."""
    found: dict[Job, Verdict] = {}
    task = f"Grading {screen.count(len(jobs), 'answer')} ..."
    try:
        with screen.waiting(task) as show:
            for job, verdict in grade_in_lanes(kit, jobs, lanes, isolation):
                found[job] = verdict
                show(f"{task} {len(found)} done")
    except KeyboardInterrupt:
        done = f"{len(found)} of {screen.count(len(jobs), 'answer')}"
        files = " Reports in files say `error`." if any(wanted.output for wanted in reports) else ""
        print(f"\nStopped after {done}; no verdict is kept.{files}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    return [(job, found[job]) for job in jobs]


MAX_LEFT_OUT = 20
"""Lines about what is not graded."""
_MAKERS: dict[str, Callable[[list[tuple[str, Verdict]]], str]] = {
    "json": lambda graded: as_cohort(graded) + "\n",
    "junit": lambda graded: as_junit(graded) + "\n",
    "github": as_summary,
    "csv": as_csv,
}


def _named(graded: list[tuple[Job, Verdict]]) -> list[tuple[str, Verdict]]:
    return [(job.name, verdict) for job, verdict in graded]


def _write(output: Path, format: str, graded: list[tuple[Job, Verdict]], *, opening: bool = False) -> None:
    if format == "html":
        pages = list(as_pages(_named(graded)).items())
        # The index, which is the last of them, says `error` from the first moment to the last.
        report.write_pages(output, dict(reversed(pages) if opening else pages))
    else:
        report.write(output, screen.page(_lines(graded)) if format == "text" else _MAKERS[format](_named(graded)))


def _lines(graded: list[tuple[Job, Verdict]]) -> Text:
    lines = Text("\n").join(_line(job, verdict) for job, verdict in graded)
    passed = sum(verdict.passed for _, verdict in graded)
    return lines.append(f"\n\n{passed} of {screen.count(len(graded), 'answer')} passed.", style="bold")


def _entries(submissions: Path) -> list[Path]:
    """What lies there, by name, but for what begins with a dot. Raises KitError."""
    if not submissions.is_dir():
        raise KitError(f"{submissions} is not a folder. Give one that holds a folder for each learner.")
    try:
        return sorted(entry for entry in submissions.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise KitError(f"{submissions} cannot be read: {error.strerror}. Look at who may read it.") from error


def _jobs(kit: Kit, entries: Iterable[Path], only: Kata | None, seed: int | None) -> Iterator[Job]:
    """In the order of the learners' names, then of the kit. All get the same seed: what is fair must be alike."""
    seed = secrets.randbelow(2**31) if seed is None else seed
    for learner in entries:
        if learner.is_symlink() or not learner.is_dir():
            continue
        within = learner.absolute()
        for kata in (only,) if only else kit.katas:
            folder = answer_folder(within, kata)
            if not os.path.isdir(folder) and only:
                folder = within
            if os.path.isdir(folder):
                yield Job(learner.name, kata, folder, within, seed)


_LINK = "a link. Put the learner's folder itself there"


def _left_out(entries: Iterable[Path], graded: set[str]) -> dict[str, str]:
    """Name to reason, of all of which nothing is graded: a learner who is missing in a report is missed by nobody."""
    return {entry.name: _reason(entry) for entry in entries if entry.name not in graded}


def _reason(entry: Path) -> str:
    if entry.is_symlink():
        return _LINK
    return "no answer in it, or not to be read" if entry.is_dir() else "a file. A learner has a folder"


def _in_words(left_out: dict[str, str]) -> str:
    """Lines, the first of them empty; nothing where nobody is left out."""
    lines = [f"  {one_line(name)}: {reason}." for name, reason in left_out.items()]
    if len(lines) > MAX_LEFT_OUT:
        lines[MAX_LEFT_OUT - 1 :] = [f"  and {len(lines) - MAX_LEFT_OUT + 1} more."]
    return "\n".join(["", "Not graded, and in no report:", *lines]) if lines else ""


def _closed_off(kit: Kit, isolation: str | None) -> str:
    """The level to grade at. Raises KitError below lite, unless none was asked for in words."""
    if isolation == "none":
        return isolation
    runner: Runner = best_runner(isolation, (kit.root,))
    try:
        level, lacks = runner.isolation, runner.lacks
    finally:
        runner.close()
    if level == "none":
        raise KitError(
            f"On this machine the answers of others cannot be closed off: {lacks}. They could read and write your "
            "files. Grade them where that works, or in a virtual machine with --isolation none."
        )
    return level


def _line(job: Job, verdict: Verdict) -> Text:
    colour = "green" if verdict.passed else "red"
    name = one_line(job.name)
    line = Text.assemble((f"{verdict.status:8}", colour), name, "  ", (job.kata.id, "bold"), f"  {points(verdict)}")
    return line.append(f"  {said}", "dim") if (said := why(verdict)) else line
