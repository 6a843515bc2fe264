"""Which answers of a cohort have a verdict already, and which are to be graded. Not for grading them: see lanes.py."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from kms_katas.grading.cells import notebooks
from kms_katas.grading.cohort_results import Key, Results, key_of
from kms_katas.grading.lanes import Job, verdict_data, verdict_from
from kms_katas.grading.run import answer_folder
from kms_katas.grading.submissions import Submission
from kms_katas.kit import Kata, Kit, Verdict


@dataclass(frozen=True)
class Plan:
    """`taken` have a verdict in the results; `todo` have none, each with the reason."""

    taken: dict[Job, Verdict]
    todo: dict[Job, str]
    _keys: dict[Job, Key]
    _results: Results

    def keep(self, job: Job, verdict: Verdict) -> None:
        """A verdict that says that nothing is known is none: the next run grades that answer again."""
        if is_known(verdict):
            self._results.keep(self._keys[job], verdict)


def plan(kit: Kit, jobs: Iterable[Job], results: Results, isolation: str | None, *, only_changed: bool) -> Plan:
    """What the run that `results` is in takes over from it; with `only_changed`, from any run."""
    checks = cache(kit.checks_digest)
    taken, todo, keys = {}, {}, {}
    for job in jobs:
        keys[job] = key = key_of(kit, job, isolation, checks(job.kata))
        if verdict := results.found(key, of_any_run=only_changed):
            taken[job] = verdict
        else:
            todo[job] = _why(key, results.last(key))
    return Plan(taken, todo, keys, results)


def _why(key: Key, last: tuple[str, str] | None) -> str:
    if last is None:
        return "new"
    changed = [name for name, now, then in zip(_WHAT, (key.source, key.checks), last, strict=True) if now != then]
    return " and ".join(changed) or "no verdict with this seed and isolation"


_WHAT = ("the answer changed", "the checks changed")


def is_known(verdict: Verdict) -> bool:
    return not any(check.status == "error" and "nothing is known" in check.message for check in verdict.checks)


def in_place(verdict: Verdict, shown: Callable[[str], str]) -> Verdict:
    """The verdict with each of its texts as `shown` gives it."""
    return verdict_from(_mapped(verdict_data(verdict), shown))


def _mapped(data: Any, shown: Callable[[str], str]) -> Any:
    match data:
        case str():
            return shown(data)
        case dict():
            return {name: _mapped(value, shown) for name, value in data.items()}
        case list() | tuple():
            return [_mapped(value, shown) for value in data]
    return data


def with_seed(jobs: Iterable[Job], seed: int) -> list[Job]:
    """All get the same: what is fair must be alike."""
    return [replace(job, seed=seed) for job in jobs]


def jobs_of(kit: Kit, submissions: Iterable[Submission], only: Kata | None) -> list[Job]:
    """In the order of the learners, then of the kit. With `only`, what somebody did not hand in is an answer too."""
    found = []
    for learner in submissions:
        within = learner.folder.absolute()
        for kata in (only,) if only else kit.katas:
            folder = answer_folder(within, kata)
            if not os.path.isdir(folder) and only:
                folder = within
            if os.path.isdir(folder):
                found.append(Job(learner.name, kata, folder, within, seed=0))
    return found


def holds_answer(kit: Kit, only: Kata | None) -> Callable[[Path], bool]:
    """Whether a folder is shaped like a workspace, or holds a file of the one kata."""

    def holds(folder: Path) -> bool:
        if only and any(os.path.lexists(folder / name) for name in (*only.answer, *notebooks(folder))):
            return True
        return any(os.path.isdir(answer_folder(folder, kata)) for kata in ((only,) if only else kit.katas))

    return holds
