"""The files of an answer as the cells of a notebook: code is cut where another task begins. Not for what is around."""

import ast
import re
from dataclasses import dataclass

_TODO = re.compile(r"\bTODO ?([0-9]+)\b")


@dataclass(frozen=True)
class Piece:
    """What one answer cell holds below its mark. `file` names a document, empty: it is code. `task` is its first."""

    task: int
    file: str
    text: str


def pieces(files: dict[str, str]) -> tuple[Piece, ...]:
    """The pieces of these files (name to text), those of the first task first."""
    found = [
        piece
        for name, text in files.items()
        for piece in (code_pieces(text) if name.endswith(".py") else [Piece(_task(text) or 1, name, _whole(text))])
    ]
    return tuple(sorted(found, key=lambda piece: piece.task))


def code_pieces(source: str) -> tuple[Piece, ...]:
    """A file of code, cut before the first statement of each task; put together with BETWEEN it is the same code.

    Where it cannot be cut so, it stays whole.
    """
    source = source.replace("\r\n", "\n")
    lines = source.split("\n")
    cuts, task = [], 0
    starts = _starts(source, lines)
    for start, end in zip(starts, [*starts, len(lines)][1:], strict=True):
        todo = _task("\n".join(lines[start:end]))
        if todo > task:
            if task and _stands_apart(lines, start):
                cuts.append((start, todo))
            task = todo
    texts, at = [], 0
    for start, _ in cuts:
        texts.append("\n".join(lines[at : start - 2]))
        at = start
    texts.append("\n".join(lines[at:]).removesuffix("\n"))
    tasks = [_task(texts[0]) or 1, *(todo for _, todo in cuts)]
    return tuple(Piece(task, "", text) for task, text in zip(tasks, texts, strict=True))


def _starts(source: str, lines: list[str]) -> list[int]:
    """The line, from 0, on which each top-level statement begins, or the comment just above it."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    starts, ended = [], 0
    for statement in body:
        decorators = getattr(statement, "decorator_list", [])
        start = min(node.lineno for node in (statement, *decorators)) - 1
        while start > ended and lines[start - 1].startswith("#"):
            start -= 1
        starts.append(start)
        ended = statement.end_lineno or start
    return starts


def _stands_apart(lines: list[str], start: int) -> bool:
    """Whether just two empty lines are above, as they are put back between two cells."""
    return start >= 3 and lines[start - 2 : start] == ["", ""] and lines[start - 3] != ""


def _task(text: str) -> int:
    """The task of the first TODO; 0: there is none."""
    found = _TODO.search(text)
    return int(found[1]) if found else 0


def _whole(text: str) -> str:
    return text.replace("\r\n", "\n").removesuffix("\n")
