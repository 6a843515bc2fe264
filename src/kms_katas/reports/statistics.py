"""What the verdicts of many learners say together: who passed, how points spread, which check stops whom.

Not for how that is shown: see statistics_csv.py, statistics_json.py and statistics_page.py.

There is no index of discrimination here. Those of item analysis take the items to be answered apart from each other;
the checks of one kata look at one answer, where one fault can fail several, and an answer that does not parse fails
all. The index would tell of that, and not of the check.
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kms_katas.kit.verdict import CheckResult, Verdict
from kms_katas.reports.public import one_line

Graded = Sequence[tuple[str, Verdict]]
"""(learner, verdict): one for each answer."""

MAX_SAID = 10
"""Messages of one check: the commonest."""


@dataclass(frozen=True)
class Said:
    """A message that learners read, on one line, and how many answers got it."""

    message: str
    answers: int


@dataclass(frozen=True)
class CheckStatistics:
    """One check of a kata, in all answers that were begun. The starter as it was says nothing about a check."""

    check: str
    title: str
    task: int
    max_points: int
    hidden: bool
    passed: int
    failed: int
    errors: int
    timeouts: int
    skipped: int
    stopped: tuple[str, ...]
    """The learners whose first check that did not pass this is, by name."""
    said: tuple[Said, ...]
    """The commonest first. Nothing of a hidden check."""

    @property
    def not_passed(self) -> int:
        return self.failed + self.errors + self.timeouts + self.skipped


@dataclass(frozen=True)
class KataStatistics:
    """One kata in all answers to it. Each answer passed, is untouched, unknown, or stopped at just one check."""

    kata: str
    max_score: int
    answers: int
    passed: int
    untouched: tuple[str, ...]
    """The learners who handed in the starter as it was, and did not pass by that."""
    unknown: tuple[str, ...]
    """The learners of whose answers nothing is known, since the kit itself failed: to be graded again."""
    scores: tuple[tuple[int, int], ...]
    """(points, answers), ascending, without the unknown: that is no zero."""
    checks: tuple[CheckStatistics, ...]
    """In the order in which the checks ran."""
    checks_digests: tuple[str, ...]

    @property
    def median_score(self) -> float | None:
        """The middle of the scores; None where no score is known."""
        scores = [score for score, answers in self.scores for _ in range(answers)]
        return statistics.median(scores) if scores else None


@dataclass(frozen=True)
class LearnerStatistics:
    """One learner's answers."""

    name: str
    answers: int
    passed: int
    score: int


@dataclass(frozen=True)
class CohortStatistics:
    """All answers. Nothing in it depends on the order in which they came: katas by id, learners by name."""

    katas: tuple[KataStatistics, ...]
    learners: tuple[LearnerStatistics, ...]
    seeds: tuple[int, ...]
    kit_versions: tuple[str, ...]

    @property
    def answers(self) -> int:
        return sum(kata.answers for kata in self.katas)

    @property
    def passed(self) -> int:
        return sum(kata.passed for kata in self.katas)

    @property
    def max_score(self) -> int:
        """What a learner has who passes every kata of the cohort."""
        return sum(kata.max_score for kata in self.katas)


def statistics_of(graded: Graded) -> CohortStatistics:
    """The statistics of these verdicts."""
    by_kata: dict[str, list[tuple[str, Verdict]]] = {}
    by_learner: dict[str, list[Verdict]] = {}
    for name, verdict in graded:
        by_kata.setdefault(verdict.kata, []).append((name, verdict))
        by_learner.setdefault(name, []).append(verdict)
    return CohortStatistics(
        katas=tuple(_kata(kata, by_kata[kata]) for kata in sorted(by_kata)),
        learners=tuple(_learner(name, by_learner[name]) for name in sorted(by_learner)),
        seeds=tuple(sorted({verdict.seed for _, verdict in graded})),
        kit_versions=tuple(sorted({verdict.kit_version for _, verdict in graded})),
    )


def is_unknown(verdict: Verdict) -> bool:
    """Whether nothing is known of the answer, since the kit itself failed. A hidden check never says so."""
    # The name is that of grading/lanes.py and cli/report.py, the words are those of grading/in_words.py.
    return not verdict.checks or any(
        check.status == "error"
        and not check.hidden
        and (check.check == "grading" or check.message.endswith("So nothing is known about it."))
        for check in verdict.checks
    )


def stopped_at(verdict: Verdict) -> int | None:
    """The place of the first check that did not pass; of one that was skipped only where no other failed."""
    statuses = [check.status for check in verdict.checks]
    failed = (place for place, status in enumerate(statuses) if status not in ("pass", "skipped"))
    return next(failed, statuses.index("skipped") if "skipped" in statuses else None)


def _kata(kata: str, graded: Graded) -> KataStatistics:
    known = [verdict.score for _, verdict in graded if not is_unknown(verdict)]
    return KataStatistics(
        kata=kata,
        max_score=max(verdict.max_score for _, verdict in graded),
        answers=len(graded),
        passed=sum(verdict.passed for _, verdict in graded),
        untouched=tuple(sorted(name for name, verdict in graded if is_untouched(verdict))),
        unknown=tuple(sorted(name for name, verdict in graded if is_unknown(verdict) and not is_untouched(verdict))),
        scores=tuple(sorted(Counter(known).items())),
        checks=_checks(graded),
        checks_digests=tuple(sorted({verdict.checks_digest for _, verdict in graded} - {"0" * 64})),
    )


def is_untouched(verdict: Verdict) -> bool:
    return verdict.untouched and not verdict.passed and not is_unknown(verdict)


def _checks(graded: Graded) -> tuple[CheckStatistics, ...]:
    """Verdicts of several kits may have other checks: what differs in name, sentence or points is another check."""
    place: dict[tuple[str, str, int, int, bool], int] = {}
    found: dict[tuple[str, str, int, int, bool], list[CheckResult]] = {}
    stopped: dict[tuple[str, str, int, int, bool], list[str]] = {}
    for name, verdict in graded:
        stop = None if is_unknown(verdict) else stopped_at(verdict)
        for at, (shown, check) in enumerate(zip(verdict.shown_names, verdict.checks, strict=True)):
            key = (shown, check.title, check.task, check.max_points, check.hidden)
            place[key] = min(at, place.get(key, at))
            results, learners = found.setdefault(key, []), stopped.setdefault(key, [])
            if not is_untouched(verdict):
                results.append(check)
                learners += [name] if at == stop else []
    ordered = sorted(found, key=lambda key: (place[key], key))
    return tuple(_check(*key, found[key], tuple(sorted(stopped[key]))) for key in ordered)


def _check(
    shown: str,
    title: str,
    task: int,
    max_points: int,
    hidden: bool,
    found: Iterable[CheckResult],
    stopped: tuple[str, ...],
) -> CheckStatistics:
    found = list(found)
    count = Counter(check.status for check in found)
    messages = Counter(
        one_line(check.message)
        for check in found
        if check.message and not hidden and check.status not in ("pass", "skipped")
    )
    commonest = sorted(messages.items(), key=lambda item: (-item[1], item[0]))
    return CheckStatistics(
        check=shown,
        title=title,
        task=task,
        max_points=max_points,
        hidden=hidden,
        passed=count["pass"],
        failed=count["fail"],
        errors=count["error"],
        timeouts=count["timeout"],
        skipped=count["skipped"],
        stopped=stopped,
        said=tuple(Said(*item) for item in commonest[:MAX_SAID]),
    )


def _learner(name: str, verdicts: Sequence[Verdict]) -> LearnerStatistics:
    passed = sum(verdict.passed for verdict in verdicts)
    return LearnerStatistics(name, len(verdicts), passed, sum(verdict.score for verdict in verdicts))
