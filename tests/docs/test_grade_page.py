"""The page on grading a course: its commands do what it says, in its own order, and leave the reports that it names."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kms_katas.grading.runner import best_runner

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "grade-a-course.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def closed_off():
    runner = best_runner()
    try:
        if runner.isolation == "none":
            pytest.skip(f"answers cannot be closed off here: {runner.lacks}")
    finally:
        runner.close()


@pytest.fixture
def course(tmp_path, closed_off):
    """What the page's first block shows: ann's answers are right, bob's is the starter."""
    for line in blocks("text")[0].splitlines()[1:]:
        learner, track, name, file = line.strip().split("/")
        tree = ROOT / ("solutions" if learner == "ann" else "katas")
        (source,) = tree.glob(f"*-{track}/*-{name}/{file}")
        target = tmp_path / "submissions" / line.strip()
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return tmp_path


def in_bash(words, folder, **environment):
    """What the page's `kata` does in `folder`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-e", "-c", words], cwd=folder, env=os.environ | {"PATH": path} | environment, capture_output=True
    )
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


def test_the_folder_of_the_page_is_graded_as_it_says(course):
    short, long, *_ = blocks("bash")
    status, said, complained = in_bash(short, course)
    assert [line.split()[:3] for line in said.splitlines() if "/" in line] == [
        ["pass", "ann", "keys/hello"],
        ["pass", "ann", "cross-account/two-halves"],
        ["fail", "bob", "keys/hello"],
    ], complained
    assert status == 1

    assert in_bash(long, course)[0] == 1
    assert len((course / "grades.csv").read_text("utf-8").splitlines()) == 4
    assert (course / "pages" / "index.html").is_file()

    (find,) = blocks("py")
    assert found(find, course) == "grade again: nobody"
    assert found(find, killed(course)) == "grade again: ann, bob"
    cohort = json.loads((course / "cohort.json").read_text("utf-8"))
    lost = {
        "status": "error",
        "message": "It was run 3 times, and each time it was lost. So nothing is known about it.",
    }
    cohort["submissions"][-1]["verdict"]["checks"][0] |= lost
    (course / "cohort.json").write_text(json.dumps(cohort), "utf-8")
    assert found(find, course) == "grade again: bob"
    # As Verdict.as_data shows a hidden check: without a message.
    unsaid = {"check": "hidden_1", "title": "It holds.", "task": 1, "status": "error", "points": 0, "max_points": 1}
    cohort["submissions"][0]["verdict"]["checks"] = [unsaid | {"hidden": True}]
    (course / "cohort.json").write_text(json.dumps(cohort), "utf-8")
    assert found(find, course) == "grade again: ann, bob"


def test_the_next_grading_of_the_page_grades_what_changed_and_says_what_is_other(course):
    _, long, later, *_ = blocks("bash")
    assert in_bash(long, course)[0] == 1
    (right,) = (ROOT / "solutions").glob("*-keys/*-hello/answer.py")
    shutil.copy(right, course / "submissions" / "bob" / "keys" / "hello" / "answer.py")
    status, said, complained = in_bash(later, course)
    assert status == 0 and "1 of 3 answers in both reports changed." in said, complained
    assert "bob keys/hello: the answer changed" in " ".join(complained.split()) and "ann" not in complained
    assert len(json.loads((course / "cohort-2.json").read_text("utf-8"))["submissions"]) == 3


def killed(course):
    """A folder with what --output held while that was graded."""
    (course / "killed").mkdir()
    program = (
        "import os; from kms_katas import cli; from kms_katas.cli import grade\n"
        "grade._graded = lambda *_: os._exit(9)\n"
        "import sys; sys.argv = 'kata grade submissions --format json --output killed/cohort.json'.split()\n"
        "cli.main()"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=course).returncode == 9
    return course / "killed"


def found(program, folder):
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True).stdout.strip()


def test_the_workflow_is_green_though_an_answer_fails_and_keeps_what_it_uploads(course):
    (job,) = yaml.safe_load(blocks("yaml")[0])["jobs"].values()
    (grade,) = (step["run"] for step in job["steps"] if "kata grade" in step.get("run", ""))
    status, log, complained = in_bash(
        grade, course, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(course / "summary.md")
    )
    assert status == 0, complained
    assert "::error file=" in log and "2 of 3 answers passed" in (course / "summary.md").read_text("utf-8")
    for path in job["steps"][-1]["with"]["path"].split():
        assert (course / path).exists()


def test_the_workflow_is_red_where_nobody_was_graded(course):
    (job,) = yaml.safe_load(blocks("yaml")[0])["jobs"].values()
    (grade,) = (step["run"] for step in job["steps"] if "kata grade" in step.get("run", ""))
    shutil.rmtree(course / "submissions")
    assert in_bash(grade, course)[0] != 0
