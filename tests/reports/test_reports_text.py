"""What a learner reads of a verdict: all of a failed check, nothing of a hidden one, no character that acts."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kms_katas.kit import CheckResult, KmsCall, Verdict
from kms_katas.reports.text import as_text, first_failure

ACTS = "\x1b[2J\x1b]0;title\x07\r\x08\x9b31m\u202e\u2066\x00\ud800"
"""Clears the screen, sets the title, rings, goes back, colours, turns the direction of writing."""


def verdict_of(*checks):
    return Verdict("keys/mini", checks, seed=1, kit_version="0", checks_digest="0" * 64, isolation="process")


def check(status="fail", **fields):
    return CheckResult(fields.pop("check", "test_it"), fields.pop("title", "The sentence."), 1, status, 2, **fields)


def screen(renderable, width=80):
    page = io.StringIO()
    Console(file=page, width=width, force_terminal=True, color_system=None).print(renderable)
    return page.getvalue()


def read(verdict, width=80):
    """The screen with its lines joined: what is said, whatever the width."""
    return " ".join(screen(as_text(verdict, "A kata"), width).split())


def test_a_failed_check_shows_all_that_helps():
    facts = {
        "message": "Wrong.",
        "called": "open_it(1)",
        "actual": "None",
        "expected": "a text",
        "next_step": "Ask KMS.",
    }
    calls = (KmsCall("Decrypt", "key-1", "AccessDeniedException", "of 20 bytes"), KmsCall("Encrypt", "", "ok"))
    text = read(verdict_of(check(**facts, calls=calls, output="hello")))
    for fact in (
        *facts.values(),
        "Decrypt",
        "AccessDeniedException",
        "key-1",
        "of 20 bytes",
        "Encrypt",
        "hello",
        "0 of 2",
    ):
        assert fact in text
    for label in ("called", "came back", "expected", "KMS calls", "next"):
        assert label in text


def test_an_answer_that_called_nothing_is_told_so():
    assert "KMS calls none" in read(verdict_of(check(called="open_it(1)")))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    long = check(message="word " * 60, called="x" * 500, actual="y" * 500, expected="z" * 300, title="sentence " * 30)
    for line in screen(as_text(verdict_of(long), "A kata"), width).splitlines():
        assert len(line) <= width


def test_a_long_sentence_goes_on_under_itself():
    lines = screen(as_text(verdict_of(check("pass", title="begin " + "go on " * 30)), "A kata"), 60).splitlines()
    start = next(line for line in lines if "begin" in line).index("begin")
    following = [line for line in lines if "go on" in line and "begin" not in line]
    assert following
    assert all(len(line) - len(line.lstrip()) == start for line in following)


@pytest.mark.parametrize("field", ["message", "called", "actual", "expected", "next_step", "output"])
def test_no_control_character_of_an_answer_reaches_the_terminal(field):
    fields = {"called": "open_it()"} | {field: f"before {ACTS} after"}
    text = screen(as_text(verdict_of(check(**fields)), "A kata"))
    assert "before" in text and "after" in text
    assert not set(ACTS) - set("[]0;titleJ2m31") & set(text)


@pytest.mark.parametrize("field", ["operation", "target", "outcome", "detail"])
def test_no_control_character_of_a_call_reaches_the_terminal(field):
    call = KmsCall(**({"operation": "Decrypt", "target": "", "outcome": "ok", "detail": ""} | {field: ACTS}))
    text = screen(as_text(verdict_of(check(called="open_it()", calls=(call,))), "A kata"))
    assert all(character == "\n" or character.isprintable() for character in text)


@given(st.text(max_size=60))
def test_whatever_an_answer_says_only_printable_characters_are_shown(said):
    text = screen(as_text(verdict_of(check(message=said, called=said, actual=said, output=said)), "A kata"))
    assert all(character == "\n" or character.isprintable() for character in text)


@given(st.text("[]/bold red#\\", max_size=30))
def test_what_looks_like_markup_is_shown_as_it_is(said):
    assert "".join(said.split()) in "".join(read(verdict_of(check(message=said)), width=200).split())


@pytest.mark.parametrize("output", ["x" * 20_000, "x\n" * 20_000, "\x1b" * 20_000])
def test_a_flood_of_output_takes_a_few_lines(output):
    lines = screen(as_text(verdict_of(check(output=output)), "A kata")).splitlines()
    assert len(lines) < 45
    assert any("and more" in line for line in lines)


def test_short_output_is_shown_whole():
    text = read(verdict_of(check(output="one\ntwo\n")))
    assert "one two" in text
    assert "and more" not in text


def test_many_calls_are_counted_not_listed():
    calls = tuple(KmsCall("Decrypt", f"key-{number}", "ok") for number in range(40))
    text = read(verdict_of(check(called="open_it()", calls=calls)))
    assert text.count("Decrypt") + 32 == 40
    assert "32 more" in text


@pytest.mark.parametrize("shown", [as_text, first_failure])
def test_a_hidden_check_shows_its_sentence_and_nothing_else(shown):
    secret = "s3cr3t"
    fields = dict.fromkeys(("message", "called", "actual", "expected", "next_step", "output"), secret)
    text = screen(shown(verdict_of(check(hidden=True, calls=(KmsCall(secret, secret, secret),), **fields)), "A kata"))
    assert "The sentence." in text
    assert secret not in text


@pytest.mark.parametrize("status", ["error", "timeout", "skipped"])
def test_one_fault_that_stops_every_check_is_told_once(status):
    stopped = [check(status, message="It stops.", check=f"test_{number}") for number in range(3)]
    assert read(verdict_of(*stopped)).count("It stops.") == 1


def test_two_failures_with_the_same_message_are_both_told():
    failed = [check(message="Wrong.", called=f"open_it({number})", check=f"test_{number}") for number in range(2)]
    assert read(verdict_of(*failed)).count("Wrong.") == 2


def test_a_passed_check_has_another_mark_than_one_that_did_not_pass():
    def mark(status):
        return read(verdict_of(check(status))).split(" points ")[1].split()[0]

    assert mark("pass") not in {mark(status) for status in ("fail", "error", "timeout", "skipped")}


def test_the_first_failure_comes_with_a_count_of_the_rest():
    found = [check("pass"), check(message="First."), check("pass"), check(message="Second."), check("error")]
    text = screen(first_failure(verdict_of(*found), "A kata"))
    assert "First." in text
    assert "Second." not in text
    assert "2 more" in text
