"""What one kata is, read from its kata.toml. Not for its checks or answers: this only names their files."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = "urn:kms-katas:kata:1"
ROWS = "rows.toml"
"""Beside kata.toml, where the answer is a table whose rows are drawn."""
ID = re.compile(r"[a-z][a-z0-9-]*/[a-z][a-z0-9-]*")
FOLDER = re.compile(r"[0-9]{2}-[a-z][a-z0-9-]*")

_REQUIRED: Mapping[str, type] = {
    "schema": str,
    "id": str,
    "title": str,
    "level": int,
    "points": int,
    "minutes": int,
    "concepts": list,
    "exams": list,
    "prerequisites": list,
    "services": list,
    "answer": list,
    "browser": bool,
    "why": str,
    "task": list,
}


class KataError(Exception):
    """A kata.toml that cannot be used: the sentence says which file, what is wrong and what it should hold."""


@dataclass(frozen=True)
class Task:
    """One numbered task of a brief, with its hints from vague to direct."""

    number: int
    title: str
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Kata:
    """One exercise. `folder` is its path below katas/ (`01-keys/01-hello`); `id` stays when the numbers change."""

    id: str
    title: str
    folder: str
    level: int
    points: int
    minutes: int
    concepts: tuple[str, ...]
    exams: tuple[str, ...]
    prerequisites: tuple[str, ...]
    services: tuple[str, ...]
    packages: tuple[str, ...]
    """What an answer may import beyond what the kit itself needs, by the names that one imports."""
    answer: tuple[str, ...]
    browser: bool
    why: str
    tasks: tuple[Task, ...]
    debrief: str = ""
    """A question for the talk after it, in a workshop. Whoever solves the kata is not shown it."""
    rows: Path | None = None
    """What the rows of its table are drawn from (table.py); None: it has no table."""

    @property
    def track(self) -> str:
        return self.id.split("/")[0]

    @property
    def name(self) -> str:
        return self.id.split("/")[1]

    @property
    def documents_only(self) -> bool:
        """Whether the answer holds no code to run, only documents to read."""
        return all(name.endswith((".json", ".toml")) for name in self.answer)

    @property
    def has_documents(self) -> bool:
        """Whether the answer holds a document, beside code or alone."""
        return any(name.endswith(".json") for name in self.answer)

    @property
    def grader(self) -> str:
        """The path of its checks below tests/graders/: `01_keys/test_hello.py`."""
        return f"{self.folder.split('/')[0].replace('-', '_')}/test_{self.name.replace('-', '_')}.py"


def read_kata(path: Path, folder: str) -> Kata:
    """The kata that `path` (a kata.toml) describes. Raises KataError with one sentence."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KataError(f"{folder}/kata.toml cannot be read: {error}.") from error
    if data.get("schema") != SCHEMA:
        raise KataError(f'{folder}/kata.toml has schema {data.get("schema")!r}; this kit reads schema = "{SCHEMA}".')
    for key, kind in _REQUIRED.items():
        if key not in data:
            raise KataError(f"{folder}/kata.toml lacks `{key}`.")
        if type(data[key]) is not kind:
            raise KataError(f"{folder}/kata.toml: `{key}` must be {_NAMES[kind]}.")
    data.setdefault("packages", [])
    if type(data["packages"]) is not list:
        raise KataError(f"{folder}/kata.toml: `packages` must be a list.")
    debrief = data.get("debrief", "")
    if not isinstance(debrief, str) or not debrief.isprintable():
        raise KataError(f"{folder}/kata.toml: `debrief` must be a text of one line.")
    unknown = sorted(set(data) - {*_REQUIRED, "packages", "debrief"})
    if unknown:
        raise KataError(f"{folder}/kata.toml has `{unknown[0]}`, which no part of the kit reads.")
    if not all(str(package).isidentifier() for package in data["packages"]):
        raise KataError(f"{folder}/kata.toml: every entry of `packages` must be a name that Python can import.")
    if not ID.fullmatch(data["id"]):
        raise KataError(f"{folder}/kata.toml: the id {data['id']!r} is not of the form track/name in small letters.")
    if not data["title"].isprintable():
        raise KataError(f"{folder}/kata.toml: `title` must be one line, without control characters.")
    return Kata(
        id=data["id"],
        title=data["title"],
        folder=folder,
        level=data["level"],
        points=data["points"],
        minutes=data["minutes"],
        browser=data["browser"],
        why=data["why"].strip(),
        debrief=debrief,
        tasks=tuple(_task(entry, number, folder) for number, entry in enumerate(data["task"], 1)),
        rows=rows if (rows := path.with_name(ROWS)).is_file() else None,
        **{name: _strings(data, name, folder) for name in _LISTS},
    )


_NAMES = {str: "a text", int: "a whole number", list: "a list", bool: "true or false"}
_LISTS = ("concepts", "exams", "prerequisites", "services", "packages", "answer")


def _strings(data: Mapping[str, Any], name: str, folder: str) -> tuple[str, ...]:
    if not all(isinstance(entry, str) for entry in data[name]):
        raise KataError(f"{folder}/kata.toml: every entry of `{name}` must be a text.")
    return tuple(data[name])


def _task(entry: object, number: int, folder: str) -> Task:
    where = f"{folder}/kata.toml: task {number}"
    if not isinstance(entry, dict) or set(entry) != {"title", "hints"}:
        raise KataError(f"{where} must be a [[task]] table with `title` and `hints`, and nothing else.")
    title, hints = entry["title"], entry["hints"]
    if not isinstance(title, str) or not isinstance(hints, list) or not all(isinstance(hint, str) for hint in hints):
        raise KataError(f"{where}: `title` must be a text and `hints` a list of texts.")
    if not title.isprintable():
        raise KataError(f"{where}: `title` must be one line, without control characters.")
    return Task(number, title, tuple(hint.strip() for hint in hints))
