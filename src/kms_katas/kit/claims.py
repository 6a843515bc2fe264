"""The ledger: what published texts claim about KMS, and what is so (docs/claims/*.toml).

Not for the pages made from it, nor for the tests that show a claim in the lab: those carry the mark claim("A10").
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kms_katas.kit.catalog import KitError
from kms_katas.kit.fields import NOT_A_DAY, faults_of_names, is_day, is_line, listed, read_table

SCHEMA = "urn:kms-katas:claims:1"
VERDICTS = ("true", "nuance", "outdated", "wrong", "opinion")
TOPICS = (
    "vocabulary",
    "owners",
    "authorization",
    "cross-account",
    "prices",
    "quotas",
    "rotation",
    "imported",
    "deletion",
    "services",
    "client-side",
    "logging",
    "multi-region",
    "algorithms",
    "design",
)

_ID = re.compile(r"([A-Z])([1-9][0-9]{0,2})")
_SINCE = re.compile(r"|[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_TEXTS = {"id": True, "section": False, "says": True, "verdict": True, "truth": True, "since": False, "doubt": False}
"""The fields that are one line of text, and whether they must say something."""
_LISTS = ("sources", "topics", "exams", "katas")
_NEEDED = {*_TEXTS, *_LISTS, "confirmed", "demonstrable"}
_HEAD = ("name", "kind", "published")


@dataclass(frozen=True)
class Source:
    """Where a fact stands. `url` is empty where nobody knows one."""

    name: str
    url: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure that AWS's own model of the KMS API holds too.

    Either the `min` or `max` of a shape is `value`, or the text about a shape or an operation `says` it.
    """

    shape: str = ""
    operation: str = ""
    bound: str = ""
    value: int = 0
    says: str = ""


@dataclass(frozen=True)
class Claim:
    """One sentence of a text, in our words, and the verdict on it.

    `since` is when the truth became so: a year, a month, a day, or empty. `confirmed` is when somebody last looked.
    """

    id: str
    section: str
    says: str
    verdict: str
    truth: str
    since: str
    confirmed: date
    sources: tuple[Source, ...]
    doubt: str
    topics: tuple[str, ...]
    exams: tuple[str, ...]
    katas: tuple[str, ...]
    demonstrable: bool
    figures: tuple[Figure, ...] = ()

    @property
    def number(self) -> int:
        return int(self.id[1:])


@dataclass(frozen=True)
class Text:
    """A published text, with its claims by number. `letter` is the one that their ids begin with."""

    name: str
    kind: str
    published: str
    claims: tuple[Claim, ...]

    @property
    def letter(self) -> str:
        return self.claims[0].id[0]


def load_claims(
    folder: Path, katas: Collection[str] | None = None, exams: Collection[str] | None = None
) -> tuple[Text, ...]:
    """The texts of a ledger, by letter. Files that name the same text are joined.

    With `katas`, the ids of a kit's katas, and `exams`, the codes of its exams, a claim may name no other. Raises
    KitError, with a line for each fault of all files.
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise KitError(f"{folder} holds no ledger of claims. It is to hold a TOML file for each text, such as a.toml.")
    heads: dict[str, tuple[Mapping[str, str], Path]] = {}
    claims: dict[str, list[tuple[Claim, Path]]] = {}
    faults: list[str] = []
    for file in files:
        found, wrong = _read(file, katas, exams)
        faults += [f"{file}: {fault}" for fault in wrong]
        if found:
            head, here = found
            first, at = heads.setdefault(head["name"], (head, file))
            faults += [
                f"{file}: `{name}` of the text {head['name']!r} is {head[name]!r}, and in {at.name} {first[name]!r}. "
                "Say the same in both."
                for name in _HEAD
                if head[name] != first[name]
            ]
            claims.setdefault(head["name"], []).extend((claim, file) for claim in here)
    faults += _faults_between(claims)
    if faults:
        raise KitError("\n".join(faults))
    texts = (
        Text(**heads[name][0], claims=tuple(sorted((claim for claim, _ in held), key=lambda claim: claim.number)))
        for name, held in claims.items()
    )
    return tuple(sorted(texts, key=lambda text: text.letter))


def _read(
    file: Path, katas: Collection[str] | None, exams: Collection[str] | None
) -> tuple[tuple[Mapping[str, str], list[Claim]] | None, list[str]]:
    """The head and the claims of a file that has no fault, else None; and its faults."""
    data, fault = read_table(file, SCHEMA)
    if fault:
        return None, [fault]
    faults = list(_faults(data, katas, exams))
    return (None, faults) if faults else ((data["text"], [_claim(entry) for entry in data["claim"]]), [])


def _claim(entry: Mapping[str, Any]) -> Claim:
    fields: dict[str, Any] = {name: tuple(value) if name in _LISTS else value for name, value in entry.items()}
    fields["sources"] = tuple(Source(one) if isinstance(one, str) else Source(**one) for one in entry["sources"])
    fields["figures"] = tuple(Figure(**figure) for figure in entry.get("figures", ()))
    return Claim(**fields)


def _faults_between(claims: Mapping[str, list[tuple[Claim, Path]]]) -> Iterator[str]:
    at: dict[str, Path] = {}
    of_letter: dict[str, str] = {}
    for name, held in claims.items():
        for claim, file in held:
            if claim.id in at:
                yield f"{file}: {claim.id} is in {at[claim.id].name} already. Keep one, or give this one its number."
            if of_letter.setdefault(claim.id[0], name) != name:
                yield (
                    f"{file}: {claim.id} begins like the claims of {of_letter[claim.id[0]]!r}, and this is {name!r}. "
                    "Name the text as there, or take another letter."
                )
            at.setdefault(claim.id, file)
        if len(letters := sorted({claim.id[0] for claim, _ in held})) > 1:
            yield f"{held[0][1]}: the claims of one text begin with {' and '.join(letters)}. Give all one letter."


def _faults(data: Mapping[str, Any], katas: Collection[str] | None, exams: Collection[str] | None) -> Iterator[str]:
    if unknown := sorted(set(data) - {"schema", "text", "claim"}):
        yield f"`{unknown[0]}` is nothing that a ledger has. It has schema, [text] and [[claim]]."
    head = data.get("text")
    if not isinstance(head, dict) or set(head) != set(_HEAD) or not all(map(is_line, head.values())):
        yield "[text] must have `name`, `kind` and `published`, each one line of text, and nothing else."
    entries = data.get("claim")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        yield "it must have a [[claim]] table for each claim, with its `id`."
        return
    for number, entry in enumerate(entries, 1):
        known = entry.get("id") if is_line(entry.get("id")) else f"claim {number}"
        yield from (f"{known}: {fault}" for fault in _faults_of_claim(entry, katas, exams))


def _faults_of_claim(
    entry: Mapping[str, Any], katas: Collection[str] | None, exams: Collection[str] | None
) -> Iterator[str]:
    yield from faults_of_names(entry, _NEEDED, ("figures",), "a claim")
    for name in sorted(set(entry) & set(_TEXTS)):
        value = entry[name]
        if not is_line(value) and not (value == "" and not _TEXTS[name]):
            yield f"`{name}` must be one line of text{'' if _TEXTS[name] else ', or empty'}."
    if is_line(entry.get("id")) and not _ID.fullmatch(entry["id"]):
        yield "`id` must be the letter of its text and a number, such as A10."
    if is_line(entry.get("verdict")) and entry["verdict"] not in VERDICTS:
        yield f"the verdict {entry['verdict']!r} is none. Take one of {', '.join(VERDICTS)}."
    if isinstance(entry.get("since"), str) and not _SINCE.fullmatch(entry["since"]):
        yield '`since` must be a year, a month or a day, such as "2024-04-12", or empty.'
    if "confirmed" in entry and not is_day(entry["confirmed"]):
        yield f"`confirmed` {NOT_A_DAY}"
    if not isinstance(entry.get("demonstrable", True), bool):
        yield "`demonstrable` must be true or false."
    yield from _faults_of_lists(entry, katas, exams)
    figures = entry.get("figures", [])
    if not isinstance(figures, list) or not all(map(_is_figure, figures)):
        yield (
            "each of `figures` must be { shape, bound, value } with the bound min or max and a whole number, or "
            "{ operation, says } or { shape, says } with the words that its documentation holds."
        )


def _faults_of_lists(
    entry: Mapping[str, Any], katas: Collection[str] | None, exams: Collection[str] | None
) -> Iterator[str]:
    for source in listed(entry, "sources"):
        name, url = (source.get("name"), source.get("url")) if isinstance(source, dict) else (source, "https://")
        if (isinstance(source, dict) and set(source) != {"name", "url"}) or not is_line(name):
            yield "each of `sources` must be a text, or { name, url }."
        elif "[" in str(name):
            yield f"the source {name!r} has a mark in brackets. Spell out what the reader can look up."
        elif not is_line(url) or not str(url).startswith("https://"):
            yield f"the url of the source {name!r} must begin with https://."
    if not listed(entry, "sources") and entry.get("verdict") != "opinion":
        yield "`sources` must name where the truth stands; only an opinion may do without."
    if not listed(entry, "topics"):
        yield f"`topics` must name one or more of {', '.join(TOPICS)}."
    for name, known in (("topics", TOPICS), ("exams", exams), ("katas", katas)):
        values = listed(entry, name)
        if not isinstance(entry.get(name, []), list) or not all(map(is_line, values)):
            yield f"`{name}` must be a list of texts."
            continue
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield f"{value!r} is twice in `{name}`. Keep one."
        for value in values:
            if known is not None and value not in known:
                remedy = "`kata list` shows them" if name == "katas" else f"there are {', '.join(known)}"
                yield f"{value!r} is none of the {name}: {remedy}."


def _is_figure(figure: object) -> bool:
    if not isinstance(figure, dict):
        return False
    if set(figure) == {"shape", "bound", "value"}:
        return is_line(figure["shape"]) and figure["bound"] in ("min", "max") and type(figure["value"]) is int
    return set(figure) in ({"operation", "says"}, {"shape", "says"}) and all(map(is_line, figure.values()))
