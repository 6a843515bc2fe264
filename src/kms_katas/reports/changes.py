"""What is other in the verdicts on a cohort than in an earlier report of it. Not for which of them is right."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kms_katas.kit import KitError, Verdict
from kms_katas.kit.verdict import published
from kms_katas.reports.json_report import COHORT_SCHEMA
from kms_katas.reports.public import one_line, points


@dataclass(frozen=True)
class Earlier:
    """An earlier report, as `kata grade --format json` writes it: (learner, kata) to verdict."""

    verdicts: dict[tuple[str, str], Verdict]

    @property
    def seed(self) -> int | None:
        """That of all verdicts in it."""
        seeds = {verdict.seed for verdict in self.verdicts.values()}
        return seeds.pop() if len(seeds) == 1 else None


def earlier_report(path: Path) -> Earlier:
    """Raises KitError where the file holds no such report."""
    try:
        data = json.loads(path.read_bytes())
        if not isinstance(data, dict) or data.get("schema") != COHORT_SCHEMA:
            raise ValueError(f'it has not the schema "{COHORT_SCHEMA}"')
        entries = data.get("submissions")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ValueError("`submissions` is no list of verdicts")
        found = [(str(entry.get("name")), published(entry.get("verdict"))) for entry in entries]
    except OSError as error:
        raise KitError(f"--against {path} cannot be read: {error.strerror}. Give an earlier report.") from error
    except (ValueError, RecursionError) as error:
        raise KitError(
            f"--against {path} is no report of a cohort: {error}. Give what `kata grade --format json` wrote earlier."
        ) from error
    return Earlier({(name, verdict.kata): verdict for name, verdict in found})


def as_changes(earlier: Earlier, graded: Sequence[tuple[str, Verdict]]) -> str:
    """Plain lines: each answer whose status or points changed, then each check of which another number passes."""
    now = {(_as_kept(name), verdict.kata): verdict for name, verdict in graded}
    both = [key for key in now if key in earlier.verdicts]
    changed = [
        f"  {one_line(name)}  {kata}: {_said(earlier.verdicts[name, kata])} -> {_said(now[name, kata])}"
        for name, kata in both
        if _said(earlier.verdicts[name, kata]) != _said(now[name, kata])
    ]
    lines = [f"{len(changed)} of {len(both)} answers in both reports changed."]
    lines += changed
    lines += _by_check([(earlier.verdicts[key], now[key]) for key in both])
    for words, keys in (("only before", set(earlier.verdicts) - set(now)), ("only now", set(now) - set(both))):
        lines += [f"  {one_line(name)}  {kata}: {words}" for name, kata in sorted(keys)]
    pairs = [(earlier.verdicts[key], now[key]) for key in both]
    lines += _other(pairs)
    return "\n".join(lines)


def _said(verdict: Verdict) -> str:
    return f"{verdict.status}, {points(verdict)}"


def _by_check(pairs: Iterable[tuple[Verdict, Verdict]]) -> list[str]:
    before, after, seen = Counter[str](), Counter[str](), dict[str, None]()
    for old, new in pairs:
        for counter, verdict in ((before, old), (after, new)):
            for name, check in zip(verdict.shown_names, verdict.checks, strict=True):
                key = f"{verdict.kata}  {one_line(name)}"
                seen[key] = None
                counter[key] += check.status == "pass"
    return [f"  {key}: passed by {before[key]} before, {after[key]} now" for key in seen if before[key] != after[key]]


def _other(pairs: Sequence[tuple[Verdict, Verdict]]) -> list[str]:
    """What else is not the same, and may be why."""
    lines = []
    for words, names in (
        ("other random values (--seed)", [new.kata for old, new in pairs if old.seed != new.seed]),
        ("other checks", [new.kata for old, new in pairs if old.checks_digest != new.checks_digest]),
        ("another isolation", [new.kata for old, new in pairs if old.isolation != new.isolation]),
    ):
        if names:
            lines.append(f"  Graded with {words}: {', '.join(dict.fromkeys(names))}.")
    versions = {(old.kit_version, new.kit_version) for old, new in pairs if old.kit_version != new.kit_version}
    lines += [f"  kms-katas {one_line(old)} before, {new} now." for old, new in sorted(versions)]
    return lines


def _as_kept(name: str) -> str:
    """A name that is no text stands so in JSON: see json_report.py."""
    return name.encode("utf-8", "backslashreplace").decode()
