"""A stand-in project, stand-in Pythons and a stand-in pip for the tests of kata.py: offline, a set-up takes a second.

The Pythons are the running one seen through a folder of links, so that a test can take ensurepip or pip out of it. The
stand-in pip writes down how it was called, and can fail or kill its caller when told to. Nothing here tests anything.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

PIP = """
import json, os, signal, sys, sysconfig
from pathlib import Path

words = sys.argv[1:]
with open(os.environ["STUB_LOG"], "a+") as log:
    log.seek(0)
    calls = len(log.read().splitlines())
    log.write(json.dumps({"words": words, "prefix": sys.prefix, "env": dict(os.environ), "path": sys.path}) + "\\n")
trouble, _, call = os.environ.get("STUB_TROUBLE", "").partition(" ")
if trouble and int(call) == calls:
    if trouble == "fail":
        sys.exit("the stub pip cannot reach its index")
    os.kill(os.getppid(), getattr(signal, trouble))
    sys.exit(0)
report = '''
import json, os, sys
print(json.dumps({"name": NAME, "words": sys.argv[1:], "cwd": os.getcwd(), "command": os.environ.get("KATA_COMMAND")}))
sys.exit(int(os.environ.get("STUB_STATUS", "0")))
'''
if "-e" in words:
    Path(sys.prefix, "bin", "kata").write_text(report.replace("NAME", "'kata'"))
if "--group=test" in words:
    Path(sysconfig.get_path("purelib"), "pytest.py").write_text(report.replace("NAME", "'pytest'"))
"""

ENSUREPIP = """
import shutil, sysconfig
shutil.copytree({pip!r}, sysconfig.get_path("purelib") + "/pip")
"""


@dataclass(frozen=True)
class StubProject:
    """A folder with kata.py and the three files that its stamp is made of."""

    folder: Path
    log: Path

    def start(self, *words: str, python: Path, **settings: str) -> subprocess.CompletedProcess[str]:
        """Runs `python kata.py WORDS` from outside the folder. `settings` are environment variables added."""
        command = [str(python), str(self.folder / "kata.py"), *words]
        return subprocess.run(command, env=self.environment(**settings), cwd="/", capture_output=True, text=True)

    def environment(self, **settings: str) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        return ours | {"STUB_LOG": str(self.log)} | settings

    def pip_calls(self) -> list[dict[str, Any]]:
        """What the stand-in pip was asked so far: words, prefix, env and path of each call."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


def make_project(folder: Path) -> StubProject:
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "kata.py", folder)
    (folder / "pyproject.toml").write_text("[project]\nname = 'stub'\n")
    (folder / "constraints.txt").write_text("pip==99.0\n")
    (folder / "hatch_build.py").write_text("# a build hook\n")
    return StubProject(folder, folder.parent / f"{folder.name} pip.log")


def make_stub_pip(folder: Path) -> Path:
    (folder / "pip").mkdir(parents=True)
    (folder / "pip" / "__init__.py").touch()
    (folder / "pip" / "__main__.py").write_text(PIP)
    return folder / "pip"


def make_stub_pip_wheel(folder: Path, pip: Path) -> Path:
    """The stand-in pip as a wheel of pip 99.0, for a real pip to install from `folder`."""
    folder.mkdir()
    metadata = "Metadata-Version: 2.1\nName: pip\nVersion: 99.0\n"
    tags = "Wheel-Version: 1.0\nGenerator: stub\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(folder / "pip-99.0-py3-none-any.whl", "w") as wheel:
        for file in sorted(pip.iterdir()):
            wheel.write(file, f"pip/{file.name}")
        wheel.writestr("pip-99.0.dist-info/METADATA", metadata)
        wheel.writestr("pip-99.0.dist-info/WHEEL", tags)
        wheel.writestr("pip-99.0.dist-info/RECORD", "")
    return folder


def make_python(folder: Path, *, ensurepip_from: Path | None, pip: Path | None = None) -> Path:
    """The running Python under another prefix. Without `ensurepip_from` it has no ensurepip, as on Debian.

    It is marked as externally managed (PEP 668), so that a real pip refuses to install into it.
    """
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    stdlib = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    if os.name == "nt" or not stdlib.is_relative_to(sys.base_prefix):
        pytest.skip("the stand-in Python is made of links to a POSIX Python")
    library = folder / stdlib.relative_to(sys.base_prefix)
    (library / "site-packages").mkdir(parents=True)
    (folder / "bin").mkdir()
    python = folder / "bin" / base.name
    shutil.copy2(base, python)
    for entry in stdlib.iterdir():
        if entry.name not in {"ensurepip", "site-packages", "dist-packages", "EXTERNALLY-MANAGED", "__pycache__"}:
            (library / entry.name).symlink_to(entry)
    (library / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=This Python is the system's.\n")
    if ensurepip_from:
        (library / "ensurepip").mkdir()
        (library / "ensurepip" / "__main__.py").write_text(textwrap.dedent(ENSUREPIP.format(pip=str(ensurepip_from))))
    if pip:
        for packages in ("site-packages", "dist-packages"):  # Debian's Python looks in the second
            (library / packages).mkdir(exist_ok=True)
            (library / packages / "pip").symlink_to(pip)
    probe = subprocess.run([python, "-c", "import sys, venv; print(sys.prefix)"], capture_output=True, text=True)
    if probe.stdout.strip() != str(folder):
        pytest.skip(f"this Python does not run under another prefix: {probe.stderr[-200:]}")
    return python


@pytest.fixture(scope="session")
def stub_pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_stub_pip(tmp_path_factory.mktemp("stub-pip"))


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory, stub_pip: Path) -> Path:
    """A Python whose ensurepip brings the stand-in pip."""
    return make_python(tmp_path_factory.mktemp("python"), ensurepip_from=stub_pip)


@pytest.fixture
def new_python(tmp_path: Path, stub_pip: Path) -> Callable[..., Path]:
    """Makes one more Python: with ensurepip or without, with a pip of its own or without."""

    def new(name: str, *, ensurepip: bool, pip: Path | None = None) -> Path:
        return make_python(tmp_path / name, ensurepip_from=stub_pip if ensurepip else None, pip=pip)

    return new


@pytest.fixture
def stub_pip_wheels(tmp_path: Path, stub_pip: Path) -> Path:
    return make_stub_pip_wheel(tmp_path / "wheels", stub_pip)


@pytest.fixture
def project(tmp_path: Path) -> StubProject:
    return make_project(tmp_path / "a project")


@pytest.fixture
def new_project(tmp_path: Path) -> Callable[[str], StubProject]:
    return lambda name: make_project(tmp_path / name)


@pytest.fixture(scope="session")
def ready_project(tmp_path_factory: pytest.TempPathFactory, python: Path) -> StubProject:
    """One project that is set up. Tests that share it leave it as they find it."""
    made = make_project(tmp_path_factory.mktemp("ready") / "a project")
    assert made.start("start", python=python).returncode == 0
    return made
