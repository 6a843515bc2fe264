"""A TOML file of an answer: bounded before it is read, its faults told with file, line and column.

Not for what it says: table.py reads the tables of katas.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kms_katas.grading.document import MAX_DEPTH, MAX_DOCUMENT
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import display_path, read_bytes

_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*(?:"""|\Z)'
    r"|'''(?:[^']|'(?!''))*(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*|[\[\]{}.=,\n]",
    re.DOTALL,
)
"""Texts and comments whole, so that no bracket in one counts. One that never ends is one too, up to where it must
end: looked for from each of its quotes, its end would take a time in the square."""
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True)
class TomlFile:
    """A document that a learner wrote. `text` is the file's, without byte order mark; `data` what it says."""

    path: Path
    text: str
    data: dict[str, Any]


def read_toml(path: Path, data: bytes | None = None) -> TomlFile:
    """The document in a file; `data` is what it holds, where it is none on the disk. Raises AnswerUnusable."""
    raw = read_bytes(path, MAX_DOCUMENT) if data is None else data
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        raise _at(path, f"the byte 0x{raw[error.start]:02x} is not UTF-8", before, "Save it as UTF-8.") from None
    _refuse_depth(path, text)
    try:
        return TomlFile(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        said = str(error).splitlines()[0]
        found = _PLACE.search(said)
        what = said[: found.start()] if found else said
        before = _up_to(text, int(found[1]), int(found[2])) if found and found[1] else text.rstrip("\n")
        raise _at(path, f"it is not valid TOML: {what[:1].lower()}{what[1:]}", before, _advice(what)) from None
    except (ValueError, RecursionError):
        # A number of thousands of digits is one to TOML, and none to Python.
        raise _at(
            path, "it holds a value that cannot be read", "", "Take out what the brief does not ask for."
        ) from None


def _up_to(text: str, line: int, column: int) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[: line - 1], "".join(lines[line - 1 : line])[: column - 1]])


def _at(path: Path, what: str, before: str, advice: str) -> AnswerUnusable:
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return AnswerUnusable(
        f"{path.name}, line {line}, column {column}: {what}.",
        f"Open {display_path(path)} at line {line}. {advice}",
        line,
        display_path(path),
    )


def _advice(said: str) -> str:
    """What the usual slip is behind what Python's reader says."""
    if "overwrite" in said or "twice" in said or "already" in said:
        return "Each name stands once in its table: keep one of the two."
    if "Invalid value" in said or "Unterminated" in said or "Illegal character" in said or "Expected" in said:
        return 'A text stands in straight double quotes on one line, as in answer = "allow".'
    return 'Each line is a name, = and a value, as in answer = "allow".'


def _refuse_depth(path: Path, text: str) -> None:
    """Tables and lists in one another, by brackets or by the dots of a name."""
    depth = dots = 0
    for token in _TOKEN.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        dots = dots + 1 if token[0] == "." else 0 if token[0] in "=,\n[]{}" else dots
        if depth + dots > MAX_DEPTH:
            what = f"tables and lists lie more than {MAX_DEPTH} deep here"
            raise _at(path, what, text[: token.start()], "Take the extra brackets or dots away.")
