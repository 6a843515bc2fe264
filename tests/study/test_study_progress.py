"""The progress file: facts stay, other people's lines stay, and a crash leaves the old file or the new one."""

import os
import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.study.progress import NAME, Progress, ProgressError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("progress")


katas = st.sampled_from(["keys/hello", "keys/hello-2", "envelope/seal-and-open", "a/b"])
days = st.dates()
facts = st.one_of(
    st.tuples(st.just("pass"), katas, days),
    st.tuples(st.just("solution"), katas, days),
    st.tuples(st.just("given"), katas, days),
    st.tuples(st.just("hint"), katas, st.integers(1, 12), st.integers(1, 5)),
)
strange_lines = st.text(st.characters(blacklist_characters="\n\r", blacklist_categories=["Cs"]), max_size=20).filter(
    lambda line: {*line.split()[:1]}.isdisjoint({"kms-katas-progress", "hint", "passed", "solution", "given", "seed"})
)


def noted(progress, fact):
    match fact:
        case "pass", kata, day:
            return progress.with_pass(kata, day)
        case "solution", kata, day:
            return progress.with_solution(kata, day)
        case "given", kata, day:
            return progress.with_given(kata, day)
        case _, kata, task, tier:
            return progress.with_hint(kata, task, tier)


@given(st.lists(facts, max_size=25), st.data())
def test_any_sequence_of_facts_is_remembered_and_nothing_else(folder, sequence, data):
    path = folder / NAME
    progress = Progress.new()
    for fact in sequence:
        progress = noted(progress, fact)
        if data.draw(st.booleans()):
            progress.save(path)
            progress = Progress.load(path)
    for kata in ("keys/hello", "keys/hello-2", "envelope/seal-and-open", "a/b"):
        of_kata = [fact for fact in sequence if fact[1] == kata]
        assert progress.passed(kata) is any(fact[0] == "pass" for fact in of_kata)
        assert progress.solution_seen(kata) is any(fact[0] == "solution" for fact in of_kata)
        assert progress.given(kata) is any(fact[0] == "given" for fact in of_kata)
        assert progress.done(kata) is (progress.passed(kata) or progress.given(kata))
        for task in range(1, 13):
            tiers = [fact[3] for fact in of_kata if fact[0] == "hint" and fact[2] == task]
            assert progress.hints_seen(kata, task) == max(tiers, default=0)


@given(st.lists(facts, max_size=10))
def test_noting_a_fact_twice_changes_nothing(sequence):
    progress = Progress.new()
    for fact in sequence:
        progress = noted(progress, fact)
    again = progress
    for fact in sequence:
        again = noted(again, fact)
    assert again == progress


@given(st.lists(strange_lines, max_size=8), st.lists(facts, max_size=8))
def test_unknown_lines_are_kept_as_they_are_and_in_order(folder, strange, sequence):
    path = folder / NAME
    path.write_text("\n".join(["kms-katas-progress 1", *strange, "seed 5"]) + "\n", "utf-8", newline="\n")
    progress = Progress.load(path)
    for fact in sequence:
        progress = noted(progress, fact)
    progress.save(path)
    lines = path.read_bytes().decode("utf-8").split("\n")
    assert lines[: len(strange) + 2] == ["kms-katas-progress 1", *strange, "seed 5"]


@given(st.binary(max_size=200))
def test_whatever_is_in_the_file_it_is_read_or_refused_in_a_sentence(folder, content):
    path = folder / NAME
    path.write_bytes(content)
    try:
        Progress.load(path).with_hint("keys/hello", 1, 1).save(path)
    except ProgressError as error:
        assert str(path) in str(error)
        assert path.read_bytes() == content


def test_the_first_pass_keeps_its_day():
    progress = Progress.new().with_pass("keys/hello", date(2026, 1, 2)).with_pass("keys/hello", date(2026, 3, 4))
    assert [line for line in progress.lines if line.startswith("passed")] == ["passed keys/hello 2026-01-02"]


def test_the_path_last_taken_is_followed_and_all_else_stays(folder):
    progress = Progress.new().with_path("a").with_pass("keys/hello", date(2026, 1, 2)).with_path("b")
    assert progress.path == "b"
    assert progress.passed("keys/hello")
    assert progress.with_path("b") is progress


def test_what_is_taken_back_is_given_no_more_and_all_else_stays():
    progress = Progress.new().with_given("a/b", date(2026, 1, 2)).with_given("keys/hello", date(2026, 1, 2))
    back = progress.without_given("a/b")
    assert not back.given("a/b")
    assert back.given("keys/hello")
    assert back.without_given("a/b") is back


def test_line_ends_and_the_mark_of_windows_do_no_harm(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(b"\xef\xbb\xbfkms-katas-progress 1\r\nseed 12\r\npassed keys/hello 2026-01-02\r\n")
    progress = Progress.load(path)
    assert progress.seed == 12
    assert progress.passed("keys/hello")


def test_numbers_too_long_to_be_ours_are_an_unknown_line(tmp_path):
    path = tmp_path / NAME
    path.write_text(f"kms-katas-progress 1\nseed {'9' * 5000}\nhint keys/hello 1 {'9' * 5000}\n")
    assert Progress.load(path).hints_seen("keys/hello", 1) == 0
    assert Progress.load(path).seed == 0


def test_a_file_that_lost_its_heading_gets_it_back(tmp_path):
    path = tmp_path / NAME
    path.write_text("passed keys/hello 2026-01-02\n")
    Progress.load(path).save(path)
    assert path.read_text().startswith("kms-katas-progress 1\n")
    assert Progress.load(path).passed("keys/hello")


@pytest.mark.parametrize("heading", ["kms-katas-progress 2", "kms-katas-progress 1 zipped", "kms-katas-progress"])
def test_another_form_is_refused_and_left_alone(tmp_path, heading):
    path = tmp_path / NAME
    path.write_text(f"{heading}\npassed keys/hello 2026-01-02\n")
    before = path.read_bytes()
    with pytest.raises(ProgressError, match="newer version"):
        Progress.load(path)
    assert path.read_bytes() == before


def test_a_missing_file_is_a_new_learner(tmp_path):
    assert not Progress.load(tmp_path / NAME).passed("keys/hello")


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / NAME
    old = Progress.new()
    old.save(path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProgressError, match="No space left"):
        old.with_pass("keys/hello", date(2026, 1, 2)).save(path)
    assert Progress.load(path) == old
    assert os.listdir(tmp_path) == [NAME]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_killed_in_the_middle_of_a_write_the_old_file_is_whole(tmp_path, step):
    path = tmp_path / NAME
    old = Progress.new()
    old.save(path)
    script = (
        "import os, sys, pathlib, signal, datetime\n"
        "from kms_katas.study.progress import Progress\n"
        f"os.{step} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "Progress.load(path).with_pass('keys/hello', datetime.date(2026, 1, 2)).save(path)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)])
    assert done.returncode == -9
    assert Progress.load(path) == old


def test_a_folder_in_place_of_the_file_is_told_in_a_sentence(tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(ProgressError, match="cannot be read"):
        Progress.load(tmp_path / NAME)
    with pytest.raises(ProgressError, match="cannot be written"):
        Progress.new().save(tmp_path / NAME)
