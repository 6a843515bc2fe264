"""The `kata` command, run in this process on the mini kit and in an empty folder, or for real in a terminal."""

import contextlib
import io
import os
import signal
import sys
from dataclasses import dataclass

import pytest

import kms_katas.grading.lanes  # noqa: F401  (before a test replaces best_runner: lanes start their own)
from kms_katas import cli
from kms_katas.grading.runner import best_runner

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
WRONG = "def open_it(kms, blob):\n    return blob[::-1]\n"


@dataclass
class Ran:
    """What one command came to."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All of it in one line: what is said, whatever the width."""
        return " ".join((self.out + self.err).split())


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder that the learner stands in."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("KATA_COMMAND", "KATA_DEBUG", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def run(here, monkeypatch, capfd):
    """Runs `kata WORDS` in this process."""

    def run_it(*words):
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["kata", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capfd.readouterr()
        return Ran(left.value.code, out, err)

    return run_it


@pytest.fixture
def without_z3(monkeypatch):
    """As where the extra `proof` is not installed."""
    monkeypatch.setitem(sys.modules, "z3", None)


@pytest.fixture(scope="session")
def warm_runner():
    """One warm process for all tests: starting one is most of what a check costs."""
    runner = best_runner()
    close, runner.close = runner.close, lambda: None
    yield runner
    close()


@pytest.fixture
def kata(run, mini_root, monkeypatch, warm_runner):
    """Runs `kata --kit MINI WORDS` in this process."""
    monkeypatch.setattr("kms_katas.grading.runner.best_runner", lambda *_, **__: warm_runner)

    def run_it(*words):
        # Every mini kit names its checks alike, and this process would meet the module of an earlier one.
        for name, module in list(sys.modules.items()):
            if "mini kit" in str(getattr(module, "__file__", "")):
                del sys.modules[name]
        return run("--kit", mini_root, *words)

    return run_it


@pytest.fixture
def bank(mini_root):
    """The questions of the mini kit, by id: three topics, two tasks of an exam. Each text is there once."""
    from .mini_bank import write_bank

    return write_bank(mini_root)


@pytest.fixture
def typing(kata, monkeypatch):
    """Runs `kata WORDS` with these lines as its input."""

    def run_it(lines, *words):
        data = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        return kata(*words)

    return run_it


@pytest.fixture
def answer(kata, here):
    """The path of the answer to keys/mini in a workspace that was just made."""
    kata("init")
    return here / "my-katas" / "keys" / "mini" / "answer.py"


@pytest.fixture
def progress(here):
    """Reads the progress file."""
    return lambda: (here / "my-katas" / "kata-progress.txt").read_text("utf-8")


@pytest.fixture
def opened():
    """The terminals that a test opened: what still runs in them is ended."""
    terminals = []
    yield terminals
    for terminal in terminals:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(terminal.process.pid, signal.SIGKILL)
        terminal.process.wait()
        os.close(terminal.master)


@pytest.fixture
def terminal(mini_root, here, opened):
    """Opens a terminal with a command on the mini kit."""
    from .in_a_terminal import Terminal  # not at the top: there is none on Windows

    def open_it(*words, **options):
        opened.append(Terminal(["--kit", mini_root, *words], **options))
        return opened[-1]

    return open_it


@pytest.fixture
def watch(mini_root, answer, opened):
    """Opens a watch on the mini kit, with a workspace in `my-katas`."""
    from .in_a_terminal import Watch  # not at the top: there is none on Windows

    def open_it(*words, **options):
        opened.append(Watch(mini_root, *words, **options))
        return opened[-1]

    return open_it
