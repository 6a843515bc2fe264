"""The command as a process of its own: in a real terminal, in a pipe, with other encodings, and stopped half-way."""

import os
import re
import subprocess
import sys

import pytest

from .conftest import RIGHT, WRONG

pytest.importorskip("termios")  # not on Windows

from .in_a_terminal import ESCAPE, KATA, children, wait_for

COLOUR = re.compile(rb"\x1b\[[0-9;]*(3|4|9|10)[0-7]m")
CTRL_C = b"\x03"
LOOP = "print('begun', flush=True)\ndef open_it(kms, blob):\n    while True:\n        pass\n"


def piped(mini_root, *words, **environment):
    command = [*KATA, "--kit", str(mini_root), *map(str, words)]
    return subprocess.run(command, capture_output=True, env=os.environ | environment)


def test_a_terminal_of_60_columns_gets_no_wider_line_and_colours(terminal, answer):
    answer.write_text(WRONG)
    shown = terminal("check", width=60)
    assert shown.end() == 1
    assert COLOUR.search(shown.output)
    waiting, wiped, report = shown.output.partition(b"\x1b[2K")
    assert b"Checking keys/mini" in waiting
    assert wiped
    assert b"Checking" not in report
    for line in ESCAPE.sub(b"", shown.output).decode().splitlines():
        assert len(line) <= 60


def test_a_refusal_is_wrapped_between_words_on_a_terminal_and_one_line_in_a_pipe(terminal, mini_root, here):
    said = piped(mini_root, "check", "no-such-kata").stderr.decode().removesuffix("\n")
    assert len(said) > 60 and "\n" not in said
    lines = ESCAPE.sub(b"", terminal("check", "no-such-kata", width=60).read_until()).decode().splitlines()
    assert len(lines) > 1 and max(map(len, lines)) <= 60
    assert " ".join(lines) == said


def test_a_narrow_list_cuts_no_id(terminal, mini_root, here):
    toml = mini_root / "katas" / "01-keys" / "01-mini" / "kata.toml"
    toml.write_text(
        toml.read_text().replace("keys/mini", "keys/mini-with-a-long-name").replace("A mini", "A long " * 9)
    )
    assert b"keys/mini-with-a-long-name" in terminal("list", width=60).read_until()


def test_a_very_narrow_list_cuts_no_id(terminal, here):
    assert b"keys/mini" in terminal("list", width=24).read_until()


def test_no_color_means_no_colour(terminal, answer):
    assert COLOUR.search(terminal("hint").read_until())
    assert not COLOUR.search(terminal("hint", NO_COLOR="1").read_until())


def test_a_pipe_gets_no_escape_and_no_space_at_a_line_end(mini_root, answer):
    answer.write_text(WRONG)
    for words in ([], ["list"], ["brief"], ["check"], ["solution", "--anyway"]):
        done = piped(mini_root, *words)
        assert done.stdout
        assert done.stderr == b""
        assert b"\x1b" not in done.stdout
        assert not re.search(rb"[ \t]$", done.stdout, re.M)


def test_a_pipe_gets_the_brief_as_it_was_written(mini_root, answer):
    path = mini_root / "katas" / "01-keys" / "01-mini" / "README.md"
    path.write_text(path.read_text() + f"\n    {'a long line of code, ' * 20}\n")
    brief = path.read_bytes().strip()
    assert piped(mini_root, "brief").stdout.startswith(brief)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_without_our_characters_still_tells_what_is_passed(mini_root, here, answer, encoding):
    marks = []
    for passed in ("", "passed keys/mini 2026-01-02\n"):
        (here / "my-katas" / "kata-progress.txt").write_text(f"kms-katas-progress 1\n{passed}")
        done = piped(mini_root, "list", PYTHONIOENCODING=encoding)
        assert done.stderr == b""
        marks.append(re.search(r"(\S) +keys/mini", done.stdout.decode(encoding))[1])
    assert marks[0] != marks[1]
    assert "?" not in marks


def test_without_our_characters_a_pass_still_differs_from_a_fail(kata):
    kata("--version")  # main() makes the stand-ins known
    assert "✓".encode("ascii", "kms-katas") != "✗".encode("ascii", "kms-katas")
    assert "日".encode("ascii", "kms-katas") == b"?"


def test_a_reader_that_leaves_early_causes_no_noise(mini_root, here):
    command = [*KATA, "--kit", str(mini_root), "list"]
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE)
    os.close(write_end)
    assert done.stderr == b""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_as_good_as_an_empty_one(mini_root, answer, closed):
    answer.write_text(RIGHT)
    command = ["sh", "-c", f'"$0" "$@" {closed}', *KATA, "--kit", str(mini_root), "check"]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_while_an_answer_loops_leaves_a_clean_screen(terminal, answer):
    answer.write_text(LOOP)
    shown = terminal("check")
    (warm,) = wait_for(lambda: children(shown.process.pid))
    wait_for(lambda: children(warm))
    shown.type(b"\x03")
    assert shown.end() == 130
    assert b"Stopped" in shown.output
    assert b"Traceback" not in shown.output
    assert not os.path.exists(f"/proc/{warm}")
    assert shown.output.count(b"\x1b[?25l") == shown.output.count(b"\x1b[?25h")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_kata_that_is_killed_leaves_no_answer_behind(terminal, answer):
    answer.write_text("import threading\nthreading.Event().wait()\n")
    shown = terminal("check")
    (warm,) = wait_for(lambda: children(shown.process.pid))
    (child,) = wait_for(lambda: children(warm))
    shown.process.kill()
    wait_for(lambda: not os.path.exists(f"/proc/{warm}") and not os.path.exists(f"/proc/{child}"))


@pytest.mark.parametrize(
    "typed, status, kept", [(b"n\n", 1, True), (b"\n", 1, True), (CTRL_C, 130, True), (b"y\n", 0, False)]
)
def test_reset_asks_and_only_a_yes_resets(terminal, answer, typed, status, kept):
    answer.write_text(WRONG)
    shown = terminal("reset", "mini")
    shown.read_until(b"[y/N]")
    if typed == CTRL_C:
        shown.interrupt_its_prompt()
    else:
        shown.type(typed)
    assert shown.end() == status
    assert (answer.read_text() == WRONG) is kept
    assert b"Traceback" not in shown.output


def test_try_gives_a_lab_a_client_and_the_answer(terminal, answer):
    answer.write_text(RIGHT)
    shown = terminal("try", "mini")
    shown.read_until(b">>> ")
    shown.type(b"open_it(kms, kms.encrypt(KeyId=key_id, Plaintext=b'x' * 3)['CiphertextBlob'])\n")
    shown.read_until(b"b'xxx'")
    shown.type(b"1 +* 2\n")
    shown.read_until(b"SyntaxError")
    assert b"codeop" not in shown.output
    shown.type(b"len(admin.list_keys()['Keys']), lab.home.admin.arn\n")
    shown.read_until(b"user/admin")
    shown.type(b"exit()\n")
    assert shown.end() == 0


@pytest.mark.parametrize("source", ["def open_it(:\n", "raise SystemExit(7)\n"])
def test_try_with_an_answer_that_does_not_run_says_so_and_goes_on(terminal, answer, source):
    answer.write_text(source)
    shown = terminal("try")
    shown.read_until(b">>> ")
    assert b"Without your answer" in shown.output
    shown.type(b"\x04")
    assert shown.end() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that even root may not write to")
def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(mini_root, here):
    done = piped(mini_root, "init", "/proc/nothing")
    assert done.returncode == 2
    assert b"/proc/nothing" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_a_full_disk_is_told_in_a_sentence(mini_root, answer):
    done = piped(mini_root, "check", "--output", "/dev/full", "--format", "json")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
