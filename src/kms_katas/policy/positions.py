"""Where each entry of a JSON text stands: line and column. Not a reader of JSON: give it text that json.loads took."""

import json
import re
from bisect import bisect_right
from typing import NamedTuple

JsonPath = tuple[str | int, ...]
"""The names and the list indices (from 0) that lead from the outermost value to an entry; () is the whole text."""


class Place(NamedTuple):
    """A place in a text. Both count from 1; a column is a character (a code point), as json.JSONDecodeError has it."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


class Repeat(NamedTuple):
    """A name that stands more than once in one object: the path of its entry and each place of the name."""

    path: JsonPath
    places: tuple[Place, ...]


class Positions(NamedTuple):
    """What `positions` found. `entries` has where an entry begins (the name of a member, else the value), `values`
    where its value begins; both as offsets into the text. Of a repeated name the last one counts, as in json.loads.
    """

    entries: dict[JsonPath, int]
    values: dict[JsonPath, int]
    repeated: dict[JsonPath, list[int]]
    line_starts: list[int]

    def entry(self, path: JsonPath) -> Place:
        """Where the entry begins; raises KeyError for a path that the text does not have."""
        return _place(self.line_starts, self.entries[path])

    def value(self, path: JsonPath) -> Place:
        """Where the entry's value begins; raises KeyError for a path that the text does not have."""
        return _place(self.line_starts, self.values[path])

    @property
    def repeats(self) -> list[Repeat]:
        return [
            Repeat(path, tuple(_place(self.line_starts, offset) for offset in offsets))
            for path, offsets in self.repeated.items()
        ]


_TOKEN = r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+'


def positions(text: str) -> Positions:
    """Where each entry of the JSON in `text` stands. `text` must be JSON; nothing is checked here."""
    entries: dict[JsonPath, int] = {}
    values: dict[JsonPath, int] = {}
    repeated: dict[JsonPath, list[int]] = {}
    path: JsonPath = ()  # of the innermost open object or list
    open_names: list[dict[str, int] | None] = []  # for each open object its names so far, for each open list None
    here: JsonPath = ()  # of the entry whose value comes next
    name_next = False
    for found in re.finditer(_TOKEN, text, re.DOTALL):
        token, offset = found[0], found.start()
        if token in "]}":
            open_names.pop()
            here, path = path, path[:-1]
            name_next = False
        elif token == ",":
            last = here[-1]
            name_next = isinstance(last, str)
            if isinstance(last, int):
                here = (*path, last + 1)
        elif token == ":":
            name_next = False
        elif name_next:
            name = json.loads(token) if "\\" in token else token[1:-1]
            here = (*path, name)
            names = open_names[-1]
            if names is not None:
                if name in names:
                    repeated.setdefault(here, [names[name]]).append(offset)
                names[name] = offset
            entries[here] = offset
        else:
            values[here] = offset
            if not here or isinstance(here[-1], int):
                entries[here] = offset
            if token in "{[":
                path, name_next = here, token == "{"
                open_names.append({} if token == "{" else None)
                here = (*path, 0)
    return Positions(entries, values, repeated, _line_starts(text))


def place_of_token(text: str, token: str) -> Place | None:
    """Where a number or a bare word stands first in a text, which may be JSON only in part; None if nowhere."""
    offset = next((found.start() for found in re.finditer(_TOKEN, text, re.DOTALL) if found[0] == token), None)
    return None if offset is None else _place(_line_starts(text), offset)


def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\n", text))]


def _place(line_starts: list[int], offset: int) -> Place:
    line = bisect_right(line_starts, offset)
    return Place(line, offset - line_starts[line - 1] + 1)
