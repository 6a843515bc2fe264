"""A set-up from the folder wheels: pip asks no index. Once for real, marked `system`: by the network."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "my-katas", "wheels", "__pycache__", ".*_cache", ".hypothesis")


def report(done):
    """What the stand-in kata says of how it was run."""
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_with_wheels_beside_it_pip_asks_no_index_whoever_set_one(project, python):
    (project.folder / "wheels").mkdir()
    report(project.start("list", python=python, PIP_INDEX_URL="https://index.invalid", PIP_FIND_LINKS="/elsewhere"))
    calls = project.pip_calls()
    assert calls
    for call in calls:
        assert call["env"]["PIP_NO_INDEX"] == "1"
        assert call["env"]["PIP_FIND_LINKS"] == (project.folder / "wheels").as_uri()


def test_without_wheels_pip_asks_where_it_is_set_to(project, python):
    report(project.start("list", python=python, PIP_INDEX_URL="https://index.invalid"))
    for call in project.pip_calls():
        assert "PIP_NO_INDEX" not in call["env"]
        assert call["env"]["PIP_INDEX_URL"] == "https://index.invalid"


@pytest.mark.system
def test_a_clone_with_its_bundle_is_set_up_and_grades_without_a_network(tmp_path):
    clone = tmp_path / "a clone"
    shutil.copytree(ROOT, clone, ignore=NOT_COPIED)
    system = {"linux": "linux-x86_64", "darwin": "macos-arm64", "win32": "windows-x86_64"}[sys.platform]
    python = "{}.{}".format(*sys.version_info)
    kata = [sys.executable, "-c", "from kms_katas.cli import main; main()", "--kit", str(clone), "dev", "bundle"]
    subprocess.run([*kata, "--platform", system, "--python", python], check=True)
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    nowhere["PIP_NO_COMPILE"] = os.environ["PIP_NO_COMPILE"]
    env = {name: text for name, text in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))} | nowhere
    alone = ["unshare", "-rn"] if sys.platform == "linux" and shutil.which("unshare") else []
    if alone and subprocess.run([*alone, "true"], capture_output=True).returncode:
        alone = []  # a system that gives no user namespaces: then only the index does not answer
    base = getattr(sys, "_base_executable", sys.executable)
    command = [*alone, base, "kata.py", "start"]
    done = subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "judged for real" in done.stdout
