"""What the file system tells of changes below a folder, and whether it tells at all. Not for what changed: saves.py."""

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

STEP_MS = 4
"""How often the library looks what the system has told it; a change is passed on one or two steps later."""
PROBE_SECONDS = 1.0
LATE_SECONDS = 0.3
_POKE_SECONDS = 0.02


class FileEvents:
    """Calls `tell`, from a thread, soon after anything below `root` changed, until close()."""

    def __init__(self, root: Path, tell: Callable[[], None]) -> None:
        self.problem = ""
        """Why none can come, in the words of the system; else empty."""
        self._root, self._tell, self._last = root, tell, 0.0
        self._heard, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._listen, name="file events", daemon=True)
        self._thread.start()

    def come(self) -> bool:
        """Whether a file that is written below `root` makes an event: tried with a hidden one, for PROBE_SECONDS.

        A drive of another system can pass this and still not tell of what is written from over there.
        """
        try:
            handle, probe = tempfile.mkstemp(prefix=".kata-", dir=self._root)
        except OSError:
            return not self.problem  # nothing can be tried in a folder that cannot be written
        try:
            until = time.monotonic() + PROBE_SECONDS
            # Again and again: the library may not be listening yet.
            while not self._heard.wait(_POKE_SECONDS) and self._thread.is_alive() and time.monotonic() < until:
                os.write(handle, b".")
        finally:
            os.close(handle)
            with contextlib.suppress(OSError):
                os.unlink(probe)
        return self._heard.is_set()

    def came_since(self, moment: float) -> bool:
        """Whether an event came after `moment` (time.monotonic()); one that is only late gets LATE_SECONDS to come."""
        until = time.monotonic() + LATE_SECONDS
        while self._last < moment and time.monotonic() < until:
            time.sleep(_POKE_SECONDS)
        return self._last >= moment

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)

    def _listen(self) -> None:
        try:
            import watchfiles  # here, because no other command needs it

            for _ in watchfiles.watch(
                self._root,
                watch_filter=None,
                debounce=STEP_MS,
                step=STEP_MS,
                rust_timeout=0,
                stop_event=self._stop,
                raise_interrupt=False,
                force_polling=False,  # left alone it polls slowly, and on all of WSL; watch.py looks by itself
                ignore_permission_denied=True,
            ):
                self._last = time.monotonic()
                self._heard.set()
                self._tell()
        except Exception as error:
            self.problem = str(error) or type(error).__name__


def polling_is_forced() -> bool:
    """Whether the environment asks to do without events, by the variable that the library documents."""
    value = os.environ.get("WATCHFILES_FORCE_POLLING", "")
    return bool(value) and value.lower() not in ("false", "disable", "disabled")
