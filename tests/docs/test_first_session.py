"""The recorded first session can be played, and what is saved in it still passes."""

import importlib.util
import json
from pathlib import Path

import pytest

from kms_katas.grading.lane import grade_in_lane
from kms_katas.grading.runner import best_runner
from kms_katas.kit import find_kit
from kms_katas.study.workspace import make_workspace

SCRIPT = Path(__file__).parents[2] / "docs" / "assets" / "first_session.py"


@pytest.fixture(scope="module")
def session():
    spec = importlib.util.spec_from_file_location("first_session", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_saved_in_it_passes_three_katas(session, tmp_path):
    kit = find_kit()
    make_workspace(kit, tmp_path)
    saves = [step for step in session.SESSION if len(step) == 3]
    for step in saves:
        session.save(tmp_path, *step)
    katas = [kit.kata(kata_id) for kata_id in dict.fromkeys(step[0].rpartition("/")[0] for step in saves)]
    assert len(katas) == 3
    runner = best_runner()
    try:
        verdicts = grade_in_lane(kit, katas, runner, lambda lane: [lane.grade(kata, tmp_path) for kata in katas])
    finally:
        runner.close()
    assert [verdict.passed for verdict in verdicts] == [True, True, True]


def test_the_recording_is_an_asciicast_in_which_they_pass(session):
    header, *events = map(json.loads, session.OUTPUT.read_text("utf-8").splitlines())
    assert (header["version"], header["width"], header["height"]) == (2, session.COLUMNS, session.LINES)
    times = [time for time, kind, text in events if kind == "o" and text]
    assert len(times) == len(events) and times == sorted(times)
    shown = "".join(text for _, _, text in events)
    for kata_id in ("keys/hello", "envelope/seal-and-open", "cross-account/bob-decrypts"):
        assert f"{kata_id} passed" in shown
