"""Policies that an answer made: what IAM would refuse is told, and every request of every role is judged."""

from types import SimpleNamespace
from typing import Any

import pytest

from kms_katas.grading.expect import Rejected
from kms_katas.grading.role_policy import judge_roles, stored_policy
from kms_katas.lab import Lab

CONTEXT = {"container": "case-1"}


@pytest.fixture
def lab() -> Any:
    with Lab() as opened:
        yield opened


@pytest.fixture
def judged(lab: Lab) -> Any:
    """Judge one role of this policy, which is to have Decrypt on the key and nothing else."""
    answer: Any = SimpleNamespace(lab=lab, in_time=lambda: None, decisions=[], called="", returned="")
    key = lab.home.create_key()

    def wanted(role: str, cell: Any) -> bool | None:
        if cell.action == "kms:Decrypt" and cell.target.arn == key:
            return True if cell.circumstance.encryption_context else None
        return False

    def judge(*statements: dict[str, Any]) -> Any:
        named = [{"Effect": "Allow", "Resource": key} | one for one in statements]
        documents = {"worker": {"Version": "2012-10-17", "Statement": named}}
        return judge_roles(answer, documents, key, [CONTEXT], wanted, lambda role, action: f"{role} {action} harms.")

    judge.answer, judge.key = answer, key  # type: ignore[attr-defined]
    return judge


@pytest.mark.parametrize(
    "more",
    [
        {"Action": "kms:Decrypt"},
        {"Action": ["kms:decrypt"]},
        {"Action": "kms:Decrypt", "Condition": {"Null": {"kms:EncryptionContext:container": "false"}}},
        {"Action": "kms:Decrypt", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Action": "kms:Decrypt", "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}},
    ],
)
def test_a_role_that_can_do_its_work_and_nothing_else_holds(judged: Any, more: dict[str, Any]) -> None:
    sessions = judged(more)
    kms = sessions["worker"].client("kms")
    blob = judged.answer.lab.home.admin.client("kms").encrypt(
        KeyId=judged.key, Plaintext=b"x", EncryptionContext=CONTEXT
    )["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"] == b"x"
    assert judged.answer.decisions


@pytest.mark.parametrize(
    ("more", "told", "sent"),
    [
        ({"Action": "kms:*"}, "can call kms:Encrypt on this key", "Encrypt"),
        ({"Action": "kms:Decrypt", "Resource": "*"}, "kms:Decrypt on another key of the account", "Decrypt"),
        ({"Action": "kms:Encrypt"}, "cannot call kms:Decrypt on this key for container case-1", "Decrypt"),
        ({"Action": ["kms:Decrypt", "kms:ListKeys"], "Resource": "*"}, "on another key", "Decrypt"),
        (
            {"Action": "kms:Decrypt", "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}},
            "statement 1 does not apply, for its condition kms:ViaService",
            "Decrypt",
        ),
    ],
)
def test_a_permission_too_many_or_too_few_is_told_and_sent(
    judged: Any, lab: Lab, more: dict[str, Any], told: str, sent: str
) -> None:
    with pytest.raises(Rejected) as refused:
        judged(more)
    assert told in refused.value.message
    assert [call.operation for call in lab.calls if call.via == "answer"] == [sent]
    assert len(judged.answer.decisions) == 1


def test_what_a_permission_on_the_key_means_is_said_for_that_key_alone(judged: Any) -> None:
    with pytest.raises(Rejected, match="worker Encrypt harms"):
        judged({"Action": ["kms:Decrypt", "kms:Encrypt"]})


@pytest.mark.parametrize(
    "document",
    [
        None,
        "text",
        {"Version": "2012-10-17"},
        {"Statement": [{"Effect": "Allow", "Action": b"kms:Decrypt", "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "alias/app"}]},
        {"Statement": [{"Effect": "Allow", "Action": "Decrypt", "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}]},
        {"Statement": [{"Effect": "Allow", "Action": "kms:Decrypt"}]},
    ],
)
def test_what_iam_would_not_store_is_refused_by_name(document: object) -> None:
    with pytest.raises(Rejected, match="IAM refuses the worker's policy: "):
        stored_policy("the worker's policy", document)
