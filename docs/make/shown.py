"""The tests that show a claim in the lab (tests/claims/), as source. Not for running them: pytest does."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shown:
    """A test that carries the mark claim("A10", ...).

    `source` is without its marks, and `shared` is what else its file holds.
    """

    name: str
    sentence: str
    claims: tuple[str, ...]
    source: str
    file: str
    shared: str

    @property
    def text(self) -> str:
        """The letter of the text that it is about."""
        return self.claims[0][0]

    @property
    def part(self) -> str:
        """What of the ledger its file is about: of test_claims_c2_rotation.py c2, the second half of text C."""
        letter = self.text.lower()
        found = re.match(rf"test_claims_({letter}\d+)_", self.file)
        return found[1] if found else letter

    @property
    def anchor(self) -> str:
        return self.name.removeprefix("test_").replace("_", "-")


def shown_tests(folder: Path) -> tuple[Shown, ...]:
    """Every such test of a folder, in the order of the files."""
    files = sorted(folder.glob("test_*.py"))
    return tuple(test for file in files for test in _tests(file.name, file.read_text("utf-8")))


def _tests(file: str, text: str) -> Iterator[Shown]:
    tree, lines = ast.parse(text), text.splitlines()
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and _marks(node)]
    shared = _without(lines, [*tests, *_docstring(tree)])
    for test in tests:
        claims = dict.fromkeys(ast.literal_eval(named) for mark in _marks(test) for named in mark.args)
        sentence = (ast.get_docstring(test) or test.name.removeprefix("test_").replace("_", " ")).partition("\n")[0]
        # The page has both above it. A test that is nothing but a docstring keeps it.
        told = [*_marks(test), *(_docstring(test) if len(test.body) > 1 else ())]
        first = min(mark.lineno for mark in test.decorator_list)
        source = _without(lines[: test.end_lineno], told, first)
        yield Shown(test.name, sentence, tuple(claims), source, file, shared)


def _marks(test: ast.FunctionDef) -> list[ast.Call]:
    """Its marks that name claims."""
    calls = (mark for mark in test.decorator_list if isinstance(mark, ast.Call))
    return [mark for mark in calls if ast.unparse(mark.func) == "pytest.mark.claim" and mark.args]


def _docstring(node: ast.Module | ast.FunctionDef) -> list[ast.stmt]:
    return node.body[:1] if ast.get_docstring(node) is not None else []


def _without(lines: list[str], nodes: Sequence[ast.stmt | ast.expr], first: int = 1) -> str:
    """The lines from number `first` on, but for those of the nodes; never more than two empty lines in a row."""
    gone: set[int] = set()
    for node in nodes:
        begin = min((mark.lineno for mark in getattr(node, "decorator_list", ())), default=node.lineno)
        gone |= set(range(begin, (node.end_lineno or begin) + 1))
    kept: list[str] = []
    for number, line in enumerate(lines, 1):
        if number >= first and number not in gone and (line or kept[-2:] != ["", ""]):
            kept.append(line)
    return "\n".join(kept).strip("\n")
