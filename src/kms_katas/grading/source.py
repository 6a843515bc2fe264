"""An answer's file as text, and its path as a learner would type it. Not for running it."""

import os
import re
import stat
from pathlib import Path

from kms_katas.grading.outcome import AnswerUnusable

MAX_SOURCE = 256 * 1024
"""Bytes in one answer file."""

_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def read_source(path: Path) -> str:
    """The text of an answer, whatever its line ends; a byte order mark is dropped. Raises AnswerUnusable."""
    data = read_bytes(path, MAX_SOURCE)
    coding = next((found[1].decode() for line in data.splitlines()[:2] if (found := _CODING.match(line))), "utf-8")
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode(coding)
    except (UnicodeError, LookupError) as error:
        raise AnswerUnusable(f"{path.name} is not text in {coding}: {error}.", "Save the file as UTF-8.") from error


def read_bytes(path: Path, most: int) -> bytes:
    """A file of an answer, at most `most` bytes. Raises AnswerUnusable."""
    shown = display_path(path)
    try:
        if path.is_dir():
            raise AnswerUnusable(
                f"{path.name} is a folder, and should be a file.",
                f"Move the folder {shown} away, then `kata reset` puts the starter there.",
                file=shown,
            )
        size, data = beginning(path, most + 1)
    except FileNotFoundError as error:
        copy = _copy_beside(path)
        raise AnswerUnusable(
            f"{path.name} is not there" + (f", and a file named {copy} is." if copy else "."),
            f"Rename {copy} to {path.name}."
            if copy
            else f"Put your answer in {shown}, or `kata reset` it to the starter.",
            file=shown,
        ) from error
    except OSError as error:
        raise AnswerUnusable(
            f"{path.name} cannot be read: {error.strerror}.", f"Look at {shown} and who may read it.", file=shown
        ) from error
    if data is None:
        raise AnswerUnusable(
            f"{path.name} is no ordinary file: a pipe, a device or the like.",
            f"Move {shown} away, then `kata reset` puts the starter there.",
            file=shown,
        )
    if len(data) > most:
        raise AnswerUnusable(
            f"{path.name} has {max(size, len(data))} bytes; an answer may have {most}.",
            f"Take out of {shown} what the tasks do not ask for.",
            file=shown,
        )
    return data


def _copy_beside(path: Path) -> str:
    """What a browser, a desktop or an editor made of the name, where such a file lies there; else empty."""
    named = rf"{re.escape(path.stem)}( ?\([0-9]+\)|( -)? copy( [0-9]+)?)?{re.escape(path.suffix)}(\.txt)?"
    try:
        beside = sorted(os.listdir(path.parent))
    except OSError:
        return ""
    return next((name for name in beside if name != path.name and re.fullmatch(named, name, re.IGNORECASE)), "")


def beginning(path: Path, most: int) -> tuple[int, bytes | None]:
    """What the system says is the size of a file, and its first `most` bytes; None of what is no ordinary file.

    A pipe that nobody writes to would be waited for without end, and a device never ends: neither is opened to be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return 0, None
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NO_WAITING)) as file:
        found = os.fstat(file.fileno())
        # By now it may be another.
        return found.st_size, file.read(most) if stat.S_ISREG(found.st_mode) else None


_NO_WAITING = getattr(os, "O_NONBLOCK", 0)


def display_path(path: Path) -> str:
    """The path as the learner would type it: from where they stand, if it lies below; else as it is."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(path)
