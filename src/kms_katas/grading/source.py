"""An answer's file as text, and its path as a learner would type it. Not for running it."""

import re
from pathlib import Path

from kms_katas.grading.outcome import AnswerUnusable

MAX_SOURCE = 256 * 1024
"""Bytes in one answer file."""

_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def read_source(path: Path) -> str:
    """The text of an answer, whatever its line ends; a byte order mark is dropped. Raises AnswerUnusable."""
    try:
        if not path.is_file():
            raise AnswerUnusable(
                f"{path.name} is not there.",
                f"Put your answer in {display_path(path)}, or `kata reset` it to the starter.",
            )
        size = path.stat().st_size
        if size > MAX_SOURCE:
            raise AnswerUnusable(
                f"{path.name} has {size} bytes; an answer may have {MAX_SOURCE}.",
                "Take out what the tasks do not ask for.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise AnswerUnusable(
            f"{path.name} cannot be read: {error.strerror}.", f"Look at {display_path(path)} and who may read it."
        ) from error
    coding = next((found[1].decode() for line in data.splitlines()[:2] if (found := _CODING.match(line))), "utf-8")
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode(coding)
    except (UnicodeDecodeError, LookupError) as error:
        raise AnswerUnusable(f"{path.name} is not text in {coding}: {error}.", "Save the file as UTF-8.") from error


def display_path(path: Path) -> str:
    """The path as the learner would type it: from where they stand, if it lies below; else as it is."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(path)
