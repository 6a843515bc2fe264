"""`kata grade` of a cohort: zips, verdicts that are kept and taken over, what changed, and a grader that is killed."""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile

import pytest

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
WRONG = "def open_it(kms, blob):\n    return blob\n"
NAMES = ("ann", "bob", "cy")


@pytest.fixture
def folder(here):
    """Where ann, bob and cy hand in; bob's is wrong."""
    for name in NAMES:
        hand_in(here / "course", name, WRONG if name == "bob" else RIGHT)
    return here / "course"


def hand_in(folder, name, source):
    (folder / name / "keys" / "mini").mkdir(parents=True, exist_ok=True)
    (folder / name / "keys" / "mini" / "answer.py").write_text(source, "utf-8")


def kept(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT learner, verdict FROM result ORDER BY learner").fetchall()


def statuses(text):
    return {entry["name"]: entry["verdict"]["status"] for entry in json.loads(text)["submissions"]}


@pytest.fixture
def graded(monkeypatch):
    """The names of all that are graded from now on."""
    from kms_katas.cli import grade

    names, lanes = [], grade.grade_in_lanes

    def noted(kit, jobs, *rest):
        names.extend(job.name for job in jobs)
        return lanes(kit, jobs, *rest)

    monkeypatch.setattr(grade, "grade_in_lanes", noted)
    return names


@pytest.fixture
def stopped_after(monkeypatch):
    """`stopped_after(number)`: the next grading is stopped by Ctrl-C after so many verdicts."""
    from kms_katas.cli import grade

    lanes = grade.grade_in_lanes

    def stop(number):
        def stopping(*given):
            for done, found in enumerate(lanes(*given), 1):
                yield found
                if done == number:
                    monkeypatch.setattr(grade, "grade_in_lanes", lanes)
                    raise KeyboardInterrupt

        monkeypatch.setattr(grade, "grade_in_lanes", stopping)

    return stop


def test_a_zip_is_graded_as_the_folder_in_it(kata, folder, here):
    with zipfile.ZipFile(here / "all.zip", "w") as archive:
        for name in NAMES:
            path = folder / name / "keys" / "mini" / "answer.py"
            archive.write(path, path.relative_to(folder))
    from_folder, from_zip = (kata("grade", path, "--format", "json", "--seed", "3") for path in (folder, "all.zip"))
    assert statuses(from_zip.out) == statuses(from_folder.out) == {"ann": "pass", "bob": "fail", "cy": "pass"}
    assert "kata-submissions" not in from_zip.out and "all.zip/bob/keys/mini/answer.py" in from_zip.out


def test_who_hands_in_a_hostile_zip_is_named_and_is_no_pass(kata, folder):
    hand_in(folder, "bob", RIGHT)
    assert kata("grade", folder).status == 0
    with zipfile.ZipFile(folder / "eve.zip", "w") as archive:
        archive.writestr("../../answer.py", RIGHT)
    ran = kata("grade", folder)
    assert ran.status == 1 and "3 of 3 answers passed" in ran.out and "eve: a zip with a path that leads out" in ran.err


def test_who_handed_in_again_is_named(kata, here):
    (here / "canvas").mkdir()
    (here / "canvas" / "doejane_7_1_answer.py").write_text(WRONG)
    (here / "canvas" / "doejane_LATE_7_2_answer-1.py").write_text(RIGHT)
    ran = kata("grade", "canvas", "--kata", "mini")
    assert ran.status == 0 and "doejane_7 handed in again" in ran.err and "doejane_7_1_answer.py" in ran.err


def test_single_files_without_a_kata_are_told_what_to_do(kata, here):
    (here / "canvas").mkdir()
    (here / "canvas" / "doejane_7_1_answer.py").write_text(RIGHT)
    ran = kata("grade", "canvas")
    assert ran.status == 2 and "doejane_7" in ran.err and "--kata" in ran.err


def test_verdicts_are_kept_beside_the_submissions(kata, folder, here):
    kata("grade", folder)
    found = kept(here / "course.kata-results.sqlite")
    assert [(name, json.loads(verdict)["status"]) for name, verdict in found] == [
        ("ann", "pass"),
        ("bob", "fail"),
        ("cy", "pass"),
    ]


def test_a_grading_that_was_stopped_is_gone_on_with(kata, folder, here, graded, stopped_after):
    stopped_after(2)
    ran = kata("grade", folder, "--jobs", "1", "--results", here / "mine.sqlite")
    assert ran.status == 130 and "2 of 3 answers" in ran.err and "mine.sqlite" in ran.err
    done = {name for name, _ in kept(here / "mine.sqlite")}
    assert len(done) == 2
    graded.clear()
    again = kata("grade", folder, "--results", here / "mine.sqlite", "--format", "json")
    assert set(NAMES) - done == set(graded)
    assert statuses(again.out) == {"ann": "pass", "bob": "fail", "cy": "pass"}
    assert "2 verdicts taken over" in again.err
    assert len({entry["verdict"]["seed"] for entry in json.loads(again.out)["submissions"]}) == 1


def test_a_grading_that_ended_is_not_taken_for_the_next_one(kata, folder, graded):
    kata("grade", folder)
    ran = kata("grade", folder)
    assert sorted(graded) == sorted(NAMES * 2) and "taken over" not in ran.err


def test_only_what_changed_is_graded_and_listed(kata, folder, mini_root, graded):
    first = json.loads(kata("grade", folder, "--format", "json").out)
    hand_in(folder, "bob", RIGHT)
    hand_in(folder, "dan", WRONG)
    graded.clear()
    ran = kata("grade", folder, "--only-changed", "--format", "json")
    assert graded == ["bob", "dan"]
    assert statuses(ran.out) == {"ann": "pass", "bob": "pass", "cy": "pass", "dan": "fail"}
    assert "bob keys/mini: the answer changed" in " ".join(ran.err.split()) and "dan keys/mini: new" in ran.said
    assert json.loads(ran.out)["submissions"][0] == first["submissions"][0]
    graded.clear()
    checks = mini_root / "tests" / "graders" / "01_keys" / "test_mini.py"
    checks.write_text(checks.read_text() + "\n")
    assert "the checks changed" in kata("grade", folder, "--only-changed").err and len(graded) == 4
    graded.clear()
    assert kata("grade", folder, "--only-changed").status == 1 and not graded


def test_a_cohort_keeps_its_seed_until_another_is_asked_for(kata, folder, graded):
    def seeds(*words):
        report = json.loads(kata("grade", folder, "--format", "json", *words).out)
        return {entry["verdict"]["seed"] for entry in report["submissions"]}

    first = seeds()
    assert len(first) == 1 and seeds() == first == seeds("--only-changed")
    graded.clear()
    other = first.pop() + 1
    assert seeds("--only-changed", "--seed", other) == {other} and len(graded) == 3
    assert seeds() == {other}


@pytest.mark.parametrize("place", ["course/ann/results", "course/results", "course/ann/keys/mini/answer.py"])
def test_no_results_among_the_submissions(kata, folder, place):
    ran = kata("grade", folder, "--results", place)
    assert ran.status == 2 and "among the submissions" in ran.said
    assert (folder / "ann" / "keys" / "mini" / "answer.py").read_text() == RIGHT


def test_no_report_takes_the_place_of_the_results(kata, folder, here):
    kata("grade", folder)
    before = (here / "course.kata-results.sqlite").read_bytes()
    ran = kata("grade", folder, "--output", here / "course.kata-results.sqlite")
    assert ran.status == 2 and (here / "course.kata-results.sqlite").read_bytes() == before


def test_no_report_takes_the_place_of_a_zip_that_was_handed_in(kata, here):
    (here / "all").mkdir()
    with zipfile.ZipFile(here / "all" / "ann.zip", "w") as archive:
        archive.writestr("keys/mini/answer.py", RIGHT)
    before = (here / "all" / "ann.zip").read_bytes()
    ran = kata("grade", "all", "--format", "json", "--output", "all/ann.zip")
    assert ran.status == 2 and (here / "all" / "ann.zip").read_bytes() == before


def test_where_nothing_can_be_kept_the_answers_are_graded_all_the_same(kata, folder, here, monkeypatch):
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != str(here) and may(path, mode))
    ran = kata("grade", folder)
    assert "2 of 3 answers passed" in ran.out and "no verdict is kept" in ran.err
    assert not list(here.glob("*.sqlite*"))


def test_a_grading_that_is_told_to_end_leaves_nothing_that_it_unpacked(mini_root, here):
    with zipfile.ZipFile(here / "all.zip", "w") as archive:
        for number in range(40):
            archive.writestr(f"{number}/keys/mini/answer.py", RIGHT)
    (here / "tmp").mkdir()
    words = [sys.executable, "-c", "from kms_katas import cli; cli.main()", "--kit", str(mini_root), "grade", "all.zip"]
    words += ["--isolation", "none"]
    environment = os.environ | {"TMPDIR": str(here / "tmp")}
    with subprocess.Popen(words, cwd=here, stdout=subprocess.PIPE, env=environment) as grader:
        while not written(here / "all.kata-results.sqlite"):
            assert grader.poll() is None
            time.sleep(0.01)
        assert list((here / "tmp").glob("kata-submissions-*"))
        grader.terminate()
    assert grader.returncode == 143 and not list((here / "tmp").glob("kata-submissions-*"))


def test_what_is_other_than_in_an_earlier_report_is_listed(kata, folder, here):
    kata("grade", folder, "--format", "json", "--output", "old.json", "--results", "old.sqlite")
    hand_in(folder, "bob", RIGHT)
    hand_in(folder, "cy", WRONG)
    hand_in(folder, "dan", WRONG)
    ran = kata("grade", folder, "--against", "old.json")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert "2 of 3 answers in both reports changed." in lines
    assert "bob keys/mini: fail, 0 of 3 points -> pass, 3 of 3 points" in lines
    assert any(line.startswith("cy keys/mini: pass, 3 of 3 points -> fail") for line in lines)
    assert "dan keys/mini: only now" in lines and ran.status == 1
    assert not any("passed by" in line for line in lines)


def test_a_comparison_is_with_the_same_values_and_leaves_data_alone(kata, folder):
    kata("grade", folder, "--format", "json", "--seed", "9", "--output", "old.json", "--results", "old.sqlite")
    ran = kata("grade", folder, "--against", "old.json", "--format", "json")
    assert {entry["verdict"]["seed"] for entry in json.loads(ran.out)["submissions"]} == {9}
    assert "0 of 3 answers in both reports changed." in ran.err


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "urn:kms-katas:cohort:1", "submissions": [{}]}', "[" * 99999]
)
def test_what_is_no_earlier_report_is_told_before_anything_is_graded(kata, folder, here, graded, text):
    (here / "old.json").write_text(text)
    ran = kata("grade", folder, "--against", "old.json")
    assert ran.status == 2 and "old.json" in ran.said and not graded


def test_two_at_once_do_not_write_the_same_results(kata, folder, here, graded):
    from kms_katas.grading.cohort_results import open_results

    with open_results(here / "course.kata-results.sqlite") as other:
        other.begin(1)
        ran = kata("grade", folder, "--format", "json", "--output", "report.json")
    assert ran.status == 2 and "in use" in ran.said and not graded and not (here / "report.json").exists()


def test_a_grader_that_is_killed_again_and_again_loses_nothing_and_doubles_nothing(mini_root, here, kata):
    """The short form of benchmarks/cohort.py."""
    names = [f"learner {number}" for number in range(24)]
    for number, name in enumerate(names):
        hand_in(here / "course", name, (RIGHT, WRONG)[number % 2])
    results = here / "course.kata-results.sqlite"
    words = [sys.executable, "-c", "from kms_katas import cli; cli.main()", "--kit", str(mini_root)]
    words += ["grade", "course", "--jobs", "2", "--isolation", "none", "--format", "json"]
    before: dict[str, str] = {}
    for _ in range(3):
        with subprocess.Popen(words, cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as grader:
            wanted = len(before) + random.randint(1, 5)
            while grader.poll() is None and written(results) < wanted:
                time.sleep(0.01)
            grader.send_signal(signal.SIGKILL)
        now = dict(kept(results))
        assert before.items() <= now.items()
        before = now
    assert 0 < len(before) < len(names)
    ended = subprocess.run(words, cwd=here, capture_output=True, text=True)
    assert f"{len(before)} verdict" in ended.stderr
    found = kept(results)
    assert [name for name, _ in found] == sorted(names) and before.items() <= dict(found).items()
    expected = {name: ("pass", "fail")[number % 2] for number, name in enumerate(names)}
    assert statuses(ended.stdout) == expected == {name: json.loads(text)["status"] for name, text in found}


def written(results):
    """How many verdicts are in a file that another process holds: in its log, for nobody else can open it."""
    log = results.with_name(f"{results.name}-wal")
    return log.read_bytes().count(b'{"schema": "urn:kms-katas:verdict:1"') if log.exists() else 0
