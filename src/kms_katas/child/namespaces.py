"""What the level `full` adds: a process, and all that are forked from it, in namespaces of their own, where nothing but
what an answer may read is there at all, and no network interface is up. Linux, with unprivileged user namespaces.

No other user's rights are taken: inside, the user is who it was. Not for what may be done there: see sandbox.py.
Numbers: linux/sched.h, linux/mount.h.
"""

import ctypes
import os
import platform
from collections.abc import Iterable

_NEW = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x40000000
"""CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET."""
_NO_SUID, _NO_DEVICES, _BIND, _RECURSIVE, _PRIVATE = 1 << 1, 1 << 2, 1 << 12, 1 << 14, 1 << 18
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_PLACE = "/proc"
"""Where the new root is put together: a folder that every system has, and that no answer may read."""


def enter(readable: Iterable[str], links: dict[str, str]) -> None:
    """Go where only `readable` is, with `links` (path to target) beside. The process has one thread, and cannot leave.

    Raises OSError where the kernel refuses: then the process is good for nothing more.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def call(result: int, doing: str) -> None:
        if result != 0:
            raise OSError(ctypes.get_errno(), f"{doing}: {os.strerror(ctypes.get_errno())}")

    def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
        words = (source.encode(), os.fsencode(target), kind.encode())
        call(libc.mount(*words, ctypes.c_ulong(flags), data.encode()), f"mount {target}")

    user, group = os.getuid(), os.getgid()
    call(libc.unshare(ctypes.c_int(_NEW)), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    mount("none", "/", "", _RECURSIVE | _PRIVATE)
    mount("answers", _PLACE, "tmpfs", _NO_SUID | _NO_DEVICES, "size=1m,mode=755")
    for path in readable:
        target = _PLACE + path
        if not os.path.exists(target):
            _make_room(target, os.path.isdir(path))
        mount(path, target, "", _BIND | _RECURSIVE)
    for path, to in links.items():
        if not os.path.lexists(_PLACE + path):
            os.makedirs(os.path.dirname(_PLACE + path), exist_ok=True)
            os.symlink(to, _PLACE + path)
    os.chdir(_PLACE)
    call(libc.syscall(ctypes.c_long(_PIVOT_ROOT[platform.machine()]), b".", b"."), "pivot_root")
    call(libc.umount2(b".", _DETACH), "umount")
    os.chdir("/")


def _make_room(target: str, folder: bool) -> None:
    os.makedirs(target if folder else os.path.dirname(target), exist_ok=True)
    if not folder:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
