"""Answers that want the points without the work. Each must fail, and be told something true."""

import dataclasses
import os
import secrets
from pathlib import Path

import pytest

from kms_katas.grading.inprocess import InProcessRunner
from kms_katas.grading.lane import grade_in_lane
from kms_katas.grading.runner import Runner
from kms_katas.kit import find_kit

from .conftest import Grade, Hold, by_both_runners, first, statuses

SEAL_AND_OPEN = "envelope/seal-and-open"

# Each defines open_it(kms, blob) of the mini kata, whose checks want the plaintext and one Decrypt.
CHEATS = {
    "returns its input": "def open_it(kms, blob):\n    return blob\n",
    "throws the result of KMS away": "def open_it(kms, blob):\n    kms.decrypt(CiphertextBlob=blob)\n    return blob\n",
    "patches boto3": """
import boto3, botocore.client
botocore.client.BaseClient._make_api_call = lambda self, name, parameters: {"Plaintext": b"x" * 20}
def open_it(kms, blob):
    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]
""",
    "patches json": """
import json
json.dumps = lambda *a, **k: '{"outcome":{"done":true}}'
json.loads = lambda *a, **k: {"order": "call", "now": 0}
def open_it(kms, blob):
    return blob
""",
    "patches the wire": """
from kms_katas.child import wire
wire.encode = lambda *a, **k: True
FORGED = b'{"outcome":{"done":true}}'
def forge(connection, message):
    connection.sendall(len(FORGED).to_bytes(4, "big") + FORGED)
wire.send_frame = forge
def open_it(kms, blob):
    return blob
""",
    "patches pytest": """
import sys, types
for name in ("pytest", "_pytest", "_pytest.runner"):
    try:
        module = __import__(name)
    except BaseException:
        continue
    for word in dir(module):
        try:
            setattr(module, word, lambda *a, **k: None)
        except BaseException:
            pass
def open_it(kms, blob):
    return blob
""",
    "patches builtins": """
import builtins
builtins.isinstance = lambda *a: True
builtins.len = lambda *a: 20
builtins.repr = builtins.str
def open_it(kms, blob):
    return blob
""",
    "patches the checks": """
try:
    from kms_katas import grading
    from kms_katas.grading import expect
    expect.expect = expect.reject = grading.expect = lambda *a, **k: None
    import kms_katas.grading.lane as lane
    lane.in_words = lambda *a: {"status": "pass"}
except BaseException:
    pass
def open_it(kms, blob):
    return blob
""",
    "equals everything": """
class Same(bytes):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = None
def open_it(kms, blob):
    return Same(b"x")
""",
    "raises a pass": """
class passed(BaseException):
    pass
def open_it(kms, blob):
    raise passed("pass")
""",
    "raises a skip": """
import pytest
def open_it(kms, blob):
    pytest.skip("not today")
""",
    "ends well": "import os\ndef open_it(kms, blob):\n    os._exit(0)\n",
    "ends well at import": "import os\nos._exit(0)\n",
    "prints a verdict": """
import os
TEXT = '{"schema": "urn:kms-katas:verdict:1", "checks": [{"status": "pass", "points": 3}]}\\n2 passed\\n'
def open_it(kms, blob):
    print(TEXT)
    for number in (1, 2):
        os.write(number, TEXT.encode())
    return blob
""",
    "forges outcomes on every descriptor": """
import json, os, struct
def frame(message):
    body = json.dumps(message).encode()
    return struct.pack(">I", len(body)) + body
FORGED = [frame(message) for message in (
    {"outcome": {"done": True}}, {"outcome": {"passed": True}}, {"outcome": {"status": "pass"}},
    {"status": "pass", "outcome": {"done": {"$bytes": ""}}}, {"verdict": "pass", "ask": "http"},
)]
def open_it(kms, blob):
    for number in range(21):
        for forged in FORGED:
            try:
                os.write(number, forged)
            except OSError:
                pass
    return blob
""",
    "asks the lab for the answer": """
from kms_katas.child.serving import bridge
def open_it(kms, blob):
    for ask in ("plaintext", "verdict", "outcome", "eval", "lab", "__class__", "reply"):
        try:
            bridge.ask({"ask": ask, "status": "pass"})
        except Exception:
            pass
    return blob
""",
    "looks for the secret in its own memory": """
import gc
def open_it(kms, blob):
    found = [thing for thing in gc.get_objects() if type(thing).__module__.startswith(("moto", "kms_katas.lab"))]
    return found[0].plaintext if found else blob
""",
    "exits after closing": "import os\ndef open_it(kms, blob):\n    os.closerange(0, 30)\n    os._exit(0)\n",
}

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'


@pytest.mark.parametrize("cheat", CHEATS)
@by_both_runners
def test_no_cheat_earns_a_point_for_the_secret_or_spoils_anything_for_the_next_answer(grade: Grade, cheat: str) -> None:
    verdict, next_one = grade(CHEATS[cheat], RIGHT)
    assert next_one.passed
    assert first(verdict).status in ("fail", "error"), verdict
    assert first(verdict).points == 0 and not verdict.passed
    assert first(verdict).message and first(verdict).next_step


FORGE = """
import json, os, stat, struct, sys
def send(text):
    body = text.encode()
    frame = struct.pack(">I", len(body)) + body
    for number in range(3, 21):
        try:
            mode = os.fstat(number).st_mode
            if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode):
                os.write(number, frame)
        except OSError:
            pass
def open_it(kms, blob):
    send({text!r})
    return blob
"""


@pytest.mark.parametrize(
    "text",
    [
        '{"outcome": 5}',
        '{"outcome": {}}',
        '{"outcome": {"done": 1, "raised": 2}}',
        '{"outcome": {"status": "pass"}}',
        '{"outcome": {"raised": 5}}',
        '{"outcome": {"raised": {"type": 1}}}',
        '{"outcome": {"raised": {"type": "T", "message": "m", "code": "", "frames": [{"line": 1e9}]}}}',
        '{"outcome": {"raised": {"type": "T", "message": "m", "code": "", "frames": 7}}}',
        '{"outcome": {"missing": ["x"]}}',
        '{"outcome": {"foreign": {}}}',
        '{"outcome": {"done": {"$bytes": "no!"}}}',
        '{"outcome": {"done": {"$handle": {"kind": "client"}}}}',
        '{"outcome": {"done": ' + "[" * 400 + "]" * 400 + "}}",
        "[1]",
        "no json",
        "",
    ],
)
@by_both_runners
def test_a_forged_frame_is_an_error_in_words_and_never_a_pass(grade: Grade, text: str) -> None:
    verdict = grade(FORGE.format(text=text))
    assert statuses(verdict) == ["error", "error"]
    assert "not an answer" in first(verdict).message


@by_both_runners
def test_a_forged_exception_is_cut_before_anybody_sees_it(grade: Grade) -> None:
    text = '{"outcome": {"raised": {"type": "%s", "message": "%s", "code": "%s", "frames": []}}}' % (
        ("x" * 50_000,) * 3
    )
    verdict = grade(FORGE.format(text=text))
    assert statuses(verdict) == ["fail", "fail"]
    # What was written to every pipe may be shown as printed, like anything that is.
    assert len(repr(dataclasses.replace(first(verdict), output=""))) < 10_000


@by_both_runners
def test_an_answer_that_never_calls_kms_fails_and_is_told_so(grade: Grade) -> None:
    verdict = grade("kept = {}\ndef open_it(kms, blob):\n    return kept.get(blob, b'guess')\n")
    assert statuses(verdict) == ["fail", "fail"]
    assert "KMS was not asked" in verdict.checks[1].message and verdict.checks[1].calls == ()


@by_both_runners
def test_remembering_the_payloads_of_seal_and_open_fails_and_is_told_so(runner: Runner, tmp_path: Path) -> None:
    kit = find_kit()
    kata = kit.kata(SEAL_AND_OPEN)
    assert kata is not None
    rejected = kit.solutions / kata.folder / "rejected" / "remembers-the-payloads"
    verdict = grade_in_lane(kit, [kata], runner, lambda lane: lane.grade_folder(kata, rejected))
    assert not verdict.passed and verdict.score < verdict.max_score
    failed = [check for check in verdict.checks if check.status == "fail"]
    assert any("KMS" in check.message for check in failed)
    assert all(check.calls == () for check in verdict.checks)


@pytest.mark.parametrize("runner", ["forked:none"], indirect=True)
def test_at_none_a_file_can_carry_a_value_from_one_process_of_an_answer_to_the_next(hold: Hold, tmp_path: Path) -> None:
    """restart() empties the memory, not the disk: that takes the level lite, and the verdict says which it was."""
    answer = hold("""
        def keep(path, value):
            with open(path, "wb") as file:
                file.write(value)
        def found(path):
            with open(path, "rb") as file:
                return file.read()
    """)
    value = secrets.token_bytes(16)
    answer.call("keep", str(tmp_path / "kept"), value)
    answer.restart()
    assert answer.call("found", str(tmp_path / "kept")) == value


def test_the_operations_that_an_answer_sends_are_shown_without_control_characters(grade: Grade) -> None:
    verdict = grade("""
        def open_it(kms, blob):
            def rename(request, **_):
                request.headers.replace_header("X-Amz-Target", "TrentService.\\x1b[31m" + "x" * 5000)
            kms.meta.events.register_first("before-sign", rename)
            try:
                kms.list_keys()
            except Exception:
                pass
            return blob
    """)
    (call,) = first(verdict).calls
    assert call.operation.isprintable() and len(call.operation) < 200


@pytest.mark.parametrize("cheat", ["ends well", "ends well at import"])
def test_in_process_too_an_answer_cannot_end_the_grader_as_if_all_were_well(grade: Grade, cheat: str) -> None:
    runner, ending = InProcessRunner(), os._exit
    try:
        verdict = grade(CHEATS[cheat], runner=runner)
        assert not verdict.passed and "SystemExit" in first(verdict).message
        assert os._exit is ending
    finally:
        runner.close()


def test_the_in_process_runner_says_that_it_isolates_nothing(grade: Grade) -> None:
    runner = InProcessRunner()
    try:
        verdict = grade(CHEATS["returns its input"], runner=runner)
        assert (verdict.isolation, verdict.runner) == ("none", "inprocess")
    finally:
        runner.close()
