"""Key policies read and written: the default one, what KMS refuses, and the lockout safety check."""

import json
import random
from typing import Any

import pytest

from kms_katas.lab import Lab

ACCOUNT = "arn:aws:iam::111122223333:root"
LOCKOUT = "The new key policy will not allow you to update the key policy in the future."


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal: Any, action: Any = "kms:*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"} | more


OPEN = allow({"AWS": ACCOUNT})


def test_the_default_policy_hands_permissions_to_the_account(kms: Any, key: Any) -> None:
    answer = kms.get_key_policy(KeyId=key["KeyId"])
    assert answer["PolicyName"] == "default"
    policy = json.loads(answer["Policy"])
    assert (policy["Version"], policy["Id"]) == ("2012-10-17", "key-default-1")
    assert policy["Statement"] == [OPEN | {"Sid": "Enable IAM User Permissions"}]


def test_the_default_policy_is_laid_out_as_kms_writes_it(kms: Any, key: Any) -> None:
    """Recorded from AWS on 2026-09-12 (radkawar/stackd, testdata/aws/kms/multi_region.json, replica_policy)."""
    assert (
        kms.get_key_policy(KeyId=key["KeyId"])["Policy"]
        == """\
{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111122223333:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}"""
    )


def test_a_policy_comes_back_as_it_was_put(kms: Any, key: Any) -> None:
    text = document(OPEN, allow({"AWS": "444455556666"}, "kms:Decrypt"))
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=text)
    assert kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"] == text


def test_a_key_can_be_made_with_its_policy(kms: Any) -> None:
    text = document(OPEN)
    key_id = kms.create_key(Policy=text)["KeyMetadata"]["KeyId"]
    assert kms.get_key_policy(KeyId=key_id)["Policy"] == text


def test_default_is_the_only_policy_of_a_key(kms: Any, key: Any, refused: Any) -> None:
    assert kms.list_key_policies(KeyId=key["KeyId"])["PolicyNames"] == ["default"]
    with refused("NotFoundException"):
        kms.get_key_policy(KeyId=key["KeyId"], PolicyName="AWS_RAM")
    with refused("ValidationException", "The AWS_RAM policy can only be managed by the RAM service."):
        kms.put_key_policy(KeyId=key["KeyId"], PolicyName="AWS_RAM", Policy=document(OPEN))
    with refused("ValidationException"):
        kms.put_key_policy(KeyId=key["KeyId"], PolicyName="mine", Policy=document(OPEN))


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "{}",
        json.dumps({"Statement": ["x"]}),
        document({"Effect": "Perhaps", "Principal": "*", "Action": "kms:*", "Resource": "*"}),
        document(OPEN, {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}),
        document(OPEN, allow({"AWS": "arn:aws:iam::111122223333:user/nobody"})),
        document(OPEN, allow({"AWS": "arn:aws:iam::111122223333:role/nobody"})),
        document(OPEN, allow({"AWS": "arn:aws:iam::111122223333:user/*"})),
        document(OPEN, allow({"AWS": "arn:aws:iam::111122223333:group/people"})),
        document(OPEN, allow({"AWS": "12345"})),
        document(OPEN, allow({"Group": "people"})),
        document(OPEN, allow("nobody")),
    ],
)
def test_a_malformed_policy_is_refused_and_the_old_one_stays(kms: Any, key: Any, refused: Any, text: str) -> None:
    before = kms.get_key_policy(KeyId=key["KeyId"])["Policy"]
    with refused("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key["KeyId"], Policy=text)
    with refused("MalformedPolicyDocumentException"):
        kms.create_key(Policy=text)
    assert kms.get_key_policy(KeyId=key["KeyId"])["Policy"] == before
    assert len(kms.list_keys()["Keys"]) == 1


@pytest.mark.parametrize("fault", ['"Effect": "allow"', '"Effect": "Allow", "Effect": "Deny"', '"Effect": "Allow"'])
def test_what_is_malformed_is_told_with_its_line(kms: Any, key: Any, fault: str) -> None:
    lines = random.randrange(2, 9)
    text = '{"Statement": [' + "\n" * (lines - 1) + "{" + fault + "}]}"
    with pytest.raises(kms.exceptions.MalformedPolicyDocumentException, match=f"line {lines}, column "):
        kms.put_key_policy(KeyId=key["KeyId"], Policy=text)


def test_users_roles_sessions_services_and_other_accounts_may_be_named(lab: Lab, kms: Any, key: Any) -> None:
    user, role = lab.home.user("alice", path="/team/"), lab.home.role("app")
    named = [
        user.arn,
        role.arn,
        role.session("one").arn,
        "444455556666",
        "arn:aws:iam::999988887777:user/unknown-to-us",
    ]
    text = document(OPEN, allow({"AWS": named}, "kms:Decrypt"), allow({"Service": "s3.amazonaws.com"}, "kms:Decrypt"))
    kms.put_key_policy(KeyId=key["KeyId"], Policy=text)


def test_a_policy_has_at_most_32768_bytes(kms: Any, key: Any, refused: Any) -> None:
    room = 32_768 - len(document(OPEN | {"Sid": ""}))
    kms.put_key_policy(KeyId=key["KeyId"], Policy=document(OPEN | {"Sid": "s" * room}))
    with refused("LimitExceededException"):
        kms.put_key_policy(KeyId=key["KeyId"], Policy=document(OPEN | {"Sid": "s" * (room + 1)}))


@pytest.mark.parametrize(
    "statements",
    [
        (allow({"AWS": "444455556666"}),),
        (allow({"AWS": ACCOUNT}, "kms:Decrypt"),),
        (OPEN, allow("*", "kms:PutKeyPolicy", Effect="Deny")),
        (allow({"AWS": ACCOUNT}, Condition={"Bool": {"aws:SecureTransport": "false"}}),),
    ],
)
def test_a_policy_that_locks_its_author_out_needs_a_bypass(kms: Any, key: Any, refused: Any, statements: Any) -> None:
    text = document(*statements)
    with refused("MalformedPolicyDocumentException", LOCKOUT):
        kms.put_key_policy(KeyId=key["KeyId"], Policy=text)
    with refused("MalformedPolicyDocumentException", LOCKOUT):
        kms.create_key(Policy=text)
    kms.put_key_policy(KeyId=key["KeyId"], Policy=text, BypassPolicyLockoutSafetyCheck=True)
    with refused("AccessDeniedException"):
        kms.put_key_policy(KeyId=key["KeyId"], Policy=document(OPEN))


def test_naming_the_author_is_enough_for_the_lockout_check(lab: Lab, kms: Any, key: Any) -> None:
    kms.put_key_policy(KeyId=key["KeyId"], Policy=document(allow({"AWS": lab.home.admin.arn})))


@pytest.mark.parametrize("principal", [{"AWS": []}, {"AWS": ACCOUNT, "Service": []}])
def test_a_statement_names_at_least_one_principal(kms: Any, key: Any, refused: Any, principal: Any) -> None:
    with refused("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key["KeyId"], Policy=document(OPEN, allow(principal, "kms:Decrypt")))


def test_the_people_of_an_account_that_the_lab_made_must_exist_and_strangers_may(
    lab: Lab, kms: Any, key: Any, refused: Any
) -> None:
    def put(name: str) -> None:
        kms.put_key_policy(KeyId=key["KeyId"], Policy=document(OPEN, allow({"AWS": name}, "kms:Decrypt")))

    partner = lab.account("444455556666")
    with refused("MalformedPolicyDocumentException"):
        put("arn:aws:iam::444455556666:role/app")
    role = partner.role("app", path="/team/")
    put(role.arn)
    role.allow({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]})
    put(role.arn)
    with refused("MalformedPolicyDocumentException"):
        put("arn:aws:iam::444455556666:role/app")  # without its path it is another role
    # A request to IAM opens a store for 123456789012 inside moto; nobody of that account is known for it.
    lab.home.admin.client("iam").list_users()
    for stranger in ("999988887777", "123456789012"):
        put(f"arn:aws:iam::{stranger}:role/app")


@pytest.mark.parametrize(
    "condition_key", ["kms:EncryptionContext:tenant", "KMS:encryptioncontext:Tenant", "aws:RequestTag/a"]
)
def test_for_all_values_on_a_key_of_one_value_is_refused(kms: Any, key: Any, refused: Any, condition_key: str) -> None:
    """And on the list of names it is not, nor is the pair without it (KMS guide, "AWS KMS condition keys")."""

    def put(condition: dict[str, Any]) -> None:
        policy = document(OPEN, allow({"AWS": ACCOUNT}, Condition=condition))
        kms.put_key_policy(KeyId=key["KeyId"], Policy=policy)

    with refused("MalformedPolicyDocumentException") as caught:
        put({"ForAllValues:StringEquals": {condition_key: "a"}})
    assert "OverlyPermissiveCondition: Using the ForAllValues set operator" in str(caught.value)
    names = {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "a"}}
    put({**names, "StringEquals": {condition_key: "a"}})
