"""kata.py, the only set-up: what it makes, when it makes it again, what it says. Project and pip are stand-ins."""

import ast
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
SOURCE = (ROOT / "kata.py").read_text(encoding="utf-8")


def report(done):
    """What the stand-in kata or pytest says of how it was run."""
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


# What goes to whom


@given(words=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), max_size=4))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_words_but_test_reach_kata_unchanged(ready_project, python, words):
    if words[:1] != ["test"]:
        said = report(ready_project.start(*words, python=python))
        assert (said["name"], said["words"], said["cwd"]) == ("kata", words, "/")


def test_test_runs_pytest_in_the_project_folder_with_the_words_that_follow(project, python):
    said = report(project.start("test", "-k", "a or b", python=python))
    assert (said["name"], said["words"], said["cwd"]) == ("pytest", ["-k", "a or b"], str(project.folder))


def test_test_alone_runs_all_tests_on_several_cores(project, python):
    said = report(project.start("test", python=python))
    assert (said["name"], said["words"][:2], said["cwd"]) == ("pytest", ["-n", "auto"], str(project.folder))


@pytest.mark.parametrize("word", ["start", "test"])
def test_the_exit_status_is_the_one_of_what_ran(project, python, word):
    status = random.randrange(1, 120)
    assert project.start(word, python=python, STUB_STATUS=str(status)).returncode == status


def test_kata_learns_what_people_have_to_type(ready_project, python):
    said = report(ready_project.start("start", python=python))
    assert said["command"] == f'python3 "{ready_project.folder}/kata.py"'


# Setting up


def test_setting_up_says_one_line_and_leaves_standard_output_to_kata(project, python):
    done = project.start("start", python=python)
    assert done.stderr.count("\n") == 1
    assert "Setting up" in done.stderr
    assert done.stdout.count("\n") == 1


def test_only_pinned_versions_are_installed_and_pip_comes_first(project, python):
    project.start("test", python=python)
    pip, whole = [call["words"] for call in project.pip_calls()]
    assert pip == ["install", "-c", "constraints.txt", "pip"]
    assert whole[:3] == ["install", "-c", "constraints.txt"]
    assert whole[whole.index("--build-constraint") + 1] == "constraints.txt"
    assert whole[-3:] == ["-e", ".", "--group=test"]


def test_a_second_start_asks_pip_for_nothing_and_says_nothing(project, python):
    project.start("start", python=python)
    before = len(project.pip_calls())
    done = project.start("list", python=python)
    assert (len(project.pip_calls()), done.stderr) == (before, "")


def test_a_start_of_a_ready_project_costs_less_than_a_fifth_of_a_second(ready_project, python):
    def seconds():  # of computing: the clock would count the tests that run beside this one
        before = os.times()
        ready_project.start("start", python=python)
        after = os.times()
        return sum(getattr(after, of) - getattr(before, of) for of in ("children_user", "children_system"))

    assert min(seconds() for _ in range(7)) < 0.2


def test_test_after_start_adds_its_group_to_the_same_environment(project, python):
    project.start("start", python=python)
    mark = project.folder / ".venv" / "bin" / "mark"
    mark.touch()
    assert report(project.start("test", python=python))["name"] == "pytest"
    assert mark.exists()


def test_start_after_test_finds_everything_there(project, python):
    project.start("test", python=python)
    before = len(project.pip_calls())
    project.start("start", python=python)
    assert len(project.pip_calls()) == before


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "hatch_build.py"])
def test_a_changed_file_brings_the_environment_up_to_date_with_the_groups_it_had(project, python, name):
    project.start("test", python=python)
    with (project.folder / name).open("a") as file:
        file.write(f"# {random.random()}\n")
    before = len(project.pip_calls())
    assert report(project.start("start", python=python))["name"] == "kata"
    assert [call["words"][-1] for call in project.pip_calls()[before:]] == ["pip", "--group=test"]


@pytest.mark.parametrize("name", ["two words", "a'quote", 'a"quote and a space', "Schlüssel 鍵", "$HOME; `x` %d %s #"])
def test_any_folder_name_works(new_project, python, name):
    said = report(new_project(name).start("start", "x", python=python))
    assert (said["name"], said["words"]) == ("kata", ["start", "x"])


def test_settings_that_lead_out_of_the_environment_do_not_reach_pip_and_the_index_does(project, python, tmp_path):
    elsewhere = str(tmp_path / "elsewhere")
    index = f"https://{random.randrange(10**6)}.invalid/simple"
    lead_away = dict.fromkeys(["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONPATH"], elsewhere)
    done = project.start("start", python=python, **lead_away, PIP_USER="1", PIP_INDEX_URL=index)
    assert done.returncode == 0, done.stderr
    for call in project.pip_calls():
        assert call["prefix"] == str(project.folder / ".venv")
        assert not lead_away.keys() & call["env"].keys()
        assert call["env"]["PIP_USER"] == "0"
        assert call["env"]["PIP_REQUIRE_VIRTUALENV"] == call["env"]["PIP_NO_INPUT"] == "1"
        assert call["env"]["PIP_INDEX_URL"] == index


def test_two_first_starts_at_once_both_work(project, python):
    command = [python, project.folder / "kata.py", "start"]
    both = [subprocess.Popen(command, env=project.environment(), stdout=subprocess.PIPE) for _ in range(2)]
    assert [json.loads(one.communicate()[0])["name"] for one in both] == ["kata", "kata"]


# When it goes wrong


@pytest.mark.parametrize("call", [0, 1])
def test_a_set_up_killed_half_way_is_made_again_by_the_next_start(project, python, call):
    assert project.start("start", python=python, STUB_TROUBLE=f"SIGKILL {call}").returncode == -9
    mark = project.folder / ".venv" / "half-made"
    mark.touch()
    assert report(project.start("start", python=python))["name"] == "kata"
    assert not mark.exists()


def test_an_update_killed_half_way_is_made_again(project, python):
    project.start("start", python=python)
    assert project.start("test", python=python, STUB_TROUBLE="SIGKILL 3").returncode == -9
    mark = project.folder / ".venv" / "half-made"
    mark.touch()
    assert report(project.start("start", python=python))["name"] == "kata"
    assert not mark.exists()


@pytest.mark.parametrize("call", [0, 1])
def test_ctrl_c_ends_the_set_up_with_a_sentence_and_the_next_start_makes_it(project, python, call):
    done = project.start("start", python=python, STUB_TROUBLE=f"SIGINT {call}")
    assert (done.returncode, done.stdout) == (130, "")
    assert "Stopped" in done.stderr
    assert "Traceback" not in done.stderr
    assert report(project.start("start", python=python))["name"] == "kata"


@pytest.mark.parametrize("call", [0, 1])
def test_when_pip_fails_its_words_are_shown_with_what_to_look_at(project, python, call):
    done = project.start("start", python=python, STUB_TROUBLE=f"fail {call}")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the stub pip cannot reach its index" in done.stderr
    assert "network" in done.stderr
    assert "Traceback" not in done.stderr
    assert report(project.start("start", python=python))["name"] == "kata"


def test_a_folder_that_moved_is_set_up_again(project, python, tmp_path):
    project.start("start", python=python)
    before = len(project.pip_calls())
    moved = tmp_path / "moved"
    project.folder.rename(moved)
    done = subprocess.run(
        [python, moved / "kata.py", "start"], env=project.environment(), capture_output=True, text=True
    )
    assert report(done)["name"] == "kata"
    assert [call["prefix"] for call in project.pip_calls()[before:]] == [str(moved / ".venv")] * 2


def test_an_environment_whose_python_is_gone_is_made_again(project, python, new_python):
    other = new_python("other", ensurepip=True)
    project.start("start", python=other)
    shutil.rmtree(other.parents[1])
    assert report(project.start("start", python=python))["name"] == "kata"


def test_an_environment_whose_python_was_upgraded_under_the_same_name_is_made_again(project, python, new_python):
    old = new_python("old", ensurepip=True)
    name = old.with_name("python3")
    name.symlink_to(old)
    project.start("start", python=name)
    before = len(project.pip_calls())
    old.rename(old.with_name("retired"))
    name.unlink()
    name.symlink_to(python)
    assert report(project.start("start", python=python))["name"] == "kata"
    assert len(project.pip_calls()) == before + 2


@pytest.mark.parametrize("lost", ["bin/python", "bin/kata", "pyvenv.cfg"])
def test_an_environment_that_lost_a_part_is_made_again(project, python, lost):
    project.start("start", python=python)
    (project.folder / ".venv" / lost).unlink()
    assert report(project.start("start", python=python))["name"] == "kata"


def test_an_environment_without_a_stamp_is_made_again(project, python):
    subprocess.run([python, "-m", "venv", "--without-pip", project.folder / ".venv"], check=True)
    mark = project.folder / ".venv" / "not-ours"
    mark.touch()
    assert report(project.start("start", python=python))["name"] == "kata"
    assert not mark.exists()


@pytest.mark.parametrize("left", [[], ["bin"], ["lib", "bin", "include"]])
def test_what_a_killed_venv_leaves_is_made_again(project, python, left):
    for name in left:
        (project.folder / ".venv" / name).mkdir(parents=True)
    assert report(project.start("start", python=python))["name"] == "kata"


def test_a_folder_that_is_no_environment_is_left_alone(project, python):
    mine = project.folder / ".venv" / "my thesis.txt"
    mine.parent.mkdir()
    mine.write_text("chapter 1")
    done = project.start("start", python=python)
    assert (done.returncode, mine.read_text()) == (3, "chapter 1")
    assert "left alone" in done.stderr


def test_a_link_is_not_followed_when_the_environment_is_made_again(project, python, tmp_path):
    subprocess.run([python, "-m", "venv", "--without-pip", tmp_path / "elsewhere"], check=True)
    (project.folder / ".venv").symlink_to(tmp_path / "elsewhere")
    done = project.start("start", python=python)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert (tmp_path / "elsewhere" / "pyvenv.cfg").exists()


def test_started_by_the_python_of_the_environment_it_makes_again(project, python):
    project.start("start", python=python)
    (project.folder / ".venv" / "kms-katas-stamp").unlink()
    assert report(project.start("start", python=project.folder / ".venv" / "bin" / "python"))["name"] == "kata"


# Debian: no ensurepip, and a Python that belongs to the system


def contents(folder):
    files = (file for file in folder.rglob("*") if not file.is_dir() and "__pycache__" not in file.parts)
    return sorted((str(file.relative_to(folder)), file.stat().st_size, file.stat().st_mtime) for file in files)


def test_without_ensurepip_the_pip_outside_makes_it_and_the_system_stays_as_it_was(
    project, new_python, stub_pip_wheels
):
    pip = pytest.importorskip("pip")
    debian = new_python("debian", ensurepip=False, pip=Path(pip.__file__).parent)
    before = contents(debian.parents[1])
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": stub_pip_wheels.as_uri()}
    refused = subprocess.run(
        [debian, "-m", "pip", "install", "pip==99.0"], env=project.environment(**index), capture_output=True, text=True
    )
    assert "externally-managed" in refused.stderr
    done = project.start("start", python=debian, **index)
    assert report(done)["name"] == "kata", done.stderr
    assert {call["prefix"] for call in project.pip_calls()} == {str(project.folder / ".venv")}
    assert contents(debian.parents[1]) == before


def test_without_any_pip_one_sentence_names_the_package_to_install(project, new_python):
    done = project.start("start", python=new_python("bare", ensurepip=False))
    assert done.returncode == 3
    assert f"sudo apt install python3.{sys.version_info.minor}-venv" in done.stderr
    assert "Traceback" not in done.stderr


# A Python that is too old


def old_pythons():
    """The Pythons 3.6 to 3.10 on PATH that really start."""
    for minor in range(6, 11):
        path = shutil.which(f"python3.{minor}")
        if path and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
            yield Path(path)


def write_program(file, script):
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def pretended(project, folder):
    """This Python, believing that it is 3.8."""
    believe = "import runpy, sys; sys.version_info, sys.version = (3, 8, 1), '3.8.1 (pretended)'; "
    believe += f"sys.argv[0] = {str(project.folder / 'kata.py')!r}"
    program = write_program(folder / "python3.8", f'shift\nexec "{sys.executable}" -c "$BELIEVE" "$@"')
    return program, {"BELIEVE": believe + "; runpy.run_path(sys.argv[0], run_name='__main__')"}


@pytest.fixture(params=["pretended", "real"])
def too_old(request, project, tmp_path):
    """(a Python older than 3.11, the environment variables that it needs)"""
    if request.param == "pretended":
        return pretended(project, tmp_path)
    found = next(old_pythons(), None)
    if not found:
        pytest.skip("no python3.6 to python3.10 on PATH")
    return found, {}


@pytest.fixture
def path(tmp_path):
    """An empty folder, to be all of PATH."""
    folder = tmp_path / "path"
    folder.mkdir()
    return folder


def test_too_old_a_python_hands_over_to_a_newer_one_on_path(project, python, too_old, path):
    old, settings = too_old
    write_program(path / "python3.11", f'exec "{python}" "$@"')
    done = project.start("start", "a b", python=old, PATH=str(path), **settings)
    assert report(done)["words"] == ["start", "a b"]


def test_an_empty_shim_on_path_is_passed_over(project, python, too_old, path):
    old, settings = too_old
    write_program(path / "python3.11", f'exec "{python}" "$@"')
    write_program(path / "python3.14", "echo python3.14: command not found >&2; exit 127")
    done = project.start("start", python=old, PATH=str(path), **settings)
    assert report(done)["name"] == "kata"
    assert "command not found" not in done.stderr


def test_too_old_a_python_alone_says_what_it_is_what_is_needed_and_how_to_get_it(project, too_old, path):
    old, settings = too_old
    done = project.start("start", python=old, PATH=str(path), **settings)
    assert (done.returncode, done.stdout) == (3, "")
    assert all(part in done.stderr for part in ["This is Python 3.", "3.11 or newer", "apt install", "brew", "winget"])
    assert "Traceback" not in done.stderr


def test_too_old_a_python_starts_what_a_newer_one_has_set_up(project, python, too_old, path):
    project.start("start", python=python)
    before = len(project.pip_calls())
    old, settings = too_old
    assert report(project.start("list", python=old, PATH=str(path), **settings))["name"] == "kata"
    assert len(project.pip_calls()) == before


def test_the_grammar_is_that_of_python_3_6():
    ast.parse(SOURCE, feature_version=(3, 6))


def test_it_is_short_and_needs_the_standard_library_alone():
    imports = [node for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name if isinstance(node, ast.Import) else node.module for node in imports for alias in node.names}
    assert names <= sys.stdlib_module_names
    assert SOURCE.count("\n") <= 120


# The real thing


@pytest.mark.system
def test_a_copy_of_this_project_is_set_up_with_the_versions_of_constraints_txt(tmp_path):
    """Downloads everything that a learner's first start downloads: about a minute."""
    copy = tmp_path / "a copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "site", "my-katas"))
    base = getattr(sys, "_base_executable", sys.executable)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([base, copy / "kata.py", "--help"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    python = copy / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    frozen = subprocess.run([python, "-m", "pip", "freeze", "--exclude-editable"], capture_output=True, text=True)
    pinned = {line.split(" ;")[0].strip().lower() for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert {line.lower().replace("_", "-") for line in frozen.stdout.split()} <= pinned
