"""The katas' pages: one for each, from its folder, and one that lists them all.

A page has the brief, the facts and the hints. It never has an answer, nor `why`, which is shown after passing.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence

from kms_katas.kit.catalog import Kit
from kms_katas.kit.claims import Claim, Text
from kms_katas.kit.kata import Kata
from make.verdicts import verdict_mark
from make.writing import Page, duration, link, plain, table

INDEX = "katas/index.md"
NOT_FOUND = "{ data-search-exclude }"
"""Behind a heading: the search leaves out what is below it."""
_FILE = re.compile(r"`docs/([^`\s]+\.md)`")
_LINK = re.compile(r"\]\((?!https?:|#)([^)\s]+)\)")
_OTHER = re.compile(r"`([a-z][a-z0-9-]*/[a-z][a-z0-9-]*)`")
_HEADING = re.compile(r"^# (.+)$", re.MULTILINE)


def kata_pages(kit: Kit, texts: Sequence[Text]) -> Iterator[Page]:
    yield _index(kit)
    claims = [claim for text in texts for claim in text.claims]
    for kata in kit.katas:
        yield _page(kit, kata, [claim for claim in claims if kata.id in claim.katas])


def page_of(kata: Kata) -> str:
    return f"katas/{kata.id}.md"


def note_of(kata: Kata) -> str:
    return f"learn/{kata.id}.md"


def title_of(kit: Kit, place: str) -> str:
    """The heading of a page that is written by hand."""
    found = _HEADING.search((kit.root / "docs" / place).read_text("utf-8"))
    return found[1] if found else place


def note_link(kit: Kit, note: str, at: str) -> str:
    return link(title_of(kit, note), note, at) if (kit.root / "docs" / note).is_file() else "none yet"


def track_name(track: str) -> str:
    return track.replace("-", " ").capitalize()


def _index(kit: Kit) -> Page:
    parts = [
        "# The katas",
        f"{len(kit.katas)} exercises, {duration(sum(kata.minutes for kata in kit.katas))} in all, by track. "
        f"{link('The whole curriculum', 'learn/paths/curriculum.md', INDEX)} has them in the order in which they build "
        "on one another. On your machine, `kata list` shows which of them you have passed.",
    ]
    for track in dict.fromkeys(kata.track for kata in kit.katas):
        rows = (
            [
                f"{link(plain(kata.title), page_of(kata), INDEX)}<br>`{kata.id}`",
                str(kata.level),
                str(kata.minutes),
                ", ".join(concept.replace("-", " ") for concept in kata.concepts),
                ", ".join(kata.exams),
                note_link(kit, note_of(kata), INDEX),
            ]
            for kata in kit.katas
            if kata.track == track
        )
        head = ("kata", "level", "minutes", "what it is about", "exams", "note")
        parts += [f"## {track_name(track)}", table(head, rows)]
    return Page(INDEX, "\n\n".join(parts), wide=True)


def _page(kit: Kit, kata: Kata, claims: Sequence[Claim]) -> Page:
    at = page_of(kata)
    title, _, brief = _brief(kit, kata).partition("\n")
    parts = [title, _facts(kit, kata), brief.strip(), _start(kata), _hints(kata), _claims(claims, at)]
    return Page(at, "\n\n".join(part for part in parts if part))


def _facts(kit: Kit, kata: Kata) -> str:
    at = page_of(kata)
    before = [link(plain(other.title), page_of(other), at) for other in kit.katas if other.id in kata.prerequisites]
    facts = {
        "Kata": f"`{kata.id}`, level {kata.level}, {kata.minutes} minutes, {kata.points} points",
        "Comes after": ", ".join(before),
        "You write": " and ".join(f"`{name}`" for name in kata.answer),
        "Calls": ", ".join(kata.services),
        "Needs also": " and ".join(f"`{package}`" for package in kata.packages),
        "Exams": ", ".join(kata.exams),
        "Note": note_link(kit, note_of(kata), at),
    }
    return "\n".join(f"- **{name}:** {what}" for name, what in facts.items() if what)


def _brief(kit: Kit, kata: Kata) -> str:
    """The brief, with links to the pages and the katas that it names."""
    at, folder = page_of(kata), f"katas/{kata.folder}"
    by_id = {other.id: other for other in kit.katas if other != kata}

    def page_named(found: re.Match[str]) -> str:
        there = (kit.root / "docs" / found[1]).is_file()
        return link(title_of(kit, found[1]), found[1], at) if there else found[0]

    def target(found: re.Match[str]) -> str:
        named = posixpath.normpath(posixpath.join(folder, found[1]))
        if not named.startswith("docs/"):
            return found[0]
        return link("", named.removeprefix("docs/"), at).removeprefix("[")

    def kata_named(found: re.Match[str]) -> str:
        other = by_id.get(found[1])
        return link(found[0], page_of(other), at) if other else found[0]

    text = (kit.starter(kata) / "README.md").read_text("utf-8").strip()
    return _OTHER.sub(kata_named, _FILE.sub(page_named, _LINK.sub(target, text)))


def _start(kata: Kata) -> str:
    return (
        f"## Start {NOT_FOUND}\n\n    kata brief {kata.id}\n    kata check {kata.id}\n\n"
        f"The first shows this page in your terminal, the second what does not hold yet. `kata watch {kata.id}` checks "
        f"each time you save, and `kata hint {kata.id}` gives one hint at a time."
    )


def _hints(kata: Kata) -> str:
    parts = [f"## Hints {NOT_FOUND}", "From vague to direct. Open one, and try again before you open the next."]
    for task in kata.tasks:
        parts.append(f"**{task.number}. {plain(task.title)}**")
        parts += [_folded(f"Hint {tier} of {len(task.hints)}", hint) for tier, hint in enumerate(task.hints, 1)]
    return "\n\n".join(parts)


def _folded(summary: str, text: str) -> str:
    """What the reader opens. None within another: the search takes the end of the inner one for that of both."""
    opening = '<details class="hint" markdown="1" data-search-exclude>'
    return f"{opening}\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def _claims(claims: Sequence[Claim], at: str) -> str:
    if not claims:
        return ""
    lines = [f"## Claims that it lets you try {NOT_FOUND}", ""]
    for claim in claims:
        name = link(claim.id, f"claims/index.md#{claim.id.lower()}", at)
        lines.append(f"- {name} {verdict_mark(claim.verdict)}: {plain(claim.says)}")
    return "\n".join(lines)
