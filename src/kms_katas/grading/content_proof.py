"""What `kata dev check` proves by grading: starters fail, right answers pass, wrong ones fail the check they name."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from kms_katas.grading.content_layout import rejected_answers
from kms_katas.grading.lane import Lane, grade_in_lane
from kms_katas.grading.outcome import Infra
from kms_katas.grading.runner import Runner, how_to_install, lacking
from kms_katas.kit import Finding, Kata, Kit, Verdict
from kms_katas.policy import OPEN_POINTS


def proof_of_all(kit: Kit, katas: Iterable[Kata], runner: Runner, seeds: int) -> Iterator[Finding]:
    """Every fault of `katas`. Each has a lane of its own: checks that cannot be loaded hide no other kata's faults."""
    for kata in katas:
        yield from _proof_in_lane(kit, kata, runner, seeds)


def _proof_in_lane(kit: Kit, kata: Kata, runner: Runner, seeds: int) -> list[Finding]:
    loaded = False

    def body(lane: Lane) -> list[Finding]:
        nonlocal loaded
        loaded = True
        return list(proof_findings(kit, kata, lane, seeds))

    try:
        return grade_in_lane(kit, (kata,), runner, body)
    except Infra as error:
        if loaded:
            raise
        # pytest marks the lines that say what went wrong with E; the last of them is the exception.
        said = [line.removeprefix("E").strip() for line in str(error).splitlines() if line.startswith("E ")]
        return [Finding(f"tests/graders/{kata.grader}", f"it cannot be loaded: {said[-1] if said else error}.")]


def proof_findings(kit: Kit, kata: Kata, lane: Lane, seeds: int) -> Iterator[Finding]:
    """Every fault that shows when the kata's answers are graded, each answer on `seeds` seeds."""
    if package := lacking(kata):
        yield Finding(kata.id, f"it needs {package}, which is not installed here. {how_to_install(package)}")
        return
    verdict = lane.grade_folder(kata, kit.starter(kata))
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
    solutions = kit.solutions / kata.folder
    for answer in (solutions, *_folders(solutions / "accepted")):
        yield from _must_pass(kata, answer, solutions, lane, seeds)
        yield from _must_rest_on_nothing_open(kata, answer, solutions, lane)
    checks = {check.check for check in verdict.checks}
    for name, (wanted, _) in rejected_answers(kit, kata).items():
        if wanted not in checks:
            yield Finding(f"{kata.id} rejected/{name}", f"answers.toml names the check {wanted}, which is not there.")
        else:
            yield from _must_fail(kata, solutions / "rejected" / name, wanted, lane, seeds)
            yield from _must_rest_on_nothing_open(kata, solutions / "rejected" / name, solutions, lane)


def _must_rest_on_nothing_open(kata: Kata, answer: Path, solutions: Path, lane: Lane) -> Iterator[Finding]:
    """Of the answer that was graded last: AWS may decide otherwise what its documentation leaves open."""
    for point in sorted(lane.open_points()):
        yield Finding(
            kata.id,
            f"the verdict on {_name(answer, solutions)} rests on a point that AWS leaves open, {point}:"
            f" {OPEN_POINTS[point].sentence}. Take that out of the checks, or let both pass.",
        )


def _name(answer: Path, solutions: Path) -> str:
    return "the reference answer" if answer == solutions else f"{answer.parent.name}/{answer.name}"


def _must_pass(kata: Kata, answer: Path, solutions: Path, lane: Lane, seeds: int) -> Iterator[Finding]:
    name = _name(answer, solutions)
    for seed in range(1, seeds + 1):
        verdict = lane.grade_folder(kata, answer, seed)
        if not verdict.passed:
            yield Finding(kata.id, f"{name} does not pass on seed {seed}. {_first_problem(verdict)}")
            return


def _must_fail(kata: Kata, answer: Path, wanted: str, lane: Lane, seeds: int) -> Iterator[Finding]:
    for seed in range(1, seeds + 1):
        verdict = lane.grade_folder(kata, answer, seed)
        # Code must run to be wrong; a policy that AWS refuses is a wrong policy.
        refusals = ("fail", "timeout", "error") if kata.documents_only else ("fail", "timeout")
        failed = [check.check for check in verdict.checks if check.status in refusals]
        if wanted not in failed:
            instead = f"it fails {', '.join(failed)} instead" if failed else "it fails none"
            yield Finding(kata.id, f"rejected/{answer.name} must fail {wanted} and does not on seed {seed}; {instead}.")
            return
        found = next(check for check in verdict.checks if check.check == wanted)
        if found.status != "timeout" and not (found.message and found.next_step):
            yield Finding(kata.id, f"{wanted} refuses rejected/{answer.name} without a message or a next step.")
            return


def _first_problem(verdict: Verdict) -> str:
    problem = next(check for check in verdict.checks if check.status not in ("pass", "skipped"))
    return f"{problem.check}: {problem.message}"


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else []
