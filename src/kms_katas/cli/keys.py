"""Single keys from the terminal, without Enter, and the terminal as it was afterwards. Not for what a key does."""

import contextlib
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

if sys.platform == "win32":
    import _thread
    import msvcrt
else:
    import termios
    import tty

Press = Callable[[str], None]

_SENT_BY_OTHER_KEYS = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]?|O.|.)?", re.S)
"""Arrows, function keys, Alt with a key: Escape and what belongs to it (ECMA-48, control sequences)."""


@contextlib.contextmanager
def keyboard(press: Press) -> Iterator[bool]:
    """Until the with block ends, call `press` from a thread with each key. Gives False where no terminal is."""
    if not sys.stdin.isatty():
        yield False
        return
    with _single_keys():
        # It waits in a read that nothing ends but a key: the process does not wait for it.
        threading.Thread(target=_read_keys, args=[press], name="keys", daemon=True).start()
        yield True


if sys.platform == "win32":
    # Written from the documentation of msvcrt; not run: the kit has no Windows machine to test on.

    @contextlib.contextmanager
    def _single_keys() -> Iterator[None]:
        yield

    def _read_keys(press: Press) -> None:
        while True:
            if not msvcrt.kbhit():
                time.sleep(0.03)
                continue
            key = msvcrt.getwch()
            if key in "\0\xe0":
                msvcrt.getwch()  # an arrow or a function key comes as two
            elif key == "\x03":
                _thread.interrupt_main()
            else:
                press(key)

else:

    @contextlib.contextmanager
    def _single_keys() -> Iterator[None]:
        """No line editing and no echo; Ctrl-C and Ctrl-Z still work. However this process ends, all is put back."""
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)

        def put_back() -> None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(terminal, termios.TCSADRAIN, before)

        def end(number: int, frame: FrameType | None) -> None:
            # Not by an exception: one that is raised in the middle of a check would be taken for its outcome.
            put_back()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

        def suspend(number: int, frame: FrameType | None) -> None:
            put_back()
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTSTP)
            # Going on again; or it never stopped, since no shell is there to let it go on.
            resume(number, frame)

        def resume(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGTSTP, suspend)
            # In the background the terminal is somebody else's, and touching it would stop this process again.
            if os.tcgetpgrp(terminal) == os.getpgrp():
                tty.setcbreak(terminal, termios.TCSADRAIN)

        handlers: dict[signal.Signals, Any] = {
            signal.SIGTERM: end,
            signal.SIGHUP: end,
            signal.SIGTSTP: suspend,
            signal.SIGCONT: resume,
        }
        # What is ignored stays so: nohup does that.
        former = {
            number: signal.signal(number, handler)
            for number, handler in handlers.items()
            if signal.getsignal(number) != signal.SIG_IGN
        }
        try:
            tty.setcbreak(terminal, termios.TCSADRAIN)
            yield
        finally:
            put_back()
            for number, handler in former.items():
                signal.signal(number, handler)

    def _read_keys(press: Press) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(sys.stdin.fileno(), 64):
                for key in _SENT_BY_OTHER_KEYS.sub(b"", data).decode("utf-8", "replace"):
                    press(key)
