"""What an answer may hand back, raise and be given. Each answer runs in a real child."""

import gc
import math
import secrets
import sys
import weakref
from datetime import UTC, datetime
from pathlib import Path

import pytest

import kms_katas
from kms_katas.grading.answer import Answer
from kms_katas.grading.expect import Rejected
from kms_katas.grading.outcome import AnswerRaised, AnswerUnusable

from .conftest import Grade, Hold, by_both_runners, first, statuses

ECHO = "def echo(value):\n    return value\n"


@by_both_runners
def test_plain_data_goes_in_and_comes_out_the_same(hold: Hold) -> None:
    moment = datetime.now(UTC)
    value = {"a": [1, 2.5, None, True, "ü\ud800", b"\x00\xff", (1, "x"), moment], (1, 2): {b"k": {}}, 5: -math.inf}
    assert hold(ECHO).call("echo", value) == value
    assert math.isnan(hold(ECHO).call("echo", math.nan))


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ("{1}", "set"),
        ("bytearray(b'x')", "bytearray"),
        ("(x for x in 'ab')", "generator"),
        ("Thing()", "Thing"),
        ("Thing", "type"),
        ("print", "builtin_function_or_method"),
        ("open('/dev/null')", "TextIOWrapper"),
        ("[{'deep': Thing()}]", "Thing"),
        ("datetime.date.today()", "datetime.date"),
        ("kms()", "KMS"),
    ],
)
def test_a_result_of_any_other_type_is_named_to_the_learner(hold: Hold, made: str, name: str) -> None:
    answer = hold(f"""
        import boto3, datetime
        class Thing:
            pass
        def kms():
            return boto3.client("kms")
        def make():
            return {made}
    """)
    with pytest.raises(Rejected) as refused:
        answer.call("make")
    assert name in refused.value.message and "bytes" in refused.value.expected and refused.value.next_step


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("2 ** 9000", "8192 bits"),
        ("[0] * 200_000", "100000 items"),
        ("endless()", "20 deep"),
        ("b'x' * 40_000_000", "bytes"),
    ],
)
@by_both_runners
def test_a_result_that_is_too_large_is_refused_with_the_limit(hold: Hold, made: str, words: str) -> None:
    answer = hold(f"""
        def endless():
            value = []
            value.append(value)
            return value
        def make():
            return {made}
    """)
    with pytest.raises(Rejected, match=words):
        answer.call("make")


def test_a_result_that_breaks_when_it_is_read_is_what_the_answer_raised(hold: Hold) -> None:
    answer = hold("""
        class Trap(dict):
            def items(self):
                raise OSError("trap")
        def make():
            return Trap(a=1)
    """)
    with pytest.raises(AnswerRaised, match="OSError: trap"):
        answer.call("make")


@pytest.mark.parametrize("way", ["call", "raises"])
def test_what_an_answer_raised_is_gone_when_a_check_has_looked_at_it(hold: Hold, way: str) -> None:
    answer = hold("def refuse():\n    raise LookupError\n")
    gc.disable()  # what keeps itself is freed by it alone
    try:
        assert raised_in(answer, way)() is None
    finally:
        gc.enable()


def raised_in(answer: Answer, way: str) -> weakref.ref[AnswerRaised]:
    if way == "raises":
        found = answer.raises("refuse")
        assert found is not None
        return weakref.ref(found)
    try:
        answer.call("refuse")
    except AnswerRaised as raised:
        return weakref.ref(raised)
    raise AssertionError


def test_an_exception_crosses_as_type_message_and_the_learners_own_lines(hold: Hold) -> None:
    text = secrets.token_hex(8)
    answer = hold(f"""
        def outer(kms):
            return inner(kms)
        def inner(kms):
            raise LookupError("{text}")
    """)
    with pytest.raises(AnswerRaised) as raised:
        answer.call("outer", answer.client())
    assert (raised.value.type, raised.value.message, raised.value.code) == ("LookupError", text, "")
    assert [(frame.line, frame.function) for frame in raised.value.frames] == [(3, "outer"), (5, "inner")]
    assert "inner(kms)" in raised.value.frames[0].text


def test_an_error_of_aws_crosses_with_its_code_and_no_frame_of_anybody_else(hold: Hold) -> None:
    answer = hold("""
        def ask(kms):
            kms.describe_key(
                KeyId="alias/nothing")
    """)
    with pytest.raises(AnswerRaised) as raised:
        answer.call("ask", answer.client())
    assert (raised.value.type, raised.value.code) == ("NotFoundException", "NotFoundException")
    assert [frame.function for frame in raised.value.frames] == ["ask"]


def test_no_frame_and_no_path_of_the_kit_is_in_what_a_learner_sees(grade: Grade) -> None:
    verdict = grade("""
        def open_it(kms, blob):
            return sorted([1, 2], key=lambda entry: kms.decrypt(CiphertextBlob=b"x"))
    """)
    shown = repr(verdict)
    for path in (str(Path(kms_katas.__file__).parent), "site-packages", "kms_katas/", sys.prefix):
        assert path not in shown
    assert first(verdict).line == 3 and first(verdict).status == "fail"


def test_a_syntax_error_names_its_line(grade: Grade) -> None:
    verdict = grade("def open_it(kms, blob):\n    return kms.decrypt(\n\n\nx = = 1\n")
    assert set(statuses(verdict)) == {"error"}
    assert "SyntaxError" in first(verdict).message and first(verdict).line > 0


@pytest.mark.parametrize(
    "source",
    ["", "open_it = 5", "def open_it(): pass", "def open_it(kms, blob, more): pass", "def other(kms, blob): pass"],
)
def test_a_function_that_is_not_as_the_brief_says_is_told_so(grade: Grade, source: str) -> None:
    verdict = grade(source)
    assert set(statuses(verdict)) == {"error"}
    assert "open_it" in first(verdict).message and first(verdict).next_step


def test_warnings_cost_nothing(grade: Grade) -> None:
    verdict = grade("""
        import warnings
        warnings.warn("at import", DeprecationWarning)
        def open_it(kms, blob):
            warnings.warn("in the call", UserWarning)
            unclosed = open("/dev/null")
            return kms.decrypt(CiphertextBlob=blob)["Plaintext"]
    """)
    assert verdict.passed


RAISED_IN_A_CALL = {
    "raise SystemExit(0)": "SystemExit",
    "import sys; sys.exit('bye')": "SystemExit",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "raise MemoryError": "MemoryError",
    "return b'x' * (1 << 62)": "MemoryError",
    "return open_it(kms, blob)": "RecursionError",
    "raise GeneratorExit": "GeneratorExit",
    "raise AssertionError('pass')": "AssertionError",
    "raise Unreadable": "Unreadable",
    "raise Strange": "Strange",
    "raise ClientError('broken', 'Op')": "AttributeError",
    "raise Broken": "Broken",
    "raise StopIteration": "StopIteration",
    "raise ExceptionGroup('many', [ValueError(1)])": "ExceptionGroup",
}


@pytest.mark.parametrize("line", RAISED_IN_A_CALL)
def test_whatever_a_call_raises_fails_the_check_by_name_and_the_next_check_runs(grade: Grade, line: str) -> None:
    verdict = grade(f"""
from botocore.exceptions import ClientError
count = 0
class Unreadable(Exception):
    def __str__(self):
        raise ValueError
class Text(str):
    def __getitem__(self, _):
        return object()
class Strange(Exception):
    def __str__(self):
        return Text("text")
class Broken(ClientError):
    def __init__(self):
        self.response = property()
def open_it(kms, blob):
    {line}
""")
    assert statuses(verdict) == ["fail", "fail"]
    assert RAISED_IN_A_CALL[line] in first(verdict).message


def test_an_exception_whose_class_hides_its_name_still_crosses(hold: Hold) -> None:
    answer = hold("""
        class Meta(type):
            __name__ = property(lambda self: 1 / 0)
        class Hidden(Exception, metaclass=Meta):
            pass
        def ask():
            raise Hidden("text")
    """)
    with pytest.raises(AnswerRaised, match="text"):
        answer.call("ask")


@pytest.mark.parametrize(
    "line", ["import sys; sys.exit(0)", "raise SystemExit", "raise KeyboardInterrupt", "1 / 0", "exit()"]
)
def test_an_answer_that_stops_at_import_is_an_error_with_its_reason(grade: Grade, line: str) -> None:
    verdict = grade(f"{line}\ndef open_it(kms, blob): pass\n")
    assert statuses(verdict) == ["error", "error"]
    assert "stops while Python reads it" in first(verdict).message


@pytest.mark.parametrize("line", ["os._exit(0)", "os.abort()", "ctypes.string_at(0)", "os.closerange(0, 50)"])
@by_both_runners
def test_a_process_that_ends_itself_is_no_pass_and_the_next_check_runs(grade: Grade, line: str) -> None:
    at_import, in_call = grade(
        f"import ctypes, os\n{line}\n", f"import ctypes, os\ndef open_it(kms, blob):\n    {line}\n    return blob\n"
    )
    for verdict in (at_import, in_call):
        assert statuses(verdict) == ["error", "error"]
        assert "ended its own process" in first(verdict).message and first(verdict).next_step


def test_a_module_that_answers_every_name_with_an_error_is_told_so(hold: Hold) -> None:
    answer = hold("def __getattr__(name):\n    raise OSError(name)\n")
    with pytest.raises((AnswerRaised, AnswerUnusable), match="ask"):
        answer.call("ask")


def test_a_function_whose_signature_cannot_be_read_is_called_or_told_so(hold: Hold) -> None:
    answer = hold("""
        class Odd:
            __signature__ = "none"
            def __call__(self, value):
                return value
        ask = Odd()
    """)
    try:
        assert answer.call("ask", 5) == 5
    except AnswerUnusable as told:
        assert "ask" in told.message


EQUAL_TO_ALL = """
class Same(bytes):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = bytes.__hash__
def open_it(kms, blob):
    return Same(b"whatever")
"""


def test_a_result_that_says_it_equals_everything_loses_that_on_the_way(grade: Grade) -> None:
    assert first(grade(EQUAL_TO_ALL)).status == "fail"


def test_a_call_is_told_as_it_was_whatever_becomes_of_its_values(hold: Hold) -> None:
    answer = hold("""
        def give(kms, source, clock, context, *, payload, sink):
            if not payload:
                raise ValueError("no payload")
            return [payload, context["tenant"]]
    """)
    assert (answer.called, answer.returned) == ("", "")
    payload, context = secrets.token_hex(4).encode(), {"tenant": (tenant := secrets.token_hex(4))}
    handles = answer.client(), answer.stream(7), answer.clock
    value = answer.call("give", *handles, context, payload=payload, sink=answer.sink())
    context["tenant"] = "another"
    value.clear()
    kms = "<kms client of user/admin>"
    told = f"{kms}, <stream of 7 bytes>, <the lab's clock>, {{'tenant': '{tenant}'}}, payload={payload!r}"
    assert answer.called == f"give({told}, sink=<stream to write to>)"
    assert answer.returned == f"[{payload!r}, '{tenant}']"
    answer.raises("give", *handles, context, payload=b"", sink=answer.sink())
    assert "'another'}, payload=b''" in answer.called and answer.returned == "ValueError: no payload"
    answer.called, answer.returned = "something else", "and what came of it"
    assert (answer.called, answer.returned) == ("something else", "and what came of it")


@by_both_runners
def test_streams_give_fresh_bytes_and_count_reads_and_writes(hold: Hold) -> None:
    answer = hold("""
        import shutil
        def copy(source, sink, chunk):
            while data := source.read(chunk):
                sink.write(data)
        def whole(source):
            return source.read()
        def wrong(source, sink):
            source.write(b"x")
    """)
    source, sink, other = answer.stream(10_000), answer.sink(), answer.stream(50)
    answer.call("copy", source, sink, 4096)
    assert bytes(sink.data) == source.content(0, 10_000)
    assert (source.reads, source.largest_read, sink.writes) == (4, 4096, 3)
    assert answer.call("whole", other) == other.content(0, 50) != source.content(0, 50)
    assert answer.raises("wrong", other, sink) is not None
