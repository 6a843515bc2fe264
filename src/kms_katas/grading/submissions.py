"""What a folder or a zip of submissions holds: whose answers lie where, and who is left out, with the reason.

Zips are unpacked (unpacking.py) into a folder of our own, which is removed in the end. Not for grading.
"""

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kms_katas.grading.lms_names import METADATA, OfGradescope, first_name, gradescope_entries, lms_name
from kms_katas.grading.source import display_path
from kms_katas.grading.unpacking import MAX_BYTES, Refused, unpack
from kms_katas.kit import KitError

HoldsAnswer = Callable[[Path], bool]
"""Whether a folder holds an answer, where a learner's own would."""

LINK = "a link. Put the learner's folder itself there"
_FILE = "a file. A learner has a folder or a zip"
_PREFIX = "kata-submissions-"


@dataclass(frozen=True)
class Submission:
    """One learner's: `folder` is shaped like a workspace, or holds the files of one answer."""

    name: str
    folder: Path


@dataclass
class HandedIn:
    """All of it. `left_out`: name to reason, without its end; `barred` are those of them that somebody has to mend."""

    submissions: list[Submission] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    barred: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    """Sentences: who handed in more than once, and what of it counts."""
    submitted: dict[str, datetime] = field(default_factory=dict)
    """When it was, with an offset from UTC, of learners of whom the platform says so. Times of files say nothing."""
    late: set[str] = field(default_factory=set)
    """Whom the platform calls late, without a time."""
    files: list[Path] = field(default_factory=list)
    """What was handed in as a zip or a single file: where it lies."""
    _places: dict[str, str] = field(default_factory=dict)
    """A folder of ours, as it stands in texts, to where what is in it comes from."""

    def shown(self, text: str) -> str:
        """`text`, with paths as the teacher knows them: the folder of ours has another name each time."""
        for place, origin in self._places.items():
            text = text.replace(place, origin)
        return text

    @property
    def unpacked(self) -> bool:
        return bool(self._places)

    def comes_from(self, folder: Path, origin: Path) -> None:
        shown = self.shown(f"{display_path(origin)}{os.sep}")
        self._places |= {f"{folder}{os.sep}": shown, f"{display_path(folder)}{os.sep}": shown}


@contextlib.contextmanager
def handed_in(given: Path, holds_answer: HoldsAnswer, files: Collection[str]) -> Iterator[HandedIn]:
    """What `given` holds, a folder or a zip; what was unpacked is there until the with block ends.

    `files` are the names that files of answers have. Raises KitError where nothing can be read.
    """
    with _own_folder() as own:
        found = HandedIn()
        top = given
        if _is_zip(given):
            found.files.append(given)
            top = own / "all"
            try:
                unpack(given, top)
            except Refused as refused:
                raise KitError(
                    f"{given} is {refused}. If you trust it, unpack it yourself and give the folder."
                ) from refused
            found.comes_from(top, given)
        elif not given.is_dir():
            raise KitError(f"{given} is not a folder, nor a zip. Give one that holds a folder for each learner.")
        _Sorting(own, holds_answer, files, found).sort(top)
        yield found


@dataclass
class _Piece:
    """One thing that a learner handed in: a folder, a zip, or a single file that is called `file`."""

    path: Path
    newer: tuple[int, float]
    """What is greater is newer: the number that the name gives it, then the time."""
    file: str = ""
    submitted: datetime | None = None
    late: bool = False

    @property
    def is_zip(self) -> bool:
        return self.path.suffix.lower() == ".zip" and not self.path.is_dir()


@dataclass
class _Sorting:
    own: Path
    holds_answer: HoldsAnswer
    files: Collection[str]
    found: HandedIn
    _folders: int = 0

    def sort(self, top: Path) -> None:
        top = self._export(top)
        try:
            listed = gradescope_entries(top / METADATA) if (top / METADATA).is_file() else {}
        except ValueError as error:
            raise KitError(f"{top}: {error}. Without it nobody is known: download the submissions again.") from error
        pieces: defaultdict[str, list[_Piece]] = defaultdict(list)
        for entry in _entries(top):
            if listed and entry.name == METADATA:
                continue
            said = lms_name(entry.name)
            if entry.is_symlink():
                self._bar(entry.name, LINK)
            elif said and said.text_only:
                self.found.left_out[entry.name] = "what was typed into a text field, no file"
            elif os.path.isdir(entry):
                known = listed.get(entry.name, OfGradescope(said.learner if said and not said.file else entry.name))
                newer = (0, known.submitted.timestamp()) if known.submitted else _newer(entry, 0)
                pieces[known.learner].append(_Piece(entry, newer, submitted=known.submitted))
            elif not stat.S_ISREG(entry.lstat().st_mode):
                self.found.left_out[entry.name] = _FILE
            elif said and said.file:
                piece = _Piece(entry, _newer(entry, said.number), said.file, late=said.late)
                pieces[said.learner].append(self._file(piece))
            elif entry.suffix.lower() == ".zip":
                pieces[entry.stem].append(self._file(_Piece(entry, _newer(entry, 0))))
            else:
                self.found.left_out[entry.name] = _FILE
        for learner, handed in sorted(pieces.items()):
            try:
                folder = self._folder_of(learner, handed)
            except Refused as refused:
                self._bar(learner, str(refused))
            except OSError as error:
                raise KitError(
                    f"What {learner} handed in cannot be put into {self.own}: {error.strerror}. Make room there, or "
                    "set TMPDIR to a folder elsewhere."
                ) from error
            else:
                self.found.submissions.append(Submission(learner, folder))

    def _file(self, piece: _Piece) -> _Piece:
        self.found.files.append(piece.path)
        return piece

    def _export(self, top: Path) -> Path:
        """The folder in which all others lie: in a zip often one more, and in an export of Gradescope."""
        inside = _entries(top)
        if len(inside) != 1 or not _is_folder(inside[0]):
            return top
        (only,) = inside
        if (only / METADATA).is_file():
            return only
        if top.parent != self.own or self.holds_answer(only) or lms_name(only.name):
            return top
        return only if any(_is_folder(entry) or _is_zip(entry) for entry in _entries(only)) else top

    def _folder_of(self, learner: str, handed: list[_Piece]) -> Path:
        """Where the answers lie. Raises Refused."""
        handed.sort(key=lambda piece: piece.newer)
        whole = [piece for piece in handed if not piece.file or piece.is_zip]
        single = {first_name(piece.file, self.files): piece for piece in handed if piece not in whole}
        if whole and not whole[-1].is_zip:
            single = {}
        kept = [*whole[-1:], *single.values()]
        if times := [piece.submitted for piece in kept if piece.submitted]:
            self.found.submitted[learner] = max(times)
        if any(piece.late for piece in kept):
            self.found.late.add(learner)
        self._note(learner, [piece for piece in handed if piece not in kept])
        if not single:
            return self._opened(learner, whole[-1])
        # Files beside a zip, as Canvas gives them, are of the same answer.
        folder = self._opened(learner, whole[-1]) if whole else self._new_folder()
        folder.mkdir(exist_ok=True)
        for name, piece in single.items():
            if piece.path.lstat().st_size > MAX_BYTES:
                raise Refused(f"a file of more than {MAX_BYTES // 1024**2} MiB")
            if name in (".", "..") or (folder / name).is_dir():
                raise Refused(f"a file of the name {name!r}")
            shutil.copyfile(piece.path, folder / name)
        if not whole:
            self.found.comes_from(folder, handed[0].path.parent / learner)
        return folder

    def _opened(self, learner: str, piece: _Piece) -> Path:
        """The folder of a piece; of a zip, where it was unpacked, and so of a folder that holds one in place of an
        answer."""
        if piece.is_zip:
            folder = self._new_folder()
            unpack(piece.path, folder)
            self.found.comes_from(folder, piece.path)
            return self._rooted(folder)
        folder = self._rooted(piece.path)
        if not self.holds_answer(folder):
            zips = [entry for entry in _entries_or_none(folder) if _is_zip(entry) and not entry.is_symlink()]
            if zips:
                *older, newest = sorted((_Piece(entry, _newer(entry, 0)) for entry in zips), key=lambda zip: zip.newer)
                self._note(learner, older)
                return self._opened(learner, newest)
        return folder

    def _rooted(self, folder: Path) -> Path:
        """Where the answers lie that somebody put into folders within one another; else the folder as it is."""
        inner = folder
        while not self.holds_answer(inner):
            folders = [entry for entry in _entries_or_none(inner) if _is_folder(entry)]
            if len(folders) != 1:
                return folder
            (inner,) = folders
        return inner

    def _new_folder(self) -> Path:
        self._folders += 1
        return self.own / str(self._folders)

    def _bar(self, name: str, reason: str) -> None:
        self.found.left_out[name] = reason
        self.found.barred.add(name)

    def _note(self, learner: str, older: list[_Piece]) -> None:
        if older:
            names = ", ".join(piece.path.name for piece in older)
            self.found.notes.append(f"{learner} handed in again; the newest counts, and not {names}.")


def _entries(folder: Path) -> list[Path]:
    """What lies there, by name, but for what begins with a dot, or macOS adds to zips. Raises KitError."""
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise KitError(f"{folder} cannot be read: {error.strerror}. Look at who may read it.") from error
    return [entry for entry in inside if not entry.name.startswith(".") and entry.name != "__MACOSX"]


def _entries_or_none(folder: Path) -> list[Path]:
    try:
        return _entries(folder)
    except KitError:
        return []


def _is_folder(entry: Path) -> bool:
    return os.path.isdir(entry) and not entry.is_symlink()


def _is_zip(entry: Path) -> bool:
    return entry.suffix.lower() == ".zip" and os.path.isfile(entry)


def _newer(entry: Path, number: int) -> tuple[int, float]:
    return number, entry.lstat().st_mtime


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """A folder that only this user can read, gone in the end; those that a killed grading left are removed first."""
    _remove_left()
    own = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(own, os.O_RDONLY) if sys.platform != "win32" else -1
    try:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_SH)
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        if lock >= 0:
            os.close(lock)


def _remove_left() -> None:
    """A folder of ours that nobody holds a lock on is that of a process that was killed."""
    if sys.platform == "win32":
        return
    import fcntl

    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                about = os.fstat(descriptor)
                # One that was made this minute may not be locked yet.
                if about.st_uid == os.getuid() and about.st_mtime < time.time() - 60:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(descriptor)
