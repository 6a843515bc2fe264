"""What `kata dev check` proves by grading: starters fail, right answers pass, wrong ones fail the check they name."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from kms_katas.grading.content_layout import rejected_answers
from kms_katas.grading.lane import Lane, grade_in_lane
from kms_katas.grading.lanes import Job, grade_in_lanes
from kms_katas.grading.outcome import Infra
from kms_katas.grading.runner import Runner, how_to_install, lacking
from kms_katas.kit import CheckResult, Finding, Kata, Kit, Verdict
from kms_katas.policy import OPEN_POINTS

ALONE = 40
"""Fewer gradings than this are done by this process: until several others are ready it would be through."""

Verdicts = Mapping[tuple[Path, int], Verdict]
"""By the answer's folder and the seed."""


@dataclass(frozen=True)
class Proof:
    """What grading all answers to a kata showed."""

    kata: Kata
    answers: int
    seeds: int
    cpu_seconds: float
    """Of computing for one answer and seed, on average: by the answer, its checks and the lab."""
    findings: tuple[Finding, ...]


def proof_of_all(
    kit: Kit,
    seeds: Mapping[Kata, int],
    runner: Callable[[], Runner],
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Iterator[Proof]:
    """The proof of each kata on so many seeds. `told` hears how many gradings are done, of how many.

    Checks that cannot be loaded hide no other kata's faults. Raises Infra.
    """
    jobs = [job for kata in seeds if not lacking(kata) for job in _jobs(kit, kata, seeds[kata])]
    verdicts, not_loaded = _graded(kit, jobs, runner, told)
    for kata, count in seeds.items():
        package, cpu = lacking(kata), 0.0
        if package:
            findings = [Finding(kata.id, f"it needs {package}, which is not installed here. {how_to_install(package)}")]
        elif kata in not_loaded:
            findings = [not_loaded[kata]]
        else:
            findings = list(proof_findings(kit, kata, verdicts, count))
            cpu = mean(verdicts[job.folder, job.seed].cpu_seconds for job in jobs if job.kata is kata)
        yield Proof(kata, len(_answers(kit, kata)), count, cpu, tuple(findings))


def _graded(
    kit: Kit, jobs: list[Job], runner: Callable[[], Runner], told: Callable[[int, int], None]
) -> tuple[dict[tuple[Path, int], Verdict], dict[Kata, Finding]]:
    """The verdict on each job, by several processes where that is quicker; a finding for checks that do not load."""
    verdicts: dict[tuple[Path, int], Verdict] = {}
    not_loaded: dict[Kata, Finding] = {}
    if len(jobs) >= ALONE:
        try:
            for job, verdict in grade_in_lanes(kit, jobs, os.cpu_count() or 1):
                verdicts[job.folder, job.seed] = verdict
                told(len(verdicts), len(jobs))
            return verdicts, {}
        except Infra:
            pass  # Whose checks cannot be loaded is seen where each kata's are loaded by themselves.
    of_this_process = runner()
    try:
        for kata, of_kata in itertools.groupby(jobs, lambda job: job.kata):
            found = _graded_here(kit, kata, list(of_kata), of_this_process)
            if isinstance(found, Finding):
                not_loaded[kata] = found
            else:
                verdicts |= found
    finally:
        of_this_process.close()
    return verdicts, not_loaded


def _graded_here(kit: Kit, kata: Kata, jobs: list[Job], runner: Runner) -> dict[tuple[Path, int], Verdict] | Finding:
    """By a lane in this process; a finding where its checks cannot be loaded."""
    loaded = False

    def body(lane: Lane) -> dict[tuple[Path, int], Verdict]:
        nonlocal loaded
        loaded = True
        return {(job.folder, job.seed): lane.grade_folder(kata, job.folder, job.seed) for job in jobs}

    try:
        return grade_in_lane(kit, (kata,), runner, body)
    except Infra as error:
        if loaded:
            raise
        # pytest marks the lines that say what went wrong with E; the last of them is the exception.
        said = [line.removeprefix("E").strip() for line in str(error).splitlines() if line.startswith("E ")]
        return Finding(f"tests/graders/{kata.grader}", f"it cannot be loaded: {said[-1] if said else error}.")


def _jobs(kit: Kit, kata: Kata, seeds: int) -> Iterator[Job]:
    """The starter once, each other answer on every seed."""
    yield Job(kata.id, kata, kit.starter(kata), kit.root, 1)
    for folder in _answers(kit, kata):
        for seed in range(1, seeds + 1):
            yield Job(kata.id, kata, folder, kit.root, seed)


def _answers(kit: Kit, kata: Kata) -> list[Path]:
    """The reference answer, the other right ones, the wrong ones."""
    solutions = kit.solutions / kata.folder
    rejected = [solutions / "rejected" / name for name in rejected_answers(kit, kata)]
    return [solutions, *_folders(solutions / "accepted"), *rejected]


def proof_findings(kit: Kit, kata: Kata, verdicts: Verdicts, seeds: int) -> Iterator[Finding]:
    """Every fault that shows in the verdicts on the kata's answers, each answer on `seeds` seeds."""
    verdict = verdicts[kit.starter(kata), 1]
    if verdict.passed:
        yield Finding(kata.id, "the starter passes its checks; it must fail them.")
    if any(check.status not in ("fail", "skipped") for check in verdict.checks if check.status != "pass"):
        yield Finding(
            kata.id, "the starter does not run: its checks must fail, not break off. " + _first_problem(verdict)
        )
    if verdict.max_score != kata.points:
        yield Finding(kata.id, f"kata.toml says {kata.points} points and the checks give {verdict.max_score}.")
    tasks = {check.task for check in verdict.checks}
    for task in kata.tasks:
        if task.number not in tasks:
            yield Finding(kata.id, f"no check belongs to task {task.number}.")
    for check in verdict.checks:
        if not 1 <= check.task <= len(kata.tasks):
            yield Finding(
                f"{kata.id} {check.check}", f"it is marked for task {check.task}, which the brief does not have."
            )
        if check.title == check.check:
            yield Finding(f"{kata.id} {check.check}", "it has no docstring, the sentence that a learner sees.")
    rejected = rejected_answers(kit, kata)
    checks = {check.check for check in verdict.checks}
    for folder in _answers(kit, kata):
        of_answer = [verdicts[folder, seed] for seed in range(1, seeds + 1)]
        if folder.parent.name != "rejected":
            yield from _must_pass(kit, kata, folder, of_answer)
        elif (wanted := rejected[folder.name][0]) in checks:
            yield from _must_fail(kata, folder, wanted, of_answer)
        else:
            yield Finding(
                f"{kata.id} rejected/{folder.name}", f"answers.toml names the check {wanted}, which is not there."
            )
        yield from _must_rest_on_nothing_open(kit, kata, folder, of_answer)


def _must_rest_on_nothing_open(kit: Kit, kata: Kata, answer: Path, verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    """AWS may decide otherwise what its documentation leaves open."""
    for point in sorted({point for verdict in verdicts for point in verdict.open_points}):
        yield Finding(
            kata.id,
            f"the verdict on {_name(kit, kata, answer)} rests on a point that AWS leaves open, {point}:"
            f" {OPEN_POINTS[point].sentence}. Take that out of the checks, or let both pass.",
        )


def _name(kit: Kit, kata: Kata, answer: Path) -> str:
    return "the reference answer" if answer == kit.solutions / kata.folder else f"{answer.parent.name}/{answer.name}"


def _must_pass(kit: Kit, kata: Kata, answer: Path, verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    for verdict in verdicts:
        if not verdict.passed:
            name = _name(kit, kata, answer)
            yield Finding(kata.id, f"{name} does not pass on seed {verdict.seed}. {_first_problem(verdict)}")
            return


def _must_fail(kata: Kata, answer: Path, wanted: str, verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    for verdict in verdicts:
        failed = [check.check for check in verdict.checks if _refuses(check, kata)]
        if wanted not in failed:
            instead = f"it fails {', '.join(failed)} instead" if failed else "it fails none"
            yield Finding(
                kata.id,
                f"rejected/{answer.name} must fail {wanted} and does not on seed {verdict.seed}; {instead}.",
            )
            return
        found = next(check for check in verdict.checks if check.check == wanted)
        if found.status != "timeout" and not (found.message and found.next_step):
            yield Finding(kata.id, f"{wanted} refuses rejected/{answer.name} without a message or a next step.")
            return


def _refuses(check: CheckResult, kata: Kata) -> bool:
    """Whether it says that the answer is wrong. Code must run for that; a policy that AWS refuses is a wrong policy."""
    of_a_policy = kata.documents_only or check.file.endswith(".json")
    return check.status in ("fail", "timeout") or (check.status == "error" and of_a_policy)


def _first_problem(verdict: Verdict) -> str:
    problem = next(check for check in verdict.checks if check.status != "pass")
    return f"{problem.check}: {problem.message}"


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else []
