"""Where the kit is and which katas it holds. Not for the learner's workspace."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kms_katas.kit.kata import FOLDER, Kata, read_kata


class KitError(Exception):
    """The kit, or a kata that was asked for, is not there: the sentence says what, where, and what to do next."""


@dataclass(frozen=True)
class Kit:
    """A kit root: katas/, solutions/ and tests/graders/, side by side, and where it has them a ledger and questions."""

    root: Path

    @property
    def starters(self) -> Path:
        return self.root / "katas"

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def graders(self) -> Path:
        return self.root / "tests" / "graders"

    @property
    def claims(self) -> Path:
        """The ledger of claims (claims.py)."""
        return self.root / "docs" / "claims"

    @property
    def questions(self) -> Path:
        """The bank of questions (questions.py)."""
        return self.root / "docs" / "questions"

    @property
    def exams(self) -> Path:
        """The file that says what the exams ask for (exams.py)."""
        return self.root / "docs" / "exams.toml"

    @cached_property
    def katas(self) -> tuple[Kata, ...]:
        """Every kata, in the order of its folder. Raises KataError for the first one that cannot be read."""
        return tuple(read_kata(path / "kata.toml", folder) for folder, path in self.folders())

    def folders(self) -> Iterator[tuple[str, Path]]:
        """(folder below katas/, path) of every kata folder, whether or not its kata.toml can be read."""
        for track in sorted(self.starters.iterdir()) if self.starters.is_dir() else ():
            if track.is_dir() and FOLDER.fullmatch(track.name):
                for path in sorted(track.iterdir()):
                    if path.is_dir() and FOLDER.fullmatch(path.name):
                        yield f"{track.name}/{path.name}", path

    def kata(self, kata_id: str) -> Kata | None:
        return next((kata for kata in self.katas if kata.id == kata_id), None)

    def find(self, word: str) -> Kata:
        """The kata that `word` means: an id, a path to an answer, or a unique part of an id. Raises KitError."""
        asked = word.strip().rstrip("/").replace("\\", "/")
        exact = [kata for kata in self.katas if asked in (kata.id, kata.folder)]
        inside = [kata for kata in self.katas if f"/{kata.id}/" in f"/{asked}/" or f"/{kata.folder}/" in f"/{asked}/"]
        part = [kata for kata in self.katas if asked and asked.lower() in kata.id]
        for found in (exact, inside, [kata for kata in part if kata.name == asked], part):
            if len(found) == 1:
                return found[0]
        if part:
            fitting = ", ".join(kata.id for kata in part)
            raise KitError(f"{word!r} fits {len(part)} katas: {fitting}. Type more of the one you mean.")
        raise KitError(f"No kata is called {word!r}. `kata list` shows them all.")

    def starter(self, kata: Kata) -> Path:
        return self.starters / kata.folder

    def reference(self, kata: Kata) -> Path:
        """The folder of its reference answer."""
        return self.solutions / kata.folder

    def home(self, kata: Kata) -> "Kit":
        """The kit that holds its files: this one, unless it is made of several."""
        return self

    @property
    def private(self) -> tuple[Path, ...]:
        """The folders that no answer may read."""
        return (self.root,)

    def has_checks(self, kata: Kata) -> bool:
        """A course keeps those of its own katas to itself."""
        return self.grader(kata).is_file()

    def grader(self, kata: Kata) -> Path:
        return self.graders / kata.grader

    def check_files(self, kata: Kata) -> tuple[Path, ...]:
        """The file that holds the kata's checks, and where there are such: what all checks share, its rows."""
        shared = self.graders / "conftest.py"
        return (self.grader(kata), *((shared,) if shared.is_file() else ()), *((kata.rows,) if kata.rows else ()))

    def checks_digest(self, kata: Kata) -> str:
        """SHA-256 of the files that hold the kata's checks: two verdicts compare only where it is the same."""
        return hashlib.sha256(b"\0".join(path.read_bytes() for path in self.check_files(kata))).hexdigest()


def find_kit(explicit: Path | None = None) -> Kit:
    """The kit at `explicit`, else the copy inside the installed package, else the repository of an editable install.

    Raises KitError when none of them holds katas.
    """
    package = Path(__file__).resolve().parent.parent
    candidates = [explicit] if explicit else [package / "_kit", package.parent.parent]
    for root in candidates:
        if (root / "katas").is_dir() and (root / "tests" / "graders").is_dir():
            return Kit(root.resolve())
    if explicit:
        raise KitError(
            f"{explicit} is not a kit: it needs the folders katas/ and tests/graders/. "
            "Give --kit the folder that holds both."
        )
    raise KitError(
        "The katas are missing from this installation. "
        "Install kms-katas again, or give --kit the folder that holds katas/."
    )
