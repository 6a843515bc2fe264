"""`kata watch` in a real terminal: what is judged and when, the keys, and what it survives.

For how it leaves the terminal: test_cli_watch_terminal.py.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from .conftest import RIGHT, WRONG

pytest.importorskip("termios")  # not on Windows

from .in_a_terminal import ESCAPE, KATA, WAITING, children, looping, wait_for

RULE = re.compile(rb"\d\d:\d\d:\d\d  ([a-z/-]+)")
CLEARS = re.compile(rb"\x1b\[[0-3]?[JK]|\x1b\[\?1049h|\x1b\[\d*A|\x1bc")
PROBED_THEN_DEAF = """
import watchfiles
def deaf(*paths, stop_event, **options):
    yield set()
    stop_event.wait()
watchfiles.watch = deaf
"""


@pytest.fixture
def second_kata(mini_root):
    """The mini kit gets a second kata, keys/other."""
    for old in (mini_root / "katas/01-keys/01-mini", mini_root / "solutions/01-keys/01-mini"):
        shutil.copytree(old, old.with_name("02-other"))
    toml = mini_root / "katas/01-keys/02-other/kata.toml"
    toml.write_text(toml.read_text().replace("keys/mini", "keys/other"))
    checks = mini_root / "tests/graders/01_keys"
    shutil.copy(checks / "test_mini.py", checks / "test_other.py")


# What is judged


def test_it_begins_with_where_the_learner_stands_and_says_what_it_waits_for(watch):
    shown = watch().next()
    assert b"not started yet" in shown
    assert b"my-katas/keys/mini/answer.py" in shown
    assert b"h hint" in shown


def test_a_save_is_judged_and_a_pass_is_noted(watch, answer, progress):
    watched = watch()
    watched.next()
    answer.write_text(WRONG)
    shown = watched.next()
    assert b"0 of 3 points" in shown
    answer.write_text(RIGHT)
    shown = watched.next()
    assert b"Why it matters" in shown
    assert b"passed, 3 of 3 points" in shown
    assert "passed keys/mini" in progress()
    watched.type(b"q")
    assert watched.end() == 0


def test_of_two_failures_both_have_their_line_and_the_first_its_reason(watch, answer):
    watched = watch()
    watched.next()
    answer.write_text(WRONG)
    shown = watched.next()
    assert shown.count("✗".encode()) == 2
    assert b"That is not the secret." in shown
    assert b"KMS was not asked." not in shown


def test_nothing_is_ever_cleared(watch, answer):
    watched = watch()
    watched.next()
    for source in (WRONG, "def open_it(:\n", RIGHT):
        answer.write_text(source)
        watched.next()
    for key in (b"h", b"l", b"?", b"x", b"\n"):
        watched.type(key)
        watched.next()
    assert not CLEARS.search(watched.all)


def test_only_other_bytes_are_judged_again(watch, answer):
    watched = watch()
    watched.next()
    answer.write_text(WRONG)
    watched.next()
    for _ in range(3):
        answer.write_text(WRONG)
    answer.with_name("notes.txt").write_text("not an answer")
    answer.write_text(RIGHT)
    assert len(RULE.findall(watched.next())) == 1


def test_a_notebook_in_place_of_the_file_is_judged_when_its_answer_changes(watch, answer):
    def save(source, printed):
        cell = {"cell_type": "code", "source": f"# kata: keys/mini, cell 1 of 1\n{source}", "outputs": [printed]}
        answer.with_name("answer.ipynb").write_text(json.dumps({"cells": [cell]}))

    watched = watch()
    watched.next()
    save(WRONG, "")
    shown = watched.next()
    assert b"0 of 3 points" in shown and b"That is not the secret." in shown
    save(WRONG, "what a cell printed")
    save(RIGHT, "more")
    shown = watched.next()
    assert b"passed, 3 of 3 points" in shown and len(RULE.findall(shown)) == 1


def test_what_editors_leave_and_how_they_save_changes_nothing(watch, answer):
    watched = watch()
    watched.next()
    for name in (".answer.py.swp", "4913", ".#answer.py", "answer.py.tmp"):
        answer.with_name(name).write_text("half")
    answer.replace(answer.with_name("answer.py~"))
    answer.with_name("answer.py.tmp").write_bytes(RIGHT.replace("\n", "\r\n").encode())
    answer.with_name("answer.py.tmp").replace(answer)
    shown = watched.next()
    assert b"3 of 3 points" in shown
    assert b"gone" not in shown
    assert len(RULE.findall(shown)) == 1


def test_a_save_while_an_answer_loops_is_what_is_judged(watch, answer, here):
    watched = watch("--isolation", "none")  # the answer says by a file how far it is
    watched.next()
    answer.write_text(looping(here / "begun"))
    wait_for((here / "begun").exists)
    answer.write_text(RIGHT)
    shown = watched.next()
    assert b"3 of 3 points" in shown
    assert b"Stopped: the limit" not in shown


def test_an_answer_that_loops_and_prints_gets_its_verdict_and_the_watch_goes_on(watch, answer):
    watched = watch()
    watched.next()
    answer.write_text("def open_it(kms, blob):\n    while True:\n        print('x' * 1000)\n")
    shown = watched.next()
    assert b"Your code printed more than" in shown
    assert len(shown) < 6000
    answer.write_text(RIGHT)
    assert b"3 of 3 points" in watched.next()


def test_an_answer_that_cannot_be_read_gets_its_verdict_and_the_watch_goes_on(watch, answer):
    watched = watch()
    watched.next()
    answer.unlink()
    answer.mkdir()
    assert b"! task 1" in ESCAPE.sub(b"", watched.next())
    answer.rmdir()
    answer.write_text(RIGHT)
    assert b"3 of 3 points" in watched.next()


def test_a_folder_that_goes_is_told_once_and_its_answer_judged_when_it_is_back(watch, answer):
    watched = watch()
    watched.next()
    folder = answer.parent
    folder.rename(folder.with_name("aside"))
    shown = watched.next()
    assert b"my-katas/keys/mini/answer.py is gone" in shown
    folder.with_name("aside").rename(folder)
    shown = watched.next()
    assert b"not started yet" in shown
    assert b"gone" not in shown


@pytest.mark.parametrize("inside", [False, True])
def test_without_its_workspace_it_ends_and_says_so(watch, here, monkeypatch, inside):
    if inside:
        monkeypatch.chdir(here / "my-katas")
    watched = watch()
    watched.next()
    shutil.rmtree(here / "my-katas")
    assert watched.end() == 2
    assert b"is gone" in watched.output
    assert b"Traceback" not in watched.output


def test_a_new_kata_that_appears_is_judged_only_once_it_is_edited(watch, answer, second_kata, kata, here):
    other = here / "my-katas" / "keys" / "other"
    watched = watch()
    watched.next()
    kata("init")
    wait_for((other / "README.md").exists)
    (other / "answer.py").write_text(WRONG)
    assert RULE.findall(watched.next()) == [b"keys/other"]


def test_a_named_kata_is_the_only_one_that_is_judged(watch, answer, second_kata, kata, here):
    kata("init")
    watched = watch("mini")
    watched.next()
    (here / "my-katas" / "keys" / "other" / "answer.py").write_text(RIGHT)
    answer.write_text(RIGHT)
    assert RULE.findall(watched.next()) == [b"keys/mini"]
    watched.type(b"n")
    assert b"keys/mini alone" in watched.next()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_save_is_judged_though_the_warm_process_was_killed(watch, answer):
    watched = watch()
    watched.next()
    answer.write_text(WRONG)
    watched.next()
    (warm,) = children(watched.process.pid)
    wait_for(lambda: len(children(warm)) == 2)  # ready for the next save, and at rest
    os.kill(int(warm), signal.SIGKILL)
    answer.write_text(RIGHT)
    assert b"3 of 3 points" in watched.next(b"points")


BROKEN = '''

def test_z(answer):
    """The machinery works."""
    import os
    from kms_katas.grading.outcome import Infra
    if os.path.exists({flag!r}):
        raise Infra("it broke")
'''


def test_when_the_machinery_fails_nothing_is_judged_and_enter_judges_it(watch, answer, progress, mini_root, here):
    flag, checks = here / "broken", mini_root / "tests/graders/01_keys/test_mini.py"
    checks.write_text(checks.read_text() + BROKEN.format(flag=str(flag)))
    watched = watch()
    watched.next()
    flag.touch()
    answer.write_text(RIGHT)
    shown = watched.next()
    assert b"your answer was not judged" in shown
    assert "passed" not in progress()
    flag.unlink()
    watched.type(b"\n")
    assert b"4 of 4 points" in watched.next()


# Keys


def test_after_a_pass_n_shows_the_next_kata_and_again_the_one_after(watch, answer, second_kata, kata):
    kata("init")
    watched = watch()
    watched.next()
    answer.write_text(RIGHT)
    assert b"keys/other" in watched.next()
    watched.type(b"n")
    shown = watched.next()
    assert RULE.findall(shown) == [b"keys/other"]
    assert b"not started yet" in shown
    watched.type(b"n")
    assert b"no other kata" in watched.next()


def test_h_gives_hints_and_l_the_list(watch, answer, progress):
    watched = watch()
    watched.next()
    watched.type(b"h")
    assert b"Vague." in watched.next()
    watched.type(b"h")
    assert b"Direct." in watched.next()
    assert "hint keys/mini 1 2" in progress()
    watched.type(b"l")
    assert b"A mini kata" in watched.next()


def test_a_key_without_a_meaning_is_told_and_an_arrow_is_no_key(watch):
    watched = watch()
    watched.next()
    watched.type(b"\x1b[A")
    watched.type(b"z")
    shown = watched.next()
    assert b"z does nothing here" in shown
    assert shown.count(b"does nothing") == 1


@pytest.mark.parametrize("typed, kept", [(b"n", True), (b"\n", True), (b"y", False)])
def test_r_asks_and_only_y_resets_and_keeps_a_copy(watch, answer, here, typed, kept):
    answer.write_text(WRONG)
    watched = watch()
    watched.next()
    watched.type(b"r")
    watched.next(b"y/n")
    watched.type(typed)
    shown = watched.next()
    assert (answer.read_text() == WRONG) is kept
    assert (b"Nothing was changed" in shown) is kept
    backups = [path.read_text() for path in here.rglob(".backups/*/answer.py")]
    assert backups == ([] if kept else [WRONG])


def test_without_a_terminal_to_read_from_it_says_so_and_still_judges(mini_root, answer):
    command = [*KATA, "--kit", str(mini_root), "watch"]
    watched = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def up_to(wanted):
        for line in watched.stdout:
            if wanted in line:
                return

    up_to(b"No keys here")
    up_to(WAITING)
    answer.write_text(RIGHT)
    up_to(b"passed, 3 of 3 points")
    watched.send_signal(signal.SIGINT)
    _, said = watched.communicate(timeout=30)
    assert watched.returncode == 130
    assert said.strip() == b"Stopped. Nothing is lost."


# Where the system does not tell of changes


def test_polling_can_be_forced_and_is_told(watch, answer):
    watched = watch(WATCHFILES_FORCE_POLLING="1")
    assert b"WATCHFILES_FORCE_POLLING" in watched.next()
    answer.write_text(RIGHT)
    assert b"3 of 3 points" in watched.next()


def test_a_save_that_the_system_does_not_tell_of_is_found_and_from_then_on_it_polls(watch, answer):
    watched = watch(before=PROBED_THEN_DEAF)
    assert b"Looking at your files" not in watched.next()
    for source, points in ((WRONG, b"0 of 3 points"), (RIGHT, b"3 of 3 points"), (WRONG, b"0 of 3 points")):
        answer.write_text(source)
        assert points in watched.next()
    # Not always with the first: the last event of the probe may still have led to that one.
    assert watched.all.count(b"did not tell of this save") == 1


def test_no_other_command_loads_the_library(mini_root, answer):
    look = "import atexit, sys; atexit.register(lambda: print(sorted({'watchfiles', 'anyio'} & set(sys.modules))));"
    for words in (["list"], ["check"]):
        command = [sys.executable, "-c", f"{look} {KATA[2]}", "--kit", str(mini_root), *words]
        assert subprocess.run(command, capture_output=True).stdout.splitlines()[-1] == b"[]"
