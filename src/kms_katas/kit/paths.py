"""Paths through a kit: some of its katas, in an order of their own and in so many minutes (katas/paths.toml).

Not for who is at which of them: that is noted in a workspace.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from kms_katas.kit.catalog import Kit, KitError
from kms_katas.kit.course import course_of
from kms_katas.kit.finding import Finding
from kms_katas.kit.kata import Kata, KataError

SCHEMA = "urn:kms-katas:paths:1"
NAME = "paths.toml"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


@dataclass(frozen=True)
class KataPath:
    """Katas in the order in which they are solved. `minutes` is how long it takes, talk and debrief included."""

    name: str
    title: str
    minutes: int
    katas: tuple[Kata, ...]

    @property
    def solving(self) -> int:
        """The minutes of its katas alone."""
        return sum(kata.minutes for kata in self.katas)


def paths_of(kit: Kit) -> tuple[KataPath, ...]:
    """The paths of a kit, in the order of the file; none where there is no such file. Raises KataError.

    A course has none: it says itself which katas there are, and in which order.
    """
    file = kit.starters / NAME
    if course_of(kit) or not file.exists():
        return ()
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise KataError(f"katas/{NAME} cannot be read: {error}.") from error
    if found.get("schema") != SCHEMA:
        raise KataError(f'katas/{NAME} has schema {found.get("schema")!r}; this kit reads schema = "{SCHEMA}".')
    tables = found.get("path", {})
    if set(found) - {"schema", "path"} or not isinstance(tables, dict):
        raise KataError(f"katas/{NAME} must hold `schema` and a table [path.NAME] for each path, and nothing else.")
    return tuple(_path(kit, name, table) for name, table in tables.items())


def path_named(kit: Kit, name: str) -> KataPath:
    """The path of this name, in small letters or large. Raises KitError."""
    paths = paths_of(kit)
    for path in paths:
        if path.name.lower() == name.strip().lower():
            return path
    known = ", ".join(path.name for path in paths)
    there = f"There are {known}." if known else "This kit has no paths."
    served = {exam.upper() for kata in kit.katas for exam in kata.exams}
    by_exam = f" `kata list --exam {name.upper()}` shows the katas for that exam."
    raise KitError(f"No path is called {name!r}. {there}" + (by_exam if name.upper() in served else ""))


def path_findings(kit: Kit) -> Iterator[Finding]:
    """What is wrong with the paths of a kit, one sentence each."""
    where = f"katas/{NAME}"
    try:
        paths = paths_of(kit)
    except KataError as error:
        yield Finding(where, str(error))
        return
    for path in paths:
        if path.solving > path.minutes:
            yield Finding(where, f"{path.name}: its katas take {path.solving} minutes, and it has {path.minutes}.")
        before: set[str] = set()
        for kata in path.katas:
            if kata.id in before:
                yield Finding(where, f"{path.name} names {kata.id} twice.")
            before.add(kata.id)
            for needed in set(kata.prerequisites) - before:
                yield Finding(where, f"{path.name}: {kata.id} needs {needed}, which must stand before it.")
            if not kata.debrief:
                yield Finding(f"{kata.folder}/kata.toml", f"`debrief` is missing; {path.name} ends the kata with it.")


def _path(kit: Kit, name: str, table: object) -> KataPath:
    where = f"katas/{NAME}: {name}"
    if not _WORD.fullmatch(name):
        raise KataError(f"katas/{NAME}: the name {name!r} must be letters, digits and hyphens.")
    if not isinstance(table, dict) or set(table) != {"title", "minutes", "katas"}:
        raise KataError(f"{where} must have `title`, `minutes` and `katas`, and nothing else.")
    title, minutes, ids = table["title"], table["minutes"], table["katas"]
    if not isinstance(title, str) or not title.isprintable() or type(minutes) is not int or minutes < 1:
        raise KataError(f"{where}: `title` must be one line and `minutes` a whole number from 1 on.")
    if not isinstance(ids, list) or not ids:
        raise KataError(f"{where}: `katas` must be a list of ids, and not an empty one.")
    by_id = {kata.id: kata for kata in kit.katas}
    for kata_id in ids:
        if not isinstance(kata_id, str) or kata_id not in by_id:
            raise KataError(f"{where}: {kata_id!r} is no kata of this kit.")
    return KataPath(name, title, minutes, tuple(by_id[kata_id] for kata_id in ids))
