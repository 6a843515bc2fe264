"""Clients that nobody here wrote, each in an environment of its own, and a served lab for them. It tests nothing.

The versions are pinned in requirements/ and javascript/package-lock.json. What was installed once is kept in pytest's
cache, so that a second run needs no network.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
NOT_REACHED = re.compile(
    "ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH"
    "|NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError"
)


@dataclass(frozen=True)
class Client:
    """How to run a client: the words of its command come after `command`."""

    command: tuple[str, ...]
    variables: dict[str, str]
    home: Path

    def run(self, *words: object, env: dict[str, str], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Ends however it ends. It sees the variables that the lab printed, and nothing of the user."""
        own = {"PATH": os.environ["PATH"], "HOME": str(self.home), **self.variables}
        command = [*self.command, *map(str, words)]
        return subprocess.run(command, env=own | env, input=stdin, capture_output=True, timeout=120)

    def json(self, *words: object, env: dict[str, str], stdin: bytes = b"") -> Any:
        """What it prints. It has to end well."""
        done = self.run(*words, env=env, stdin=stdin)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def in_cache(request: pytest.FixtureRequest) -> Callable[..., Path]:
    """A folder of that name, made once: with other contents its name is another one."""
    place = request.config.cache.mkdir("client-environments")  # type: ignore[union-attr]

    def made(name: str, contents: str, make: Callable[[Path], None]) -> Path:
        digest = hashlib.sha256(f"{sys.version} {contents}".encode()).hexdigest()[:12]
        folder = place / f"{name}-{digest}"
        if not folder.exists():
            half_made = Path(tempfile.mkdtemp(dir=place))
            try:
                make(half_made)
                with suppress(OSError):  # another process was first
                    half_made.rename(folder)
            finally:
                shutil.rmtree(half_made, ignore_errors=True)
        return folder

    return made


@pytest.fixture(scope="session")
def python_client(in_cache: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Client]:
    """A Python with the packages of requirements/NAME.txt; `words` come after it."""

    def client(name: str, *words: object) -> Client:
        requirements = HERE / "requirements" / f"{name}.txt"

        def make(folder: Path) -> None:
            base = getattr(sys, "_base_executable", sys.executable)
            install([base, "-m", "venv", folder])
            install([folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", "-r", requirements])

        folder = in_cache(name, requirements.read_text(), make)
        command = (str(folder / "bin" / "python"), *map(str, words))
        return Client(command, {}, tmp_path_factory.mktemp("home"))

    return client


@pytest.fixture(scope="session")
def node_client(in_cache: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Client]:
    """Node with the packages of javascript/package-lock.json, running a script of that folder."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("node and npm are not installed here")
    files = [HERE / "javascript" / name for name in ("package.json", "package-lock.json")]

    def make(folder: Path) -> None:
        for file in files:
            shutil.copy(file, folder)
        install([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], cwd=folder)

    folder = in_cache("javascript", "".join(file.read_text() for file in files), make)
    variables = {"NODE_PATH": str(folder / "node_modules"), "NODE_NO_WARNINGS": "1"}
    home = tmp_path_factory.mktemp("home")
    return lambda script: Client((node, str(HERE / "javascript" / script)), variables, home)


def install(command: list[Any], cwd: Path | None = None) -> None:
    """Skips the test where no registry is reached; any other failure is one."""
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode and NOT_REACHED.search(said):
        pytest.skip(f"no registry is reached from here: {said.strip().splitlines()[-1]}")
    assert done.returncode == 0, said


@dataclass(frozen=True)
class Served:
    """A lab served by `kata lab serve`, as its JSON says."""

    said: dict[str, Any]

    def env(self, who: str = "user/admin", account: str = "111122223333") -> dict[str, str]:
        """The variables that the command prints for this principal."""
        arn = f"arn:aws:iam::{account}:{who}"
        found = next(principal for principal in self.said["principals"] if principal["arn"] == arn)
        return {
            "AWS_ENDPOINT_URL": self.said["endpoint"],
            "AWS_REGION": self.said["region"],
            "AWS_DEFAULT_REGION": self.said["region"],
            "AWS_ACCESS_KEY_ID": found["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": found["secretAccessKey"],
        }


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """With the users bob, and carol of the other account, who may nothing yet."""
    words = ["lab", "serve", "--format", "json", "--user", "bob", "--user", "444455556666/carol"]
    command = [sys.executable, "-c", "from kms_katas.cli import main; main()", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()  # type: ignore[union-attr]
            assert line, process.stderr.read()  # type: ignore[union-attr]
            yield Served(json.loads(line))
        finally:
            process.terminate()
            process.wait(timeout=60)


@pytest.fixture
def admin(served: Served) -> dict[str, str]:
    return served.env()


@pytest.fixture
def bob(served: Served) -> dict[str, str]:
    return served.env("user/bob")
