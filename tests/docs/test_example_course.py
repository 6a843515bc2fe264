"""The example course and the page on it: what the page shows is what lies there, and it runs from end to end."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kms_katas.grading.runner import best_runner
from kms_katas.study.progress import NAME

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "how-to" / "example-course"
PAGE = (ROOT / "docs" / "how-to" / "run-a-course.md").read_text("utf-8")
REPORTS = (ROOT / "docs" / "reference" / "reports.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_shows_the_file_and_the_folder_as_they_are():
    lines = (EXAMPLE / "course.toml").read_text("utf-8").splitlines(keepends=True)
    (shown,) = blocks("toml")
    assert "".join(line for line in lines if not line.startswith("#")) == shown
    assert [name for name in blocks("text")[0].split() if not (EXAMPLE / name).exists()] == []


def test_the_page_on_writing_a_kata_shows_its_checks_as_they_are():
    page = (ROOT / "docs" / "how-to" / "write-a-kata.md").read_text("utf-8")
    (shown,) = re.findall(r"^```py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert shown in (EXAMPLE / "own/tests/graders/01_clinic/test_visit_note.py").read_text("utf-8")


@pytest.fixture
def course(tmp_path):
    """A copy of the example, to be worked in."""
    return shutil.copytree(EXAMPLE, tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))


def in_bash(words, folder, **environment):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-e", "-c", words],
        cwd=folder,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def solve(workspace, track, name):
    for tree in (ROOT / "solutions", EXAMPLE / "own" / "solutions"):
        for folder in tree.glob(f"*-{track}/*-{name}"):
            for file in (workspace / track / name).glob("*.py"):
                shutil.copy(folder / file.name, file)


def test_the_course_is_given_and_graded_as_the_page_says(course):
    runner = best_runner()
    try:
        if runner.isolation == "none":
            pytest.skip(f"answers cannot be closed off here: {runner.lacks}")
    finally:
        runner.close()
    prove, give, grade = blocks("bash")
    assert "clinic/visit-note" in in_bash(prove, course)
    in_bash(give, course)
    handed_out = {path.relative_to(course / "workspace") for path in (course / "workspace").rglob("*")}
    private = [path.read_bytes() for path in (course / "own").rglob("*.py") if "katas" not in path.parts]
    assert not [
        name
        for name in handed_out
        if (course / "workspace" / name).is_file() and (course / "workspace" / name).read_bytes() in private
    ]

    ann, bob = (shutil.copytree(course / "workspace", course / "submissions" / name) for name in ("ann", "bob"))
    for track, name in (("keys", "hello"), ("envelope", "encryption-context"), ("clinic", "visit-note")):
        solve(ann, track, name)
    solve(bob, "keys", "hello")
    in_bash("kata hint visit-note", ann)
    (bob / NAME).unlink()
    (course / "times.csv").write_text(blocks("text")[1], "utf-8")
    page = in_bash(grade, course)
    assert re.search(r"such as `(.*?)`", PAGE)[1] in page
    rows = {row["name"]: row for row in csv.DictReader((course / "totals.csv").read_text("utf-8").splitlines())}
    assert (rows["bob"]["late"], rows["bob"]["progress_file"], rows["bob"]["clinic/visit-note"]) == ("", "false", "0")
    header, line = re.search(r"^## `course-csv`.*?```text\n(.*?)```", REPORTS, re.M | re.S)[1].splitlines()
    assert [header, line] == (course / "totals.csv").read_text("utf-8").splitlines()[:2]


def test_the_workflow_of_the_course_runs_here(course, tmp_path):
    (job,) = yaml.safe_load((course / ".github/workflows/course.yml").read_text("utf-8"))["jobs"].values()
    install, *steps = [step["run"] for step in job["steps"] if "run" in step]
    assert install == "pip install -r requirements.txt"
    for step in steps:
        in_bash(step, course, RUNNER_TEMP=str(tmp_path))
    assert (tmp_path / "workspace" / "clinic" / "visit-note" / "answer.py").is_file()
