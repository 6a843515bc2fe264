"""What a wheel holds: the package and, in a standard wheel only, the kit. Built offline from a small tree of files."""

import importlib.metadata
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KIT = {"katas": "py", "solutions": "py", "tests/graders": "py", "docs/claims": "toml", "docs/questions": "toml"}
"""The folders of a kit, and the ending of the file that each holds here."""
EXAMS = "docs/exams.toml"


@pytest.fixture
def tree(tmp_path):
    """This project's build files around other contents: a random file in each part of the kit, and caches beside it."""
    folder = tmp_path / "tree"
    for name in ("pyproject.toml", "hatch_build.py", "LICENSE", "NOTICE"):
        folder.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder)
    (folder / "README.md").write_text("A tree.\n")
    for part, ending in {"src/kms_katas": "py", **KIT}.items():
        (folder / part / "deep" / "__pycache__").mkdir(parents=True)
        (folder / part / "deep" / "__pycache__" / "x.cpython-311.pyc").write_text("stale")
        (folder / part / "deep" / f"file {random.randrange(10**6)}.{ending}").write_text(f"# {random.random()}\n")
    (folder / "docs" / "claims" / "made.md").write_text("a page")
    (folder / EXAMS).write_text(f"# {random.random()}\n")
    (folder / "docs" / "facts.toml").write_text("of the pages alone")
    (folder / "katas" / ".cache").mkdir()
    (folder / "katas" / ".cache" / "x").write_text("stale")
    (folder / "src/kms_katas/__init__.py").touch()
    return folder


def build(what, tree, out):
    """What hatchling builds by its PEP 517 hook `what`: the file."""
    out.mkdir()
    hook = f"from hatchling import build; build.build_{what}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", "import sys; " + hook, str(out)], cwd=tree, check=True, capture_output=True)
    return next(out.iterdir())


def kit_of(tree):
    files = [file for part, ending in KIT.items() for file in (tree / part).rglob(f"*.{ending}")]
    assert len(files) == len(KIT)
    files.append(tree / EXAMS)
    return {f"kms_katas/_kit/{file.relative_to(tree).as_posix()}": file.read_bytes() for file in files}


def test_the_wheel_holds_the_kit_once_and_no_cache(tree, tmp_path):
    with zipfile.ZipFile(build("wheel", tree, tmp_path / "out")) as wheel:
        names = wheel.namelist()
        held = {name: wheel.read(name) for name in names if "/_kit/" in name}
    assert held == kit_of(tree)
    assert len(names) == len(set(names))
    assert not [name for name in names if "cache" in name]
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"kms_katas"}


def test_an_editable_wheel_holds_no_copy_of_the_kit(tree, tmp_path):
    with zipfile.ZipFile(build("editable", tree, tmp_path / "out")) as wheel:
        assert not [name for name in wheel.namelist() if "_kit" in name or name.endswith(".py")]


def test_the_sdist_builds_the_same_kit(tree, tmp_path):
    shutil.unpack_archive(build("sdist", tree, tmp_path / "out"), tmp_path / "again")
    again = next((tmp_path / "again").iterdir())
    with zipfile.ZipFile(build("wheel", again, tmp_path / "out again")) as wheel:
        assert {name: wheel.read(name) for name in wheel.namelist() if "/_kit/" in name} == kit_of(tree)


@pytest.mark.parametrize("part", KIT)
def test_a_wheel_without_a_part_of_the_kit_is_refused(tree, tmp_path, part):
    shutil.rmtree(tree / part)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        build("wheel", tree, tmp_path / "out")
    assert f"{part}/ holds no file" in refused.value.stderr.decode()


def test_the_editable_install_that_runs_these_tests_holds_no_copy_of_the_kit():
    files = importlib.metadata.files("kms-katas") or []
    assert files
    if not any(file.name.endswith(".pth") for file in files):
        pytest.skip("this is not an editable install")
    assert not [file for file in files if "_kit" in file.parts]
