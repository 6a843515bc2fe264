"""An answer's file as text, and its path as a learner would type it. Not for running it."""

import re
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
    except (UnicodeDecodeError, LookupError) as error:
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
        if not path.is_file():
            raise AnswerUnusable(
                f"{path.name} is not there.",
                f"Put your answer in {shown}, or `kata reset` it to the starter.",
                file=shown,
            )
        size = path.stat().st_size
        if size > most:
            raise AnswerUnusable(
                f"{path.name} has {size} bytes; an answer may have {most}.",
                f"Take out of {shown} what the tasks do not ask for.",
                file=shown,
            )
        return path.read_bytes()
    except OSError as error:
        raise AnswerUnusable(
            f"{path.name} cannot be read: {error.strerror}.", f"Look at {shown} and who may read it.", file=shown
        ) from error


def display_path(path: Path) -> str:
    """The path as the learner would type it: from where they stand, if it lies below; else as it is."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(path)
