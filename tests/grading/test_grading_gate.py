"""The gate itself, asked directly: every rule of the lab's end of the bridge holds against a question made by hand."""

from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kms_katas.child import wire
from kms_katas.grading import gate as gate_module
from kms_katas.grading.gate import Gate
from kms_katas.grading.handles import Sink, Source
from kms_katas.lab import Lab, Principal

from .conftest import code, signed, with_header

REFUSED = "refused"
INVALID = "InvalidSignatureException"
UNKNOWN = "UnrecognizedClientException"


def test_a_request_of_the_learner_reaches_the_lab_and_is_marked_as_the_answers(
    gate: Gate, lab: Lab, learner: Principal
) -> None:
    assert code(gate.reply(signed(learner))) == "ok"
    assert [(call.operation, call.via) for call in lab.calls] == [("ListKeys", "answer")]


@pytest.mark.parametrize(
    "url",
    [
        "http://kms.us-east-1.amazonaws.com/",
        "https://kms.us-east-1.amazonaws.com:443/",
        "https://kms.us-east-1.amazonaws.com:8443/",
        "https://kms.us-east-1.amazonaws.com/moto-api/reset",
        "https://kms.us-east-1.amazonaws.com/?Action=ListKeys",
        "https://user@kms.us-east-1.amazonaws.com/",
        "https://kms.us-east-1.amazonaws.com.evil.example/",
        "https://kms.us-east-1.amazonaws.com@evil.example/",
        "https://evil.example/kms.us-east-1.amazonaws.com/",
        "https://KMS.us-east-1.amazonaws.com/",
        "https://kms.us-east-1.amazonaws.com\n.evil.example/",
        "https://[kms.us-east-1.amazonaws.com/",
        "https://motoapi.amazonaws.com/moto-api/reset",
        "https://motoapi.us-east-1.amazonaws.com/moto-api/reset",
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://localhost:5000/moto-api/data.json",
        "https://s3.us-east-1.amazonaws.com/",
        "https://sts.us-east-1.amazonaws.com/",
        "https://iam.amazonaws.com/",
        "file:///etc/passwd",
        "",
    ],
)
def test_any_other_scheme_host_port_or_path_is_refused(gate: Gate, lab: Lab, learner: Principal, url: str) -> None:
    question = signed(learner) | {"url": url}
    assert code(gate.reply(question)) == REFUSED
    assert lab.calls == ()


def test_a_request_signed_for_another_path_of_kms_is_refused(gate: Gate, lab: Lab, learner: Principal) -> None:
    assert code(gate.reply(signed(learner, url="https://kms.us-east-1.amazonaws.com/moto-api/reset"))) == REFUSED
    assert lab.calls == ()


def test_motos_own_endpoint_is_refused_even_when_a_kata_lists_it(lab: Lab, learner: Principal) -> None:
    reply = Gate(lab, ("kms", "motoapi")).reply(signed(learner, service="motoapi"))
    assert code(reply) in (REFUSED, "UnknownEndpoint")


def test_a_service_that_the_kata_lists_is_let_through(lab: Lab, learner: Principal) -> None:
    question = signed(learner, body=b"", service="s3", auth=S3SigV4Auth) | {"method": "GET"}
    assert code(Gate(lab, ("kms",)).reply(question)) == REFUSED
    wide = Gate(lab, ("kms", "s3"))
    made = signed(learner, body=b"", service="s3", auth=S3SigV4Auth, url="https://s3.us-east-1.amazonaws.com/bucket")
    reply = wide.reply(made)
    assert "refused" not in reply, reply


def test_the_refusal_of_a_service_names_those_that_there_are(gate: Gate, learner: Principal) -> None:
    refusal = gate.reply(signed(learner, service="lambda"))["refused"]
    assert "kms" in refusal and "lambda" in refusal


@pytest.mark.parametrize("name", ["x-moto-account-id", "X-Moto-Account-Id", "X-MOTO-ACCOUNT-ID"])
@pytest.mark.parametrize(
    ("service", "target", "body"),
    [
        ("kms", "TrentService.CreateKey", b"{}"),
        ("secretsmanager", "secretsmanager.CreateSecret", b'{"Name":"n","ClientRequestToken":"%s"}' % (b"t" * 36)),
    ],
)
def test_a_moto_header_does_not_switch_the_account(
    lab: Lab, learner: Principal, name: str, service: str, target: str, body: bytes
) -> None:
    question = with_header(signed(learner, service=service, body=body, X_Amz_Target=target), name, "444455556666")
    reply = Gate(lab, (service,)).reply(question)
    assert code(reply) == "ok"
    assert b"111122223333" in wire.decode(reply["body"]) and b"444455556666" not in wire.decode(reply["body"])


def test_a_changed_body_is_refused(gate: Gate, lab: Lab, learner: Principal) -> None:
    question = signed(learner, "CreateKey", b'{"Description":"one"}')
    assert code(gate.reply(question | {"body": wire.encode(b'{"Description":"two"}')})) == INVALID
    assert lab.calls == ()


def test_a_replayed_request_with_a_changed_body_is_refused(gate: Gate, lab: Lab, learner: Principal) -> None:
    question = signed(learner, "CreateKey", b'{"Description":"one"}')
    assert code(gate.reply(question)) == "ok"
    assert code(gate.reply(question | {"body": wire.encode(b'{"Description":"two"}')})) == INVALID
    assert len(lab.calls) == 1


def test_the_operation_cannot_be_changed_after_signing(gate: Gate, lab: Lab, learner: Principal) -> None:
    question = with_header(signed(learner, "DescribeKey", b"{}"), "X-Amz-Target", "TrentService.CreateKey")
    assert code(gate.reply(question)) == INVALID
    assert lab.calls == ()


def test_an_operation_that_was_not_signed_is_refused(gate: Gate, lab: Lab, learner: Principal) -> None:
    question = signed(learner, X_Amz_Target="")
    question = with_header(with_header(question, "X-Amz-Target", None), "X-Amz-Target", "TrentService.CreateKey")
    assert code(gate.reply(question)) == INVALID
    assert lab.calls == ()


def test_the_region_cannot_be_changed_after_signing(gate: Gate, lab: Lab, learner: Principal) -> None:
    question = signed(learner) | {"url": "https://kms.eu-west-1.amazonaws.com/"}
    assert code(gate.reply(question)) == INVALID


def test_the_scope_must_name_the_service_and_region_of_the_host(gate: Gate, learner: Principal) -> None:
    for scope in ({"service": "s3"}, {"region": "eu-west-1"}):
        question = signed(learner, url="https://kms.us-east-1.amazonaws.com/", **scope)  # type: ignore[arg-type]
        assert code(gate.reply(question)) == INVALID
    question = signed(learner)
    (authorization,) = [value for name, value in question["headers"] if name == "Authorization"]
    said = authorization.replace("/us-east-1/kms/", "/eu-west-1/kms/")
    assert said != authorization
    assert code(gate.reply(with_header(question, "Authorization", said))) == INVALID


def test_ones_own_secret_does_not_sign_for_another_key_id(gate: Gate, lab: Lab, learner: Principal) -> None:
    other = lab.home.user("other")
    assert code(gate.reply(signed(other, secret=learner.secret_access_key))) == INVALID
    assert code(gate.reply(signed(lab.home.root, secret=learner.secret_access_key))) == INVALID
    assert lab.calls == ()


def test_a_key_id_swapped_into_a_signed_request_is_refused(gate: Gate, lab: Lab, learner: Principal) -> None:
    question = signed(learner)
    (authorization,) = [value for name, value in question["headers"] if name == "Authorization"]
    swapped = authorization.replace(learner.access_key_id, lab.home.root.access_key_id)
    assert code(gate.reply(with_header(question, "Authorization", swapped))) == INVALID


def test_two_authorization_headers_cannot_show_one_signer_to_the_gate_and_another_to_the_lab(
    gate: Gate, lab: Lab, learner: Principal
) -> None:
    question, other = signed(learner), signed(lab.home.root, secret="x" * 40)
    (forged,) = [value for name, value in other["headers"] if name == "Authorization"]
    for headers in (
        [["authorization", forged], *question["headers"]],
        [*question["headers"], ["authorization", forged]],
    ):
        gate.reply(question | {"headers": headers})
    assert {call.principal_arn for call in lab.calls} <= {learner.arn}


def test_an_unknown_key_id_is_refused(gate: Gate, lab: Lab, learner: Principal) -> None:
    question = signed(learner)
    (authorization,) = [value for name, value in question["headers"] if name == "Authorization"]
    stranger = authorization.replace(learner.access_key_id, "AKIAIOSFODNN7EXAMPLE")
    assert code(gate.reply(with_header(question, "Authorization", stranger))) == UNKNOWN


def test_an_inactive_key_is_refused(gate: Gate, lab: Lab) -> None:
    user = lab.home.user("leaver")
    iam = lab.home.admin.client("iam")
    iam.update_access_key(UserName="leaver", AccessKeyId=user.access_key_id, Status="Inactive")
    assert code(gate.reply(signed(user))) == UNKNOWN
    assert lab.calls == ()
    iam.update_access_key(UserName="leaver", AccessKeyId=user.access_key_id, Status="Active")
    assert code(gate.reply(signed(user))) != UNKNOWN


def test_a_deleted_key_is_refused(gate: Gate, lab: Lab) -> None:
    user = lab.home.user("leaver")
    lab.home.admin.client("iam").delete_access_key(UserName="leaver", AccessKeyId=user.access_key_id)
    assert code(gate.reply(signed(user))) == UNKNOWN


def test_a_session_is_refused_from_the_second_of_its_expiry_on(gate: Gate, lab: Lab) -> None:
    session = lab.home.role("worker").session("job", duration=900)
    lab.clock.advance(seconds=899)
    assert code(gate.reply(signed(session))) != "ExpiredTokenException"
    lab.clock.advance(seconds=1)
    assert code(gate.reply(signed(session))) == "ExpiredTokenException"
    assert len(lab.calls) == 1


def test_a_session_without_its_token_or_with_another_is_refused(gate: Gate, lab: Lab, learner: Principal) -> None:
    role = lab.home.role("worker")
    session, other = role.session("job"), role.session("other")
    for token in (None, "", str(other.session_token), "ünicode"):
        assert code(gate.reply(with_header(signed(session), "X-Amz-Security-Token", token))) in (UNKNOWN, INVALID)
    assert code(gate.reply(with_header(signed(learner), "X-Amz-Security-Token", str(session.session_token)))) == UNKNOWN
    assert lab.calls == ()


@pytest.mark.parametrize(
    "garbled",
    [
        None,
        "",
        "Basic YTpi",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=/20250101/us-east-1/kms/aws4_request, ",
        "AWS AKIA:sig",
        "ünicode\ud800",
    ],
)
def test_a_missing_or_garbled_authorization_is_refused(
    gate: Gate, lab: Lab, learner: Principal, garbled: str | None
) -> None:
    reply = gate.reply(with_header(signed(learner), "Authorization", garbled))
    assert code(reply) == "MissingAuthenticationTokenException"
    assert lab.calls == ()


def test_a_signature_that_does_not_cover_the_host_is_refused(gate: Gate, learner: Principal) -> None:
    question = signed(learner)
    (authorization,) = [value for name, value in question["headers"] if name == "Authorization"]
    without = authorization.replace(";host", "").replace("host;", "")
    assert without != authorization
    assert code(gate.reply(with_header(question, "Authorization", without))) == INVALID


def test_calls_are_capped_for_each_check(
    gate: Gate, lab: Lab, learner: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "MAX_CALLS", 3)
    question = signed(learner)
    assert [code(gate.reply(question)) for _ in range(5)] == ["ok", "ok", "ok", REFUSED, REFUSED]
    assert "3 AWS calls" in gate.reply(question)["refused"]
    assert code(Gate(lab, ("kms",)).reply(question)) == "ok"


def test_refused_calls_count_too(gate: Gate, learner: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_CALLS", 3)
    for _ in range(3):
        gate.reply(signed(learner) | {"url": "https://evil.example/"})
    assert "3 AWS calls" in gate.reply(signed(learner))["refused"]


def test_bytes_are_capped_in_both_directions(lab: Lab, learner: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_BYTES", 3000)
    sender = Gate(lab, ("kms",))
    assert code(sender.reply(signed(learner, body=b"{}" + b" " * 2000))) == "ok"
    assert "3000 bytes" in sender.reply(signed(learner, body=b"{}" + b" " * 2000))["refused"]
    receiver = Gate(lab, ("kms",))
    question = signed(learner, "CreateKey")
    codes = [code(receiver.reply(question)) for _ in range(20)]
    assert codes[0] == "ok" and codes[-1] == REFUSED


def test_a_request_of_any_operation_name_and_body_gets_an_answer(gate: Gate, lab: Lab, learner: Principal) -> None:
    bodies = [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"{" * 5000,
        b"[" * 100_000,
        b'{"KeyId":{}}',
        b'{"Plaintext":5}',
        b"9" * 5000,
    ]
    for body in bodies:
        for operation in ("Encrypt", "\x1b[31mEncrypt", "../../x", "Nothing", "__class__", ""):
            assert "refused" not in gate.reply(signed(learner, operation.strip("\x1b"), body))


def test_a_stream_is_read_and_written_only_as_what_it_is(gate: Gate) -> None:
    source, sink = Source(0, 1, 100), Sink(1)
    gate.streams = {0: source, 1: sink}
    assert wire.decode(gate.reply({"ask": "read", "stream": 0, "size": 10})["data"]) == source.content(0, 10)
    assert gate.reply({"ask": "write", "stream": 1, "data": wire.encode(b"abc")}) == {}
    assert bytes(sink.data) == b"abc"
    assert code(gate.reply({"ask": "write", "stream": 0, "data": wire.encode(b"abc")})) == REFUSED
    assert code(gate.reply({"ask": "read", "stream": 1, "size": 1})) == REFUSED
    assert code(gate.reply({"ask": "read", "stream": 2, "size": 1})) == REFUSED


def test_what_is_written_is_capped_and_what_is_read_at_once(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_BYTES", 10)
    sink, source = Sink(0), Source(1, 1, 1 << 40)
    gate.streams = {0: sink, 1: source}
    write = {"ask": "write", "stream": 0, "data": wire.encode(b"1234567")}
    assert [code(reply) if reply else "ok" for reply in (gate.reply(write), gate.reply(write))] == ["ok", REFUSED]
    assert len(sink.data) == 7
    for size in (-1, wire.MAX_FRAME, 2**63):
        assert code(gate.reply({"ask": "read", "stream": 1, "size": size})) == REFUSED
    assert source.position == 0


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 10**400, "1e999", "nan", None, [], True, 1e12, 5])
def test_time_moves_on_by_a_sensible_step_only(gate: Gate, lab: Lab, seconds: Any) -> None:
    before = lab.clock.now()
    assert code(gate.reply({"ask": "sleep", "seconds": seconds})) == REFUSED
    assert lab.clock.now() == before


def test_sleeping_again_and_again_does_not_run_out_of_years(gate: Gate, lab: Lab) -> None:
    replies = [gate.reply({"ask": "sleep", "seconds": gate_module.MAX_SLEEP}) for _ in range(500)]
    assert "now" in replies[0] and "refused" in replies[-1]
    assert lab.clock.now().year < 3000


SMALL = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
ASKED = ["http", "read", "took", "write", "sleep"]
FIELDS = ["ask", "method", "url", "headers", "body", "stream", "size", "data", "seconds"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([*ASKED, None]), st.dictionaries(st.sampled_from(FIELDS), SMALL))
def test_a_malformed_question_is_refused_and_nothing_is_raised(
    gate: Gate, ask: str | None, fields: dict[str, Any]
) -> None:
    question = ({"ask": ask} if ask else {}) | fields
    well_formed = question.get("ask") == "sleep" and isinstance(question.get("seconds"), (int, float))
    assert well_formed or code(gate.reply(question)) == REFUSED


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["method", "url", "headers", "body"]), SMALL)
def test_a_signed_question_with_one_field_spoilt_is_refused_and_nothing_is_raised(
    gate: Gate, learner: Principal, field: str, value: Any
) -> None:
    gate._calls = 0
    assert code(gate.reply(signed(learner) | {field: value})) != "ok"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=()), max_size=20),
            st.text(st.characters(exclude_categories=()), max_size=20),
        ),
        max_size=3,
    ),
    st.text("GETPOS \r\n\x00é\ud800", max_size=6),
)
def test_no_method_or_header_makes_the_gate_raise(
    gate: Gate, learner: Principal, headers: list[tuple[str, str]], method: str
) -> None:
    gate._calls = 0
    question = signed(learner)
    gate.reply(question | {"headers": question["headers"] + [list(header) for header in headers]})
    gate.reply(question | {"method": method})


@pytest.mark.parametrize("field", ["ask", "method", "url", "headers", "body"])
def test_a_question_of_endless_depth_is_refused(gate: Gate, learner: Principal, field: str) -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    assert code(gate.reply(signed(learner) | {field: deep})) == REFUSED
