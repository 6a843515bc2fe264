"""The results of a cohort: what is kept is found again as it was, for the very same alone, by one process at a time."""

import dataclasses
import json
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from kms_katas.grading.cohort import plan
from kms_katas.grading.cohort_results import Key, open_results, source_digest
from kms_katas.grading.lanes import Job, not_judged
from kms_katas.kit import CheckResult, Kit, KitError, KmsCall, Verdict
from kms_katas.kit.verdict import SCHEMA_FILE, published

CHECK = CheckResult("test_a", "It holds.", 1, "fail", 3, message="No \ud800.", calls=(KmsCall("Decrypt", "k", "ok"),))
VERDICT = Verdict("keys/mini", (CHECK,), 7, "1", "0" * 64, "lite", "forked", 0.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.sqlite"


@pytest.fixture
def job(mini_kit: Kit, tmp_path: Path) -> Callable[..., Job]:
    def made(source: str | None = "x = 1\n", name: str = "ann") -> Job:
        folder = tmp_path / "handed in" / name
        folder.mkdir(parents=True, exist_ok=True)
        if source is not None:
            (folder / "answer.py").write_text(source)
        return Job(name, mini_kit.katas[0], folder, folder, 7)

    return made


def key(**other: str | int) -> Key:
    same = {"learner": "ann", "kata": "keys/mini", "source": "a", "checks": "b", "seed": 7, "isolation": "lite"}
    return Key(**same | other)  # type: ignore[arg-type]


def test_a_verdict_is_found_by_the_next_process_as_it_was_published(path: Path) -> None:
    with open_results(path) as results:
        results.begin(7)
        results.keep(key(), VERDICT)
    with open_results(path) as results:
        results.begin(7)
        found = results.found(key())
    assert found and found.as_data() == VERDICT.as_data()
    text = sqlite3.connect(path).execute("SELECT verdict FROM result").fetchone()[0]
    schema = json.loads(SCHEMA_FILE.read_text("utf-8"))
    jsonschema.validate(json.loads(text), {"$ref": "#/$defs/verdict", "$defs": schema["$defs"]})


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Key)])
def test_it_is_found_for_the_very_same_only(path: Path, field: str) -> None:
    with open_results(path) as results:
        results.begin(7)
        results.keep(key(), VERDICT)
        other = 8 if field == "seed" else secrets.token_hex(4)
        assert results.found(key()) and not results.found(key(**{field: other}))


def test_a_run_that_came_to_its_end_is_not_gone_on_with(path: Path) -> None:
    for end, taken in ((False, True), (True, False)):
        with open_results(path) as results:
            results.begin(7)
            results.keep(key(), VERDICT)
            if end:
                results.end()
        with open_results(path) as results:
            results.begin(7)
            assert (results.found(key()) is not None, bool(results.stopped)) == (taken, taken)
            assert results.found(key(), of_any_run=True)


def test_a_run_of_another_version_of_the_kit_is_not_gone_on_with(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_results(path) as results:
        results.begin(7)
        results.keep(key(), VERDICT)
    monkeypatch.setattr("kms_katas.__version__", "9.9.9")
    with open_results(path) as results:
        results.begin(7)
        assert not results.found(key())


def test_the_file_is_for_one_process_at_a_time_and_free_when_that_is_killed(path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from kms_katas.grading.cohort_results import open_results\n"
        "with open_results(Path(sys.argv[1])) as results:\n"
        "    results.begin(7); print('open', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout and other.stdout.readline() == b"open\n"
            with pytest.raises(KitError, match="in use"), open_results(path):
                pass
        finally:
            other.kill()
    with open_results(path) as results:
        assert results.seed == 7


def test_a_database_of_something_else_is_left_as_it_is(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE dear (a)")
    before = path.read_bytes()
    with pytest.raises(KitError, match="something else"), open_results(path):
        pass
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"\xff" * 500])
def test_a_file_that_is_no_database_is_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(KitError, match="--results"), open_results(path):
        pass
    assert path.read_bytes() == content


def test_nothing_is_left_where_no_run_began(path: Path) -> None:
    with open_results(path):
        pass
    assert not list(path.parent.glob("results*"))


def test_others_cannot_read_it(path: Path) -> None:
    with open_results(path) as results:
        results.begin(7)
    assert path.stat().st_mode & 0o077 == 0


def test_where_wal_is_refused_it_works_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(sqlite3.Connection):
        def execute(self, sql: str, *rest: object) -> sqlite3.Cursor:
            if "WAL" in sql:
                raise sqlite3.OperationalError("locking protocol")
            return super().execute(sql, *rest)  # type: ignore[arg-type]

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **named: connect(*given, **named, factory=Refusing))
    with open_results(path) as results:
        results.begin(7)
        results.keep(key(), VERDICT)
    with open_results(path) as results:
        results.begin(7)
        assert results.found(key())


def test_the_digest_changes_with_each_file_that_is_graded_and_no_other(job: Callable[..., Job]) -> None:
    one = job()
    before = source_digest(one)
    (one.folder / "notes.txt").write_text("other")
    assert source_digest(one) == before
    (one.folder / "answer.py").write_text("x = 2\n")
    changed = source_digest(one)
    (one.folder / "answer.py").unlink()
    assert len({before, changed, source_digest(one)}) == 3


def test_a_link_that_leads_out_is_not_read(job: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("1")
    one = job(None)
    (one.folder / "answer.py").symlink_to(tmp_path / "secret")
    before = source_digest(one)
    (tmp_path / "secret").write_text("2")
    assert source_digest(one) == before


def test_what_nothing_is_known_of_is_graded_again(mini_kit: Kit, path: Path, job: Callable[..., Job]) -> None:
    one, other = job(), job(name="bob")
    with open_results(path) as results:
        results.begin(7)
        planned = plan(mini_kit, [one, other], results, "lite", only_changed=False)
        planned.keep(one, VERDICT)
        planned.keep(other, not_judged(other, "Lost."))
        again = plan(mini_kit, [one, other], results, "lite", only_changed=False)
    assert list(again.taken) == [one] and list(again.todo) == [other]


def test_the_reason_says_what_changed(mini_kit: Kit, mini_root: Path, path: Path, job: Callable[..., Job]) -> None:
    one = job()
    with open_results(path) as results:
        results.begin(7)
        first = plan(mini_kit, [one], results, "lite", only_changed=True)
        first.keep(one, VERDICT)
        assert plan(mini_kit, [one], results, "lite", only_changed=True).todo == {}
        one = job("x = 2\n")
        changed = plan(mini_kit, [one], results, "lite", only_changed=True)
        grader = mini_kit.grader(mini_kit.katas[0])
        grader.write_text(grader.read_text() + "\n")
        both = plan(mini_kit, [one], results, "lite", only_changed=True)
    assert [list(found.todo.values()) for found in (first, changed, both)] == [
        ["new"],
        ["the answer changed"],
        ["the answer changed and the checks changed"],
    ]


def test_a_name_that_is_no_text_is_kept(mini_kit: Kit, path: Path, job: Callable[..., Job]) -> None:
    one = dataclasses.replace(job(), name="caf\udce9")
    with open_results(path) as results:
        results.begin(7)
        plan(mini_kit, [one], results, "lite", only_changed=False).keep(one, VERDICT)
        assert plan(mini_kit, [one], results, "lite", only_changed=False).taken


@pytest.mark.parametrize("data", [None, [], {}, VERDICT.as_data() | {"score": 3}, VERDICT.as_data() | {"checks": [{}]}])
def test_what_is_no_published_verdict_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r"`|verdict"):
        published(data)
