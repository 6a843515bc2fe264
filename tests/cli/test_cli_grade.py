"""`kata grade`: the answers of many, each with its verdict; only where they can be closed off. And --isolation."""

import json
import os

import pytest

from kms_katas.child import sandbox
from kms_katas.cli import report
from kms_katas.grading.runner import best_runner

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
WRONG = "def open_it(kms, blob):\n    return blob\n"


@pytest.fixture
def submissions(tmp_path):
    """`submissions(ann=..., bob=...)`: a folder with a folder for each, shaped like a workspace."""

    def hand_in(**answers):
        folder = tmp_path / "handed in"
        for name, source in answers.items():
            (folder / name / "keys" / "mini").mkdir(parents=True)
            (folder / name / "keys" / "mini" / "answer.py").write_text(source, "utf-8")
        return folder

    return hand_in


def test_each_learner_gets_a_line_and_the_status_says_whether_all_passed(kata, submissions):
    folder = submissions(bob=WRONG, ann=RIGHT)
    ran = kata("grade", folder, "--jobs", "2")
    lines = [line.split()[:2] for line in ran.out.splitlines() if "keys/mini" in line]
    assert (ran.status, lines) == (1, [["pass", "ann"], ["fail", "bob"]])
    assert "1 of 2 answers passed." in ran.out
    (folder / "bob" / "keys" / "mini" / "answer.py").write_text(RIGHT, "utf-8")
    assert kata("grade", folder).status == 0


def test_the_report_for_programs_names_whose_each_verdict_is(kata, submissions, tmp_path):
    output = tmp_path / "report.json"
    ran = kata("grade", submissions(ann=RIGHT, bob="x = (\n"), "--format", "json", "--seed", "5", "--output", output)
    report = json.loads(output.read_text("utf-8"))
    assert (ran.status, ran.out, report["schema"]) == (1, "", "urn:kms-katas:cohort:1")
    found = {entry["name"]: entry["verdict"] for entry in report["submissions"]}
    assert {name: verdict["status"] for name, verdict in found.items()} == {"ann": "pass", "bob": "error"}
    assert {verdict["seed"] for verdict in found.values()} == {5}


def test_with_a_kata_named_a_learners_folder_may_be_its_answer(kata, tmp_path):
    (tmp_path / "all" / "ann").mkdir(parents=True)
    (tmp_path / "all" / "ann" / "answer.py").write_text(RIGHT, "utf-8")
    (tmp_path / "all" / "bob").mkdir()
    ran = kata("grade", tmp_path / "all", "--kata", "mini", "--format", "json")
    found = {entry["name"]: entry["verdict"]["status"] for entry in json.loads(ran.out)["submissions"]}
    assert found == {"ann": "pass", "bob": "error"}


def test_nobody_is_graded_where_the_package_of_a_kata_is_lacking(kata, submissions, mini_root, tmp_path):
    place = mini_root / "katas" / "01-keys" / "01-mini" / "kata.toml"
    place.write_text('packages = ["no_such_package"]\n' + place.read_text("utf-8"), "utf-8")
    output = tmp_path / "report.json"
    ran = kata("grade", submissions(ann=RIGHT), "--format", "json", "--output", output)
    assert ran.status == 2 and "no_such_package" in ran.said and not output.exists()


@pytest.mark.parametrize("words, told", [(("nowhere",), "not a folder"), ((".",), "holds no answer")])
def test_a_folder_without_answers_is_told(kata, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    ran = kata("grade", *(word.replace(".", "empty") for word in words))
    assert ran.status == 2 and told in ran.said


@pytest.fixture
def open_machine(monkeypatch):
    """As if nothing could be closed off here."""

    class Open:
        isolation, lacks = "none", "the kernel has no Landlock"

        def close(self):
            return None

    monkeypatch.setattr("kms_katas.cli.grade.best_runner", lambda *_: Open())


def test_strangers_are_not_graded_where_nothing_closes_them_off(kata, submissions, open_machine):
    ran = kata("grade", submissions(ann=RIGHT))
    assert ran.status == 2 and "no Landlock" in ran.said and "--isolation none" in ran.said


def test_where_nothing_closes_them_off_no_earlier_report_is_left(kata, submissions, open_machine, tmp_path):
    earlier = tmp_path / "grades.json"
    earlier.write_text('"pass"', "utf-8")
    assert kata("grade", submissions(ann=RIGHT), "--format", "json", "--output", earlier).status == 2
    (found,) = json.loads(earlier.read_text("utf-8"))["submissions"]
    assert found["verdict"]["status"] == "error"


def test_unless_somebody_says_so_in_words(kata, submissions, open_machine):
    ran = kata("grade", submissions(ann=RIGHT), "--isolation", "none", "--format", "json")
    (found,) = json.loads(ran.out)["submissions"]
    assert (ran.status, found["verdict"]["isolation"]) == (0, "none")


@pytest.mark.parametrize("level", ["none", "lite", "full"])
def test_check_takes_a_level_and_the_verdict_says_it(run, mini_root, submissions, level):
    runner = best_runner()
    best = runner.isolation
    runner.close()
    if sandbox.LEVELS.index(level) > sandbox.LEVELS.index(best):
        pytest.skip(f"this machine has no {level}")
    answers = submissions(ann=RIGHT) / "ann"
    ran = run("--kit", mini_root, "check", "--answers", answers, "--isolation", level, "--format", "json")
    (verdict,) = json.loads(ran.out)["katas"]
    assert (ran.status, verdict["isolation"], verdict["runner"]) == (0, level, os.environ.get("KATA_RUNNER", "forked"))


def test_a_level_that_nobody_knows_is_refused(kata):
    ran = kata("check", "--isolation", "moonlight")
    assert ran.status == 2 and "moonlight" in ran.said


def test_whoever_is_left_out_is_named_with_the_reason(kata, submissions, tmp_path):
    folder = submissions(ann=RIGHT)
    (tmp_path / "elsewhere" / "keys" / "mini").mkdir(parents=True)
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "eve").mkdir()
    (folder / "dan.py").write_text(RIGHT)
    (folder / ".DS_Store").write_text("")
    ran = kata("grade", folder)
    assert ran.out.splitlines()[0].split()[:2] == ["pass", "ann"] and "1 of 1 answer passed." in ran.out
    told = dict(line.strip().split(": ", 1) for line in ran.err.splitlines()[2:])
    assert told.keys() == {"dan.py", "eve", "linked"}
    assert "a file" in told["dan.py"] and "no answer" in told["eve"] and "a link" in told["linked"]


def test_a_learner_whose_folder_is_a_link_is_no_pass(kata, submissions, tmp_path):
    folder = submissions(ann=RIGHT)
    assert kata("grade", folder).status == 0
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    assert kata("grade", folder).status == 1


def test_where_nobody_is_left_out_nothing_is_said_of_it(kata, submissions):
    assert kata("grade", submissions(ann=RIGHT, bob=WRONG)).err == ""


def test_a_folder_of_links_alone_is_told_as_such(kata, tmp_path):
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "ann").symlink_to(tmp_path, target_is_directory=True)
    ran = kata("grade", tmp_path / "all")
    assert ran.status == 2 and "holds no answer" in ran.err and "a link" in ran.err


def test_a_folder_that_may_not_be_read_keeps_nobody_else_from_a_verdict(kata, submissions):
    folder = submissions(ann=RIGHT, bob=RIGHT)
    (folder / "bob").chmod(0)
    if os.access(folder / "bob", os.R_OK):
        pytest.skip("no right can be taken away here: root keeps all")
    try:
        ran = kata("grade", folder)
    finally:
        (folder / "bob").chmod(0o700)
    assert ran.out.split()[:2] == ["pass", "ann"] and "bob" in ran.err


def test_ctrl_c_says_how_far_it_came_and_that_no_verdict_is_kept(kata, submissions, tmp_path, monkeypatch):
    def interrupted(kit, jobs, *_):
        yield jobs[0], report.unfinished([jobs[0].kata], 0)[0]
        raise KeyboardInterrupt

    monkeypatch.setattr("kms_katas.cli.grade.grade_in_lanes", interrupted)
    output = tmp_path / "cohort.json"
    ran = kata("grade", submissions(ann=RIGHT, bob=RIGHT), "--format", "json", "--output", output)
    assert ran.status == 130 and "1 of 2 answers" in ran.err and "Nothing is lost" not in ran.err
    assert {entry["verdict"]["status"] for entry in json.loads(output.read_text())["submissions"]} == {"error"}
