"""A policy file of an answer: bounded, read, checked for its shape, with the lines of its statements.

Every fault is a sentence with file, line and column. Not for what AWS says to a policy: in_force.py puts it there.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import display_path, read_bytes
from kms_katas.policy import NamedPolicy, PolicyError, parse_document

MAX_DOCUMENT = 32 * 1024
"""Bytes of one document: what KMS allows a key policy (developer guide, resource quotas)."""
MAX_DEPTH = 20
"""Objects and lists inside one another. A policy needs six."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]', re.DOTALL)


@dataclass(frozen=True)
class PolicyFile:
    """A policy that a learner wrote. `text` is the file's, without byte order mark; `document` what it says."""

    path: Path
    text: str
    document: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def named(self) -> NamedPolicy:
        """The document under its file's name, as the policy room takes it."""
        return NamedPolicy(self.name, self.document)

    @cached_property
    def statement_lines(self) -> tuple[int, ...]:
        """The line on which each statement begins, from 1."""
        return _statement_lines(self.text)

    def line(self, statement: int) -> int:
        """The line of a statement that is counted from 0; 0 when the file has no such statement."""
        return self.statement_lines[statement] if statement < len(self.statement_lines) else 0


def read_policy(path: Path) -> PolicyFile:
    """The policy in a file. Raises AnswerUnusable."""
    data = read_bytes(path, MAX_DOCUMENT)
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        raise _fault(
            path, f"the byte 0x{data[error.start]:02x} is not UTF-8", before, len(before), "Save it as UTF-8."
        ) from None
    if not text.strip():
        raise AnswerUnusable(
            f"{path.name} is empty. A policy is a JSON object with a list of statements.",
            f"Write the policy in {display_path(path)}, or `kata reset` it to the starter.",
            file=display_path(path),
            line=1,
        )
    _refuse_depth(path, text)
    try:
        return PolicyFile(path, text, parse_document(text))
    except PolicyError as error:
        raise _told(path, text, str(error)) from None


def _told(path: Path, text: str, sentence: str) -> AnswerUnusable:
    """The policy room's sentence, with the place in this file."""
    if found := re.match(r"The policy is not valid JSON: line (\d+), column (\d+): (.+)\.$", sentence):
        line, column = int(found[1]), int(found[2])
        return _at(path, f"it is not valid JSON: {found[3]}", line, column, _json_advice(found[3]))
    if " stands twice in one object" in sentence:
        at = next(_repeats(text), None)
        if at is not None:
            return _fault(path, sentence.rstrip("."), text, at, "Keep one of the two, with the values of both.")
    number = re.match(r"Statement (\d+)\b", sentence)
    line = 0
    if number:
        lines = _statement_lines(text)
        line = lines[int(number[1]) - 1] if int(number[1]) <= len(lines) else 0
    where = f"{path.name}, line {line}: " if line else f"{path.name}: "
    step = f"Open {display_path(path)}" + (f" at line {line}" if line else "") + " and mend that."
    return AnswerUnusable(where + sentence, step, line, display_path(path))


def _fault(path: Path, what: str, text: str, at: int, advice: str) -> AnswerUnusable:
    line = text.count("\n", 0, at) + 1
    return _at(path, what, line, at - (text.rfind("\n", 0, at) + 1) + 1, advice)


def _at(path: Path, what: str, line: int, column: int, advice: str) -> AnswerUnusable:
    return AnswerUnusable(
        f"{path.name}, line {line}, column {column}: {what}.",
        f"Open {display_path(path)} at line {line}. {advice}",
        line,
        display_path(path),
    )


def _json_advice(said: str) -> str:
    """What the usual slip is behind what Python's reader says."""
    if "property name" in said or "Illegal trailing comma" in said:
        return "JSON wants names in straight double quotes, no comments, and no comma after the last entry."
    if "',' delimiter" in said:
        return "A comma or a closing bracket is missing just before."
    if "Extra data" in said:
        return "The policy has ended before this: look for a bracket too many."
    return "JSON knows straight double quotes, no comments, and no comma after the last entry."


def _refuse_depth(path: Path, text: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            what = f"objects and lists lie more than {MAX_DEPTH} deep here"
            raise _fault(path, what, text, token.start(), "Take the extra brackets away.")


def _statement_lines(text: str) -> tuple[int, ...]:
    ends = [found.start() for found in re.finditer("\n", text)]
    return tuple(bisect_right(ends, at) + 1 for at in _statement_places(text))


def _statement_places(text: str) -> Iterator[int]:
    """Where each statement begins: the objects in the list `Statement` of the outermost object, or that one object."""
    depth, name, inside = 0, "", False
    last = ""
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word == ":" and depth == 1:
            name = last
        elif word == "[" and depth == 1 and name == '"Statement"':
            inside = True
        elif word == "{" and name == '"Statement"' and (depth == 1 or (inside and depth == 2)):
            yield token.start()
        elif word == "]" and depth == 2:
            inside = False
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(word, 0)
        last = word


def _repeats(text: str) -> Iterator[int]:
    """Where a name stands that its object has had before."""
    open_objects: list[set[str]] = []
    last: re.Match[str] | None = None
    for token in _TOKEN.finditer(text):
        if token[0] in "{[":
            open_objects.append(set())
        elif token[0] in "}]" and open_objects:
            open_objects.pop()
        elif token[0] == ":" and last is not None and open_objects:
            if last[0] in open_objects[-1]:
                yield last.start()
            open_objects[-1].add(last[0])
        last = token
