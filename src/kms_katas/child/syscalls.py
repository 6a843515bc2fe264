"""The system calls that an answer may make at the levels lite and full, as a program for the kernel's seccomp filter.

A list of what is allowed: whatever is not in it, or comes with a kernel newer than it, is answered with EPERM. Pure
data and one function; not for putting the filter in force: sandbox.py does. Numbers: the kernel's unistd.h of x86-64
and its generic one, which aarch64 uses. The aarch64 half has not been run by us.
"""

import errno
import struct
from collections.abc import Iterable

ALLOWED: dict[str, tuple[int | None, int | None]] = {
    # files that are open, or that Landlock lets be opened
    **{"read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67)},
    **{"pwrite64": (18, 68), "preadv": (295, 69), "pwritev": (296, 70), "lseek": (8, 62), "close": (3, 57)},
    **{"close_range": (436, 436), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "pipe": (22, None)},
    **{"pipe2": (293, 59), "open": (2, None), "openat": (257, 56), "openat2": (437, 437), "stat": (4, None)},
    **{"lstat": (6, None), "fstat": (5, 80), "newfstatat": (262, 79), "statx": (332, 291), "access": (21, None)},
    **{"faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None), "readlinkat": (267, 78)},
    **{"getdents64": (217, 61), "getcwd": (79, 17), "statfs": (137, 43), "fstatfs": (138, 44), "umask": (95, 166)},
    # memory
    **{"mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "madvise": (28, 233)},
    **{"mincore": (27, 232), "msync": (26, 227), "brk": (12, 214), "membarrier": (324, 283)},
    # threads and waiting
    **{"futex": (202, 98), "futex_waitv": (449, 449), "set_robust_list": (273, 99), "get_robust_list": (274, 100)},
    **{"rseq": (334, 293), "set_tid_address": (218, 96), "sched_yield": (24, 124), "sched_getaffinity": (204, 123)},
    **{"getcpu": (309, 168), "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72)},
    **{"epoll_create": (213, None), "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, None)},
    **{"epoll_pwait": (281, 22), "epoll_pwait2": (441, 441), "eventfd": (284, None), "eventfd2": (290, 19)},
    **{"wait4": (61, 260), "waitid": (247, 95), "exit": (60, 93), "exit_group": (231, 94)},
    # time
    **{"nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113), "clock_getres": (229, 114)},
    **{"gettimeofday": (96, 169), "time": (201, None), "times": (100, 153), "getrusage": (98, 165)},
    **{"getitimer": (36, 102), "setitimer": (38, 103), "alarm": (37, None), "pause": (34, None)},
    # what it may know of itself
    **{"getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178), "getuid": (102, 174), "geteuid": (107, 175)},
    **{"getgid": (104, 176), "getegid": (108, 177), "getgroups": (115, 158), "getresuid": (118, 148)},
    **{"getresgid": (120, 150), "getpgrp": (111, None), "getpgid": (121, 155), "getsid": (124, 156)},
    **{"getrlimit": (97, 163), "uname": (63, 160), "sysinfo": (99, 179), "getrandom": (318, 278)},
    # signals to itself: see _SELF_ONLY for sending them
    **{"rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136)},
    **{"rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132)},
    **{"restart_syscall": (219, 128)},
    # the bridge, which is open already: no call here makes a socket that reaches anybody. For sendto: see _SENDTO
    **{"recvfrom": (45, 207), "shutdown": (48, 210), "getsockopt": (55, 209), "setsockopt": (54, 208)},
    **{"getsockname": (51, 204), "getpeername": (52, 205)},
}
"""Name to number on x86-64 and on aarch64, None where that machine has no such call."""

_CLONE, _CLONE3, _KILL, _TGKILL = (56, 220), (435, 435), (62, 129), (234, 131)
_IOCTL, _FCNTL, _SOCKETPAIR, _PRLIMIT64 = (16, 29), (72, 25), (53, 199), (302, 261)
_SENDTO = (44, 206)
"""What send(2) is. With an address, a datagram socket of a pair writes to any on the machine, such as /dev/log."""
_CLONE_THREAD = 0x00010000
_AF_UNIX = 1
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS (is it a terminal?), TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""
_FCNTLS = (*range(8), 36, 37, 38, 1030, 1032)
"""F_DUPFD to F_SETLKW, their OFD kin, F_DUPFD_CLOEXEC, F_GETPIPE_SZ. Not F_SETOWN and F_SETSIG: those send signals."""

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""platform.machine() to its column in ALLOWED and its AUDIT_ARCH (linux/audit.h)."""

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _AND, _EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16


def filter_program(machine: str, pid: int) -> bytes:
    """The filter for the process `pid`: 8 bytes for each instruction. Raises KeyError for a machine not in MACHINES."""
    column, arch = MACHINES[machine]
    program = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, arch), _answer(errno.EPERM), (_LOAD, 0, 0, _NUMBER)]

    def only_if(call: tuple[int, int], argument: int, values: Iterable[int], mask: int = 0xFFFFFFFF) -> None:
        block = [(_LOAD, 0, 0, _ARGUMENTS + 8 * argument), (_AND, 0, 0, mask)]
        for value in values:
            block += [(_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ALLOW)]
        block.append(_answer(errno.EPERM))
        program.extend([(_EQUAL, 0, len(block), call[column]), *block])

    def only_without(call: tuple[int, int], pointer: int) -> None:
        """Both halves of the pointer are 0."""
        at = _ARGUMENTS + 8 * pointer
        block = [(_LOAD, 0, 0, at + 4), (_EQUAL, 1, 0, 0), _answer(errno.EPERM)]
        block += [(_LOAD, 0, 0, at), (_EQUAL, 0, 1, 0), (_RETURN, 0, 0, _ALLOW), _answer(errno.EPERM)]
        program.extend([(_EQUAL, 0, len(block), call[column]), *block])

    for numbers in ALLOWED.values():
        if (number := numbers[column]) is not None:
            program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    only_if(_CLONE, 0, [_CLONE_THREAD], _CLONE_THREAD)
    # The C library then asks by clone, whose flags a filter can read.
    program += [(_EQUAL, 0, 1, _CLONE3[column]), _answer(errno.ENOSYS)]
    only_if(_KILL, 0, [pid])
    only_if(_TGKILL, 0, [pid])
    only_if(_IOCTL, 1, _IOCTLS)
    only_if(_FCNTL, 1, _FCNTLS)
    only_if(_SOCKETPAIR, 0, [_AF_UNIX])
    # Reading limits is what resource.getrlimit does; root could raise its own.
    only_without(_PRLIMIT64, 2)
    only_without(_SENDTO, 4)
    program.append(_answer(errno.EPERM))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _answer(number: int) -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, _ERRNO | number)
