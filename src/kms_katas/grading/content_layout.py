"""What `kata dev check` sees without running anything: files, fields, names, TODOs. The rest: content_proof.py."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kms_katas.grading.content_record import NAME as CHECKED
from kms_katas.kit import Finding, Kata, KataError, Kit
from kms_katas.kit.kata import read_kata
from kms_katas.kit.paths import NAME as PATHS
from kms_katas.kit.paths import path_findings
from kms_katas.kit.table import pool_of
from kms_katas.lab.services.table import FOR_KATAS
from kms_katas.policy import PolicyError, parse_document
from kms_katas.policy.document import statements

ANSWERS_SCHEMA = "urn:kms-katas:answers:1"
MIN_ACCEPTED = {1: 1}
MIN_REJECTED = {1: 3}
"""Fewest other answers by level; katas of other levels need 2 and 4."""
MAX_BRIEF_LINES = 60
_IGNORED = {"__pycache__", ".DS_Store"}


def layout_findings(kit: Kit, only: Kata | None = None) -> Iterator[Finding]:
    """Every fault of the kit's files, kata by kata; of `only` one kata, where the others can be read."""
    seen: dict[str, str] = {}
    katas = []
    for folder, path in kit.folders():
        try:
            kata = read_kata(path / "kata.toml", folder)
        except KataError as error:
            yield Finding(folder, str(error))
            continue
        katas.append(kata)
        if kata.id in seen:
            yield Finding(folder, f"the id {kata.id} is that of {seen[kata.id]} too; ids are unique.")
        seen.setdefault(kata.id, folder)
    if not any(kit.folders()):
        yield Finding("katas", "there is no kata here: it holds no folder such as 01-keys/01-hello.")
    for kata in (only,) if only else katas:
        yield from _fields(kata, set(seen))
        yield from _starter(kit, kata)
        yield from _solutions(kit, kata)
        yield from _unwritten(kit, kata)
    if len(katas) == len(list(kit.folders())):
        # Else the files of a kata that cannot be read would all seem to be nobody's, and paths cannot name it.
        yield from path_findings(kit)
        yield from (found for found in _strays(kit, katas) if not only or only.folder in found.where)


def rejected_answers(kit: Kit, kata: Kata) -> dict[str, tuple[str, str]]:
    """Each rejected answer's name with the check that must refuse it and the mistake. Raises KataError."""
    path = kit.solutions / kata.folder / "answers.toml"
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KataError(f"solutions/{kata.folder}/answers.toml cannot be read: {error}.") from error
    if data.get("schema") != ANSWERS_SCHEMA:
        raise KataError(f'solutions/{kata.folder}/answers.toml needs schema = "{ANSWERS_SCHEMA}".')
    entries = data.get("rejected", {})
    if not isinstance(entries, dict):
        raise KataError(f"solutions/{kata.folder}/answers.toml: `rejected` must be tables, one for each answer.")
    for name, entry in entries.items():
        texts = isinstance(entry, dict) and all(isinstance(text, str) and text for text in entry.values())
        if not texts or set(entry) != {"check", "mistake"}:
            raise KataError(
                f"solutions/{kata.folder}/answers.toml: rejected.{name} must have "
                "the texts `check` and `mistake`, and nothing else."
            )
    return {name: (entry["check"], entry["mistake"]) for name, entry in entries.items()}


def _fields(kata: Kata, known: set[str]) -> Iterator[Finding]:
    where = f"{kata.folder}/kata.toml"
    folder_track, folder_name = (part.split("-", 1)[1] for part in kata.folder.split("/"))
    if kata.id != f"{folder_track}/{folder_name}":
        yield Finding(where, f"the id {kata.id} does not match its folder; it should be {folder_track}/{folder_name}.")
    if not 1 <= kata.level <= 4:
        yield Finding(where, f"level {kata.level} is not 1 to 4.")
    if not 5 <= kata.minutes <= 30:
        yield Finding(where, f"{kata.minutes} minutes is not 5 to 30.")
    if not kata.why:
        yield Finding(where, "`why` is empty; say what it means in production.")
    if not kata.concepts or not kata.exams or not kata.services or not kata.answer:
        yield Finding(where, "`concepts`, `exams`, `services` and `answer` each need an entry.")
    if kata.debrief and not kata.debrief.endswith("?"):
        yield Finding(where, "`debrief` is no question: it does not end with a question mark.")
    for service in kata.services:
        if service not in FOR_KATAS:
            known_ones = ", ".join(sorted(FOR_KATAS))
            yield Finding(where, f"`services` lists {service}, which the lab does not have for katas: {known_ones}.")
    for needed in kata.prerequisites:
        if needed not in known:
            yield Finding(where, f"the prerequisite {needed} is no kata of this kit.")
    if not kata.tasks:
        yield Finding(where, "there is no [[task]].")
    for task in kata.tasks:
        if not 2 <= len(task.hints) <= 5 or not all(task.hints):
            yield Finding(
                where, f"task {task.number} needs 2 to 5 hints, none of them empty; it has {len(task.hints)}."
            )


def _starter(kit: Kit, kata: Kata) -> Iterator[Finding]:
    folder = kit.starter(kata)
    brief = _text(folder / "README.md")
    if brief is None:
        yield Finding(kata.folder, "README.md, the brief, is missing.")
    else:
        titles = re.findall(r"^## (\d+)\. (.+)$", brief, re.M)
        wanted = [(str(task.number), task.title) for task in kata.tasks]
        if titles != wanted:
            yield Finding(
                f"{kata.folder}/README.md",
                f"its tasks are {titles}, and kata.toml's are {wanted}; number and title must agree.",
            )
        if len(brief.splitlines()) >= MAX_BRIEF_LINES:
            yield Finding(
                f"{kata.folder}/README.md",
                f"it has {len(brief.splitlines())} lines; a brief has fewer than {MAX_BRIEF_LINES}.",
            )
    todos: dict[str, str] = {}
    for name in reversed(kata.answer):
        text = _text(folder / name)
        if text is None:
            yield Finding(kata.folder, f"the starter {name} is missing.")
            continue
        try:
            found = _sids(text) if name.endswith(".json") else re.findall(r"\bTODO ?(\d+)\b", text)
        except PolicyError as error:
            yield Finding(f"{kata.folder}/{name}", f"the starter is no policy. {error}")
            continue
        todos |= {sid.removeprefix("TODO"): name for sid in found}
    for number in (str(task.number) for task in kata.tasks):
        if number not in todos:
            policies = [name for name in kata.answer if name.endswith(".json")]
            ways: tuple[str, ...] = () if len(policies) == len(kata.answer) else (f"TODO {number}",)
            if policies:
                ways += (f'statement with "Sid": "TODO{number}"',)
            yield Finding(kata.folder, f"the starter has no {' and no '.join(ways)}.")
        elif number == "1" and todos[number] != kata.answer[0]:
            told = f"the starter has its TODO 1 in {todos[number]}; learners open {kata.answer[0]} first."
            yield Finding(kata.folder, told)
    try:
        pool_of(kata)
    except KataError as error:
        yield Finding(kata.folder, str(error))
    checks = _text(kit.grader(kata))
    if checks is None:
        yield Finding(f"tests/graders/{kata.grader}", "the checks are missing.")
    elif not re.search(r"^def test_", checks, re.M):
        yield Finding(f"tests/graders/{kata.grader}", "it has no check: no function whose name begins with test_.")


def _sids(text: str) -> list[str]:
    """The Sids of a policy. Raises PolicyError."""
    return [statement.get("Sid", "") for statement in statements(parse_document(text))]


def _solutions(kit: Kit, kata: Kata) -> Iterator[Finding]:
    folder, where = kit.solutions / kata.folder, f"solutions/{kata.folder}"
    trees = {where: folder}
    for kind, fewest in (("accepted", MIN_ACCEPTED.get(kata.level, 2)), ("rejected", MIN_REJECTED.get(kata.level, 4))):
        names = sorted(path.name for path in (folder / kind).iterdir()) if (folder / kind).is_dir() else []
        trees |= {f"{where}/{kind}/{name}": folder / kind / name for name in names}
        if len(names) < fewest:
            yield Finding(
                f"{where}/{kind}", f"it has {len(names)} answers; a kata of level {kata.level} needs {fewest}."
            )
    for place, tree in trees.items():
        for name in kata.answer:
            text = _text(tree / name)
            if text is None:
                yield Finding(place, f"{name} is missing.")
            elif re.search(r"TODO ?\d", text):
                yield Finding(f"{place}/{name}", "it still has a TODO.")
    try:
        named = set(rejected_answers(kit, kata))
    except KataError as error:
        yield Finding(where, str(error))
        return
    on_disk = {place.rsplit("/", 1)[1] for place in trees if "/rejected/" in place}
    for name in sorted(named ^ on_disk):
        yield Finding(f"{where}/answers.toml", f"rejected.{name} and the folder rejected/{name} must both be there.")


def _unwritten(kit: Kit, kata: Kata) -> Iterator[Finding]:
    """What `kata dev new` left to be written: any TODO but the numbered ones, which are the learner's."""
    solutions = kit.solutions / kata.folder
    places = [kit.starter(kata) / name for name in ("README.md", "kata.toml", *kata.answer)]
    places += [kata.rows] if kata.rows else []
    places += [kit.grader(kata), solutions / "answers.toml", kit.root / "docs" / "learn" / f"{kata.id}.md"]
    for tree in (solutions, *sorted(solutions.glob("*/*"))):
        places += [tree / name for name in kata.answer]
    for path in places:
        for number, line in enumerate((_text(path) or "").splitlines(), 1):
            for what in re.findall(r"\bTODO\b(?! ?\d)\W*(.*)", line):
                said = (what or line).strip(" \"',.")
                yield Finding(f"{path.relative_to(kit.root).as_posix()}:{number}", f"still to be written: {said}.")


def _strays(kit: Kit, katas: list[Kata]) -> Iterator[Finding]:
    """Files that nothing reads."""
    expected = {kit.starter(kata) / name for kata in katas for name in ("README.md", "kata.toml", *kata.answer)}
    expected |= {kata.rows for kata in katas if kata.rows is not None}
    for kata in katas:
        solutions = kit.solutions / kata.folder
        expected.add(solutions / "answers.toml")
        trees = [solutions, *solutions.glob("accepted/*"), *solutions.glob("rejected/*")]
        expected |= {tree / name for tree in trees for name in kata.answer}
        expected.add(kit.grader(kata))
    expected |= {kit.solutions / CHECKED, kit.starters / PATHS}
    graders = {kit.graders / "conftest.py"} | set(kit.graders.rglob("__init__.py"))
    for top in (kit.starters, kit.solutions, kit.graders):
        for path in sorted(top.rglob("*")):
            if path.is_file() and not _IGNORED & set(path.parts) and path not in expected | graders:
                yield Finding(
                    str(path.relative_to(kit.root)),
                    "nothing in the kit reads this file; remove it or name it in kata.toml.",
                )


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
