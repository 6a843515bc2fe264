"""A policy file of an answer: bounded, read, checked for its shape, with the lines of its statements.

Every fault is a sentence with file, line and column. Not for what AWS says to a policy: in_force.py puts it there.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import display_path, read_bytes
from kms_katas.policy import NamedPolicy, PolicyError, parse_document
from kms_katas.policy.document import KEY_POLICY_BYTES, NOT_JSON, Document, statements

MAX_DOCUMENT = KEY_POLICY_BYTES
"""Bytes of one document."""
MAX_DEPTH = 20
"""Objects and lists inside one another. A policy needs six."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{},:]', re.DOTALL)
"""A string that never ends is one too: looked for from each of its quotes, its end would take a time in the square."""


@dataclass(frozen=True)
class PolicyFile:
    """A policy that a learner wrote. `text` is the file's, without byte order mark; `document` what it says."""

    path: Path
    text: str
    document: Document

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
        return tuple(self.document.statement_place(index).line for index in range(len(statements(self.document))))

    def line(self, statement: int) -> int:
        """The line of a statement that is counted from 0; 0 when the file has no such statement."""
        return self.statement_lines[statement] if statement < len(self.statement_lines) else 0


def read_policy(path: Path, data: bytes | None = None) -> PolicyFile:
    """The policy in a file; `data` is what it holds, where it is none on the disk. Raises AnswerUnusable."""
    data = read_bytes(path, MAX_DOCUMENT) if data is None else data
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
        raise _told(path, error) from None


def _told(path: Path, error: PolicyError) -> AnswerUnusable:
    """The policy room's sentence, with the place in this file."""
    if error.place is None:
        step = f"Open {display_path(path)} and mend that."
        return AnswerUnusable(f"{path.name}: {error.sentence}", step, file=display_path(path))
    said = error.sentence.removeprefix(NOT_JSON)
    if said != error.sentence:
        return _at(path, f"it is not valid JSON: {said.rstrip('.')}", *error.place, _json_advice(said))
    twice = " stands twice in one object" in said
    advice = "Keep one of the two, with the values of both." if twice else "Mend that."
    return _at(path, said.rstrip("."), *error.place, advice)


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
