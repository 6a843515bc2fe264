"""The rules of the sandbox as data: which system calls, on which machine, and which files. What they then stop is held
in tests/grading/test_grading_isolation.py.
"""

import errno
import os
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.child import sandbox
from kms_katas.child.syscalls import ALLOWED, MACHINES, filter_program

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PID = 4711
CALLS = {
    "x86_64": {"clone": 56, "clone3": 435, "kill": 62, "tgkill": 234, "ioctl": 16, "fcntl": 72, "socketpair": 53}
    | {"prlimit64": 302, "socket": 41, "execve": 59, "fork": 57, "ptrace": 101, "prctl": 157, "io_uring_setup": 425}
    | {"sendto": 44, "sendmsg": 46, "sendmmsg": 307, "connect": 42, "bind": 49},
    "aarch64": {"clone": 220, "clone3": 435, "kill": 129, "tgkill": 131, "ioctl": 29, "fcntl": 25, "socketpair": 199}
    | {"prlimit64": 261, "socket": 198, "execve": 221, "ptrace": 117, "prctl": 167, "io_uring_setup": 425}
    | {"sendto": 206, "sendmsg": 211, "sendmmsg": 269, "connect": 203, "bind": 200},
}

machines = pytest.mark.parametrize("machine", MACHINES)


def answer(program: bytes, arch: int, number: int, *arguments: int) -> int:
    """What the kernel would answer: classic BPF, as far as the program uses it."""
    data = struct.pack("<IIQ6Q", number, arch, 0, *(*arguments, *(0,) * (6 - len(arguments))))
    instructions = [struct.unpack_from("HBBI", program, at) for at in range(0, len(program), 8)]
    at = accumulator = 0
    while True:
        code, yes, no, value = instructions[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x15:
            at += yes if accumulator == value else no
        else:
            assert code == 0x06
            return int(value)


def asked(machine: str, name: str, *arguments: int) -> int:
    return answer(filter_program(machine, PID), MACHINES[machine][1], CALLS[machine][name], *arguments)


@machines
def test_each_listed_call_is_allowed_and_every_other_number_is_not(machine: str) -> None:
    column, arch = MACHINES[machine]
    program = filter_program(machine, PID)
    allowed = {numbers[column] for numbers in ALLOWED.values()} - {None}
    looked_into = {number for name, number in CALLS[machine].items() if name in ("clone3",)}
    for number in range(600):
        expected = ALLOW if number in allowed else ERRNO | errno.EPERM
        if number not in looked_into:
            assert answer(program, arch, number, *[0xDEAD] * 6) == expected, number


@machines
def test_the_calls_of_another_machine_are_refused(machine: str) -> None:
    program = filter_program(machine, PID)
    for arch in (0x40000003, 0xC00000F3, *(arch for name, (_, arch) in MACHINES.items() if name != machine)):
        assert all(answer(program, arch, number) == ERRNO | errno.EPERM for number in range(600))
    x32 = 0x40000000
    assert all(answer(program, MACHINES[machine][1], x32 | number) == ERRNO | errno.EPERM for number in range(600))


@machines
def test_threads_are_made_and_processes_are_not(machine: str) -> None:
    assert asked(machine, "clone", 0x3D0F00) == ALLOW  # what a C library asks for a thread
    for flags in (0, 17, 0x1200011, 0x10000000):
        assert asked(machine, "clone", flags) == ERRNO | errno.EPERM
    assert asked(machine, "clone3") == ERRNO | errno.ENOSYS


@machines
def test_signals_go_to_the_process_itself_alone(machine: str) -> None:
    for name in ("kill", "tgkill"):
        assert asked(machine, name, PID, 9) == ALLOW
        for other in (0, 1, PID - 1, 0xFFFFFFFF, 0xFFFFFFFF - PID + 1):
            assert asked(machine, name, other, 9) == ERRNO | errno.EPERM


@machines
def test_limits_may_be_read_and_not_set(machine: str) -> None:
    assert asked(machine, "prlimit64", 0, 7, 0, 0x7FFF) == ALLOW
    for pointer in (0x1000, 0x7FFF_0000_0000, 1 << 32):
        assert asked(machine, "prlimit64", 0, 7, pointer) == ERRNO | errno.EPERM


@machines
def test_data_is_sent_along_a_connection_and_to_no_address(machine: str) -> None:
    assert asked(machine, "sendto", 3, 0x7FFF, 10, 0, 0, 0) == ALLOW
    for address in (0x1000, 0x7FFF_0000_0000, 1 << 32):
        assert asked(machine, "sendto", 3, 0x7FFF, 10, 0, address, 16) == ERRNO | errno.EPERM
    for name in ("sendmsg", "sendmmsg", "connect", "bind"):
        assert asked(machine, name, 3) == ERRNO | errno.EPERM


@machines
def test_of_descriptors_nothing_that_sends_signals_or_types_on_a_terminal(machine: str) -> None:
    assert asked(machine, "fcntl", 3, 3) == asked(machine, "ioctl", 3, 0x5421) == ALLOW
    for command in (8, 10, 15):  # F_SETOWN, F_SETSIG, F_SETOWN_EX
        assert asked(machine, "fcntl", 3, command) == ERRNO | errno.EPERM
    for request in (0x5412, 0x541C, 0x5410):  # TIOCSTI, TIOCLINUX, TIOCSPGRP
        assert asked(machine, "ioctl", 0, request) == ERRNO | errno.EPERM
    assert asked(machine, "socketpair", 1) == ALLOW
    assert asked(machine, "socketpair", 2) == ERRNO | errno.EPERM


HEADERS = {
    "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    "aarch64": "/usr/include/asm-generic/unistd.h",
}


@machines
def test_the_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    header = Path(HEADERS[machine])
    if not header.is_file():
        pytest.skip("the kernel's headers are not installed here")
    numbers: dict[str, int] = {}
    for name, number in re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", header.read_text()):
        numbers.setdefault(name, int(number))
    numbers |= {"newfstatat": numbers.get("fstatat", numbers.get("newfstatat", -1))}
    column = MACHINES[machine][0]
    for name, known in ALLOWED.items():
        assert numbers.get(name) == known[column], name
    for name, number in CALLS[machine].items():
        assert numbers[name] == number, name


@given(st.data())
def test_nothing_hidden_lies_below_what_may_be_read_and_all_else_does(data: st.DataObject) -> None:
    """Over any tree: a file is readable when no hidden folder holds it, and only then."""
    import tempfile

    names = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.realpath(folder)
        for name in data.draw(st.lists(names, max_size=8)):
            os.makedirs(os.path.join(root, name), exist_ok=True)
            Path(root, name, "file").touch()
        hidden = {os.path.join(root, name) for name in data.draw(st.lists(names, max_size=3))}
        allowed = set(sandbox._around(root, hidden, set()))
        for path in Path(root).rglob("file"):
            above = {str(parent) for parent in path.parents} | {str(path)}
            assert bool(above & allowed) == (not above & hidden)
        assert not any(below == secret or below.startswith(secret + "/") for below in allowed for secret in hidden)


def test_a_link_among_the_packages_that_leads_to_what_is_hidden_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kit" / "solutions").mkdir(parents=True)
    packages = tmp_path / "packages"
    (packages / "good").mkdir(parents=True)
    (packages / "hidden").mkdir()
    for name, target in {"to": "kit", "into": "kit/solutions", "above": ".", "good link": "packages/good"}.items():
        (packages / name).symlink_to(tmp_path / target)
    secrets = {str(tmp_path / "kit"), str(packages / "hidden")}
    assert set(sandbox._around(str(packages), secrets, set())) == {str(packages / "good")}


def test_a_folder_of_packages_inside_a_hidden_kit_is_readable_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "kit/.venv/lib/site-packages"
    (packages / "good").mkdir(parents=True)
    monkeypatch.setattr(sandbox.sys, "path", [str(packages)])
    found = set(sandbox.readable([str(tmp_path / "kit")]))
    assert str(packages) in found and str(tmp_path / "kit") not in found


def test_the_kits_own_package_is_hidden_without_being_named() -> None:
    package = str(Path(sandbox.__file__).parents[1])
    for path in sandbox.readable([]):
        assert not package.startswith(path + "/") and not path.startswith(package)


@pytest.mark.parametrize("system, machine, told", [("darwin", "arm64", "Linux"), ("linux", "riscv64", "riscv64")])
def test_where_it_cannot_be_the_level_is_missing_in_words(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, told: str
) -> None:
    monkeypatch.setattr(sandbox.sys, "platform", system)
    monkeypatch.setattr(sandbox.platform, "machine", lambda: machine)
    with pytest.raises(sandbox.Missing, match=told):
        sandbox.prepare("lite", [])
    enclosure, lacks = sandbox.prepare(sandbox.BEST, [])
    assert enclosure.level == "none" and told in lacks


def test_a_kernel_without_landlock_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(sandbox, "system_call", refuse)
    with pytest.raises(sandbox.Missing, match="no Landlock"):
        sandbox.prepare("lite", [])


def test_a_level_that_nobody_knows_is_missing() -> None:
    with pytest.raises(sandbox.Missing, match="none, lite, full"):
        sandbox.prepare("moonlight", [])


def test_the_best_level_hides_the_same_as_a_better_one_that_failed_and_says_what_the_next_one_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []

    def ready(level: str, hidden: tuple[str, ...]) -> sandbox.Enclosure:
        tried.append((level, list(hidden)))
        if level != "none":
            raise sandbox.Missing(f"no {level} here")
        return sandbox.Enclosure()

    monkeypatch.setattr(sandbox, "_ready", ready)
    assert sandbox.prepare(sandbox.BEST, iter(["/kit"]))[1] == "no lite here"
    assert tried == [(level, ["/kit"]) for level in ("full", "lite", "none")]
