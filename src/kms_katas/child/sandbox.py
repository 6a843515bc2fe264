"""What closes an answer's process off from the machine: limits, Landlock and a seccomp filter, all of Linux.

At `lite` an answer can read Python, its installed packages and nothing else, write no file, open no socket, start no
process and signal nobody. `full` is that and namespaces.py. What is prepared once serves every process that is forked
later; what a kernel lacks is said in a sentence. Not for a kernel's own faults: see docs/explanation/why-a-lab.md.
Numbers and structures: linux/landlock.h, linux/prctl.h, linux/seccomp.h.
"""

import ctypes
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from kms_katas.child import namespaces
from kms_katas.child.syscalls import MACHINES, filter_program

LEVELS = ("none", "lite", "full")
BEST = "best"

MEMORY = 512 * 1024 * 1024
"""Bytes that an answer may take on top of what its process has when it begins."""
OPEN_FILES = 128

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _FILTER = 1, 22, 36, 38, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_RIGHTS_BY_ABI = (0, 13, 14, 15, 15, 16)
"""How many rights to files each version of Landlock knows; the last goes for all that follow."""
_SYSTEM: tuple[str, ...] = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"),  # what extension modules are linked to
    *("/usr/share/zoneinfo", "/etc/localtime", "/etc/mime.types"),
    *("/dev/urandom", "/dev/random", "/dev/zero"),
)


class Missing(Exception):
    """This machine cannot give a level; the sentence says what it lacks."""


class Enclosure:
    """A level, made ready: `enter()` puts a process into it, for good."""

    level = "none"

    def enter(self) -> None:
        """Raises OSError when the kernel refuses."""


def prepare(wanted: str, hidden: Iterable[str]) -> tuple[Enclosure, str]:
    """An enclosure at `wanted`, or at the best level that works here, and what the next better level lacks.

    `hidden` are folders that no answer may read, wherever they lie. What is given was tried in a child first. Raises
    Missing for a level that does not work here.
    """
    lacks, hidden = "", tuple(hidden)
    for level in reversed(LEVELS) if wanted == BEST else (wanted,):
        try:
            return _ready(level, hidden), lacks
        except Missing as missing:
            if wanted != BEST:
                raise
            lacks = str(missing)
    raise Missing(f"there is no level {wanted!r}; the levels are {', '.join(LEVELS)}")


def _ready(level: str, hidden: tuple[str, ...]) -> Enclosure:
    if level == "none":
        return Enclosure()
    if level not in LEVELS:
        raise Missing(f"there is no level {level!r}; the levels are {', '.join(LEVELS)}")
    if sys.platform != "linux":
        raise Missing(f"what it stands on, Landlock and seccomp, is in Linux alone, and this is {platform.system()}")
    if platform.machine() not in MACHINES:
        raise Missing(f"its list of system calls is not written for {platform.machine()}")
    _try(level, paths := tuple(readable(hidden)))
    return _enclosure(level, paths)


if sys.platform == "linux":
    import resource

    _libc = ctypes.CDLL(None, use_errno=True)
    _libc.syscall.restype = _libc.prctl.restype = ctypes.c_long

    def system_call(number: int, *arguments: object) -> int:
        """Raises OSError."""
        result = int(_libc.syscall(ctypes.c_long(number), *arguments))
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    def prctl(option: int, one: int, two: int = 0) -> None:
        """Raises OSError."""
        if _libc.prctl(ctypes.c_int(option), *map(ctypes.c_ulong, (one, two, 0, 0))) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def die_with_parent(parent: int) -> None:
        """End this process when the one that forked it ends, even if that is killed."""
        prctl(_PR_SET_PDEATHSIG, 9)
        if os.getppid() != parent:
            os._exit(0)

    def adopt_orphans() -> None:
        """Have whatever outlives its parent among this process's descendants become its child, not init's."""
        prctl(_PR_SET_CHILD_SUBREAPER, 1)

    class _Closed(Enclosure):
        def __init__(self, level: str, paths: tuple[str, ...]) -> None:
            self.level = level
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            self._memory = pages * resource.getpagesize() + MEMORY
            if level == "full":
                namespaces.enter((*paths, os.devnull), _links())
            self._ruleset = _ruleset(paths)
            # A filter for no process in particular, and where the number of the process stands in it.
            marker = 0x7FFFFFF1
            self._filter = filter_program(platform.machine(), marker)
            self._marker = marker.to_bytes(4, sys.byteorder)

        def enter(self) -> None:
            for limit, most in (
                (resource.RLIMIT_AS, self._memory),
                (resource.RLIMIT_FSIZE, 0),
                (resource.RLIMIT_NOFILE, OPEN_FILES),
                (resource.RLIMIT_CORE, 0),
            ):
                resource.setrlimit(limit, (most, most))
            prctl(_PR_SET_NO_NEW_PRIVS, 1)
            system_call(_RESTRICT_SELF, self._ruleset, 0)
            os.close(self._ruleset)
            program = self._filter.replace(self._marker, os.getpid().to_bytes(4, sys.byteorder))
            room = ctypes.create_string_buffer(program, len(program))
            described = _Program(len(program) // 8, ctypes.addressof(room))
            prctl(_PR_SET_SECCOMP, _FILTER, ctypes.addressof(described))

    class _Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    class _Handled(ctypes.Structure):
        _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))

    class _Beneath(ctypes.Structure):
        _pack_ = 1
        _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))

    def landlock_version() -> int:
        """Raises Missing."""
        try:
            return system_call(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
        except OSError as error:
            why = f"the kernel ({platform.release()}) has no Landlock, or it is switched off: {error.strerror}"
            raise Missing(f"{why}. Linux 5.13 and later have it, with `landlock` in their lsm= setting") from None

    def _ruleset(readable: Iterable[str]) -> int:
        """A descriptor of rules that let `readable` be read and /dev/null be written. Raises Missing."""
        version = landlock_version()
        rights = (1 << _RIGHTS_BY_ABI[min(version, len(_RIGHTS_BY_ABI) - 1)]) - 1
        handled = _Handled(rights, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)
        size = 24 if version >= 6 else 16 if version >= 4 else 8
        ruleset = system_call(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(size), 0)
        for path in readable:
            _allow(ruleset, path, _READ_FILE | (_READ_DIR if os.path.isdir(path) else 0))
        _allow(ruleset, os.devnull, _READ_FILE | _WRITE_FILE)
        return ruleset

    def _allow(ruleset: int, path: str, rights: int) -> None:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return  # gone since it was listed
        try:
            beneath = _Beneath(rights, place)
            system_call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(beneath), 0)
        finally:
            os.close(place)

    def _enclosure(level: str, paths: tuple[str, ...]) -> Enclosure:
        return _Closed(level, paths)

    def _try(level: str, paths: tuple[str, ...]) -> None:
        """Enter it in a child, and see that it holds: half-way in, a process is good for nothing. Raises Missing."""
        landlock_version()
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                _enclosure(level, paths).enter()
                told = b"" if _closed_off() else b"the kernel took the rules and does not keep them"
            except BaseException as error:
                told = str(error).encode()[:200] or b"it failed without a word"
            os.write(write_end, told)
            os._exit(0)
        os.close(write_end)
        with open(read_end, "rb") as said:
            told = said.read()
        os.waitpid(pid, 0)
        if told:
            what = "user namespaces cannot be used" if level == "full" else "the kernel refuses it"
            raise Missing(f"{what}: {told.decode(errors='replace')}")

    def _links() -> dict[str, str]:
        """The names by which what is read is known, where those are not its true paths: /lib, a linked home."""
        return {path: real for path in _roots() if (real := os.path.realpath(path)) != path and os.path.exists(real)}

    def _closed_off() -> bool:
        import socket

        for attempt in (lambda: open(__file__, "rb").close(), lambda: socket.socket().close(), os.fork):
            try:
                attempt()
            except OSError:
                continue
            return False
        return True


def readable(hidden: Iterable[str]) -> Iterator[str]:
    """Every file and folder that an answer may read: Python, the installed packages, the system's libraries.

    Nothing of `hidden` is below one of them: around it, a folder is given entry by entry.
    """
    secrets = {os.path.realpath(path) for path in (*hidden, str(Path(__file__).parents[1]))}
    seen: set[str] = set()
    for root in _roots():
        real = os.path.realpath(root)
        # A folder of packages may itself lie in a kit, as .venv does in a clone.
        yield from _around(real, {secret for secret in secrets if not _is_below(real, secret)}, seen)


def _roots() -> tuple[str, ...]:
    return (*filter(os.path.isabs, sys.path), os.path.join(sys.base_prefix, "lib"), *_SYSTEM)


def _around(path: str, secrets: set[str], seen: set[str]) -> Iterator[str]:
    if path in seen or path in secrets or not os.path.exists(path):
        return
    seen.add(path)
    if not any(_is_below(secret, path) for secret in secrets):
        yield path
        return
    for entry in os.scandir(path):
        real = os.path.realpath(entry.path)
        leads_away = not _is_below(real, path)
        if any(_is_below(real, secret) or (leads_away and _is_below(secret, real)) for secret in secrets):
            continue
        yield from _around(real, secrets, seen)


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)
