"""Which katas are as they were when all their answers were last tried on five seeds. Not for trying them.

`kata dev check` writes solutions/checked.json; CI reads it, and spends its minutes on the katas that changed since.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from kms_katas.kit import Kata, Kit

SCHEMA = "urn:kms-katas:checked:1"
NAME = "checked.json"


def unchanged(kit: Kit) -> set[Kata]:
    """The katas whose files are those that were recorded, letter for letter."""
    recorded = _recorded(kit)
    return {kata for kata in kit.katas if recorded.get(kata.id) == digest(kit, kata)}


def record(kit: Kit, katas: Iterable[Kata]) -> None:
    """Note `katas` as they are now, and forget those that the kit no longer has. Raises OSError."""
    known = {kata.id for kata in kit.katas}
    before = _recorded(kit)
    kept = {kata_id: found for kata_id, found in before.items() if kata_id in known}
    now = kept | {kata.id: digest(kit, kata) for kata in katas}
    if now != before:
        data = {"schema": SCHEMA, "checked": dict(sorted(now.items()))}
        _file(kit).write_text(json.dumps(data, indent=2) + "\n", "utf-8", newline="\n")


def digest(kit: Kit, kata: Kata) -> str:
    """SHA-256 of the names and contents of its files: brief, starter, checks and answers."""
    seen = hashlib.sha256()
    trees = (kit.starter(kata), kit.solutions / kata.folder)
    files = {path for tree in trees for path in tree.rglob("*") if path.is_file()} | {*kit.check_files(kata)}
    for path in sorted(files):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        seen.update(f"{path.relative_to(kit.root).as_posix()}\0{len(content)}\0".encode() + content)
    return seen.hexdigest()


def _recorded(kit: Kit) -> dict[str, str]:
    """Nothing where the file is not there or not of this form: then all katas count as changed."""
    try:
        data = json.loads(_file(kit).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(data, dict) or data.get("schema") != SCHEMA or not isinstance(data.get("checked"), dict):
        return {}
    return {str(kata_id): str(found) for kata_id, found in data["checked"].items()}


def _file(kit: Kit) -> Path:
    return kit.solutions / NAME
