"""The recipes for CI do what the page says: their own steps are run here, in a fresh environment each."""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from kms_katas.grading.runner import best_runner

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
PAGE = (ROOT / "docs" / "how-to" / "ci.md").read_text("utf-8")
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"] if "run" in step}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def closed_off():
    runner = best_runner()
    try:
        if runner.isolation != "none":
            return
        pytest.skip(f"answers cannot be closed off here: {runner.lacks}")
    finally:
        runner.close()


def answers(folder, *, right):
    """A learner's repository with keys/hello and a policy kata: reference answers, or the starters."""
    for kata in ("01-keys/01-hello", "04-cross-account/02-two-halves"):
        tree = ROOT / ("solutions" if right else "katas")
        source = next(tree.glob(f"*/*{kata.split('/')[1][2:]}"))
        target = folder / source.parent.name.split("-", 1)[1] / source.name.split("-", 1)[1]
        target.mkdir(parents=True, exist_ok=True)
        for file in (*source.glob("*.py"), *source.glob("*.json")):
            shutil.copy(file, target)
    return folder


def in_bash(words, folder, **environment):
    """Whatever Python this is comes first on PATH, as in a runner. Python's own variables stay out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "KATA", "GITHUB"))}
    base = Path(getattr(sys, "_base_executable", sys.executable)).parent
    path = f"{base}{os.pathsep}{os.environ['PATH']}"
    # As GitHub runs `shell: bash`, and a GitLab runner stops at what fails.
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", words]
    return subprocess.run(command, cwd=folder, env=kept | {"PATH": path} | environment, capture_output=True, text=True)


# The action


class Runner:
    """Runs the named steps of the action in a repository, with the values that GitHub would put in."""

    def __init__(self, folder, inputs=None, source=ROOT):
        self.temp = folder / "runner temp"
        self.temp.mkdir(exist_ok=True)
        self.output, self.summary = self.temp / "output", self.temp / "summary.md"
        given = {name: entry["default"] for name, entry in ACTION["inputs"].items()} | (inputs or {})
        self.values = {f"inputs.{name}": value for name, value in given.items()}
        self.values |= {"github.action_path": str(source), "runner.temp": str(self.temp)}

    def run(self, name, folder):
        step = STEPS[name]
        assert "${{" not in step["run"], "what a workflow gives is never part of the shell's words"
        environment = {key: self.filled_in(value) for key, value in step.get("env", {}).items()}
        files = {"GITHUB_OUTPUT": str(self.output), "GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_ACTIONS": "true"}
        return in_bash(step["run"], folder, **environment, **files)

    def filled_in(self, text):
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: self.values[found[1]], text)


@pytest.fixture
def source(tmp_path):
    """A few files in place of the kit's, where only their digest counts."""
    folder = tmp_path / "source"
    for name in ("src/kms_katas/a.py", "katas/b.md", "solutions/c.py", "tests/graders/d.py", "docs/claims/e.toml"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(name)
    for name in ("pyproject.toml", "constraints.txt", "hatch_build.py"):
        (folder / name).write_text(name)
    return folder


def test_what_is_cached_goes_by_the_python_and_by_every_file_of_the_kit(tmp_path, source):
    def key():
        runner = Runner(tmp_path, source=source)
        runner.output.unlink(missing_ok=True)
        ran = runner.run("Name what is to be installed", tmp_path)
        assert ran.returncode == 0, ran.stderr
        return runner.output.read_text("utf-8")

    first = key()
    assert first == key() and re.fullmatch(r"key=kms-katas-linux-\w+-3\.\d+\.\d+\S*-[0-9a-f]{16}\n", first)
    for name in ("tests/graders/d.py", "docs/claims/e.toml"):
        (source / name).write_text("other")
        assert key() != first
        first = key()


def test_the_environment_is_saved_before_an_answer_runs():
    order = [step.get("name") or step["uses"].partition("@")[0] for step in ACTION["runs"]["steps"]]
    assert order.index("Install") < order.index("actions/cache/save") < order.index("Check")
    assert "actions/cache" not in order


def test_every_input_is_on_the_page():
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (\S+) \|", PAGE, re.MULTILINE))
    shown = {name: f"`{entry['default']}`" if entry["default"] else "all" for name, entry in ACTION["inputs"].items()}
    assert rows == shown
    (step,) = (
        step for step in yaml.safe_load(blocks("yaml")[0])["jobs"]["check"]["steps"] if "kms-katas" in step["uses"]
    )
    assert set(step["with"]) <= set(ACTION["inputs"])


@pytest.fixture
def installed(tmp_path):
    """As if the action had installed this very kit."""
    (tmp_path / "runner temp" / "kms-katas" / "bin").mkdir(parents=True)
    kata = tmp_path / "runner temp" / "kms-katas" / "bin" / "kata"
    kata.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from kms_katas.cli import main; main()" "$@"\n')
    kata.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("right, status", [(True, 0), (False, 1)])
def test_the_action_checks_the_katas_that_are_named(installed, tmp_path, closed_off, right, status):
    runner = Runner(installed, {"katas": "keys/hello\ncross-account/two-halves\n"})
    ran = runner.run("Check", answers(tmp_path / "repository", right=right))
    assert ran.returncode == status, ran.stderr
    assert f"{2 if right else 0} of 2 katas passed" in runner.summary.read_text("utf-8")
    assert ("::error file=keys/hello/answer.py" in ran.stdout) is not right


def test_what_a_workflow_gives_is_no_command(installed, tmp_path):
    runner = Runner(installed, {"katas": "$(touch made) `touch made` ; touch made --output=made"})
    ran = runner.run("Check", answers(tmp_path / "repository", right=True))
    assert ran.returncode == 2 and not (tmp_path / "repository" / "made").exists()


@pytest.mark.system
def test_the_action_installs_the_kit_from_its_own_folder(tmp_path, closed_off):
    """Outside the repository, so that nothing of it is at hand by chance."""
    source = tmp_path / "action"
    names = ("src", "katas", "solutions", "tests/graders", "docs")
    for name in names:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "constraints.txt", "hatch_build.py", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source)
    runner = Runner(tmp_path, {"katas": "keys/hello"}, source)
    repository = answers(tmp_path / "repository", right=True)
    ran = runner.run("Install", repository)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    ran = runner.run("Check", repository)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 of 1 kata passed" in runner.summary.read_text("utf-8")


# GitLab and the shell


def test_gitlab_keeps_what_the_shell_recipe_makes():
    job = yaml.safe_load(blocks("yaml")[1])["check"]
    (install,) = re.findall(r"\.kms-katas/bin/python .*", blocks("bash")[0])
    assert install in job["before_script"][0] and job["cache"]["paths"] == [".kms-katas/"]
    assert job["cache"]["key"]["prefix"].endswith(job["image"].partition(":")[2])


@pytest.mark.system
def test_the_shell_recipe_and_then_the_job_of_gitlab_check_a_learners_repository(tmp_path, closed_off):
    build = "from hatchling import build; build.build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", f"import sys; {build}", str(tmp_path)], cwd=ROOT, check=True, capture_output=True
    )
    offered = {"PIP_FIND_LINKS": f"{tmp_path} {os.environ.get('PIP_FIND_LINKS', '')}".strip()}
    repository = answers(tmp_path / "repository", right=True)
    (wanted,) = re.findall(r"with one line, `(.*?)`", PAGE)
    (repository / "requirements.txt").write_text(f"{wanted}\n")
    (repository / "check.sh").write_text(blocks("bash")[0])
    ran = in_bash("bash check.sh keys/hello cross-account/two-halves", repository, **offered)
    assert ran.returncode == 0 and "2 of 2 katas passed" in ran.stdout, ran.stdout + ran.stderr

    job = yaml.safe_load(blocks("yaml")[1])["check"]
    # The environment is there, as the job's cache would bring it: nothing may be installed again.
    script = "\n".join((*job["before_script"], *job["script"]))
    ran = in_bash(script, repository, KATAS="keys/hello cross-account/two-halves", PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = ElementTree.parse(repository / job["artifacts"]["reports"]["junit"]).getroot()
    assert {suite.get("name") for suite in report.iter("testsuite")} == {"keys/hello", "cross-account/two-halves"}
    answers(repository, right=False)
    assert in_bash(script, repository, KATAS="keys/hello").returncode == 1
