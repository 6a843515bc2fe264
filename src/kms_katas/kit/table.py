"""The rows of a table kata: the pool that its author wrote (rows.toml), and what is drawn from it for one learner.

A learner's file holds its rows and the number that they were drawn by, so whoever grades it needs nothing else. Not for
what a right answer is: that is asked in the kata's checks, and stands in no file.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from kms_katas.kit.kata import Kata, KataError

SCHEMA = "urn:kms-katas:rows:1"
MAX_TABLE = 2**31
_NUMBER = re.compile(rb"^table = ([0-9]{1,10})$", re.MULTILINE)
_WORD = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Row:
    """One question. `given` is what it gives, `documents` the names of what is to be read for it; rows of one `group`
    ask for the same thing to be understood."""

    group: str
    documents: tuple[str, ...]
    given: Mapping[str, Any]


@dataclass(frozen=True)
class Pool:
    """All that can be drawn. `answers` are the fields to fill in, each with the values it may have; none: any text.

    `documents` are texts by name, `about` one line on each.
    """

    answers: Mapping[str, tuple[str, ...]]
    documents: Mapping[str, str]
    about: Mapping[str, str]
    rows: tuple[Row, ...]

    def drawn(self, table: int) -> tuple[Row, ...]:
        """The rows of the table with this number: one of each group, so that no number makes an easier table."""
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(row.group, []).append(row)
        chosen = {id(found[_number_of(table, group) % len(found)]) for group, found in groups.items()}
        return tuple(row for row in self.rows if id(row) in chosen)


def pool_of(kata: Kata) -> Pool | None:
    """The pool of a table kata; None of any other. Raises KataError."""
    return None if kata.rows is None else read_pool(kata.rows.read_bytes(), f"{kata.folder}/{kata.rows.name}")


def table_number(seed: int, kata: Kata, draw: int) -> int:
    """The number of a learner's table: their seed, and how often they had rows drawn anew."""
    return _number_of(seed, kata.id, draw) % MAX_TABLE


def starter(kata: Kata, folder: Path, name: str, table: int | None) -> bytes:
    """The starter in `folder`; of a table, with the rows of that number written below it."""
    text = (folder / name).read_bytes()
    pool = pool_of(kata) if table is not None and name.endswith(".toml") else None
    return text if pool is None or table is None else text + written(pool, table).encode()


def is_starter(kata: Kata, folder: Path, name: str, data: bytes) -> bool:
    """Whether `data` is the starter in `folder`, line ends aside; of a table, with the rows of any number."""
    lines = data.splitlines()
    found = _NUMBER.search(b"\n".join(lines))
    table = int(found[1]) if found and kata.rows is not None else None
    return lines == starter(kata, folder, name, table).splitlines()


def written(pool: Pool, table: int) -> str:
    """The rows as they stand in a learner's file, each below what is to be read for it, with nothing filled in."""
    lines, shown = [f"table = {table}"], set()
    for number, row in enumerate(pool.drawn(table), 1):
        for name in row.documents:
            if name not in shown:
                shown.add(name)
                text = pool.documents[name].strip("\n")
                lines += ["", "", f"# {pool.about[name]}", f"[document.{name}]", f"text = '''\n{text}\n'''"]
        lines += ["", f"[row.{number}]", f"read = {_value(list(row.documents))}"]
        lines += [f"{name} = {_value(value)}" for name, value in row.given.items()]
        lines += [f'{name} = ""' for name in pool.answers]
    return "\n".join(lines) + "\n"


def _number_of(*parts: object) -> int:
    """Of these parts always the same number: Python's own generators promise none from version to version."""
    return int.from_bytes(sha256("\0".join(map(str, parts)).encode()).digest()[:8])


def _value(value: Any) -> str:
    """As TOML writes it. A text is written as JSON does."""
    if isinstance(value, dict):
        members = ", ".join(f"{json.dumps(name)} = {_value(one)}" for name, one in value.items())
        return f"{{ {members} }}" if members else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=32)
def read_pool(data: bytes, where: str) -> Pool:
    """What a rows.toml says; `where` is its name in a sentence. Raises KataError."""
    try:
        found = tomllib.loads(data.decode())
    except ValueError as error:
        raise KataError(f"{where} cannot be read: {error}.") from error
    for fault in _faults(found):
        raise KataError(f"{where}: {fault}.")
    return Pool(
        answers={name: tuple(values) for name, values in found["answers"].items()},
        documents={one["name"]: one["text"] for one in found["document"]},
        about={one["name"]: one["about"] for one in found["document"]},
        rows=tuple(
            Row(
                row["group"],
                tuple(row["read"]),
                {name: value for name, value in row.items() if name not in ("group", "read")},
            )
            for row in found["row"]
        ),
    )


def _faults(found: Mapping[str, Any]) -> Iterator[str]:
    if found.get("schema") != SCHEMA:
        yield f'schema must be "{SCHEMA}"'
    if set(found) != {"schema", "answers", "document", "row"}:
        yield "it must have `answers`, `document` and `row`, and nothing else"
        return
    for name, values in found["answers"].items():
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            yield f"answers.{name} must be a list of the texts that may be answered; an empty one allows any"
    for number, one in enumerate(found["document"], 1):
        if set(one) != {"name", "about", "text"} or not all(isinstance(text, str) for text in one.values()):
            yield f"document {number} must have the texts `name`, `about` and `text`, and nothing else"
        elif not _WORD.fullmatch(one["name"]) or "'''" in one["text"] or not one["about"].isprintable():
            yield f"document {number}: a name in small letters, one line about it, and a text without ''' are needed"
    names = {one.get("name") for one in found["document"]}
    for number, row in enumerate(found["row"], 1):
        if not isinstance(row.get("group"), str) or not isinstance(row.get("read"), list):
            yield f"row {number} needs `group`, a text, and `read`, a list of names of documents"
        elif unknown := [name for name in row["read"] if name not in names]:
            yield f"row {number} reads {unknown[0]!r}, which is no document"
        elif taken := set(row) & set(found["answers"]):
            yield f"row {number} gives {sorted(taken)[0]!r}, which is a field to fill in"
        elif not all(_can_be_written(value) for value in row.values()):
            yield f"row {number}: what a row gives is a text, a list of texts, or texts by name"


def _can_be_written(value: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return all(isinstance(part, str) for part in parts)
