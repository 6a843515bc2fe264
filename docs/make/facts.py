"""Prices, quotas, limits, periods and dates of AWS KMS (docs/facts.toml), and the page that shows them.

Not for what published texts claim about them: that is the ledger, docs/claims.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from kms_katas.kit.catalog import KitError
from kms_katas.kit.claims import TOPICS
from kms_katas.kit.fields import NOT_A_DAY, is_day, read_table, twice

SCHEMA = "urn:kms-katas:facts:1"
PAGE = "reference/prices-and-limits.md"

GROUPS = {
    "price": (
        "Prices",
        "",
    ),
    "quota": (
        "Quotas",
        "Figures a second hold for an account in a Region; what a caller of another account asks for counts on the "
        "caller. Requests over one get ThrottlingException. Most can be raised through Service Quotas.",
    ),
    "limit": ("Limits", "Of one request, one key or one name, the most unless something else is said."),
    "period": ("Periods", ""),
    "date": ("What changed, and when", "The day of the SDK release, or of AWS's announcement."),
}
"""Group of facts -> its heading and what holds for all of it, in the order of the page."""

_FIELDS = {"id", "group", "what", "value", "unit", "confirmed", "source", "url", "doubt", "topics"}


@dataclass(frozen=True)
class Fact:
    """One figure or date. `value` is exact: an int, a Decimal with AWS's places, or for a date its text as far as it is
    known ("2025-11").

    `confirmed` is the day when the source was read, or the date of the source where that is older. `held` names what a
    test compares the figure with: "botocore PlaintextType.max" or "lab QUOTA REGION".
    """

    id: str
    group: str
    what: str
    value: int | Decimal | str
    unit: str
    confirmed: date
    source: str
    url: str
    doubt: str
    topics: tuple[str, ...]
    held: str = ""

    @property
    def figure(self) -> str:
        """The value as people write it: "1.00 US dollar", "2,560 days", "2024-04-12"."""
        if isinstance(self.value, str):
            return self.value
        return f"{self.value:,} {self.unit}"


def load_facts(file: Path) -> tuple[Fact, ...]:
    """All facts in the order of the file. Raises KitError with a line for each fault."""
    data, fault = read_table(file, SCHEMA, Decimal)
    if fault:
        raise KitError(f"{file}: {fault}")
    entries = data.get("fact", [])
    faults = [
        f"{file}: {entry.get('id', f'fact {n}')}: {fault}"
        for n, entry in enumerate(entries, 1)
        for fault in _faults(entry)
    ]
    ids = [entry.get("id") for entry in entries]
    faults += [f"{file}: {one}: this id is there twice. Give one of the two another." for one in twice(ids)]
    if faults:
        raise KitError("\n".join(faults))
    return tuple(Fact(**entry | {"topics": tuple(entry["topics"])}) for entry in entries)


def _faults(entry: Mapping[str, Any]) -> Iterator[str]:
    if wrong := (_FIELDS - set(entry)) | (set(entry) - _FIELDS - {"held"}):
        has = ", ".join(sorted(_FIELDS))
        yield f"`{'`, `'.join(sorted(wrong))}` is missing or unknown. A fact has {has}, and may have held."
        return
    if entry["group"] not in GROUPS:
        yield f"the group is {entry['group']!r}. Take one of {', '.join(GROUPS)}."
    if type(entry["value"]) not in ((str,) if entry["group"] == "date" else (int, Decimal)):
        yield f"the value is {entry['value']!r}. Give a number, and for a date its text in quotes."
    if not is_day(entry["confirmed"]):
        yield f"`confirmed` {NOT_A_DAY}"
    if not entry["topics"] or not set(entry["topics"]) <= set(TOPICS):
        yield f"the topics are {entry['topics']!r}. Take one or more of {', '.join(TOPICS)}."
    if not entry["source"] or not str(entry["url"]).startswith("https://"):
        yield "a fact needs a source, and a url that begins with https://, where the next reader looks it up."


def page(facts: tuple[Fact, ...]) -> str:
    """One table for each group. A source is a footnote, with its link."""
    sources = list(dict.fromkeys((fact.source, fact.url) for fact in facts))
    lines = [_OPENING]
    for group, (title, holds) in GROUPS.items():
        lines += [
            "",
            f"## {title}",
            "",
            *([holds, ""] if holds else []),
            "| what | figure | last&nbsp;confirmed |",
            "|---|---|---|",
        ]
        for fact in facts:
            if fact.group == group:
                doubt = f". *{fact.doubt}*" if fact.doubt else ""
                mark = f"[^{sources.index((fact.source, fact.url)) + 1}]"
                figure = fact.figure.replace(" ", "&nbsp;") if len(fact.figure) < 18 else fact.figure
                lines.append(f"| {fact.what}{doubt} | {figure} | {fact.confirmed}{mark} |")
    lines += ["", *(f"[^{n}]: [{source}]({url})." for n, (source, url) in enumerate(sources, 1))]
    return "\n".join(lines) + "\n"


_OPENING = """# Prices, limits and dates

What AWS KMS costs, how much it takes, how long it waits, and since when. Each figure has the day when it was last
confirmed: when its source was read, or the date of the source where that is older. Before money or an exam hangs on
one, look it up where the source leads. Where AWS's API model or the lab holds the same figure, a test of this project
compares the two."""
