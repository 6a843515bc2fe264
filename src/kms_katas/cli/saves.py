"""What lies in the answer files of a kata: whether it changed, is all there, is worth a verdict. Not for giving one."""

import ast
import json
import time
import tomllib
import warnings
from dataclasses import dataclass
from pathlib import Path

from kms_katas.grading.cells import notebook_in_place, notebooks, read_notebook
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import MAX_SOURCE, beginning
from kms_katas.kit import Kata, Kit
from kms_katas.kit.table import is_starter as is_the_starter

UNFINISHED_SECONDS = 0.15
"""For how long a file that is missing, empty or cut off must stay so before it is taken at its word."""
_LOOK_SECONDS = 0.005
_MAX_WAIT_SECONDS = 2.0

Content = tuple[bytes | str | None, ...]
"""Of each answer file its bytes; a text says why they cannot be read; None: there is no such file."""
Trace = tuple[tuple[int, ...] | None, ...]
"""What the file system notes of each answer file. It differs after a save; other files do not come into it."""


def trace_of(folder: Path, kata: Kata) -> Trace:
    """Cheap enough to ask for at each event and each tick."""
    return tuple(_trace(folder / name) for name in kata.answer)


def _trace(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_mode


def notebook_trace(folder: Path) -> Trace:
    """The same of the notebooks there."""
    return tuple(_trace(folder / name) for name in notebooks(folder))


def finished_cells(kit: Kit, kata: Kata, folder: Path) -> tuple[str, ...]:
    """The answer in the notebook that is graded in place of the files; empty: they are. What cannot be read says why.

    Of one that is written in place the end may be lacking: it has UNFINISHED_SECONDS. What else is saved with an
    answer, such as what cells printed, does not come into it.
    """
    try:
        return _cells(kit, kata, folder)
    except AnswerUnusable:
        time.sleep(UNFINISHED_SECONDS)
    try:
        return _cells(kit, kata, folder)
    except AnswerUnusable as unusable:
        return (unusable.message,)


def _cells(kit: Kit, kata: Kata, folder: Path) -> tuple[str, ...]:
    notebook = notebook_in_place(kit, kata, folder)
    return tuple(cell.text for cell in read_notebook(notebook, kata).cells) if notebook else ()


def content_of(folder: Path, kata: Kata) -> Content:
    """What lies there now, whole or not."""
    return tuple(_read(folder / name) for name in kata.answer)


def _read(path: Path) -> bytes | str | None:
    try:
        data = beginning(path, MAX_SOURCE + 1)[1]
        # More than an answer may hold is refused by its size alone, and what is no file by that.
        return data if data is not None and len(data) <= MAX_SOURCE else f"{path.stat().st_mtime_ns}"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return error.strerror or type(error).__name__


def finished_content(folder: Path, kata: Kata) -> Content:
    """What lies there once it is whole, or did not change for UNFINISHED_SECONDS, or never comes to rest.

    Editors empty a file before they write it, write it in pieces, or move it away and put another in its place.
    """
    began = since = time.monotonic()
    content = content_of(folder, kata)
    while not looks_whole(kata, content):
        now = time.monotonic()
        if now - since >= UNFINISHED_SECONDS or now - began >= _MAX_WAIT_SECONDS:
            break
        time.sleep(_LOOK_SECONDS)
        if (later := content_of(folder, kata)) != content:
            content, since = later, time.monotonic()
    return content


def looks_whole(kata: Kata, content: Content) -> bool:
    """Whether nothing shows that somebody is still writing: no file missing, empty or cut off in the middle.

    Such a file may be what the learner means: this only decides how soon it is judged.
    """
    return all(_looks_whole(name, data) for name, data in zip(kata.answer, content, strict=True))


def _looks_whole(name: str, data: bytes | str | None) -> bool:
    if not isinstance(data, bytes):
        return data is not None
    try:
        if name.endswith(".py"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(data)
        elif name.endswith(".json"):
            json.loads(data)
        elif name.endswith(".toml"):
            tomllib.loads(data.decode())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return bool(data.strip())


@dataclass(frozen=True)
class Decision:
    """What to do about a kata whose files were touched: judge it, say that a file is gone, or nothing."""

    judge: bool = False
    gone: str = ""


def decide(kit: Kit, kata: Kata, content: Content, judged: Content | None, is_current: bool) -> Decision:
    """`judged` is what was judged last, or lay there when the watch began; None where an answer was not there."""
    if content == judged:
        return Decision()
    if None in content:
        name = kata.answer[content.index(None)]
        return Decision(gone=name) if judged is not None else Decision()
    # A starter that appears is a new kata, not an answer; the current one was put back, and that is worth showing.
    return Decision(judge=is_current or not is_starter(kit, kata, content))


def is_starter(kit: Kit, kata: Kata, content: Content) -> bool:
    """Whether it is the starter letter for letter, line ends aside."""
    return all(
        isinstance(data, bytes) and is_the_starter(kata, kit.starter(kata), name, data)
        for name, data in zip(kata.answer, content, strict=True)
    )
