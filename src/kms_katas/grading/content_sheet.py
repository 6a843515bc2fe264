"""The facilitator's sheet of a kata, out of what its authors wrote: rejected answers and the checks that refuse them.

Runs no check and no answer. How a sheet looks: see reports/sheet.py.
"""

import ast
from collections.abc import Iterator

from kms_katas.grading.content_layout import rejected_answers
from kms_katas.kit import Kata, KataError, Kit
from kms_katas.kit.sheet import Sheet, Slip


def sheet_of(kit: Kit, kata: Kata, begins: int | None = None) -> Sheet:
    """Its slips in the order of the checks, as a learner meets them. Raises KataError."""
    mistakes: dict[str, list[str]] = {}
    for check, mistake in rejected_answers(kit, kata).values():
        mistakes.setdefault(check, []).append(mistake)
    slips = tuple(
        Slip(check, task, sentence, tuple(mistakes[check]))
        for check, task, sentence in _checks(kit, kata)
        if check in mistakes
    )
    missing = sorted(set(mistakes) - {slip.check for slip in slips})
    if missing:
        where = f"solutions/{kata.folder}/answers.toml"
        raise KataError(f"{where} names the check {missing[0]}, which tests/graders/{kata.grader} does not have.")
    return Sheet(kata, slips, begins)


def _checks(kit: Kit, kata: Kata) -> Iterator[tuple[str, int, str]]:
    """(name, task, sentence) of each check, read and not run. Raises KataError."""
    try:
        tree = ast.parse(kit.grader(kata).read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        raise KataError(f"tests/graders/{kata.grader} cannot be read: {error}.") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, _task(node), " ".join((ast.get_docstring(node) or node.name).split())


def _task(check: ast.FunctionDef) -> int:
    """The number in `@pytest.mark.task(2)`; 1 without it, as in the lane."""
    for mark in check.decorator_list:
        if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr == "task":
            for value in mark.args:
                if isinstance(value, ast.Constant) and isinstance(value.value, int):
                    return value.value
    return 1
