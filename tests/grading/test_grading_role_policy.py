"""Policies that an answer made: what IAM would refuse is told, and each is judged on a role of its own."""

from typing import Any

import pytest

from kms_katas.grading.expect import Rejected
from kms_katas.grading.intents import allow, policy
from kms_katas.grading.judge import must_allow, must_allow_no_more, must_allow_nothing_elsewhere
from kms_katas.grading.role_policy import role_under, stored_policy
from kms_katas.lab import Lab
from kms_katas.policy import Documents

from .judging import Holder


@pytest.fixture
def worker(lab: Lab) -> Any:
    """`worker(statement)`: the question about a role of this policy on a key, and its session."""
    key = lab.home.create_key()

    def made(more: dict[str, Any]) -> Any:
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": key} | more]}
        holder: Any = Holder(lab)
        return role_under(holder, "worker", document, key, lambda request, allowed: f"{request.action} {allowed}")

    return made


def wanted(question: Any, *actions: str) -> Documents:
    return Documents(question.documents.key_policy, (policy("its work", allow(list(actions))),))


@pytest.mark.parametrize(
    "more",
    [
        {"Action": "kms:Decrypt"},
        {"Action": ["kms:decrypt"]},
        {"Action": "kms:Decrypt", "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}},
    ],
)
def test_a_role_that_can_do_its_work_and_nothing_else_holds(worker: Any, lab: Lab, more: dict[str, Any]) -> None:
    question, session = worker(more)
    must_allow(question, wanted(question, "kms:Decrypt"), "")
    must_allow_no_more(question, wanted(question, "kms:Decrypt"), "")
    must_allow_nothing_elsewhere(question, "")
    blob = lab.home.seal(question.key, b"x")
    assert session.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_permission_too_many_is_told_with_what_it_means_and_sent(worker: Any, lab: Lab) -> None:
    question, _ = worker({"Action": ["kms:Decrypt", "kms:Encrypt"]})
    with pytest.raises(Rejected) as refused:
        must_allow_no_more(question, wanted(question, "kms:Decrypt"), lambda request: f"{request.action} harms.")
    told = refused.value
    assert "role/worker" in told.message and "statement 1 of the worker's policy allows the call" in told.message
    assert told.message.endswith("kms:Encrypt harms.") and told.next_step == "kms:Encrypt True"
    assert [call.operation for call in lab.calls if call.via == "answer"] == ["Encrypt"]


def test_a_permission_too_few_is_told_and_sent(worker: Any, lab: Lab) -> None:
    question, _ = worker({"Action": "kms:Encrypt"})
    with pytest.raises(Rejected) as refused:
        must_allow(question, wanted(question, "kms:Decrypt"), "So it is.")
    assert "cannot call kms:Decrypt" in refused.value.message and refused.value.next_step == "kms:Decrypt False"
    assert [call.error_code for call in lab.calls if call.via == "answer"] == ["AccessDeniedException"]


def test_an_operation_on_no_key_may_be_left_out_of_the_question(worker: Any) -> None:
    question, _ = worker({"Action": "kms:GenerateRandom", "Resource": "*"})
    must_allow_nothing_elsewhere(question, "", but=["kms:GenerateRandom"])
    with pytest.raises(Rejected, match="kms:GenerateRandom"):
        must_allow_nothing_elsewhere(question, "")


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
