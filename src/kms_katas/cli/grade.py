"""`kata grade`: the answers of many learners, graded in several lanes. Not for one learner's own: see check.py."""

import contextlib
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rich.text import Text

from kms_katas.cli import INTERRUPTED, NOT_PASSED, PASSED, complain, report, screen
from kms_katas.cli.course import FORMATS, CourseReports, course_reports, refuse_without_checks
from kms_katas.cli.place import Place
from kms_katas.cli.progress import progressing
from kms_katas.grading.cells import notebooks, passed_over
from kms_katas.grading.cluster import cluster_address, connected, need_dask
from kms_katas.grading.cohort import Plan, holds_answer, in_place, jobs_of, plan, with_seed
from kms_katas.grading.cohort_results import Results, open_results
from kms_katas.grading.lanes import Job, grade_in_lanes
from kms_katas.grading.runner import Runner, best_runner, how_to_install, lacking
from kms_katas.grading.submissions import HandedIn, handed_in
from kms_katas.kit import Kit, KitError, Verdict
from kms_katas.reports.changes import Earlier, as_changes, earlier_report
from kms_katas.reports.csv_report import as_csv
from kms_katas.reports.github import as_summary
from kms_katas.reports.html_report import as_pages
from kms_katas.reports.json_report import as_cohort
from kms_katas.reports.junit import as_junit
from kms_katas.reports.public import one_line, points, why
from kms_katas.reports.statistics_csv import as_statistics_csv
from kms_katas.reports.statistics_json import as_statistics_json
from kms_katas.reports.statistics_page import as_statistics_page
from kms_katas.study.progress import NAME as PROGRESS


def grade(
    place: Place,
    submissions: Path,
    word: str | None,
    lanes: int | None,
    seed: int | None,
    formats: Sequence[str],
    outputs: Sequence[Path],
    isolation: str | None,
    results: Path | None = None,
    only_changed: bool = False,
    against: Path | None = None,
    course: Path | None = None,
    submitted: Path | None = None,
    cluster: str | None = None,
) -> int:
    """Grade and report. The exit status: 0 when every answer passed, and nobody handed in a link or a hostile zip."""
    address = _cluster_address(cluster, lanes) if cluster is not None else None
    place = place.of(course)
    kit = place.kit
    only = place.find(word) if word else None
    for_course = course_reports(kit, only, formats, submitted)
    earlier = earlier_report(against) if against else None
    files = {name for kata in ((only,) if only else kit.katas) for name in kata.answer}
    if for_course:
        files.add(PROGRESS)
    with (
        _ended_in_order(),
        handed_in(submissions, holds_answer(kit, only), files) as handed,
        contextlib.ExitStack() as stack,
    ):
        jobs = jobs_of(kit, handed.submissions, only)
        left_out = handed.left_out | _without_answer(handed, jobs)
        if not jobs:
            raise KitError(
                f"{submissions} holds no answer. Give a folder or a zip with a folder for each learner, shaped like "
                f"katas/ or a workspace; with --kata, each may hold the files of that kata alone.{_in_words(left_out)}"
            )
        if needed := next((job.kata for job in jobs if not address and lacking(job.kata)), None):
            package = lacking(needed) or ""
            raise KitError(f"{needed.id} needs {package}, which is not installed here. {how_to_install(package)}")
        refuse_without_checks(kit, [job.kata for job in jobs])
        if for_course:
            for_course.look_at(jobs, handed)
        kept_in = _kept_in(submissions, results)
        read = (job.folder / name for job in jobs for name in (*job.kata.answer, *notebooks(job.folder)))
        given = [path for path in (course, submitted) if path]
        spared = [*handed.files, *read, *given, *(job.within / PROGRESS for job in jobs)]
        reports = report.wanted(formats, outputs, [*spared, *([kept_in] if kept_in else [])])
        if any(wanted.format == "html" and wanted.output is None for wanted in reports):
            raise KitError("--format html makes a page for each answer. Give --output the folder to put them in.")
        with open_results(kept_in) as kept:
            jobs = with_seed(jobs, _seed(seed, kept, earlier))
            for wanted in reports:
                if wanted.output:
                    # Before the grading: a file that cannot be written costs no run, and no earlier report passes for
                    # this one.
                    unfinished = [(job, report.unfinished([job.kata], job.seed)[0]) for job in jobs]
                    _write(wanted.output, wanted.format, unfinished, _pages_of(reports), for_course, opening=True)
            workers = stack.enter_context(connected(address)) if address else None
            if workers:
                isolation = workers.level(kit, {job.kata.id: job.kata for job in jobs}.values(), isolation)
            elif not all(job.kata.documents_only for job in jobs):
                isolation = _closed_off(kit, isolation)
            kept.begin(jobs[0].seed, anew=only_changed)
            planned = plan(kit, jobs, kept, isolation, only_changed=only_changed)
            _say_what_is_kept(kept, planned, only_changed)

            def verdicts(todo: list[Job]) -> Iterator[tuple[Job, Verdict]]:
                if workers:
                    return workers.grade(kit, todo, isolation)
                return grade_in_lanes(kit, todo, lanes or os.cpu_count() or 1, isolation)

            graded = _graded(jobs, planned, kept, verdicts, handed, reports)
            kept.end()
            notes = [*handed.notes, *_notes_on_notebooks(kit, jobs), *(for_course.notes if for_course else ())]
    return _told(graded, reports, notes, left_out, earlier, for_course, barred=bool(handed.barred))


def _notes_on_notebooks(kit: Kit, jobs: Iterable[Job]) -> Iterator[str]:
    for job in jobs:
        if said := passed_over(kit, job.kata, job.folder):
            yield f"{job.name}, {job.kata.id}: {said}"


def _told(
    graded: list[tuple[Job, Verdict]],
    reports: Sequence[report.Wanted],
    notes: Sequence[str],
    left_out: dict[str, str],
    earlier: Earlier | None,
    for_course: CourseReports | None,
    *,
    barred: bool,
) -> int:
    """Write and print all reports. The exit status."""
    pages = _pages_of(reports)

    def put(wanted: report.Wanted) -> None:
        if wanted.format == "github":
            report.show_on_github(_named(graded), wanted.output)
        elif wanted.output:
            _write(wanted.output, wanted.format, graded, pages, for_course)
        elif wanted.format == "text":
            screen.console().print(_lines(graded, for_course))
        else:
            report.put(_made(wanted.format, graded, for_course), None)

    try:
        report.deliver(reports, put)
    finally:
        # Last, where it is still seen when many lines have gone by.
        sys.stdout.flush()
        for words in ("\n".join(["", *map(one_line, notes)]) if notes else "", _in_words(left_out)):
            if words:
                complain(words)
    if earlier:
        among_data = any(wanted.output is None and wanted.format not in ("text", "github") for wanted in reports)
        words = as_changes(earlier, _named(graded))
        (complain if among_data else screen.console().print)(f"\n{words}")
    passed = all(verdict.passed for _, verdict in graded) and not barred
    return PASSED if passed else NOT_PASSED


def _graded(
    jobs: Sequence[Job],
    planned: Plan,
    kept: Results,
    verdicts: Callable[[list[Job]], Iterator[tuple[Job, Verdict]]],
    handed: HandedIn,
    reports: Iterable[report.Wanted],
) -> list[tuple[Job, Verdict]]:
    """In the order of `jobs`. Ends the command at Ctrl-C, and says what comes of it."""
    found = dict(planned.taken)
    todo = list(planned.todo)
    try:
        with progressing(len(todo)) as step:
            for job, told in verdicts(todo) if todo else ():
                verdict = in_place(told, handed.shown) if handed.unpacked else told
                planned.keep(job, verdict)
                found[job] = verdict
                step()
    except KeyboardInterrupt:
        done = f"{len(found)} of {screen.count(len(jobs), 'answer')}"
        files = " Reports in files say `error`." if any(wanted.output for wanted in reports) else ""
        goes_on = f"the verdicts are in {kept.path}: the same command goes on from there."
        complain(f"\nStopped after {done}; {goes_on if kept.path else 'no verdict is kept.'}{files}")
        sys.exit(INTERRUPTED)
    return [(job, found[job]) for job in jobs]


def _cluster_address(given: str, lanes: int | None) -> str:
    """Raises KitError: before anything is read, or unpacked."""
    if lanes:
        raise KitError(
            "--jobs counts lanes on this machine. With --cluster, `dask worker --nthreads N` says how many answers a "
            "worker grades at a time."
        )
    need_dask()
    return cluster_address(given)


def _kept_in(submissions: Path, results: Path | None) -> Path | None:
    """Where the verdicts are kept: beside the submissions, where no learner's folder is. None: nowhere."""
    whole = submissions.resolve()
    if results is not None:
        if whole.is_dir() and results.resolve().is_relative_to(whole):
            raise KitError(f"--results {results} lies among the submissions. Give a file elsewhere.")
        if results.resolve() == whole:
            raise KitError(f"--results {results} is what is graded. Give another file.")
        return results
    if not os.access(whole.parent, os.W_OK):
        complain(
            f"{whole.parent} cannot be written to: no verdict is kept for the next run. --results FILE keeps them."
        )
        return None
    return whole.with_name(f"{whole.name.removesuffix('.zip')}.kata-results.sqlite")


def _seed(asked: int | None, kept: Results, earlier: Earlier | None) -> int:
    """That of the last run, which is fair to who hands in again; of a report that is compared with, if it had one."""
    known = (asked, kept.seed, earlier.seed if earlier else None)
    return next((seed for seed in known if seed is not None), secrets.randbelow(2**31))


def _say_what_is_kept(kept: Results, planned: Plan, only_changed: bool) -> None:
    if not kept.path:
        return
    taken = screen.count(len(planned.taken), "verdict")
    if only_changed:
        complain(f"{taken} taken over from {kept.path}; {screen.count(len(planned.todo), 'answer')} to grade:")
        for job, why in planned.todo.items():
            complain(f"  {one_line(job.name)}  {job.kata.id}: {why}")
    elif kept.stopped:
        complain(f"{taken} taken over from {kept.path}, where a run that began at {kept.stopped} was stopped.")


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """A CI service that gives up sends SIGTERM: then too, what was unpacked is removed."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


MAX_LEFT_OUT = 20
"""Lines about what is not graded."""
_MAKERS: dict[str, Callable[[list[tuple[str, Verdict]]], str]] = {
    "json": lambda graded: as_cohort(graded) + "\n",
    "junit": lambda graded: as_junit(graded) + "\n",
    "github": as_summary,
    "csv": as_csv,
    "stats-json": lambda graded: as_statistics_json(graded) + "\n",
    "stats-csv": as_statistics_csv,
    "stats-html": as_statistics_page,
}


def _named(graded: list[tuple[Job, Verdict]]) -> list[tuple[str, Verdict]]:
    return [(job.name, verdict) for job, verdict in graded]


def _made(format: str, graded: list[tuple[Job, Verdict]], for_course: CourseReports | None) -> str:
    if for_course and format in FORMATS:
        return for_course.made(format, _named(graded))
    return _MAKERS[format](_named(graded))


def _write(
    output: Path,
    format: str,
    graded: list[tuple[Job, Verdict]],
    pages: Path | None,
    for_course: CourseReports | None,
    *,
    opening: bool = False,
) -> None:
    """`pages`: the folder of the pages for each answer, where they are wanted too."""
    if format == "html":
        made = list(as_pages(_named(graded)).items())
        # The index, which is the last of them, says `error` from the first moment to the last.
        report.write_pages(output, dict(reversed(made) if opening else made))
    elif format == "stats-html":
        report.write(output, as_statistics_page(_named(graded), _path_from(output, pages) if pages else None))
    else:
        text = screen.page(_lines(graded, for_course)) if format == "text" else _made(format, graded, for_course)
        report.write(output, text)


def _pages_of(reports: Iterable[report.Wanted]) -> Path | None:
    """The folder of the pages for each answer, where they are wanted."""
    return next((wanted.output for wanted in reports if wanted.format == "html"), None)


def _path_from(page: Path, folder: Path) -> str | None:
    """The way from a page to a folder, for its links; None where there is none, as from drive to drive on Windows."""
    try:
        return Path(os.path.relpath(folder, page.parent)).as_posix()
    except ValueError:
        return None


def _lines(graded: list[tuple[Job, Verdict]], for_course: CourseReports | None) -> Text:
    lines = Text("\n").join(_line(job, verdict) for job, verdict in graded)
    passed = sum(verdict.passed for _, verdict in graded)
    lines.append(f"\n\n{passed} of {screen.count(len(graded), 'answer')} passed.", style="bold")
    return lines.append(for_course.lines(_named(graded))) if for_course else lines


def _without_answer(handed: HandedIn, jobs: Iterable[Job]) -> dict[str, str]:
    """Name to reason, of all of which nothing is graded: a learner who is missing in a report is missed by nobody."""
    graded = {job.name for job in jobs}
    reason = "no answer in it, or not to be read. For the files of one answer alone, name its kata with --kata"
    return {learner.name: reason for learner in handed.submissions if learner.name not in graded}


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
    runner: Runner = best_runner(isolation, kit.private)
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
