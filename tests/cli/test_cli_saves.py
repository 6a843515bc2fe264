"""What `kata watch` makes of a save: whether the system tells of it, and whether what lies there is worth a verdict."""

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.cli import file_events, saves
from kms_katas.kit import find_kit

from .conftest import RIGHT, WRONG

pytest.importorskip("termios")  # not on Windows

kit_itself = functools.cache(find_kit)


# Whether the system tells of changes


@pytest.fixture
def events(tmp_path):
    heard = []
    opened = file_events.FileEvents(tmp_path, lambda: heard.append(1))
    yield opened
    opened.close()


def test_the_probe_sees_that_events_come_and_leaves_nothing(tmp_path, events):
    assert events.come()
    assert list(tmp_path.iterdir()) == []


def test_the_probe_sees_that_none_come(tmp_path, monkeypatch, request):
    monkeypatch.setattr("watchfiles.watch", lambda *paths, stop_event, **options: stop_event.wait() and ())
    monkeypatch.setattr(file_events, "PROBE_SECONDS", 0.05)
    assert not request.getfixturevalue("events").come()
    assert list(tmp_path.iterdir()) == []


def test_a_system_that_has_no_events_left_is_no_failure(monkeypatch, request):
    def refuse(*paths, **options):
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr("watchfiles.watch", refuse)
    events = request.getfixturevalue("events")
    assert not events.come()
    assert "limit" in events.problem


@pytest.mark.parametrize(
    "value, forced", [("", False), ("1", True), ("true", True), ("false", False), ("Disabled", False)]
)
def test_the_variable_means_what_the_library_says(monkeypatch, value, forced):
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", value)
    assert file_events.polling_is_forced() is forced


# What a save left


def test_a_file_that_is_written_in_steps_is_taken_when_it_is_whole(mini_kit, tmp_path, monkeypatch):
    """Every step of the editor happens in one of the waits: emptied, half, moved away, whole."""
    kata, path = mini_kit.katas[0], tmp_path / "answer.py"
    path.write_bytes(b"")
    half = RIGHT.encode()[: RIGHT.index("blob)[")]
    steps = iter([lambda: path.write_bytes(half), path.unlink, lambda: path.write_bytes(RIGHT.encode())])
    monkeypatch.setattr(saves.time, "sleep", lambda seconds: next(steps)())
    assert saves.finished_content(tmp_path, kata) == (RIGHT.encode(),)


@pytest.mark.parametrize("data", [b"", b"def open_it(:\n", None])
def test_a_file_that_stays_broken_is_taken_at_its_word(mini_kit, tmp_path, data):
    if data is not None:
        (tmp_path / "answer.py").write_bytes(data)
    assert saves.finished_content(tmp_path, mini_kit.katas[0]) == (data,)


@given(st.integers(1, len(RIGHT) - 1), st.sampled_from(["\n", "\r\n"]))
def test_what_is_cut_off_inside_a_bracket_or_a_text_looks_unfinished(at, end):
    kata = kit_itself().kata("keys/hello")
    source = RIGHT.replace("\n", end)
    part = source[: min(at, len(source) - 1)]
    unfinished = part.count("(") > part.count(")") or part.count('"') % 2 == 1
    assert saves.looks_whole(kata, (source.encode(),))
    if unfinished:
        assert not saves.looks_whole(kata, (part.encode(),))


DATA = st.one_of(st.none(), st.binary(max_size=20), st.just("Permission denied"))


@given(content=DATA, judged=st.one_of(st.none(), DATA.filter(lambda data: data is not None)), current=st.booleans())
def test_what_was_judged_is_not_judged_again_and_a_missing_file_never(content, judged, current):
    kit = kit_itself()
    kata = kit.kata("keys/hello")
    found = saves.decide(kit, kata, (content,), None if judged is None else (judged,), current)
    assert found.judge is (content is not None and content != judged)
    assert bool(found.gone) is (content is None and judged is not None)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("is_current", [True, False])
def test_a_starter_that_appears_is_judged_only_for_the_current_kata(mini_kit, end, is_current):
    kata = mini_kit.katas[0]
    starter = (mini_kit.starter(kata) / "answer.py").read_bytes().replace(b"\n", end)
    assert saves.decide(mini_kit, kata, (starter,), None, is_current).judge is is_current


def test_only_the_answer_files_leave_a_trace(mini_kit, tmp_path):
    kata, path = mini_kit.katas[0], tmp_path / "answer.py"
    path.write_text(WRONG)
    before = saves.trace_of(tmp_path, kata)
    for name in (".answer.py.swp", "answer.py~", "4913"):
        (tmp_path / name).write_text(RIGHT)
    assert saves.trace_of(tmp_path, kata) == before
    (tmp_path / "answer.py~").write_text(WRONG)
    (tmp_path / "answer.py~").replace(path)
    assert saves.trace_of(tmp_path, kata) != before
