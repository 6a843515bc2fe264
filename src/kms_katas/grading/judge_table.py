"""Whether the rows of a learner's table are right, told so that trying answers leads nowhere.

One failure tells how many rows are right and explains, for one of them, why what was answered does not hold: never what
would. It tells so for a few different answers to one table (Workspace.may_tell); after that only whether all are right,
until new rows are drawn. The whole table shows after the pass.
"""

from collections.abc import Callable
from hashlib import sha256

from kms_katas.grading.answer import Answer
from kms_katas.grading.expect import reject
from kms_katas.grading.table import Table
from kms_katas.kit.table import Row

Judged = Callable[[Row, dict[str, str]], str]
"""A sentence on the answers to a row; empty: there is nothing to say."""


def rows_must_be_right(
    answer: Answer, table: Table, misread: Judged, wrong: Judged, solved: Callable[[Row], str]
) -> None:
    """Refuse the answer unless each row is right.

    `misread` says why something is no answer to the row at all, which costs nothing; `wrong` why it does not hold,
    without a word on what does; `solved` is what to show of a row after the pass.
    """
    _must_be_drawn(table)
    _must_be_filled_in(table)
    for number, row in table.rows.items():
        if said := _no_such_word(table, number) or misread(row, table.answer(number)):
            _refuse(table, f"Row {number} cannot be read: {said}", "an answer in the words of the file's head", number)
    faults = {number: said for number, row in table.rows.items() if (said := wrong(row, table.answer(number)))}
    if faults:
        _tell(answer, table, faults)
    answer.after_pass = "\n\n".join(f"── row {number} ──\n{solved(row)}" for number, row in table.rows.items())


def digest(table: Table) -> str:
    """Of all answers, as they are compared."""
    said = [table.answer(number)[name] for number in table.rows for name in table.pool.answers]
    return sha256("\0".join([str(table.number), *said]).encode()).hexdigest()[:16]


def _must_be_drawn(table: Table) -> None:
    anew = f"kata reset {table.kata.name} draws rows for you, and keeps a copy of this file."
    if table.number is None:
        message = f"{table.path.name} has no rows: it lacks the line `table = NUMBER` under which they are drawn."
        reject(message, expected="the rows that `kata init` or `kata reset` wrote", next_step=anew)
    changed = [number for number in table.rows if not table.as_drawn(number)]
    if changed:
        message = (
            f"Row {changed[0]}, or a text to be read for it, is not as it was drawn for table {table.number}: somebody "
            "changed it, or another version of the kit wrote it. Only the empty texts are yours to change."
        )
        _refuse(table, message, "the rows that `kata init` or `kata reset` wrote", changed[0], anew)


def _must_be_filled_in(table: Table) -> None:
    empty = [number for number in table.rows if not all(table.answer(number).values())]
    if empty:
        left = f"{len(empty)} of {len(table.rows)} rows are" if len(empty) > 1 else "One row is"
        which = ", ".join(map(str, empty))
        message = f"{left} not filled in yet: {which}. Only a whole table is judged."
        names = " and ".join(table.pool.answers)
        _refuse(table, message, f"{names} in each row", empty[0])


def _no_such_word(table: Table, number: int) -> str:
    for name, values in table.pool.answers.items():
        said = table.answer(number)[name]
        if values and said not in values:
            return f'{name} = "{said}" is none of {", ".join(values)}.'
    return ""


def _tell(answer: Answer, table: Table, faults: dict[int, str]) -> None:
    mark = digest(table)
    assert table.number is not None
    expected = f"{len(table.rows)} of {len(table.rows)} rows right"
    if not answer.may_tell(table.number, mark):
        reject(
            "Not every row is right. How many are is told for a few different answers to one table, and no more: it "
            "cannot be solved by trying.",
            expected=expected,
            next_step=f"Go through the rows with the note, or draw new ones: kata reset {table.kata.name}",
            file=table.shown_path,
        )
    # Of the same answers always the same one: asking again tells nothing more.
    numbers = sorted(faults)
    number = numbers[int(sha256(mark.encode()).hexdigest(), 16) % len(numbers)]
    right = len(table.rows) - len(faults)
    are = "is" if right == 1 else "are"
    message = f"{right} of {len(table.rows)} rows {are} right. Row {number} is not: {faults[number]}"
    _refuse(table, message, expected, number)


def _refuse(table: Table, message: str, expected: str, number: int, next_step: str = "") -> None:
    line = table.lines.get(number, 0)
    place = f"{table.shown_path} at line {line}" if line else table.shown_path
    step = next_step or f"Open {place} and go through row {number} once more."
    reject(message, expected=expected, next_step=step, file=table.shown_path, line=line)
