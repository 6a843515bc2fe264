"""From a save to the verdict on the screen under `kata watch`: `python benchmarks/watch.py [SAVES]`. Linux and macOS.

A real pseudo-terminal runs the command; an answer is saved with another comment in it each time, and the clock stops
when the last line of what is said about it has come out of the terminal. In turn with the saves, a cold `pytest` judges
the same answer by the same checks, so that the ratio holds on a busy machine. The bound is 60 ms, set on a machine
where a bare Python (`python -I -S -c pass`) starts in 5.3 ms of CPU; the saves are given in such starts too.
"""

import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from warm_run import REFERENCE_START_MS, bare_start

from kms_katas.kit import Kata, Kit, find_kit
from kms_katas.study.progress import Progress
from kms_katas.study.workspace import Workspace

BOUND_MS = 60.0
COLD_RUNS = 5
HERE = Path(__file__).resolve().parent
LAST_LINE = b"Waiting for you to save"


def main(saves: int) -> None:
    for kit, name in ((find_kit(HERE / "kit"), "bench/envelope"), (find_kit(HERE.parent), "keys/hello")):
        kata = kit.find(name)
        right = (kit.solutions / kata.folder / "answer.py").read_text("utf-8")
        measure(kit, kata, "a right answer", right, saves)
        measure(kit, kata, "the starter, edited", (kit.starter(kata) / "answer.py").read_text("utf-8"), saves)


def measure(kit: Kit, kata: Kata, name: str, source: str, saves: int) -> None:
    start, watched, cold = bare_start(), [], []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(Path(sys.executable).with_name("kata")), "--kit", str(kit.root)]
        answer = Workspace(Path(folder)).answer(kata)
        answer.parent.mkdir(parents=True)
        answer.write_text(f"{source}\n# begun\n", "utf-8")
        Progress.new().save(Workspace(Path(folder)).progress_file)
        screen = Screen([*command, "watch", kata.id], folder)
        screen.wait_for_last_line(60)
        for number in range(saves + 2):
            time.sleep(0.3)  # a learner does not save again at once, and what is done between saves is done by then
            began = time.perf_counter()
            answer.write_text(f"{source}\n# {number}\n", "utf-8")
            shown = screen.wait_for_last_line(30)
            watched.append((shown - began) * 1000)
            if number % (saves // COLD_RUNS) == 1:
                cold.append(cold_pytest(kit, kata, Path(folder)))
        screen.close()
    start = (start + bare_start()) / 2
    # The first two still load what later ones find loaded.
    times = sorted(watched[2:])
    middle, slow = statistics.median(times), statistics.median(cold)
    print(f"{kata.id}, {name}, {len(times)} saves: median {middle:.0f} ms, {times[0]:.0f} to {times[-1]:.0f} ms")
    print(
        f"  bound {BOUND_MS:g} ms; {middle / start:.1f} bare Python starts (bound {BOUND_MS / REFERENCE_START_MS:.1f})"
    )
    print(f"  a cold pytest of the same checks: {slow:.0f} ms, {slow / middle:.0f} times as long")


def cold_pytest(kit: Kit, kata: Kata, answers: Path) -> float:
    checks = str(kit.grader(kata))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "kms_katas.grading.plugin",
        checks,
        "--answers",
        str(answers),
    ]
    began = time.perf_counter()
    subprocess.run(command, cwd=kit.root, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


class Screen:
    """A command in a terminal of 100 columns; each byte that it shows is read at once."""

    def __init__(self, command: list[str], folder: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        environment = os.environ | {"TERM": "xterm-256color"}
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)

    def wait_for_last_line(self, seconds: float) -> float:
        """When it came, by time.perf_counter()."""
        shown, limit = b"", time.perf_counter() + seconds
        while LAST_LINE not in shown:
            if not select.select([self._master], [], [], max(0.0, limit - time.perf_counter()))[0]:
                raise SystemExit(f"no verdict in {seconds:g} seconds; on the screen: {shown!r}")
            shown += os.read(self._master, 1 << 16)
        return time.perf_counter()

    def close(self) -> None:
        os.write(self._master, b"q")
        while True:
            try:
                if not os.read(self._master, 1 << 16):
                    break
            except OSError:
                break
        self._process.wait(10)
        os.close(self._master)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
