"""Puts the kit (katas, answers, checks, claims, questions) into the standard wheel; an editable one has none of it."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

KIT = {
    "katas": "*",
    "solutions": "*",
    "tests/graders": "*",
    "docs/claims": "*.toml",
    "docs/questions": "*.toml",
    "docs": "exams.toml",
}
"""Its folders, and which of their files belong to it: beside the claims lie pages made from them."""


class KitInWheel(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # An editable build ("editable") would copy what is forced in, and the copy would be stale at the first edit.
        if version != "standard":
            return
        root = Path(self.root)
        for folder, kind in KIT.items():
            files = [
                file for file in sorted((root / folder).rglob(kind)) if file.is_file() and not is_cache(file, root)
            ]
            if not files:
                raise FileNotFoundError(f"{folder}/ holds no file. Build from the whole repository or from its sdist.")
            for file in files:
                build_data["force_include"][str(file)] = f"kms_katas/_kit/{file.relative_to(root).as_posix()}"


def is_cache(file: Path, root: Path) -> bool:
    """hatchling's `exclude` does not hold for what a hook forces in."""
    return any(part == "__pycache__" or part.startswith(".") for part in file.relative_to(root).parts)
