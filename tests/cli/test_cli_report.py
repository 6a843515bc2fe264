"""Reports in files and logs: error until the grading has ended, replaced as a whole; no line commands a log."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kms_katas.cli import report
from kms_katas.kit import KitError
from kms_katas.reports.classroom50 import VARIABLES

from .conftest import RIGHT, WRONG

FORMATS = ("text", "json", "junit", "gradescope", "classroom50", "exercism", "github", "csv", "html")


def outcome(format, text):
    """(whether the report says that all passed, whether it says that nothing is known of the answer)."""
    unknown = "not come to its end" in text
    match format:
        case "json":
            statuses = [kata["status"] for kata in json.loads(text)["katas"]]
            return set(statuses) == {"pass"}, unknown
        case "junit":
            root = ElementTree.fromstring(text)
            return root.get("tests") != "0" and root.get("failures") == root.get("errors") == "0", unknown
        case "gradescope":
            data = json.loads(text)
            return data["score"] == sum(test["max_score"] for test in data["tests"]) > 0, unknown
        case "classroom50":
            data = json.loads(text)
            return data["score"] == data["max-score"] > 0, unknown
        case "exercism":
            return json.loads(text)["status"] == "pass", unknown
        case "csv":
            (row,) = csv.DictReader(io.StringIO(text))
            return row["status"] == "pass", unknown
        case _:
            return "3 of 3 points" in text, unknown


@pytest.fixture(autouse=True)
def services(monkeypatch):
    """The environment that Classroom 50's runner gives, and no GitHub but where a test says so."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "submit/word")
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("source", [RIGHT, WRONG])
@pytest.mark.parametrize("format", FORMATS)
def test_every_format_says_whether_it_passed_as_the_exit_status_does(kata, answer, here, format, source):
    answer.write_text(source)
    ran = kata("check", "--format", format, "--output", here / "report")
    passed, unknown = outcome(format, (here / "report").read_text("utf-8"))
    assert (ran.status, passed, unknown) == (source == WRONG, source == RIGHT, False)
    assert ran.err == ""


@pytest.mark.parametrize("format", FORMATS)
def test_while_it_grades_the_file_says_error_whatever_it_said_before(kata, answer, here, monkeypatch, format):
    answer.write_text(RIGHT)
    kata("check", "--format", format, "--output", here / "report")
    assert outcome(format, (here / "report").read_text("utf-8"))[0]
    seen = []

    def interrupted(*_):
        seen.append((here / "report").read_text("utf-8"))
        raise KeyboardInterrupt

    monkeypatch.setattr("kms_katas.cli.check.grade", interrupted)
    assert kata("check", "mini", "--format", format, "--output", here / "report").status == 130
    assert outcome(format, seen[0]) == (False, True)
    assert (here / "report").read_text("utf-8") == seen[0]


KILLED = """
import os, signal, sys
from kms_katas import cli
from kms_katas.cli import {module}
def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)
{patch}
sys.argv = ["kata", *sys.argv[1:]]
cli.main()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal here")
@pytest.mark.parametrize(
    "module, patch, words",
    [
        ("check", "check.grade = kill", ("check", "mini", "--answers", "{}/ann")),
        ("grade", "grade.grade_in_lanes = kill", ("grade", "{}")),
        # The second replacement is that of the grading's end.
        (
            "report",
            "real, done = os.replace, []\nos.replace = lambda *to: kill() if done else done.append(real(*to))",
            ("check", "mini", "--answers", "{}/ann"),
        ),
    ],
)
def test_a_grader_that_is_killed_leaves_error_and_never_a_pass(mini_root, here, module, patch, words):
    (here / "all" / "ann" / "keys" / "mini").mkdir(parents=True)
    (here / "all" / "ann" / "keys" / "mini" / "answer.py").write_text(RIGHT)
    (here / "report").write_text('{"status": "pass"}')
    source = KILLED.format(module=module, patch=patch)
    command = [sys.executable, "-c", source, "--kit", mini_root, *(word.format(here / "all") for word in words)]
    done = subprocess.run([*command, "--format", "json", "--output", here / "report"], capture_output=True)
    assert done.returncode == -signal.SIGKILL
    data = json.loads((here / "report").read_text("utf-8"))
    (verdict,) = data.get("katas") or [entry["verdict"] for entry in data["submissions"]]
    assert (verdict["status"], verdict["score"], verdict["max_score"]) == ("error", 0, 3)


def test_exercism_is_refused_for_several_katas_before_any_is_graded(mini_kit):
    with pytest.raises(KitError, match="these are 2"):
        report.maker("exercism", mini_kit.katas * 2)


@pytest.mark.parametrize("absent", VARIABLES)
def test_classroom50_is_refused_where_its_runner_did_not_speak(kata, answer, monkeypatch, absent):
    monkeypatch.delenv(absent)
    monkeypatch.setattr("kms_katas.cli.check.grade", lambda *_: pytest.fail("it was graded"))
    ran = kata("check", "mini", "--format", "classroom50")
    assert ran.status == 2 and absent in ran.err


def test_on_github_the_log_gets_annotations_and_the_steps_summary_grows(kata, answer, here, monkeypatch):
    answer.write_text(WRONG)
    (here / "summary").write_text("What was there.\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "summary"))
    ran = kata("check", "--format", "github")
    assert ran.out.startswith("::error file=my-katas/keys/mini/answer.py,line=")
    assert ran.out.splitlines()[-1] == "0 of 1 kata passed, 0 of 3 points."
    page = (here / "summary").read_text("utf-8")
    assert page.startswith("What was there.\n**0 of 1 kata passed")
    assert "That is not the secret." in page


def test_a_summary_with_a_file_of_its_own_leaves_the_steps_alone(kata, answer, here, monkeypatch):
    answer.write_text(RIGHT)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "summary"))
    assert kata("check", "--format", "github", "--output", here / "mine").out == "1 of 1 kata passed, 3 of 3 points.\n"
    assert (here / "mine").is_file() and not (here / "summary").exists()


@pytest.mark.parametrize("format", ["text", "json", "junit", "csv", "html"])
def test_nothing_an_answer_says_commands_githubs_runner(kata, answer, monkeypatch, format):
    said = "::add-mask::a\\n   ::stop-commands::b\\n##[add-mask]c\\n"
    long = "".join(f"{'x' * width}::error::wrapped" for width in range(60, 120))
    answer.write_text(f"print('{said}')\ndef open_it(kms, blob):\n    raise ValueError('{said}{long}')\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    ran = kata("check", "--format", format)
    assert ran.status == 1 and "add-mask" in ran.out
    for line in ran.out.splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
    if format == "json":
        assert "##[add-mask]c" in json.loads(ran.out)["katas"][0]["checks"][0]["output"]


@pytest.fixture
def submissions(tmp_path):
    """A folder with the answers of two, one of whom has a name that acts."""
    for name, source in (("ann", RIGHT), ("=b\x1b[31mob&", WRONG)):
        (tmp_path / "all" / name / "keys" / "mini").mkdir(parents=True)
        (tmp_path / "all" / name / "keys" / "mini" / "answer.py").write_text(source)
    return tmp_path / "all"


def test_a_cohort_as_csv_has_a_row_for_each(kata, submissions):
    ran = kata("grade", submissions, "--format", "csv")
    found = {row["name"]: row["status"] for row in csv.DictReader(io.StringIO(ran.out))}
    assert (ran.status, found) == (1, {"ann": "pass", "'=b\\x1b[31mob&": "fail"})


def test_a_cohort_as_html_is_a_page_for_each_and_an_index(kata, submissions, tmp_path):
    ran = kata("grade", submissions, "--format", "html", "--output", tmp_path / "pages")
    assert (ran.status, ran.out) == (1, "")
    assert {str(path.relative_to(tmp_path / "pages")) for path in (tmp_path / "pages").rglob("*.html")} == {
        "index.html",
        "ann/keys.mini.html",
        "=b\x1b[31mob&/keys.mini.html",
    }
    assert "3 of 3 points" in (tmp_path / "pages" / "ann" / "keys.mini.html").read_text("utf-8")
    assert "1 of 2 answers passed" in (tmp_path / "pages" / "index.html").read_text("utf-8")


def test_pages_need_a_folder(kata, submissions):
    ran = kata("grade", submissions, "--format", "html")
    assert ran.status == 2 and "--output" in ran.err


def test_a_learners_name_does_not_act_on_the_terminal(kata, submissions):
    ran = kata("grade", submissions)
    assert "\\x1b[31m" in ran.out
    assert all(character == "\n" or character.isprintable() for character in ran.out)


def test_the_seed_of_a_report_gives_the_same_verdict_and_the_same_words_again(kata, submissions):
    graded = kata("grade", submissions, "--format", "json")
    for entry in json.loads(graded.out)["submissions"]:
        first = entry["verdict"]
        words = ("--answers", submissions / entry["name"], "--seed", first["seed"], "--format", "json")
        (again,) = json.loads(kata("check", *words).out)["katas"]
        for verdict in (first, again):
            for data in (verdict, *verdict["checks"]):
                data.pop("seconds", None)
            for check in verdict["checks"]:
                for name, value in check.items():  # the path is given from where each stands
                    check[name] = value.replace(check.get("file") or "-", "FILE") if isinstance(value, str) else value
        assert first == again


def test_a_file_is_replaced_as_a_whole_and_keeps_its_mode(here):
    (here / "report").write_text("before")
    (here / "report").chmod(0o640)
    report.write(here / "report", "after")
    assert (here / "report").read_text() == "after"
    assert (here / "report").stat().st_mode & 0o777 == 0o640
    assert list(here.iterdir()) == [here / "report"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_behind_a_link_the_file_is_replaced_and_not_the_link(here):
    (here / "real").write_text("before")
    (here / "link").symlink_to("real")
    report.write(here / "link", "after")
    assert (here / "link").is_symlink() and (here / "real").read_text() == "after"


def test_where_a_file_cannot_be_replaced_it_is_written(here, monkeypatch):
    def refuse(*_):
        raise OSError(16, "Device or resource busy")

    (here / "report").write_text("before")
    monkeypatch.setattr(os, "replace", refuse)
    report.write(here / "report", "after")
    assert (here / "report").read_text() == "after"
    assert list(Path(here).iterdir()) == [here / "report"]
