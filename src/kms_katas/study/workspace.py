"""A learner's folder of answers: made from the starters, added to, reset with a backup, filled in for who comes late.

Not for grading them.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from kms_katas.kit import Kata, Kit
from kms_katas.kit.paths import KataPath, paths_of
from kms_katas.kit.table import is_starter, starter, table_number
from kms_katas.study.progress import NAME, Progress, ProgressError

DEFAULT = "my-katas"
BACKUPS = ".backups"
MAX_LOOKED_AT = 2**20
"""Bytes. A file that is larger is no starter."""
GIVEN = "This answer was given to you, so it is not noted as passed. To solve it yourself:"
"""What a pass says that is not noted; `kata reset` follows."""


class WorkspaceError(Exception):
    """A workspace that is not there or cannot be made; the sentence says where and what to do."""


@dataclass(frozen=True)
class Workspace:
    """A folder with a progress file. Answers go by kata id (`keys/hello/answer.py`): a new number renames none."""

    root: Path

    @property
    def progress_file(self) -> Path:
        return self.root / NAME

    def progress(self) -> Progress:
        return Progress.load(self.progress_file)

    def folder(self, kata: Kata) -> Path:
        return self.root / kata.id

    def answer(self, kata: Kata) -> Path:
        """The file to open for a kata: the first of its answer files."""
        return self.folder(kata) / kata.answer[0]

    def holds(self, kata: Kata) -> bool:
        """Whether anything lies where a file of its answer belongs."""
        return any(os.path.lexists(self.folder(kata) / name) for name in kata.answer)

    def note(self, change: Callable[[Progress], Progress]) -> Progress:
        """Change the progress file as it is now, which another command may just have written. Raises ProgressError."""
        before = self.progress()
        after = change(before)
        if after != before:
            after.save(self.progress_file)
        return after

    def note_passes(self, katas: Iterable[str], day: date) -> None:
        """Note the katas with these ids as passed, but for those whose answers were given. Raises ProgressError."""
        progress = before = self.progress()
        for kata in katas:
            if not progress.given(kata):
                progress = progress.with_pass(kata, day).with_repeat(kata, day)
        if progress is not before:
            progress.save(self.progress_file)

    def path(self, kit: Kit) -> KataPath | None:
        """The path that it follows; None: none, or one that this kit does not have."""
        name = self.progress().path
        return next((path for path in paths_of(kit) if path.name == name), None) if name else None

    def katas(self, kit: Kit) -> tuple[Kata, ...]:
        """What there is to solve, in order: its path first, then what else lies here; without a path the whole kit."""
        path = self.path(kit)
        if path is None:
            return kit.katas
        return path.katas + tuple(kata for kata in kit.katas if kata not in path.katas and self.folder(kata).is_dir())

    def may_tell(self, kata: Kata, table: int, digest: str) -> bool:
        """Whether it may be told how many of these answers to a table are right; it is noted, and asked but so often.

        Else a table could be solved by trying: one answer changed at a time, and the count watched.
        """
        try:
            progress = self.progress()
            noted = progress.with_telling(kata.id, table, digest)
            if noted is not None and noted is not progress:
                noted.save(self.progress_file)
        except ProgressError:
            return True  # a verdict is worth more than the note
        return noted is not None

    def table(self, kata: Kata) -> int | None:
        """The number by which the rows of a kata are drawn for this learner; None: it has none."""
        if kata.rows is None:
            return None
        progress = self.progress()
        if not progress.has_seed:
            progress = progress.with_seed()
            progress.save(self.progress_file)
        return table_number(progress.seed, kata, progress.draws(kata.id))


def find_workspace(start: Path) -> Workspace | None:
    """The nearest: `start` itself, `my-katas` below it, else what it lies in."""
    for folder in (start, start / DEFAULT, *start.parents):
        if (folder / NAME).is_file():
            return Workspace(folder)
    return None


def make_workspace(kit: Kit, root: Path, path: KataPath | None = None) -> tuple[Workspace, tuple[Kata, ...]]:
    """The workspace at `root` and the katas new in it: those of the path, which it then follows, or all.

    A file that is there is never touched, but for the note of the path. Raises WorkspaceError.
    """
    workspace = Workspace(root)
    place = root.resolve()
    if place == kit.root or any(map(place.is_relative_to, (kit.starters, kit.solutions, kit.graders))):
        raise WorkspaceError(f"{root} belongs to the kit itself. Give `kata init` another folder, such as {DEFAULT}.")
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not workspace.progress_file.exists():
            Progress.new().save(workspace.progress_file)
        if path:
            progress = workspace.progress()
            if progress.path != path.name:
                progress.with_path(path.name).save(workspace.progress_file)
        new = tuple(kata for kata in (path.katas if path else kit.katas) if _add(kit, kata, workspace))
    except OSError as error:
        raise WorkspaceError(
            f"{root} cannot be made: {error.strerror} ({error.filename}). "
            "Give `kata init` a folder that you may write to."
        ) from error
    return workspace, new


def _add(kit: Kit, kata: Kata, workspace: Workspace) -> bool:
    folder = workspace.folder(kata)
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*kata.answer, "README.md"):
        if not (folder / name).exists():
            write_whole(starter(kata, kit.starter(kata), name, workspace.table(kata)), folder / name)
    return is_new


def give(kit: Kit, katas: tuple[Kata, ...], workspace: Workspace, day: date) -> tuple[tuple[Kata, ...], ...]:
    """Put the reference answers in place of starters and note that. (Those given, those left because they are edited.)

    What is passed is neither. Raises WorkspaceError.
    """
    given, left = [], []
    for kata in katas:
        progress = workspace.progress()
        if progress.passed(kata.id):
            continue
        try:
            answers = {name: (kit.reference(kata) / name).read_bytes() for name in kata.answer}
        except OSError as error:
            raise WorkspaceError(
                f"This kit has no reference answer for {kata.id}: give --from an earlier kata."
            ) from error
        try:
            if not all(_is_unwritten(kit, kata, workspace, name, text) for name, text in answers.items()):
                left.append(kata)
                continue
            for name, text in answers.items():
                write_whole(text, workspace.folder(kata) / name)
        except OSError as error:
            raise WorkspaceError(
                f"{workspace.folder(kata)} could not be filled in: {error.strerror}. Make room, or take another folder."
            ) from error
        progress.with_given(kata.id, day).save(workspace.progress_file)
        given.append(kata)
    return tuple(given), tuple(left)


def _is_unwritten(kit: Kit, kata: Kata, workspace: Workspace, name: str, reference: bytes) -> bool:
    """Whether a file is not there, the starter, or what would be given: nothing that a learner wrote is lost."""
    file = workspace.folder(kata) / name
    if not os.path.lexists(file):
        return True
    if file.is_symlink() or not file.is_file() or file.stat().st_size > MAX_LOOKED_AT:
        return False
    data = file.read_bytes()
    return is_starter(kata, kit.starter(kata), name, data) or data.splitlines() == reference.splitlines()


def write_whole(text: bytes, place: Path) -> None:
    """Whole or not at all: half a starter would look like an answer, and an answer is never touched again."""
    handle, temporary = tempfile.mkstemp(prefix=".kata-", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, place)
    except BaseException:
        os.unlink(temporary)
        raise


def reset(kit: Kit, kata: Kata, workspace: Workspace, now: datetime) -> Path | None:
    """Put the starter back. The answer that was there is kept in the folder returned; None: there was none.

    The rows of a table are drawn anew.
    Raises WorkspaceError, which says where the answer is then.
    """
    folder, backup, copied = workspace.folder(kata), None, False
    present = [name for name in kata.answer if (folder / name).exists()]
    try:
        if present:
            backup = workspace.root / BACKUPS / f"{kata.id.replace('/', '-')}-{now:%Y%m%d-%H%M%S-%f}"
            backup.mkdir(parents=True)
            for name in present:
                shutil.copy2(folder / name, backup / name)
            copied = True
        folder.mkdir(parents=True, exist_ok=True)
        if kata.rows is not None:
            workspace.progress().with_draw(kata.id).save(workspace.progress_file)
        for name in kata.answer:
            write_whole(starter(kata, kit.starter(kata), name, workspace.table(kata)), folder / name)
        progress = workspace.progress()
        if progress.given(kata.id):
            progress.without_given(kata.id).save(workspace.progress_file)
        elif progress.passed(kata.id):
            progress.with_begun(kata.id, now.date()).save(workspace.progress_file)
    except OSError as error:
        # Of a pipe or a device Python's own sentence is all there is.
        why = f"{error.strerror} ({error.filename})" if error.strerror else str(error)
        raise WorkspaceError(
            f"{folder} was not reset: {why}. "
            + (f"Your answer is in {backup}." if copied else "Your answer is still there.")
        ) from error
    return backup
