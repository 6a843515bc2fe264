"""Several reports of one grading: each in its place, all of one verdict; and no report in the place of what is dear."""

import csv
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.cli import report
from kms_katas.cli.app import CheckFormat
from kms_katas.kit import KitError
from kms_katas.reports.classroom50 import VARIABLES
from kms_katas.reports.github import MAX_SUMMARY

from .conftest import RIGHT, WRONG

OF_GRADE = ("text", "json", "junit", "github", "csv", "html", "stats-json", "stats-csv", "stats-html")


@pytest.fixture(autouse=True)
def no_github(monkeypatch):
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def submissions(tmp_path):
    for name, source in (("ann", RIGHT), ("bob", WRONG)):
        (tmp_path / "all" / name / "keys" / "mini").mkdir(parents=True)
        (tmp_path / "all" / name / "keys" / "mini" / "answer.py").write_text(source)
    return tmp_path / "all"


def asked(pairs):
    """The words that ask for these (format, output)."""
    return [word for format, output in pairs for word in ("--format", format, "--output", output)]


@pytest.fixture
def ungraded(monkeypatch):
    """Fails the test where anything is graded."""
    for name in ("check.grade", "grade.grade_in_lanes"):
        monkeypatch.setattr(f"kms_katas.cli.{name}", lambda *_: pytest.fail("it was graded"))


def test_one_grading_gives_every_report_of_a_cohort(kata, submissions, here):
    ran = kata("grade", submissions, "--seed", 5, *asked((name, here / f"to.{name}") for name in OF_GRADE))
    assert ran.status == 1 and ran.err == ""
    data = json.loads((here / "to.json").read_text("utf-8"))["submissions"]
    assert [(entry["name"], entry["verdict"]["status"]) for entry in data] == [("ann", "pass"), ("bob", "fail")]
    suites = list(ElementTree.parse(here / "to.junit").getroot())
    assert [suite.get("name") for suite in suites] == ["ann: keys/mini", "bob: keys/mini"]
    assert [row["status"] for row in csv.DictReader(io.StringIO((here / "to.csv").read_text("utf-8")))] == [
        "pass",
        "fail",
    ]
    counted = json.loads((here / "to.stats-json").read_text("utf-8"))["katas"]
    assert [(one["answers"], one["passed"], sum(check["stops"] for check in one["checks"])) for one in counted] == [
        (2, 1, 1)
    ]
    assert (here / "to.html" / "bob" / "keys.mini.html").is_file()
    assert 'href="./to.html/bob/keys.mini.html"' in (here / "to.stats-html").read_text("utf-8")
    assert "1 of 2 answers passed" in (here / "to.text").read_text("utf-8")
    assert (here / "to.github").read_text("utf-8").startswith("**1 of 2 answers passed, 3 of 6 points.**")
    assert ran.out.count("::error ") == 2 and "title=bob%3A keys/mini" in ran.out


def test_one_grading_gives_several_reports_of_an_answer_and_prints_one(kata, answer, here):
    answer.write_text(WRONG)
    ran = kata("check", *asked((("junit", here / "to.xml"), ("json", "-"), ("html", here / "page.html"))))
    seed = str(json.loads(ran.out)["katas"][0]["seed"])
    properties = {
        entry.get("name"): entry.get("value") for entry in ElementTree.parse(here / "to.xml").iter("property")
    }
    assert (ran.status, properties["seed"]) == (1, seed)
    assert f"Seed {seed}." in (here / "page.html").read_text("utf-8")


def timeless(text):
    """The report without what says when, or how long it took."""
    text = re.sub(r'("(?:seconds|execution_time|datetime|graded_at)": )[^\n]*', r"\1", text)
    return re.sub(r'time="[^"]*"|"\d+\.\d{3}"', "", text)


def test_the_seed_gives_every_report_again_in_the_same_words(kata, answer, here, monkeypatch):
    for name in VARIABLES:
        monkeypatch.setenv(name, "submit/word")
    answer.write_text(WRONG)

    def told(seed):
        ran = kata("check", "mini", "--seed", seed, *asked((name, here / name) for name in CheckFormat))
        return {name: timeless((here / name).read_text("utf-8")) for name in CheckFormat} | {"log": ran.out}

    first, again, other = told(11), told(11), told(12)
    assert again == first
    assert [name for name, text in first.items() if other[name] == text] == []


@pytest.mark.parametrize(
    "words, told",
    [
        (("--format", "json", "--format", "junit"), "2 reports"),
        (("--format", "json", "--format", "junit", "--output", "a"), "2 reports"),
        (("--output", "a", "--output", "b"), "2 places"),
        (asked((("json", "-"), ("junit", "-"))), "both be printed"),
        (asked((("github", "a"), ("json", "-"))), "both be printed"),
        (asked((("json", "a"), ("junit", "./a"))), "both go to"),
        (("--output", "my-katas/keys/mini/answer.py"), "write over what is graded"),
        (asked((("json", "a"), ("csv", "link.csv"))), "write over what is graded"),
        (("--output", "my-katas/kata-progress.txt"), "write over"),
    ],
)
def test_what_leaves_a_question_or_costs_a_file_is_refused_and_nothing_is_touched(
    kata, answer, here, ungraded, words, told
):
    answer.write_text(RIGHT)
    if sys.platform != "win32":
        (here / "link.csv").symlink_to(answer)
    elif "link.csv" in words:
        pytest.skip("needs links")
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    ran = kata("check", "mini", *words)
    assert ran.status == 2 and told in ran.said
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def test_no_report_of_a_cohort_takes_the_place_of_a_submission(kata, submissions, ungraded):
    dear = submissions / "ann" / "keys" / "mini" / "answer.py"
    ran = kata("grade", submissions, "--format", "csv", "--output", dear)
    assert ran.status == 2 and dear.read_text() == RIGHT


def test_annotations_go_into_the_log_beside_the_page_for_people(kata, answer, here):
    answer.write_text(WRONG)
    ran = kata("check", *asked((("github", here / "summary"), ("text", "-"))))
    assert ran.out.startswith("::error ") and "A mini kata" in ran.out


def test_a_report_that_cannot_be_written_at_the_end_keeps_no_other_from_its_place(kata, answer, here, monkeypatch):
    from kms_katas.cli import check

    grade = check.grade

    def and_lose_a_folder(*arguments):
        (here / "gone" / "to.xml").unlink()
        (here / "gone").rmdir()
        return grade(*arguments)

    monkeypatch.setattr(check, "grade", and_lose_a_folder)
    (here / "gone").mkdir()
    answer.write_text(RIGHT)
    ran = kata("check", *asked((("junit", here / "gone" / "to.xml"), ("json", here / "to.json"))))
    assert ran.status == 2 and "gone" in ran.said
    assert json.loads((here / "to.json").read_text("utf-8"))["katas"][0]["status"] == "pass"
    assert "keys/mini" in (here / "my-katas" / "kata-progress.txt").read_text("utf-8")


@given(st.lists(st.booleans(), max_size=5))
def test_files_are_written_before_anything_is_printed_in_the_order_asked(printed):
    reports = [report.Wanted("json", None if alone else Path(str(place))) for place, alone in enumerate(printed)]
    done = []
    report.deliver(reports, done.append)
    assert done == [one for one in reports if one.output] + [one for one in reports if not one.output]


def test_on_a_full_disk_what_stood_there_stays(here, monkeypatch):
    def full(path, text):
        path.write_text("")
        raise OSError(errno.ENOSPC, "No space left on device")

    (here / "report").write_text("error")
    monkeypatch.setattr(report, "_plainly", full)
    with pytest.raises(KitError, match=r"No space left.*Make room"):
        report.write(here / "report", "after")
    assert (here / "report").read_text() == "error"
    assert list(here.iterdir()) == [here / "report"]


def test_a_file_of_the_longest_name_can_be_written(here):
    path = here / ("x" * 250 + ".json")
    report.write(path, "text")
    assert path.read_text() == "text"


KILLED = """
import os, signal, sys
from kms_katas import cli
from kms_katas.cli import grade
grade.grade_in_lanes = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["kata", *sys.argv[1:]]
cli.main()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal here")
def test_a_grader_that_is_killed_leaves_error_in_every_report_that_was_asked_for(mini_root, submissions, here):
    places = {name: here / name for name in OF_GRADE}
    for place in places.values():
        if place.name != "html":
            place.write_text("An earlier report: pass.")
    words = ["--kit", mini_root, "grade", submissions, "--isolation", "none", *asked(places.items())]
    done = subprocess.run([sys.executable, "-c", KILLED, *map(str, words)], capture_output=True)
    assert done.returncode == -signal.SIGKILL
    places["html"] = here / "html" / "ann" / "keys.mini.html"
    told = {name: place.read_text("utf-8") for name, place in places.items()}
    assert all("not come to its end" in text and "An earlier" not in text for text in told.values())
    assert {entry["verdict"]["status"] for entry in json.loads(told["json"])["submissions"]} == {"error"}
    assert ElementTree.fromstring(told["junit"]).get("errors") == "2"
    assert {row["status"] for row in csv.DictReader(io.StringIO(told["csv"]))} == {"error"}
    assert "0 of 2 answers passed" in (here / "html" / "index.html").read_text("utf-8")


def test_the_steps_summary_stays_below_githubs_limit_with_what_is_there(kata, answer, here, monkeypatch):
    answer.write_text(WRONG)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "summary"))
    for room in (0, 200, 600):
        (here / "summary").write_bytes(b"x" * (MAX_SUMMARY - room))
        assert kata("check", "mini", "--format", "github").status == 1
        assert MAX_SUMMARY - room <= (here / "summary").stat().st_size <= MAX_SUMMARY


@pytest.mark.skipif(sys.platform == "win32", reason="no name of a file holds such characters there")
def test_names_that_learners_chose_act_in_no_report(kata, submissions, here, monkeypatch):
    name = "e\n::add-mask::x\n##[x]`|@you<b>\x1b[31m"
    os.rename(submissions / "bob", submissions / name)
    os.rename(submissions / "ann", submissions / "Index.html")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    ran = kata("grade", submissions, *asked((("github", here / "summary"), ("html", here / "pages"), ("text", "-"))))
    assert ran.status == 1 and "add-mask" in ran.out
    for line in ran.out.splitlines():
        assert line.startswith("::error ") or not line.lstrip().startswith("::")
        assert line.startswith("::error ") or "##[" not in line
    assert all(character == "\n" or character.isprintable() for character in ran.out)
    assert "### `` e ::add-mask::x ##[x]`|@you<b>\\x1b[31m ``: keys/mini" in (here / "summary").read_text("utf-8")
    assert (here / "pages" / "index.html").is_file()
    assert (here / "pages" / "Index.html_" / "keys.mini.html").is_file()


def test_a_sentence_about_wrong_use_commands_no_runner(kata, here, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    ran = kata("check", "--answers", Path("none\n::add-mask::x"))
    assert ran.status == 2 and not any(line.startswith("::") for line in ran.err.splitlines())


@pytest.mark.parametrize("title", ["A \\u001b[31mtitle", "Two\\nlines"])
def test_a_kit_of_others_cannot_act_by_its_titles(run, mini_root, title):
    path = mini_root / "katas" / "01-keys" / "01-mini" / "kata.toml"
    path.write_text(path.read_text("utf-8").replace("A mini kata", title), "utf-8")
    ran = run("--kit", mini_root, "list")
    assert ran.status == 3 and "control characters" in ran.said and "\x1b" not in ran.out + ran.err


def test_a_kit_of_others_cannot_act_by_what_there_is_to_read(run, mini_root):
    folder = mini_root / "katas" / "01-keys" / "01-mini"
    (folder / "README.md").write_text("# Brief\x1b[2J\n\n\tcode\n", "utf-8")
    path = folder / "kata.toml"
    path.write_text(path.read_text("utf-8").replace("A mini kata", "[bold]A[/nothing] kata"), "utf-8")
    brief = run("--kit", mini_root, "brief", "mini")
    assert "\\x1b[2J" in brief.out and "\x1b" not in brief.out and "\\t" not in brief.out
    assert "[bold]A[/nothing] kata" in run("--kit", mini_root, "list").out
