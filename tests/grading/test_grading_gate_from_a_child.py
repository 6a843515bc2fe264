"""The same rules from inside: an answer in a real child tries each of them, through botocore or the bridge."""

import pytest

from kms_katas.grading import gate as gate_module
from kms_katas.grading.outcome import AnswerRaised
from kms_katas.lab import Lab, Principal

from .conftest import Hold, by_both_runners

CHANGE_AFTER_SIGNING = """
import boto3

def hook(kms, change):
    def before_send(request, **_):
        change(request)
    kms.meta.events.register_first("before-send", before_send)

def body(kms):
    hook(kms, lambda request: setattr(request, "body", b'{"Description":"changed"}'))
    kms.create_key(Description="signed")

def target(kms):
    hook(kms, lambda request: request.headers.__setitem__("X-Amz-Target", "TrentService.CreateKey"))
    kms.list_keys()

def region(kms):
    hook(kms, lambda request: setattr(request, "url", "https://kms.eu-west-1.amazonaws.com/"))
    kms.list_keys()

def key_id(kms, other):
    own = kms._request_signer._credentials
    secret = own.get_frozen_credentials().secret_key
    boto3.client("kms", aws_access_key_id=other, aws_secret_access_key=secret, aws_session_token=None).list_keys()

def unsigned(kms):
    hook(kms, lambda request: request.headers.__delitem__("Authorization"))
    kms.list_keys()

def garbled(kms):
    hook(kms, lambda request: request.headers.__setitem__("Authorization", "AWS4-HMAC-SHA256 what?"))
    kms.list_keys()

def path(kms):
    hook(kms, lambda request: setattr(request, "url", request.url + "moto-api/reset"))
    kms.list_keys()

def port(kms):
    hook(kms, lambda request: setattr(request, "url", "https://kms.us-east-1.amazonaws.com:8443/"))
    kms.list_keys()

def plain_http(kms):
    hook(kms, lambda request: setattr(request, "url", request.url.replace("https", "http")))
    kms.list_keys()

def other_host(kms):
    boto3.client("kms", endpoint_url="https://evil.example").list_keys()

def other_service(kms):
    boto3.client("lambda").list_functions()

def motos_own(kms):
    hook(kms, lambda request: setattr(request, "url", "https://motoapi.amazonaws.com/moto-api/reset"))
    kms.list_keys()

def metadata(kms):
    hook(kms, lambda request: setattr(request, "url", "http://169.254.169.254/latest/meta-data/"))
    kms.list_keys()
"""


@pytest.mark.parametrize("attempt", ["body", "target", "region", "key_id"])
def test_a_request_that_was_changed_after_signing_or_signed_by_another_is_refused(
    hold: Hold, lab: Lab, attempt: str
) -> None:
    answer = hold(CHANGE_AFTER_SIGNING)
    extra = [lab.home.root.access_key_id] if attempt == "key_id" else []
    raised = answer.raises(attempt, answer.client(), *extra)
    assert raised is not None and raised.code == "InvalidSignatureException", raised
    assert answer.calls == ()


@pytest.mark.parametrize("attempt", ["unsigned", "garbled"])
def test_a_request_without_a_readable_signature_is_refused(hold: Hold, attempt: str) -> None:
    answer = hold(CHANGE_AFTER_SIGNING)
    raised = answer.raises(attempt, answer.client())
    assert raised is not None and raised.code == "MissingAuthenticationTokenException"
    assert answer.calls == ()


@pytest.mark.parametrize(
    "attempt", ["path", "port", "plain_http", "other_host", "other_service", "motos_own", "metadata"]
)
@by_both_runners
def test_a_request_to_any_other_place_is_refused_with_a_sentence(hold: Hold, attempt: str) -> None:
    answer = hold(CHANGE_AFTER_SIGNING)
    raised = answer.raises(attempt, answer.client())
    assert raised is not None and raised.type == "LabRefused"
    assert answer.calls == ()


def test_a_listed_service_works_and_another_does_not(hold: Hold) -> None:
    answer = hold(
        """
        import boto3
        def who():
            return boto3.client("sts").get_caller_identity()["Arn"]
        def secrets():
            return boto3.client("secretsmanager").list_secrets()
        """,
        services=("kms", "sts"),
    )
    assert answer.call("who").endswith("user/admin")
    raised = answer.raises("secrets")
    assert raised is not None and "kms, sts" in raised.message and "secretsmanager" in raised.message


def test_a_moto_header_from_an_answer_does_not_switch_the_account(hold: Hold) -> None:
    answer = hold("""
        def owner(kms):
            def switch(request, **_):
                request.headers["x-moto-account-id"] = "444455556666"
            kms.meta.events.register_first("before-send", switch)
            return kms.create_key()["KeyMetadata"]["AWSAccountId"]
    """)
    assert answer.call("owner", answer.client()) == "111122223333"


def test_an_inactive_and_an_expired_key_are_refused(hold: Hold, lab: Lab) -> None:
    answer = hold("def ask(kms):\n    kms.list_keys()\n")
    leaver = lab.home.user("leaver")
    lab.home.admin.client("iam").update_access_key(
        UserName="leaver", AccessKeyId=leaver.access_key_id, Status="Inactive"
    )
    session = lab.home.role("worker").session("job", duration=900)
    lab.clock.advance(seconds=900)
    codes = [getattr(answer.raises("ask", answer.client(who)), "code", "ok") for who in (leaver, session)]
    assert codes == ["UnrecognizedClientException", "ExpiredTokenException"]


def test_calls_of_an_answer_are_capped(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_CALLS", 5)
    answer = hold("def ask(kms):\n    while True:\n        kms.list_keys()\n")
    raised = answer.raises("ask", answer.client())
    assert raised is not None and "5 AWS calls" in raised.message
    assert len(answer.calls) == 5


def test_bytes_of_an_answer_are_capped(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "MAX_BYTES", 100_000)
    answer = hold("def ask(kms):\n    while True:\n        kms.create_key(Description='x' * 8000)\n")
    raised = answer.raises("ask", answer.client())
    assert raised is not None and "100000 bytes" in raised.message


QUESTIONS = """
from kms_katas.child.serving import bridge

def ask(questions):
    replies = []
    for question in questions:
        try:
            replies.append(bridge.ask(question))
        except Exception as error:
            replies.append(type(error).__name__)
    return replies
"""


@by_both_runners
def test_questions_made_by_hand_are_refused_and_the_answer_goes_on(hold: Hold) -> None:
    answer = hold(QUESTIONS)
    malformed = [
        {},
        {"ask": "eval"},
        {"ask": ["http"]},
        {"ask": "http"},
        {"ask": "http", "method": 1, "url": {}, "headers": None, "body": ""},
        {"ask": "read", "stream": 0, "size": 1},
        {"ask": "read", "stream": "0", "size": None},
        {"ask": "write", "stream": -1, "data": {"$bytes": ""}},
        {"ask": "sleep", "seconds": 10**400},
        {"ask": "sleep", "seconds": -1.0},
    ]
    assert answer.call("ask", malformed) == ["LabRefused"] * len(malformed)


@by_both_runners
def test_the_answer_acts_as_the_learner_and_a_plain_client_does_too(hold: Hold, learner: Principal) -> None:
    answer = hold("""
        import boto3
        def handed(kms):
            kms.list_keys()
        def plain():
            boto3.client("kms").list_keys()
        def session():
            boto3.session.Session().client("kms").list_keys()
    """)
    answer.call("handed", answer.client())
    answer.call("plain")
    answer.call("session")
    assert [(call.principal_arn, call.region, call.error_code) for call in answer.calls] == [
        (learner.arn, "us-east-1", None)
    ] * 3


def test_a_client_of_another_principal_and_region_acts_as_that_one(hold: Hold, lab: Lab) -> None:
    other = lab.account("444455556666").admin
    answer = hold("def ask(kms):\n    kms.list_keys()\n")
    answer.call("ask", answer.client(other, region="eu-west-1"))
    (call,) = answer.calls
    assert (call.principal_arn, call.region) == (other.arn, "eu-west-1")


def test_calls_of_the_check_itself_are_not_the_answers(hold: Hold, lab: Lab) -> None:
    answer = hold("def ask(kms):\n    kms.list_keys()\n")
    answer.call("ask", answer.client())
    lab.home.admin.client("kms").list_keys()
    assert [call.via for call in lab.calls] == ["answer", "lab"]
    assert len(answer.calls) == 1


def test_denials_of_the_lab_reach_the_answer_with_awss_code(hold: Hold, lab: Lab) -> None:
    answer = hold("def ask(kms):\n    kms.list_keys()\n")
    with pytest.raises(AnswerRaised) as raised:
        answer.call("ask", answer.client(lab.home.user("nobody")))
    assert raised.value.code == "AccessDeniedException"
