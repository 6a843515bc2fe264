"""The verdicts on a cohort in one SQLite file: kept as they come, found again after a kill. Not for grading.

One row for each learner, kata, source of the answer, checks, seed and isolation; the verdict is JSON of the published
form (kit/verdict.schema.json). A run is a row too, without an end until it has ended.
"""

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import kms_katas
from kms_katas.grading.cells import MAX_NOTEBOOK, SUFFIX, notebooks
from kms_katas.grading.lanes import Job
from kms_katas.grading.source import MAX_SOURCE, beginning
from kms_katas.kit import Kit, KitError, Verdict
from kms_katas.kit.verdict import published

SCHEMA = "urn:kms-katas:results:1"
_APPLICATION = 0x6B617461
"""`kata`: what SQLite calls an application_id, by which it is known that a file is ours."""
_TABLES = """
CREATE TABLE about (schema TEXT NOT NULL);
CREATE TABLE run (
    number INTEGER PRIMARY KEY, began TEXT NOT NULL, ended TEXT, kit_version TEXT NOT NULL, seed INTEGER NOT NULL
);
CREATE TABLE result (
    learner TEXT NOT NULL, kata TEXT NOT NULL, source TEXT NOT NULL, checks TEXT NOT NULL, seed INTEGER NOT NULL,
    isolation TEXT NOT NULL, run INTEGER NOT NULL REFERENCES run, graded TEXT NOT NULL, verdict TEXT NOT NULL,
    PRIMARY KEY (learner, kata, source, checks, seed, isolation)
);
"""


@dataclass(frozen=True)
class Key:
    """What a verdict is about: where all of it is the same, so is the verdict."""

    learner: str
    kata: str
    source: str
    checks: str
    seed: int
    isolation: str


def key_of(kit: Kit, job: Job, isolation: str | None, checks: str) -> Key:
    """`isolation`: the level that answers with code are graded at; `checks`: kit.checks_digest(job.kata)."""
    level = "none" if job.kata.documents_only else str(isolation)
    # A folder's name may be no text: SQLite keeps none of that kind.
    learner = job.name.encode("utf-8", "backslashreplace").decode()
    return Key(learner, job.kata.id, source_digest(job), checks, job.seed, level)


def source_digest(job: Job) -> str:
    """SHA-256 of the files of an answer, as far as a grader reads them."""
    seen = hashlib.sha256()
    for name in (*job.kata.answer, *notebooks(job.folder)):
        path, most = job.folder / name, MAX_NOTEBOOK if name.endswith(SUFFIX) else MAX_SOURCE
        try:
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(job.within)):
                found = b"a link that leads out"
            else:
                size, data = beginning(path, most + 1)
                found = b"no file" if data is None else b"%d\0" % size + data
        except OSError as error:
            found = f"{type(error).__name__}".encode()
        seen.update(f"{name}\0{len(found)}\0".encode() + found)
    return seen.hexdigest()


class Results:
    """An open file, which no other process can open meanwhile; without a path, in memory. Used by one thread."""

    def __init__(self, path: Path | None, database: sqlite3.Connection) -> None:
        self.path, self._database = path, database
        self._run = 0
        self.stopped = ""
        """When the run began that this one goes on with; empty: it begins anew."""

    @property
    def seed(self) -> int | None:
        """That of the last run; None in a file that is new."""
        row = self._database.execute("SELECT seed FROM run ORDER BY number DESC LIMIT 1").fetchone()
        return None if row is None else int(row[0])

    def begin(self, seed: int, *, anew: bool = False) -> None:
        """Go on with the run that was stopped, if it was one of this kit and with this seed; else begin one."""
        row = self._database.execute(
            "SELECT number, began FROM run WHERE number = (SELECT max(number) FROM run) AND ended IS NULL "
            "AND kit_version = ? AND seed = ?",
            (kms_katas.__version__, seed),
        ).fetchone()
        if row and not anew:
            self._run, self.stopped = row
        else:
            values = (_now(), kms_katas.__version__, seed)
            cursor = self._database.execute("INSERT INTO run (began, kit_version, seed) VALUES (?, ?, ?)", values)
            self._run = int(cursor.lastrowid or 0)

    def found(self, key: Key, *, of_any_run: bool = False) -> Verdict | None:
        """The verdict on the very same, of the run that goes on, or of any."""
        row = self._database.execute(
            "SELECT verdict, run FROM result WHERE (learner, kata, source, checks, seed, isolation) "
            "= (?, ?, ?, ?, ?, ?)",
            _values(key),
        ).fetchone()
        if row is None or not (of_any_run or row[1] == self._run):
            return None
        try:
            return published(json.loads(row[0]))
        except ValueError:
            return None

    def last(self, key: Key) -> tuple[str, str] | None:
        """The digests of source and checks of the last verdict on this learner's answer to this kata."""
        row = self._database.execute(
            "SELECT source, checks FROM result WHERE (learner, kata) = (?, ?) ORDER BY graded DESC, rowid DESC LIMIT 1",
            (key.learner, key.kata),
        ).fetchone()
        return None if row is None else (str(row[0]), str(row[1]))

    def keep(self, key: Key, verdict: Verdict) -> None:
        """Written when this returns, whatever is killed then. Raises KitError where there is no room."""
        values = (*_values(key), self._run, _now(), json.dumps(verdict.as_data()))
        with _told(self.path):
            self._database.execute("INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def end(self) -> None:
        """The run has come to its end: the next one begins anew."""
        with _told(self.path):
            self._database.execute("UPDATE run SET ended = ? WHERE number = ?", (_now(), self._run))


@contextlib.contextmanager
def open_results(path: Path | None) -> Iterator[Results]:
    """Raises KitError where the file is another's, or is in use."""
    with _told(path):
        database = _opened(path)
    results = Results(path, database)
    try:
        yield results
    finally:
        unused = results.seed is None
        database.close()
        if unused and path is not None:
            path.unlink(missing_ok=True)


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        # Verdicts are for who grades; SQLite itself would let all read them.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    # Each statement is a transaction of its own.
    database = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=0)
    try:
        # Before the first access: then WAL needs no memory shared between processes, which drives of the network do not
        # give, and nobody else can open the file (https://www.sqlite.org/wal.html#noshm).
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != _APPLICATION and tables:
            raise KitError(f"{path} is a database of something else. Give --results a file of its own.")
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise
            database.execute("PRAGMA journal_mode = DELETE")
        else:
            # What is committed outlives the process at once; the machine, at the next checkpoint.
            database.execute("PRAGMA synchronous = NORMAL")
        if application != _APPLICATION:
            about = f"PRAGMA application_id = {_APPLICATION}; {_TABLES} INSERT INTO about VALUES ('{SCHEMA}');"
            database.executescript(f"BEGIN EXCLUSIVE; {about} COMMIT;")
        row = database.execute("SELECT schema FROM about").fetchone()
        if row is None or row[0] != SCHEMA:
            raise KitError(f"{path} is of another version of the kit. Give --results another file.")
    except BaseException:
        database.close()
        raise
    return database


@contextlib.contextmanager
def _told(path: Path | None) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise KitError(
                f"{path} is in use: another `kata grade` writes its results there. Wait for it, or give --results "
                "another file."
            ) from error
        raise KitError(
            f"The results cannot be kept in {path}: {error}. Give --results another file, on a drive of this machine."
        ) from error
    except OSError as error:
        raise KitError(
            f"The results cannot be kept in {path}: {error.strerror}. Give --results a file that you may write to."
        ) from error


def _values(key: Key) -> tuple[str | int, ...]:
    return key.learner, key.kata, key.source, key.checks, key.seed, key.isolation


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
