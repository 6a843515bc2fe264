"""A course at the command line: the workspace that its learners get, due dates, and totals of those who handed in."""

import csv
import json
import os
import random
import shutil
from unicodedata import normalize

import pytest

from kms_katas.study.progress import NAME

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
WRONG = "def open_it(kms, blob):\n    return blob\n"
COURSE = """schema = "urn:kms-katas:course:1"
title = "A course"
kit = ">=0"
extra = ["own"]
[cost]
hint = "10 %"
solution = 1
[[kata]]
id = "clinic/note"
weight = 3
due = 2026-05-01T12:00:00+02:00
[[kata]]
id = "keys/mini"
"""


@pytest.fixture
def course(mini_root, tmp_path):
    """The course.toml of a course on the mini kit, with one kata of its own, which is the mini kata again."""
    own = tmp_path / "a course" / "own"
    for part, folder, file in (("katas", "01-clinic/01-note", ""), ("tests/graders", "01_clinic", "test_note.py")):
        (own / part / folder).mkdir(parents=True)
        source = mini_root / ("katas/01-keys/01-mini" if not file else "tests/graders/01_keys")
        for path in source.iterdir():
            text = path.read_text("utf-8").replace("keys/mini", "clinic/note")
            (own / part / folder / (file or path.name)).write_text(text, "utf-8")
    (own.parent / "course.toml").write_text(COURSE, "utf-8")
    return own.parent / "course.toml"


@pytest.fixture
def hand_in(tmp_path):
    """`hand_in(name, note=..., mini=..., progress=...)` into the folder that it gives."""

    def hand_it_in(name, note=None, mini=None, progress=None):
        folder = tmp_path / "handed in" / name
        for kata, source in (("clinic/note", note), ("keys/mini", mini)):
            if source is not None:
                (folder / kata).mkdir(parents=True)
                (folder / kata / "answer.py").write_text(source, "utf-8")
        if progress is not None:
            (folder / NAME).write_text(progress, "utf-8")
        return folder.parent

    return hand_it_in


@pytest.fixture
def graded(kata, course, tmp_path):
    """`graded(SUBMISSIONS, WORDS)`: the lines of the totals by learner."""

    def grade(submissions, *words):
        output = tmp_path / "totals.csv"
        ran = kata("grade", submissions, "--course", course, *words, "--format", "course-csv", "--output", output)
        assert ran.status in (0, 1), ran.said
        return {row["name"]: row for row in csv.DictReader(output.read_text("utf-8").splitlines())}

    return grade


# The workspace


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_learner_gets_the_katas_of_the_course_and_none_of_its_checks(kata, course, here):
    ran = kata("init", "--course", course)
    assert ran.status == 0 and "A course" in ran.said
    held = files(here / "my-katas")
    assert {"clinic/note/answer.py", "keys/mini/answer.py", "course.toml"} <= held
    assert not [name for name in held if "test" in name or "solution" in name]
    texts = [(here / "my-katas" / name).read_text("utf-8") for name in held]
    assert not [text for text in texts if "test_comes_back" in text]


def test_the_list_follows_the_course_with_due_dates(kata, course, here):
    kata("init", "--course", course)
    lines = [line.split() for line in kata("list").out.splitlines()[1:]]
    assert [line[1] for line in lines] == ["clinic/note", "keys/mini"]
    assert "2026-05-01 12:00+02:00" in kata("list").out
    entries = json.loads(kata("list", "--format", "json").out)["katas"]
    assert [(entry["weight"], entry["due"]) for entry in entries] == [(3.0, "2026-05-01T12:00:00+02:00"), (1.0, None)]


def test_what_cannot_be_checked_here_is_told_and_never_in_the_way(kata, course, here):
    kata("init", "--course", course)
    answer = here / "my-katas" / "keys" / "mini" / "answer.py"
    assert "You are at keys/mini" in kata().out
    answer.write_text(RIGHT)
    assert kata("check").status == 0
    ran = kata("check", "clinic/note")
    assert ran.status == 2 and "hand in" in ran.said
    ran = kata("check", "--all")
    assert (
        ran.status == 0 and "Not checked, clinic/note" in ran.err and "clinic/note" not in ran.out.partition("Next:")[0]
    )
    for words in (("try", "clinic/note"), ("watch", "clinic/note")):
        assert kata(*words).status == 2
    for words in (("brief", "clinic/note"), ("hint", "clinic/note"), ("reset", "clinic/note", "--yes")):
        assert kata(*words).status == 0


def test_what_a_workspace_calls_checks_is_never_run(kata, course, here):
    kata("init", "--course", course)
    shutil.copytree(course.parent / "own" / "tests", here / "my-katas" / ".course" / "1" / "tests")
    (checks,) = (here / "my-katas" / ".course").rglob("test_note.py")
    checks.write_text(f"open({str(here / 'ran')!r}, 'w')\n" + checks.read_text("utf-8"), "utf-8")
    assert [kata(verb, "clinic/note").status for verb in ("check", "try", "watch")] == [2, 2, 2]
    assert kata("check", "--all").status == 1
    kata("grade", ".")
    assert not (here / "ran").exists()


def test_a_course_among_the_answers_of_others_chooses_no_katas(kata, course, here, monkeypatch):
    course.write_text(COURSE.partition('[[kata]]\nid = "keys/mini')[0], "utf-8")
    kata("init", "--course", course)
    assert [line.split()[1] for line in kata("list").out.splitlines()[1:]] == ["clinic/note"]
    monkeypatch.chdir(here / "my-katas")
    assert "keys/mini" in kata("check", "--all", "--answers", ".").out


def test_no_solution_that_is_not_there_is_noted_as_shown(kata, course, progress):
    kata("init", "--course", course)
    assert kata("solution", "clinic/note", "--anyway").status == 2
    assert "solution" not in progress()


def test_a_learner_is_told_what_help_costs(kata, course):
    kata("init", "--course", course)
    assert "10 % of the kata's points" in kata("hint", "keys/mini").said
    assert "takes off 1 point." in kata("solution", "keys/mini").said


def test_again_it_brings_what_is_new_in_the_course_and_keeps_every_answer(kata, course, here):
    kata("init", "--course", course)
    mine = here / "my-katas" / "clinic" / "note" / "answer.py"
    mine.write_text(f"# {random.random()}\n")
    before = mine.read_text()
    course.write_text(COURSE.replace("2026-05-01", "2026-06-01"), "utf-8")
    shutil.move(course.parent / "own/katas/01-clinic/01-note", course.parent / "own/katas/01-clinic/02-note")
    assert kata("init", "--course", course).status == 0
    assert "2026-06-01" in kata("list").out and mine.read_text() == before
    assert kata("init").status == 0


@pytest.mark.parametrize("place", [".", "own", "own/katas/new"])
def test_a_workspace_never_takes_the_place_of_the_course(kata, course, place):
    before = files(course.parent)
    ran = kata("init", "--course", course, course.parent / place)
    assert ran.status == 2 and "belongs to the course" in ran.said and files(course.parent) == before


def test_whoever_teaches_is_not_bound_by_the_workspace_they_stand_in(kata, course, mini_root):
    kata("init", "--course", course)
    assert kata("dev", "check").status == 0
    assert kata("dev", "check", "clinic/note").status == 2


# The totals


def test_each_learner_has_one_total_by_weight(graded, hand_in):
    hand_in("ann", note=RIGHT, mini=RIGHT)
    found = graded(hand_in("bob", mini=WRONG), "--jobs", "2")
    assert (found["ann"]["points"], found["ann"]["of"], found["ann"]["per_cent"]) == ("4", "4", "100")
    assert (found["bob"]["points"], found["bob"]["clinic/note"]) == ("0", "0")


def test_hints_count_where_the_learners_own_file_has_them(graded, hand_in):
    seen = "kms-katas-progress 1\nhint clinic/note 1 2\nhint keys/mini 1 999\nsolution keys/mini 2026-01-01\n"
    hand_in("ann", note=RIGHT, mini=RIGHT, progress=seen)
    found = graded(hand_in("bob", mini=RIGHT))
    # Of 3 points: two hints take 10 % each. And 1 of 3 for the solution; a task has 2 hints, whatever a file claims.
    assert (found["ann"]["clinic/note"], found["ann"]["keys/mini"]) == ("2.4", "0.47")
    assert (found["ann"]["hints"], found["ann"]["solutions"], found["ann"]["progress_file"]) == ("4", "1", "true")
    assert (found["bob"]["points"], found["bob"]["progress_file"]) == ("1", "false")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("/etc/hostname"),
        lambda path: path.mkdir(),
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: path.write_text("kms-katas-progress 2\n"),
        lambda path: path.write_text("hint keys/mini 1 2\n" * 100_000),
    ],
)
def test_a_progress_file_that_is_none_keeps_nobody_from_a_total_and_is_told(kata, course, graded, hand_in, make):
    folder = hand_in("bob", mini=RIGHT)
    hand_in("ann", mini=RIGHT)
    make(folder / "ann" / NAME)
    assert graded(folder)["ann"]["progress_file"] == "false"
    assert f"{NAME} of ann is there and cannot be read" in kata("grade", folder, "--course", course).said


def test_late_is_what_was_handed_in_after_the_due_date(graded, hand_in, tmp_path):
    times = tmp_path / "times.csv"
    times.write_text("name,submitted\nann,2026-05-01T10:00:01Z\nbob,2026-05-01T12:00:00+02:00\n")
    for name in ("ann", "bob"):
        folder = hand_in(name, note=RIGHT)
    found = graded(folder, "--submitted", times)
    assert [found[name]["late"] for name in ("ann", "bob")] == ["clinic/note", ""]


@pytest.mark.parametrize(
    "text", ["who,when\nann,2026-05-01T10:00:00Z\n", "name,submitted\nann,2026-05-01T10:00:00\n", "name,submitted\na,x"]
)
def test_a_time_that_cannot_be_read_is_told_before_anything_is_graded(kata, course, hand_in, tmp_path, text):
    (tmp_path / "times.csv").write_text(text)
    ran = kata("grade", hand_in("ann", mini=RIGHT), "--course", course, "--submitted", tmp_path / "times.csv")
    assert ran.status == 2 and "line 2" in ran.said and ran.out == ""


def test_the_page_for_people_ends_with_the_totals(kata, course, hand_in):
    ran = kata("grade", hand_in("ann", note=RIGHT), "--course", course)
    assert ran.out.splitlines()[-1].split() == ["ann", "3", "of", "4", "points;", "no", "progress", "file"]


def test_what_needs_a_course_says_so(kata, hand_in):
    ran = kata("grade", hand_in("ann", mini=RIGHT), "--format", "course-json")
    assert ran.status == 2 and "--course" in ran.said


def test_a_course_without_the_checks_grades_nobody(kata, course, hand_in):
    shutil.rmtree(course.parent / "own" / "tests")
    ran = kata("grade", hand_in("ann", note=RIGHT), "--course", course)
    assert ran.status == 2 and "clinic/note has no checks" in ran.said


@pytest.mark.parametrize("name", ["a course/course.toml", f"handed in/ann/{NAME}"])
def test_no_report_takes_the_place_of_what_the_totals_come_from(kata, course, hand_in, tmp_path, name):
    folder = hand_in("ann", mini=RIGHT, progress="kms-katas-progress 1\n")
    before = (tmp_path / name).read_bytes()
    ran = kata("grade", folder, "--course", course, "--format", "course-csv", "--output", tmp_path / name)
    assert ran.status == 2 and "write over" in ran.said and (tmp_path / name).read_bytes() == before


# Beside what else a workspace and a grading can be


PATHS = """schema = "urn:kms-katas:paths:1"
[path.short]
title = "A walk"
minutes = 20
katas = ["keys/mini"]
"""


@pytest.fixture
def path(mini_root):
    """The mini kit with a path."""
    (mini_root / "katas" / "paths.toml").write_text(PATHS, "utf-8")
    return "short"


def listed(kata):
    return [entry["id"] for entry in json.loads(kata("list", "--format", "json").out)["katas"]]


def test_a_course_has_no_path(kata, course, here, path):
    for words in (("--path", path), ("--path", path, "--from", "keys/mini"), ("--from", "keys/mini")):
        ran = kata("init", "--course", course, *words)
        assert ran.status == 2 and "leave --path and --from out" in ran.said and not files(here)
    kata("init", "--course", course)
    before = files(here)
    for words in (("--path", path), ("--from", "keys/mini"), ("my-katas", "--path", path)):
        ran = kata("init", *words)
        assert ran.status == 2 and "is of a course" in ran.said and files(here) == before


def test_a_path_is_for_another_workspace_wherever_the_learner_stands(kata, course, here, path, monkeypatch):
    kata("init", "--course", course)
    monkeypatch.chdir(here / "my-katas")
    assert kata("init", here / "other", "--path", path).status == 0
    monkeypatch.chdir(here / "other")
    assert listed(kata) == ["keys/mini"] and "path short" in kata().said


def test_a_course_that_comes_into_a_workspace_with_a_path_stands_in_its_place(kata, course, here, path):
    kata("init", "--path", path)
    answer = here / "my-katas" / "keys" / "mini" / "answer.py"
    answer.write_text(RIGHT)
    assert kata("check", "keys/mini").status == 0
    ran = kata("init", "--course", course)
    assert ran.status == 0 and "not the path short" in ran.said and answer.read_text() == RIGHT
    assert listed(kata) == ["clinic/note", "keys/mini"]
    assert "1 of 2 katas passed" in kata().said and "path" not in kata().said


def test_a_notebook_of_what_cannot_be_checked_here_is_made_to_be_handed_in(kata, course, here):
    kata("init", "--course", course)
    ran = kata("notebook", "clinic/note")
    assert ran.status == 0 and "with your course" in ran.said
    ran = kata("check", here / "my-katas/clinic/note/answer.ipynb")
    assert ran.status == 2 and "hand in" in ran.said


def test_a_zip_gives_the_totals_that_its_folder_gives(graded, hand_in, tmp_path):
    hand_in("ann", note=RIGHT, progress="kms-katas-progress 1\nhint clinic/note 1 1\n")
    folder = hand_in("bob", mini=WRONG)
    expected = graded(folder, "--seed", "5")
    assert expected["ann"]["clinic/note"] == "2.7"
    assert graded(shutil.make_archive(str(tmp_path / "all"), "zip", folder), "--seed", "5") == expected


def test_a_verdict_that_is_taken_over_is_weighed_with_the_hints_of_today(graded, hand_in, tmp_path):
    folder = hand_in("ann", note=RIGHT, mini=RIGHT, progress="kms-katas-progress 1\n")
    assert graded(folder)["ann"]["points"] == "4"
    (folder / "ann" / NAME).write_text("kms-katas-progress 1\nhint clinic/note 1 1\n", "utf-8")
    assert graded(folder, "--only-changed")["ann"]["points"] == "3.7"


def test_checks_of_the_course_that_change_are_run_again(kata, course, graded, hand_in):
    folder = hand_in("ann", note=RIGHT, mini=RIGHT)
    graded(folder)
    checks = course.parent / "own/tests/graders/01_clinic/test_note.py"
    checks.write_text(checks.read_text("utf-8") + "\n", "utf-8")
    ran = kata("grade", folder, "--course", course, "--only-changed")
    assert "1 answer to grade" in ran.said and "clinic/note: the checks changed" in ran.said


def test_other_reports_go_with_the_totals(kata, course, hand_in, tmp_path):
    folder = hand_in("ann", note=RIGHT, mini=RIGHT)
    old, page, totals = (tmp_path / name for name in ("old.json", "page.html", "totals.json"))
    words = [("--format", format, "--output", path) for format, path in (("stats-html", page), ("course-json", totals))]
    assert kata("grade", folder, "--course", course, "--format", "json", "--output", old).status == 0
    ran = kata("grade", folder, "--course", course, "--against", old, *words[0], *words[1])
    assert ran.status == 0 and "clinic/note" in page.read_text("utf-8")
    (learner,) = json.loads(totals.read_text("utf-8"))["learners"]
    assert learner["points"] == 4
    ran = kata("grade", folder, "--course", course, "--against", totals)
    assert ran.status == 2 and "--format json" in ran.said


def test_an_answer_that_was_given_costs_what_a_solution_costs(graded, hand_in):
    folder = hand_in("ann", note=RIGHT, mini=RIGHT, progress="kms-katas-progress 1\ngiven keys/mini 2026-01-01\n")
    assert (graded(folder)["ann"]["solutions"], graded(folder)["ann"]["keys/mini"]) == ("1", "0.67")


METADATA = """submission_1:
  :submitters:
  - :name: Ann
    :sid: '1'
  :created_at: 2026-05-01 10:00:01.123456789 Z
submission_2:
  :submitters:
  - :name: Bo
    :sid: '2'
  :created_at: 2026-05-01 10:00:00
"""


def test_a_time_that_gradescope_gives_makes_late_and_one_without_an_offset_says_nothing(graded, hand_in, tmp_path):
    for number in (1, 2):
        folder = hand_in(f"submission_{number}", note=RIGHT)
    (folder / "submission_metadata.yml").write_text(METADATA, "utf-8")
    late = {name: row["late"] for name, row in graded(folder).items()}
    assert late == {"Ann_1": "clinic/note", "Bo_2": ""}
    (tmp_path / "times.csv").write_text("name,submitted\nAnn_1,2026-05-01T11:59:00+02:00\nBo_2,\n")
    assert graded(folder, "--submitted", tmp_path / "times.csv")["Ann_1"]["late"] == ""


def test_of_whom_no_time_is_known_it_is_said_and_which_time_is_nobodys(kata, course, hand_in, tmp_path):
    hand_in(normalize("NFD", "zoë"), note=RIGHT)  # as a Mac writes it; below, as a spreadsheet does
    hand_in("ann", note=RIGHT)
    folder = hand_in("bob", note=RIGHT)
    lines = ["name,submitted", "bob,", *(f"{name},2026-05-01T10:00:00Z" for name in ("ann", "Bob", "zoë"))]
    (tmp_path / "times.csv").write_text("\n".join(lines), "utf-8")
    ran = kata("grade", folder, "--course", course, "--submitted", tmp_path / "times.csv")
    assert "not known when bob handed in" in ran.said
    assert "--submitted names Bob, and nobody of that name handed in" in ran.said


def test_files_as_canvas_gives_them_have_hints_and_a_word_on_late(kata, course, graded, hand_in, here):
    folder = here / "from canvas"
    folder.mkdir()
    (folder / "leeann_LATE_11_101_answer.py").write_text(RIGHT, "utf-8")
    (folder / "leeann_LATE_11_102_kata-progress-1.txt").write_text("kms-katas-progress 1\nhint clinic/note 1 1\n")
    (row,) = graded(folder, "--kata", "clinic/note").values()
    assert (row["name"], row["hints"], row["points"], row["late"]) == ("leeann_11", "1", "2.7", "")
    ran = kata("grade", folder, "--course", course, "--kata", "clinic/note")
    assert "Canvas calls leeann_11 late" in ran.said and "--submitted" in ran.said
