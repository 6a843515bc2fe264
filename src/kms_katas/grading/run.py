"""One answer being graded: which one, with which seed, until when, and its process. Not for the checks themselves."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from kms_katas.grading.cells import NotebookAnswer, read_notebook
from kms_katas.grading.document import PolicyFile, read_policy
from kms_katas.grading.outcome import AnswerUnusable, Infra
from kms_katas.grading.runner import AnswerProcess, Runner
from kms_katas.grading.source import MAX_SOURCE, display_path, read_bytes, read_source
from kms_katas.grading.speed import slowness
from kms_katas.grading.table import Table, read_table
from kms_katas.kit import Kata

CHECK_SECONDS = 3.0
KATA_SECONDS = 10.0
"""Seconds of computing, on a machine as fast as the one where they were set: see speed.py."""
CLOCK_FACTOR = 3.0
"""How many times as long it may take on the clock, where it waits for ever. What the machine gives to others is not
counted, where the system tells: bridged.py."""

MayTell = Callable[[Kata, int, str], bool]
"""Whether it may be told how many rows of a table are right: of the table with that number, the answers' digest."""


def always(kata: Kata, table: int, digest: str) -> bool:
    return True


@dataclass
class Run:
    """What is being graded now: the answer to one kata in `folder`, and the process that holds it, if it is alive."""

    kata: Kata
    folder: Path
    seed: int
    runner: Runner
    within: Path | None = None
    """No file of the answer may lead out of there: a stranger's could lead to the reference answer."""
    slowness: float = field(default_factory=slowness)
    cpu_used: float = 0.0
    check_cpu_used: float = 0.0
    """Seconds of computing by the answer, and by the lab for it: in the kata, and in the check that runs."""
    cpu_elsewhere: float = 0.0
    """The part of `cpu_used` that was spent in other processes than this one."""
    deadline: float = field(init=False)
    check_deadline: float = 0.0
    """Until when on the clock (time.monotonic)."""
    process: AnswerProcess | None = None
    unending: dict[str, str] = field(default_factory=dict)
    """What was stopped at a limit: the function, or "" for the file itself, and the title of the check that ran."""
    may_tell: MayTell = always
    notebook: Path | None = None
    """The notebook that holds the answer in place of its files."""
    _policies: dict[str, PolicyFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + KATA_SECONDS * self.slowness * CLOCK_FACTOR

    def begin_check(self) -> None:
        """From now on its limits count."""
        self.check_cpu_used = 0.0
        self.check_deadline = min(self.deadline, time.monotonic() + CHECK_SECONDS * self.slowness * CLOCK_FACTOR)

    @property
    def cpu_left(self) -> float:
        """Seconds of computing that the check that runs may still take."""
        return min(self.check_cpu_left, KATA_SECONDS * self.slowness - self.cpu_used)

    @property
    def check_cpu_left(self) -> float:
        return CHECK_SECONDS * self.slowness - self.check_cpu_used

    @property
    def is_over(self) -> bool:
        """Whether the limits of the whole kata are used up."""
        return time.monotonic() >= self.deadline or self.cpu_used >= KATA_SECONDS * self.slowness

    def spend(self, cpu: float, excused: float = 0.0, elsewhere: float = 0.0) -> None:
        """Note seconds of computing, on the clock that were not the answer's, and of computing in other processes."""
        self.cpu_used += cpu
        self.cpu_elsewhere += elsewhere
        self.check_cpu_used += cpu
        self.deadline += excused
        self.check_deadline += excused

    @cached_property
    def path(self) -> Path:
        """The file of code; of an answer of documents alone, the first; or the notebook."""
        if self.notebook:
            return self.notebook
        return self.folder / next((name for name in self.kata.answer if name.endswith(".py")), self.kata.answer[0])

    @cached_property
    def shown_path(self) -> str:
        return display_path(self.path)

    @property
    def shown_paths(self) -> str:
        """All files of the answer, as in a sentence."""
        if self.notebook:
            return self.shown_path
        return " and ".join(display_path(self.folder / name) for name in self.kata.answer)

    @cached_property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """The code, and the name of where it stands, for messages: one file, or the cells of a notebook in their order.

        Read once: a file that is saved in the middle of a run does not mix two answers. Raises AnswerUnusable.
        """
        if self._cells:
            return tuple((cell.text, f"{self.shown_path}, cell {cell.number}") for cell in self._cells.code)
        self._refuse_links(self.path)
        return ((read_source(self.path), self.shown_path),)

    def part_name(self, part: int) -> str:
        """Of a part that an answer's process tells of, which may tell anything."""
        return self.parts[part][1] if 0 <= part < len(self.parts) else self.shown_path

    def written(self, name: str) -> bytes:
        """One of the answer's files as it is. Raises AnswerUnusable."""
        return self._cells.file(name) if self._cells else read_bytes(self.folder / name, MAX_SOURCE)

    @cached_property
    def _cells(self) -> NotebookAnswer | None:
        if self.notebook is None:
            return None
        self._refuse_links(self.notebook)
        return read_notebook(self.notebook, self.kata)

    def policy(self, name: str) -> PolicyFile:
        """One of the answer's JSON files, read once. Raises AnswerUnusable."""
        if name not in self.kata.answer:
            raise Infra(f"a check of {self.kata.id} asks for {name}, which kata.toml does not list among the answers")
        if name not in self._policies:
            self._policies[name] = read_policy(*self._document(name))
        return self._policies[name]

    def table(self, name: str) -> Table:
        """The answer's table. Raises AnswerUnusable."""
        if name not in self.kata.answer or self.kata.rows is None:
            raise Infra(f"a check of {self.kata.id} asks for the table {name}, which kata.toml or rows.toml lacks")
        path, data = self._document(name)
        return read_table(path, self.kata, data)

    def _document(self, name: str) -> tuple[Path, bytes | None]:
        """Where it is, for messages too, and what it holds where that is no file of its own."""
        if self._cells:
            return self._cells.path / name, self._cells.document(name)
        self._refuse_links(self.folder / name)
        return self.folder / name, None

    def _refuse_links(self, path: Path) -> None:
        if self.within is not None:
            refuse_link(path, self.within)

    def start(self) -> None:
        """Start the process. How long that takes is not the answer's doing, and no limit counts it."""
        began = time.monotonic()
        self.process = self.runner.start()
        took = time.monotonic() - began
        self.deadline += took
        self.check_deadline += took

    def close(self) -> None:
        if self.process is not None:
            self.process.close()
            self.process = None


def refuse_link(path: Path, within: Path) -> None:
    """Raises AnswerUnusable for one that leads out of `within`."""
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(within)):
        raise AnswerUnusable(
            f"{path.name} is a link that leads out of the submission.",
            "Hand in the file itself.",
            file=display_path(path),
        )


def answer_folder(answers: Path, kata: Kata) -> Path:
    """Where `answers` holds the kata: by folder, as in katas/, or by id, as in a workspace."""
    by_folder = answers / kata.folder
    # Not by_folder.is_dir(): where that may not be asked, it raises.
    return by_folder if os.path.isdir(by_folder) else answers / kata.id
