"""GitHub Actions: annotations and summary within GitHub's limits, and no text of an answer commands its runner."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.reports.github import MAX_ANNOTATIONS, MAX_MESSAGE, MAX_SUMMARY, as_annotations, as_summary, for_log
from kms_katas.reports.public import one_line

from .samples import EVERY_KIND, HOSTILE, PASSED, check, hidden, several, texts, unnamed, verdict_of, with_text


def annotations(found):
    """Those of one learner's verdicts."""
    return as_annotations(unnamed(found))


def summary(found):
    return as_summary(unnamed(found))


def commands(log):
    """What GitHub's runner would take for a command: `(name, properties, text)` of each.

    As in src/Runner.Common/ActionCommand.cs of github.com/actions/runner: a line that begins with `::`, blanks aside,
    and, of old, `##[name]` anywhere in a line. Any name counts here, also what is none of its commands.
    """
    found = []
    for line in re.split("\r\n|\r|\n", log):
        start = line.lstrip()
        if start.startswith("::") and "::" in start[2:]:
            head, _, data = start[2:].partition("::")
            name, _, rest = head.partition(" ")
            pairs = (pair.partition("=") for pair in rest.strip().split(",") if pair)
            found.append((name, {key: unescape(value) for key, _, value in pairs}, unescape(data)))
        elif old := re.search(r"##\[([^\]]*)\]", line):
            found.append((old[1], {}, ""))
    return found


def unescape(text):
    for sign, code in (("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C"), ("%", "%25")):
        text = text.replace(code, sign)
    return text


@given(several)
def test_only_our_own_errors_command_the_runner(found):
    log = annotations(found)
    assert len(commands(log)) == log.count("\n") == len(log.splitlines())
    for name, properties, text in commands(log):
        assert name == "error"
        assert set(properties) <= {"file", "line", "title"}
        assert commands(text) == []


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_becomes_one_annotation_and_no_more(hostile):
    ((name, properties, _),) = commands(annotations([with_text(hostile)]))
    assert (name, properties["line"]) == ("error", "11")


def test_an_annotation_points_at_the_learners_line():
    ((_, properties, text),) = commands(annotations([verdict_of(check("fail", file="a, b: c%.py", line=12))]))
    assert (properties["file"], properties["line"]) == ("a, b: c%.py", "12")
    assert properties["title"] == "keys/mini, task 1: Sentence 1."
    assert text.startswith("Message 1.\ncalled: open_it(1)\n")


@given(st.integers(0, 40))
def test_at_most_ten_annotations_and_the_last_counts_the_rest(number):
    log = commands(annotations([verdict_of(*(check("fail", number=n) for n in range(1, number + 1)))]))
    assert len(log) == min(number, MAX_ANNOTATIONS)
    if number > MAX_ANNOTATIONS:
        assert log[-1][2].startswith(f"{number - MAX_ANNOTATIONS + 1} more checks")


def test_passed_and_skipped_checks_get_no_annotation():
    assert annotations([PASSED, verdict_of(check("skipped"))]) == ""


def test_a_hidden_check_is_annotated_with_its_sentence_and_at_no_line():
    ((_, properties, text),) = commands(annotations([verdict_of(hidden(title="Public."))]))
    assert set(properties) == {"title"}
    assert text == "Public."


@pytest.mark.parametrize("sign", ["x", "\U0001f511", "::", "##[", "\n", "%"])
def test_no_message_is_too_long_for_the_runner(sign):
    for _, properties, text in commands(annotations([with_text(sign * 20_000)])):
        assert len(text.encode("utf-16-le")) // 2 <= MAX_MESSAGE
        assert len(properties["title"]) <= 255


@given(texts)
def test_no_line_of_a_log_commands_the_runner(text):
    assert commands(for_log(text)) == []


@pytest.mark.parametrize(
    "line", ["::error::x", "  ::add-mask::x", "\u3000::x::", "a ##[add-mask]x", "####[x]", ":::a::"]
)
def test_a_line_that_would_command_is_changed_and_still_readable(line):
    assert commands(line) and commands(for_log(line)) == []
    assert for_log(line).replace(" ", "") == line.replace(" ", "")


@given(st.text(st.characters(exclude_characters=":#[\r")))
def test_every_other_line_stays_as_it_is(text):
    assert for_log(text) == text


@given(several)
def test_the_summary_has_a_row_for_each_check_and_its_fences_close(found):
    page = summary(found)
    outside, inside, fence = [], [], ""
    for line in page.split("\n"):
        if fence:
            inside.append(line)
            fence = "" if line == fence else fence
        elif opened := re.match("(`{3,})text$", line):
            fence = opened[1]
        else:
            outside.append(line)
    assert not fence
    rows = [line for line in outside if re.match(r"\| (pass|fail|error|timeout|skipped) \|", line)]
    assert len(rows) == sum(len(verdict.checks) for verdict in found)
    # Outside of fences nothing of a text means anything: no bar parts a cell, no tag, link, mention or heading.
    for line in rows:
        assert len(re.findall(r"(?<!\\)\|", line)) == 5
    for line in outside:
        assert not re.search(r"(?<!\\)[<\[`]|@", line)


@pytest.mark.parametrize("checks, length", [(2, 16_000), (200, 16_000), (20_000, 10)])
def test_the_summary_is_never_too_large_and_says_what_is_left_out(checks, length):
    found = [check("fail", number=n, actual="\U0001f511" * length) for n in range(1, checks + 1)]
    page = summary([verdict_of(check("fail")), verdict_of(*found)])
    assert len(page.encode()) <= MAX_SUMMARY
    assert ("did not fit" in page) is (checks > 2)
    assert "0 of 2 katas passed" in page


@given(texts)
def test_a_learners_name_is_code_in_the_summary_and_ends_nowhere_early(name):
    shown = one_line(name)
    heading = as_summary([(name, PASSED)]).split("\n### ")[1].split("\n")[0]
    if not shown:
        assert heading.startswith("envelope/more: ")
        return
    marks = re.match("`+", heading)[0]
    assert heading.startswith(f"{marks} {shown} {marks}: envelope/more: ")
    assert marks not in re.findall("`+", shown)


@pytest.mark.parametrize("title", ["See www.evil.example", "WWW.evil.example", "an _underlined_ word", "__x__"])
def test_no_sentence_links_or_lays_out_anything(title):
    row = next(line for line in summary([verdict_of(check("pass", title=title))]).splitlines() if "| pass" in line)
    assert not re.search(r"(?i)www\.|(?<!\\)_", row)


@given(st.integers(0, 3000))
def test_the_summary_keeps_to_the_room_that_is_left(room):
    page = as_summary([("ann", EVERY_KIND), ("bob", PASSED)], room)
    assert len(page.encode()) <= room
    assert not page or "1 of 2 answers passed" in page


def test_the_summary_counts_points_and_hidden_checks_first():
    first = summary([EVERY_KIND, PASSED]).splitlines()[0]
    assert "1 of 2 katas passed, 4 of 24 points." in first
    assert "1 of these 8 checks is hidden" in first
