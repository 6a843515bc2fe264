"""`kata watch` and its terminal: how it leaves it, suspended or stopped, and that it leaves no process."""

import os
import shlex
import signal
import sys

import pytest

termios = pytest.importorskip("termios")  # not on Windows

from .in_a_terminal import KATA, WAITING, Terminal, children, looping, wait_for  # noqa: E402


@pytest.mark.parametrize("how, status", [(b"q", 0), (b"\x04", 0), (b"\x03", 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_however_it_ends_the_terminal_is_as_it_was(watch, how, status):
    watched = watch()
    before = termios.tcgetattr(watched.master)
    watched.next()
    assert not watched.echoes()
    watched.type(how) if isinstance(how, bytes) else watched.process.send_signal(how)
    assert watched.process.wait(30) == status
    assert termios.tcgetattr(watched.master) == before


def test_suspended_it_gives_the_terminal_back_and_resumed_it_has_its_keys_again(mini_root, answer, here):
    (here / "run").write_text(f"exec {shlex.join([*KATA, '--kit', str(mini_root), 'watch'])}\n")
    shell = Terminal(["-i"], command=["sh"], PS1="$ ", ENV="")
    shell.type(b"sh run\n")
    shell.read_until(WAITING)
    shell.type(b"\x1a")
    shell.read_until(b"topped")
    shell.type(b"stty -a; echo done\n")
    assert b" echo " in shell.read_until(b"\ndone")
    shell.type(b"fg\n")
    wait_for(lambda: not termios.tcgetattr(shell.master)[3] & termios.ECHO)
    shell.output = b""
    shell.type(b"?")
    shell.read_until(b"Keys:")
    shell.type(b"q")
    shell.read_until(b"Stopped watching.\r\n$ ")
    shell.type(b"exit\n")
    assert shell.end() == 0
    os.close(shell.master)


def test_what_cannot_be_suspended_keeps_its_keys(watch):
    """Nobody could resume it: it leads a session, as in a container."""
    watched = watch()
    watched.next()
    watched.type(b"\x1a?")
    assert b"hint" in watched.next(b"Keys:")
    assert not watched.echoes()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_while_an_answer_loops_leaves_no_process(watch, answer, here):
    watched = watch("--isolation", "none")  # the answer says by a file how far it is
    watched.next()
    answer.write_text(looping(here / "begun"))
    wait_for((here / "begun").exists)
    processes = [child for warm in children(watched.process.pid) for child in (warm, *children(warm))]
    assert len(processes) > 1
    watched.type(b"\x03")
    assert watched.end() == 130
    assert b"Traceback" not in watched.output
    wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in processes))
