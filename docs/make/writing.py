"""A page made from data, the words that all of them are made with, and how they get to disk. Not for what they say."""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = "---\nmade_by: python docs/make\n"
"""How each begins. A file that begins otherwise was written by hand, and is never written over or removed."""

PART_MARK = "<!-- made by: python docs/make -->\n"
"""How a part of a page begins, which has no head of its own."""

_MARKDOWN = re.compile(r"(`+[^`]+`+|(?<![\w*])\*\w(?:[^*]*\w)?\*(?![\w*]))")
_SPECIAL = re.compile(r"([\\*_\[\]{}])")


class Blocked(Exception):
    """A file that is not ours lies where a page is to be."""


@dataclass(frozen=True)
class Page:
    """`place` is its path below docs/. `wide` leaves out the table of contents beside it, `found` is for the search."""

    place: str
    text: str
    wide: bool = False
    found: bool = True

    @property
    def whole(self) -> str:
        hidden = "hide:\n  - toc\n" if self.wide else ""
        lost = "" if self.found else "search:\n  exclude: true\n"
        return f"{MARK}{hidden}{lost}---\n\n{self.text.strip()}\n"


@dataclass(frozen=True)
class Part(Page):
    """What a page that is written by hand takes in. `place` is its path below the folder of such parts."""

    @property
    def whole(self) -> str:
        return f"{PART_MARK}\n{self.text.strip()}".strip() + "\n"


def link(words: str, to: str, at: str) -> str:
    """A link on the page `at` to the page `to`, both below docs/; `to` may end in an anchor."""
    place, anchor, name = to.partition("#")
    return f"[{words}]({posixpath.relpath(place, posixpath.dirname(at))}{anchor}{name})"


def plain(text: str) -> str:
    """Text that is no Markdown but for its `code` and its *stress*, as Markdown."""
    parts = _MARKDOWN.split(text)
    parts[::2] = [_SPECIAL.sub(r"\\\1", part).replace("&", "&amp;").replace("<", "&lt;") for part in parts[::2]]
    return "".join(parts)


def heading(text: str, anchor: str, label: str) -> str:
    """A heading of the third level; a table of contents has its label alone, for that stands on a page twice."""
    return f"### {plain(text)} {{ #{anchor} data-toc-label='{label}' }}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def duration(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours and rest else f"{hours} h" if hours else f"{rest} min"


def write_pages(folder: Path, pages: Iterable[Page]) -> tuple[int, int]:
    """Write what changed and remove what is made no more; how many of each. Raises Blocked.

    Several at once, such as the workers of a test run, write the same and are not in one another's way.
    """
    wanted = {folder / page.place: page.whole for page in pages}
    for path in wanted:
        if path.exists() and not _is_ours(path):
            raise Blocked(f"{path} was not made by docs/make, and lies where it makes a page. Move it away.")
    changed = {path: text for path, text in wanted.items() if _read(path) != text}
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")  # mkdocs leaves out what begins with a dot
        beside.write_text(text, "utf-8", newline="\n")
        os.replace(beside, path)
    stale = [path for path in _made(folder) if path not in wanted]
    for path in stale:
        path.unlink(missing_ok=True)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    return len(changed), len(stale)


def made_places(docs: Path) -> set[str]:
    """The pages below docs/ that were made, by their paths."""
    return {path.relative_to(docs).as_posix() for path in _made(docs)}


def _made(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.md")) if _is_ours(path))


def _is_ours(path: Path) -> bool:
    return (_read(path) or "").startswith((MARK, PART_MARK))


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
