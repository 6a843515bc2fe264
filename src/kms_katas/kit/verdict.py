"""The record that grading one answer makes, its score, and its published form. Not for showing it: see reports/."""

import itertools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

VERDICT_SCHEMA = "urn:kms-katas:verdict:1"
REPORT_SCHEMA = "urn:kms-katas:report:1"
SCHEMA_FILE = Path(__file__).with_name("verdict.schema.json")

BAR = "┃ "
"""Before each line of what a message draws: text that is not to be read as a sentence."""

Status = Literal["pass", "fail", "error", "timeout", "skipped"]


@dataclass(frozen=True)
class KmsCall:
    """One call that the answer made to AWS: evidence, without secrets. `outcome` is "ok" or the AWS error code."""

    operation: str
    target: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True)
class CheckResult:
    """What one check found. `points` is what was earned of `max_points`: all of them or none.

    The `message` of one that passed is what there is to show after the pass; mostly nothing.
    """

    check: str
    title: str
    task: int
    status: Status
    max_points: int
    message: str = ""
    called: str = ""
    actual: str = ""
    expected: str = ""
    next_step: str = ""
    calls: tuple[KmsCall, ...] = ()
    file: str = ""
    line: int = 0
    output: str = ""
    hidden: bool = False
    seconds: float = 0.0

    @property
    def points(self) -> int:
        return self.max_points if self.status == "pass" else 0


@dataclass(frozen=True)
class Verdict:
    """The one record of grading one answer to one kata. Whatever is shown or stored about a run comes from here."""

    kata: str
    checks: tuple[CheckResult, ...]
    seed: int
    kit_version: str
    checks_digest: str
    isolation: str
    runner: str = ""
    """How the answer's process was started: forked, spawned or inprocess; empty where none was needed."""
    seconds: float = 0.0
    untouched: bool = False
    cpu_seconds: float = 0.0
    """Of computing, by the answer, its checks and the lab. For those who write katas: it is not published."""
    open_points: tuple[str, ...] = ()
    """What AWS leaves open and the verdict rests on, by the names in policy/. Not published."""

    @property
    def score(self) -> int:
        return sum(check.points for check in self.checks)

    @property
    def max_score(self) -> int:
        return sum(check.max_points for check in self.checks)

    @property
    def shown_seconds(self) -> float:
        """How long it took, as all may know. Where checks are hidden, only the others count.

        An answer could make a hidden check last as long as tells what that check gave it.
        """
        shown = [check.seconds for check in self.checks if not check.hidden]
        return self.seconds if len(shown) == len(self.checks) else sum(shown)

    @property
    def shown_names(self) -> tuple[str, ...]:
        """The name of each check; `hidden_1` and so on for the hidden, whose own could tell what they look at."""
        numbers = itertools.count(1)
        return tuple(f"hidden_{next(numbers)}" if check.hidden else check.check for check in self.checks)

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.status == "pass" for check in self.checks)

    @property
    def status(self) -> Status:
        """pass when every check passed; else the status that most explains why not: error, timeout, fail."""
        if self.passed:
            return "pass"
        found = {check.status for check in self.checks}
        worst: tuple[Status, ...] = ("error", "timeout")
        return next((status for status in worst if status in found), "fail")

    def as_data(self) -> dict[str, Any]:
        """The published form, described by verdict.schema.json. A hidden check gives its title and points only."""
        data: dict[str, Any] = {"schema": VERDICT_SCHEMA, "kata": self.kata, "status": self.status}
        data |= {"score": self.score, "max_score": self.max_score, "untouched": self.untouched}
        data |= {"seed": self.seed, "kit_version": self.kit_version, "checks_digest": self.checks_digest}
        data |= {"isolation": self.isolation} | ({"runner": self.runner} if self.runner else {})
        data |= {"seconds": round(self.shown_seconds, 4)}
        data["checks"] = [
            _check_data(check) | {"check": name} for name, check in zip(self.shown_names, self.checks, strict=True)
        ]
        return data


_PUBLIC_OF_HIDDEN = ("check", "title", "task", "status", "points", "max_points", "hidden")


def _check_data(check: CheckResult) -> dict[str, Any]:
    data = asdict(check) | {"points": check.points, "seconds": round(check.seconds, 4)}
    data["calls"] = [asdict(call) for call in check.calls]
    return {name: data[name] for name in _PUBLIC_OF_HIDDEN} if check.hidden else data


def published(data: object) -> Verdict:
    """The verdict that as_data() made `data` of, as far as it is published.

    Raises ValueError, with a sentence without its end, for anything else.
    """
    if _field(data, "schema", str) != VERDICT_SCHEMA:
        raise ValueError(f'a verdict has the schema "{VERDICT_SCHEMA}"')
    verdict = Verdict(
        **{name: _field(data, name, str) for name in ("kata", "kit_version", "checks_digest", "isolation")},
        checks=tuple(_published_check(check) for check in _field(data, "checks", list)),
        seed=_field(data, "seed", int),
        seconds=_field(data, "seconds", (int, float)),
        untouched=_field(data, "untouched", bool),
        runner=_field({"runner": ""} | _field({"all": data}, "all", dict), "runner", str),
    )
    said = _field(data, "status", str), _field(data, "score", int), _field(data, "max_score", int)
    if (verdict.status, verdict.score, verdict.max_score) != said:
        raise ValueError("the status and the points of a verdict are not those of its checks")
    return verdict


_TEXTS = ("message", "called", "actual", "expected", "next_step", "file", "output")


def _published_check(data: object) -> CheckResult:
    kept = {name: _field(data, name, kind) for name, kind in (("check", str), ("title", str), ("task", int))}
    kept |= {name: _field(data, name, kind) for name, kind in (("max_points", int), ("hidden", bool))}
    status = _field(data, "status", str)
    if status not in get_args(Status):
        raise ValueError("a check has a status that there is not")
    if kept["hidden"]:
        return CheckResult(**kept, status=status)
    kept |= {name: _field(data, name, str) for name in _TEXTS}
    kept |= {"line": _field(data, "line", int), "seconds": _field(data, "seconds", (int, float))}
    calls = tuple(
        KmsCall(*(_field(call, name, str) for name in ("operation", "target", "outcome", "detail")))
        for call in _field(data, "calls", list)
    )
    return CheckResult(**kept, status=status, calls=calls)


def _field(data: object, name: str, kind: type | tuple[type, ...]) -> Any:
    value = data.get(name) if isinstance(data, dict) else None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"`{name}` is not there, or not what it should be")
    return value
