"""A course: some katas of the kit and some of its own, in order, with weights and due dates, as course.toml says.

Not for what learners get of it (study/course.py), nor for what they earned (reports/course_totals.py).
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import kms_katas
from kms_katas.kit.catalog import Kit, KitError
from kms_katas.kit.kata import Kata, KataError

SCHEMA = "urn:kms-katas:course:1"
NAME = "course.toml"
_MAX_BYTES = 256 * 1024
_KEYS = {"schema", "title", "kit", "extra", "cost", "kata"}
_PER_CENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")


@dataclass(frozen=True)
class Cost:
    """What is taken off for one thing: so many points of the kata, or so many per cent of all its points."""

    amount: Fraction = Fraction(0)
    per_cent: bool = False

    def of(self, points: int) -> Fraction:
        return self.amount * points / 100 if self.per_cent else self.amount

    @property
    def as_toml(self) -> str:
        return f'"{as_decimal(self.amount)} %"' if self.per_cent else as_decimal(self.amount)

    @property
    def in_words(self) -> str:
        unit = " %" if self.per_cent else " point" if self.amount == 1 else " points"
        return as_decimal(self.amount) + unit


@dataclass(frozen=True)
class Assignment:
    """One kata of a course. `due` has a UTC offset."""

    kata: str
    weight: Fraction = Fraction(1)
    due: datetime | None = None

    @property
    def shown_due(self) -> str:
        """As people read it, on the clock of the course; empty where nothing is due."""
        return self.due.isoformat(" ", "minutes") if self.due else ""


@dataclass(frozen=True)
class Course:
    """What course.toml says. `extra` are folders beside it, or below such, each shaped like a kit."""

    title: str
    kit: str
    assignments: tuple[Assignment, ...]
    hint: Cost = Cost()
    solution: Cost = Cost()
    extra: tuple[str, ...] = ()

    def assignment(self, kata: Kata) -> Assignment | None:
        return next((entry for entry in self.assignments if entry.kata == kata.id), None)

    def as_toml(self) -> str:
        """What `parsed` gives this course for."""
        lines = [f"schema = {_text(SCHEMA)}", f"title = {_text(self.title)}", f"kit = {_text(self.kit)}"]
        lines += [f"extra = [{', '.join(map(_text, self.extra))}]"]
        lines += ["", "[cost]", f"hint = {self.hint.as_toml}", f"solution = {self.solution.as_toml}"]
        for entry in self.assignments:
            lines += ["", "[[kata]]", f"id = {_text(entry.kata)}", f"weight = {as_decimal(entry.weight)}"]
            lines += [f"due = {entry.due.isoformat()}"] if entry.due else []
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class CourseKit(Kit):
    """A kit that holds the katas of a course, in its order. `root` is that of the kit it stands on."""

    course: Course
    path: Path
    """Its course.toml."""
    homes: tuple[tuple[Kata, Kit], ...]
    """Each kata, with the kit that holds its files."""
    own_checks: bool
    """Whether the checks of its own katas are to be run. Those of the kit always are."""

    @cached_property
    def katas(self) -> tuple[Kata, ...]:
        return tuple(kata for kata, _ in self.homes)

    def home(self, kata: Kata) -> Kit:
        return next(home for known, home in self.homes if known.id == kata.id)

    @property
    def private(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self.root, self.path.parent, *(home.root for _, home in self.homes))))

    def has_checks(self, kata: Kata) -> bool:
        return (self.own_checks or self.home(kata).root == self.root) and super().has_checks(kata)

    def starter(self, kata: Kata) -> Path:
        return self.home(kata).starter(kata)

    def reference(self, kata: Kata) -> Path:
        return self.home(kata).reference(kata)

    def grader(self, kata: Kata) -> Path:
        return self.home(kata).grader(kata)

    def check_files(self, kata: Kata) -> tuple[Path, ...]:
        return self.home(kata).check_files(kata)


def course_of(kit: Kit) -> Course | None:
    """The course that the katas of `kit` make; None where it is a kit and no more."""
    return kit.course if isinstance(kit, CourseKit) else None


def course_kit(path: Path, kit: Kit, *, own_checks: bool = True) -> CourseKit:
    """The course that the file `path` describes, on this kit. Raises KitError, with a line for each fault."""
    course = _fitting(path, parsed(_read(path), path))
    own = [_own_kit(path, name) for name in course.extra]
    held: dict[str, tuple[Kata, Kit]] = {}
    for home in (kit, *own):
        for kata in _katas(home, path, is_own=home is not kit):
            for name in (kata.id, kata.folder):
                if name in held:
                    raise KitError(
                        f"{path}: {home.root} holds a kata {name}, and so does {held[name][1].root}. "
                        "Give the one of the course another id, and its folder the same name."
                    )
            held |= {kata.id: (kata, home), kata.folder: (kata, home)}
    unknown = [entry.kata for entry in course.assignments if entry.kata not in held]
    if unknown:
        raise KitError(
            f"{path} names {', '.join(unknown)}, which neither this kit ({kms_katas.__version__}) nor a folder of "
            "`extra` holds. `kata list` shows the ids of the kit."
        )
    for entry in course.assignments:
        if (kata := held[entry.kata][0]).id != entry.kata:
            raise KitError(f"{path} names {entry.kata}, the folder of a kata. Its id is {kata.id}: write that.")
    return CourseKit(kit.root, course, path, tuple(held[entry.kata] for entry in course.assignments), own_checks)


def parsed(text: str, path: Path) -> Course:
    """What course.toml says; `path` is its name in a sentence. Raises KitError, with a line for each fault."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise KitError(f"{path} is no TOML: {error}. Mend that line.") from error
    if data.get("schema") != SCHEMA:
        raise KitError(f'{path} has schema {data.get("schema")!r}; this kit reads schema = "{SCHEMA}".')
    faults = list(_faults(data))
    if faults:
        raise KitError("\n".join(f"{path}: {fault}" for fault in faults))
    cost = data.get("cost", {})
    return Course(
        title=data["title"],
        kit=data["kit"],
        assignments=tuple(
            Assignment(entry["id"], Fraction(entry.get("weight", 1)), entry.get("due")) for entry in data["kata"]
        ),
        hint=_cost(cost.get("hint", 0)) or Cost(),
        solution=_cost(cost.get("solution", 0)) or Cost(),
        extra=tuple(data.get("extra", ())),
    )


def as_decimal(number: Fraction) -> str:
    """With as many places as it has, of those that a TOML file gave it."""
    value = Decimal(number.numerator) / Decimal(number.denominator)
    return f"{value:f}"


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES or not path.is_file():
            raise KitError(f"{path} is no file of at most {_MAX_BYTES // 1024} KiB. Give --course a {NAME}.")
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise KitError(f"{path} cannot be read: {why}. Give --course a {NAME}.") from error


def _fitting(path: Path, course: Course) -> Course:
    from packaging.specifiers import SpecifierSet  # slow to load, and without a course nothing asks for it

    if not SpecifierSet(course.kit).contains(kms_katas.__version__, prereleases=True):
        raise KitError(
            f"{path} is for KMS Katas {course.kit}, and this is {kms_katas.__version__}: its checks may be others. "
            f'Install the right one: pip install "kms-katas{course.kit}". If the course is yours, `kit` there says so.'
        )
    return course


def _own_kit(path: Path, name: str) -> Kit:
    root = path.parent / name
    if not (root / "katas").is_dir():
        raise KitError(f"{path}: extra {name!r} has no folder katas/. It is to be shaped like a kit: {root}.")
    return Kit(root.resolve())


def _katas(home: Kit, path: Path, *, is_own: bool) -> tuple[Kata, ...]:
    try:
        # `kata init` and `reset` write files of these names, and a workspace may come from anybody.
        for kata in home.katas if is_own else ():
            if any(not name or set(name) & set("/\\:\0") or name.startswith(".") for name in kata.answer):
                raise KataError(f"{kata.folder}/kata.toml: every entry of `answer` must be the plain name of a file.")
        return home.katas
    except KataError as error:
        if not is_own:
            raise
        raise KitError(f"{path}: in {home.root / 'katas'}, {error}") from error


def _faults(data: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(data) - _KEYS):
        yield f"`{name}` is nothing that a course has. It has {', '.join(sorted(_KEYS))}."
    if not isinstance(data.get("title"), str) or not data["title"].strip() or not data["title"].isprintable():
        yield "`title` must be one line of text: what learners call the course."
    if not _is_specifier(data.get("kit")):
        yield f'`kit` must say which versions of KMS Katas fit, such as "~={kms_katas.__version__}" (PEP 440).'
    yield from _faults_of_extra(data.get("extra", []))
    yield from _faults_of_cost(data.get("cost", {}))
    entries = data.get("kata")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        yield "it must have a [[kata]] table for each kata, with its `id`."
        return
    for number, entry in enumerate(entries, 1):
        yield from (f"kata {number}{_named(entry)}: {fault}" for fault in _faults_of_assignment(entry))
    ids = [entry["id"] for entry in entries if isinstance(entry.get("id"), str)]
    for kata in sorted({kata for kata in ids if ids.count(kata) > 1}):
        yield f"the kata {kata} is there {ids.count(kata)} times. Keep one of them."


def _is_specifier(text: object) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return isinstance(text, str) and bool(str(SpecifierSet(text)))
    except InvalidSpecifier:
        return False


def _faults_of_extra(extra: object) -> Iterator[str]:
    if not isinstance(extra, list) or not all(isinstance(name, str) for name in extra):
        yield '`extra` must be a list of folders, such as ["own"].'
        return
    for name in extra:
        if not name.strip() or Path(name).is_absolute() or {"..", "."} & {*re.split(r"[/\\]", name)} or "\0" in name:
            yield f"extra {name!r} must be a folder beside {NAME} or below: no absolute path, no `..`."
    for name in sorted({name for name in extra if extra.count(name) > 1}):
        yield f"extra {name!r} is there more than once."


def _faults_of_cost(cost: object) -> Iterator[str]:
    if not isinstance(cost, dict) or set(cost) - {"hint", "solution"}:
        yield "[cost] must have `hint` and `solution`, or one of them, and nothing else."
        return
    for name, value in cost.items():
        if _cost(value) is None:
            yield f'cost.{name} must be points, such as 0.5, or per cent of a kata\'s points, such as "10 %".'


def _faults_of_assignment(entry: Mapping[str, Any]) -> Iterator[str]:
    if unknown := sorted(set(entry) - {"id", "weight", "due"}):
        yield f"`{unknown[0]}` is nothing that it has. It has id, weight and due."
    if not isinstance(entry.get("id"), str):
        yield "`id` must be a text, such as keys/hello."
    if _number(entry.get("weight", 1)) is None:
        yield "`weight` must be a number from 0 to 1000, such as 1 or 2.5."
    due = entry.get("due")
    if due is not None and (not isinstance(due, datetime) or due.tzinfo is None):
        yield "`due` must be a day and a time with its offset from UTC, not in quotes: 2027-01-31T23:59:00+01:00."


def _named(entry: Mapping[str, Any]) -> str:
    return f" ({entry['id']})" if isinstance(entry.get("id"), str) and entry["id"].isprintable() else ""


def _cost(value: object) -> Cost | None:
    if isinstance(value, str):
        found = _PER_CENT.fullmatch(value.strip())
        return Cost(Fraction(found[1]), per_cent=True) if found and Fraction(found[1]) <= 100 else None
    number = _number(value)
    return None if number is None else Cost(number)


def _number(value: object) -> Fraction | None:
    """A weight, or points: at most 1000, with at most 6 decimal places, so that no sum of them is a surprise."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, Decimal) and not (value.is_finite() and -6 <= int(value.as_tuple().exponent) <= 3):
        return None
    return Fraction(value) if 0 <= value <= 1000 else None


def _text(text: str) -> str:
    """As TOML writes it: JSON's form, but for a character that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def by_home(kit: Kit, katas: Iterable[Kata]) -> list[tuple[Kit, tuple[Kata, ...]]]:
    """The katas with the kit that each lies in, the kits in the order in which they come."""
    found: dict[Path, tuple[Kit, list[Kata]]] = {}
    for kata in katas:
        home = kit.home(kata)
        found.setdefault(home.root, (home, []))[1].append(kata)
    return [(home, tuple(those)) for home, those in found.values()]


def for_learners(kit: CourseKit, folders: Mapping[Path, str]) -> Course:
    """The course as a workspace has it, where the own katas lie elsewhere: `folders`, by the root of their kit."""
    own = dict.fromkeys(home.root for _, home in kit.homes if home.root != kit.root)
    return replace(kit.course, extra=tuple(folders[root] for root in own))
