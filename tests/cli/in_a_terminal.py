"""The `kata` command in a pseudo-terminal, and ways to look at its processes. Not on Windows. It tests nothing."""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

KATA = [sys.executable, "-c", "from kms_katas.cli import main; main()"]
ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
WAITING = b"Waiting for you to save"


class Terminal:
    """A command in a pseudo-terminal of its own."""

    def __init__(self, words, width=80, command=KATA, **environment):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        environment = os.environ | {"TERM": "xterm-256color", "PYTHONUNBUFFERED": "1"} | environment
        # The terminal has the size that was set above, whatever one the tests themselves were started in.
        environment = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [*command, *map(str, words)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.output = b""

    def read_until(self, wanted=None, seconds=30):
        """All output up to `wanted`, or to the end."""
        limit = time.monotonic() + seconds
        while wanted is None or wanted not in self.output:
            assert time.monotonic() < limit, self.output
            if not select.select([self.master], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            if not data:
                assert wanted is None, self.output
                break
            self.output += data
        return self.output

    def type(self, text):
        os.write(self.master, text)

    def interrupt_its_prompt(self):
        """Ctrl-C, and again while it lives: Python misses one that comes between its prompt and its wait for a line."""
        while self.process.poll() is None:
            self.type(b"\x03")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)

    def end(self):
        """The exit status, after all output."""
        self.read_until()
        return self.process.wait(10)


class Watch(Terminal):
    """`kata watch` in a terminal; what was shown is read piece by piece."""

    def __init__(self, mini_root, *words, before="", **environment):
        self.command = [*KATA[:2], before + KATA[2]]
        super().__init__(["--kit", mini_root, "watch", *words], width=100, command=self.command, **environment)
        self.all = b""

    def next(self, wanted=WAITING):
        """What was shown since this was last called, up to the line of `wanted`."""
        self.read_until(wanted)
        while b"\n" not in self.output.partition(wanted)[2]:
            self.output += os.read(self.master, 65536)
        shown, self.output = self.output, b""
        self.all += shown
        return shown

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)


def looping(marker):
    """An answer that makes the file `marker` and never ends."""
    return f"def open_it(kms, blob):\n    open({str(marker)!r}, 'w').close()\n    while True:\n        pass\n"


def children(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return []


def wait_for(seen, seconds=30):
    """What `seen` gives, once it gives something."""
    limit = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < limit
        time.sleep(0.02)
    return found
