"""A learner's table: the rows that were drawn for them, and what they filled in. Not for judging it: judge_table.py."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kms_katas.grading.source import display_path
from kms_katas.grading.toml_document import read_toml
from kms_katas.kit import Kata
from kms_katas.kit.table import MAX_TABLE, Pool, Row, pool_of

_ROW = re.compile(r"^[ \t]*\[[ \t]*row[ \t]*\.[ \t]*\"?([0-9]{1,4})\"?[ \t]*\]", re.MULTILINE)


@dataclass(frozen=True)
class Table:
    """The table in a file. `number` is the one that its rows were drawn by, None where none are; rows count from 1.

    `filled` has what stands in the file for each row, `documents` for each document, `lines` where each row begins.
    """

    kata: Kata
    path: Path
    number: int | None
    pool: Pool
    filled: Mapping[int, Mapping[str, Any]]
    documents: Mapping[str, Any]
    lines: Mapping[int, int]

    @property
    def shown_path(self) -> str:
        return display_path(self.path)

    @property
    def rows(self) -> dict[int, Row]:
        """The rows that were drawn, by their numbers."""
        return {} if self.number is None else dict(enumerate(self.pool.drawn(self.number), 1))

    def answer(self, row: int) -> dict[str, str]:
        """What was answered to a row, by the names of the fields; empty texts where nothing was."""
        filled = self.filled.get(row, {})
        return {name: _plain(filled.get(name, "")) for name in self.pool.answers}

    def as_drawn(self, row: int) -> bool:
        """Whether what the row gives, and what is to be read for it, still stands as it was drawn.

        A document that was taken out of the file misleads nobody.
        """
        drawn, filled = self.rows[row], self.filled.get(row, {})
        given = {"read": list(drawn.documents), **drawn.given}
        return all(filled.get(name) == value for name, value in given.items()) and not any(
            name in self.documents and not self._shows(name) for name in drawn.documents
        )

    def _shows(self, name: str) -> bool:
        shown = self.documents[name]
        text = shown.get("text") if isinstance(shown, dict) else None
        return isinstance(text, str) and text.strip() == self.pool.documents[name].strip()


def read_table(path: Path, kata: Kata, data: bytes | None = None) -> Table:
    """The table in a file; `data` is what it holds, where it is none on the disk. Raises AnswerUnusable."""
    pool = pool_of(kata)
    assert pool is not None
    found = read_toml(path, data)
    number, rows, documents = (found.data.get(name, {}) for name in ("table", "row", "document"))
    usable = type(number) is int and 0 <= number < MAX_TABLE
    filled = rows.items() if isinstance(rows, dict) else ()
    return Table(
        kata,
        path,
        number if usable else None,
        pool,
        {int(name): row for name, row in filled if re.fullmatch("[0-9]{1,4}", name) and isinstance(row, dict)},
        documents if isinstance(documents, dict) else {},
        {int(at[1]): found.text.count("\n", 0, at.start()) + 1 for at in _ROW.finditer(found.text)},
    )


def _plain(value: Any) -> str:
    """An answer as it is compared: people write in capitals or not, and put a space more or less."""
    return " ".join(str(value).split()).casefold() if isinstance(value, (str, int)) else "?"
