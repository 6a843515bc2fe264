"""The fields of a JSON file, taken one by one: each has a type, and what nobody took is told. It knows no name."""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from ..document import Document, PolicyError, as_list, parse_document
from ..positions import JsonPath, Place, Positions, positions
from ..statement import NamedPolicy


class JsonFile:
    """A JSON text and where its parts stand. Raises PolicyError for text that is no JSON."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self.content: Any = json.loads(text)
        except json.JSONDecodeError as error:
            what = f"It is not valid JSON: {error.msg}."
            raise PolicyError(what, Place(error.lineno, error.colno)) from None
        except RecursionError:
            raise PolicyError("Its objects and lists lie too deep inside one another to be read.") from None
        except ValueError as error:
            raise PolicyError(f"It cannot be read: {error}.") from None

    @cached_property
    def positions(self) -> Positions:
        return positions(self.text)

    def document(self, path: JsonPath) -> Document:
        """The policy at a path, as `parse_document` reads it; its places are those in the whole file."""
        start = self.positions.values[path]
        end = json.JSONDecoder().raw_decode(self.text, start)[1]
        begins = self.positions.value(path)
        try:
            return _Inside(parse_document(self.text[start:end]), begins)
        except PolicyError as error:
            raise PolicyError(error.sentence, error.place and _moved(error.place, begins)) from None


class _Inside(Document):
    """A policy that begins at a place inside a file."""

    def __init__(self, document: Document, begins: Place) -> None:
        super().__init__(document, document.text)
        self._begins = begins

    def place(self, path: JsonPath) -> Place:
        return _moved(super().place(path), self._begins)

    def value_place(self, path: JsonPath) -> Place:
        return _moved(super().value_place(path), self._begins)


def _moved(place: Place, begins: Place) -> Place:
    """A place in a text, as it is in the file in which that text begins at `begins`."""
    return Place(place.line + begins.line - 1, place.column + (begins.column - 1 if place.line == 1 else 0))


class Fields:
    """One object of a file. `name` is how people would point to it, empty for the outermost: "principal"."""

    def __init__(self, file: JsonFile, path: JsonPath, members: Any, name: str = "") -> None:
        self._file, self._path, self._name = file, path, name
        if not isinstance(members, Mapping):
            raise self.wrong("", "must be a JSON object")
        self._members: Mapping[str, Any] = members
        self._untaken = dict.fromkeys(members)
        self._inner: list[Fields] = []
        within = len(path) + 1
        for repeat in file.positions.repeats:
            if repeat.path[:-1] == path and len(repeat.path) == within:
                raise self.wrong(str(repeat.path[-1]), "stands twice, and only one of them could count")

    def has(self, name: str) -> bool:
        """Whether the field is there; null is as good as none."""
        return self._members.get(name) is not None

    def any(self, name: str) -> Any:
        self._untaken.pop(name, None)
        return self._members.get(name)

    def text(self, name: str) -> str:
        """Raises PolicyError where the field is not there, or is not text."""
        if not self.has(name):
            raise self.wrong(name, "is missing")
        value = self.any(name)
        if not isinstance(value, str):
            raise self.wrong(name, f"must be text; it is {json.dumps(value)[:60]}")
        return value

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if self.has(name) else self.any(name)

    def true(self, name: str) -> bool:
        """Whether the field says true; false where it is not there."""
        value = self.any(name)
        if not isinstance(value, bool | None):
            raise self.wrong(name, "must be true or false")
        return bool(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, or one alone; empty where the field is not there."""
        values = self.any(name)
        found = () if values is None else tuple(as_list(values))
        if not all(isinstance(value, str) for value in found):
            raise self.wrong(name, "must be a list of texts")
        return found

    def pairs(self, name: str) -> dict[str, str]:
        """An object of texts; empty where the field is not there."""
        members = self.any(name) or {}
        if not isinstance(members, dict) or not all(isinstance(value, str) for value in members.values()):
            raise self.wrong(name, "must be an object of texts")
        return members

    def part(self, name: str) -> "Fields | None":
        """The object in a field; None where the field is not there."""
        members = self.any(name)
        return None if members is None else self._part((name,), members, self._called(name))

    def parts(self, name: str) -> list["Fields"]:
        """The objects of a list; empty where the field is not there."""
        return [
            self._part((name, number), members, f"{self._called(name)}[{number}]")
            for number, members in enumerate(self._list(name))
        ]

    def policy(self, name: str, called: str) -> NamedPolicy | None:
        return self._policy((name,), called) if self.any(name) is not None else None

    def policies(self, name: str, called: str) -> tuple[NamedPolicy, ...]:
        """A list of policies; each has a number, but for the only one."""
        many = self._list(name)
        return tuple(
            self._policy((name, number), f"{called} {number + 1}" if len(many) > 1 else called)
            for number in range(len(many))
        )

    def levels(self, name: str) -> tuple[tuple[NamedPolicy, ...], ...]:
        """A list of levels, each a list of policies, which are called by level and number."""
        found = []
        for level, policies in enumerate(self._list(name)):
            if not isinstance(policies, list):
                raise self.wrong(name, "must be a list of levels, and each level a list of policies")
            found.append(
                tuple(
                    self._policy((name, level, number), f"no. {number + 1} of level {level + 1}")
                    for number in range(len(policies))
                )
            )
        return tuple(found)

    def unknown(self) -> Iterator[str]:
        """The names of the fields that nobody took, here and in the objects within."""
        yield from map(self._called, self._untaken)
        for part in self._inner:
            yield from part.unknown()

    def wrong(self, name: str, what: str) -> PolicyError:
        """An error about one field, or about the object itself."""
        path = (*self._path, name) if name else self._path
        place = self._file.positions.entries.get(path, self._file.positions.entries.get(self._path))
        return PolicyError(f"{self._called(name) or 'A case'} {what}.", None if place is None else self._place(path))

    def _place(self, path: JsonPath) -> Place:
        where = self._file.positions
        return where.entry(path if path in where.entries else self._path)

    def _called(self, name: str) -> str:
        return ".".join(filter(None, (self._name, name)))

    def _part(self, inside: JsonPath, members: Any, name: str) -> "Fields":
        part = Fields(self._file, (*self._path, *inside), members, name)
        self._inner.append(part)
        return part

    def _list(self, name: str) -> list[Any]:
        values = self.any(name)
        if not isinstance(values, list | None):
            raise self.wrong(name, "must be a list")
        return values or []

    def _policy(self, inside: JsonPath, called: str) -> NamedPolicy:
        try:
            return NamedPolicy(called, self._file.document((*self._path, *inside)))
        except PolicyError as error:
            raise PolicyError(f"{self._called(str(inside[0]))}: {error.sentence}", error.place) from None
