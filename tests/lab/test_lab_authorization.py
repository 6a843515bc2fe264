"""That each request is decided with what it really carries. The rules of deciding are tested in the policy room."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab
from kms_katas.policy import explain

ACCOUNT = "arn:aws:iam::111122223333:root"


def only(action: str | list[str], resource: str | list[str] = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_user_without_policies_is_denied_with_the_words_of_aws(lab: Lab, key: Any, refused: Any) -> None:
    bob = lab.home.user("bob")
    text = (
        f"User: {bob.arn} is not authorized to perform: kms:Encrypt on resource: {key['Arn']} "
        "because no identity-based policy allows the kms:Encrypt action"
    )
    with refused("AccessDeniedException", text):
        bob.client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"x")


def test_an_identity_policy_on_the_key_arn_allows_that_key_only(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    bob = lab.home.user("bob", policies={"one key": only("kms:Encrypt", key["Arn"])}).client("kms")
    bob.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    for more in ({"KeyId": other}, {"KeyId": other, "DryRun": True}):
        with refused("AccessDeniedException"):
            bob.encrypt(Plaintext=b"x", **more)


def test_a_policy_added_later_counts_at_once(lab: Lab, key: Any, refused: Any) -> None:
    bob = lab.home.user("bob")
    with refused("AccessDeniedException"):
        bob.client("kms").describe_key(KeyId=key["KeyId"])
    bob.allow(only("kms:DescribeKey"))
    bob.client("kms").describe_key(KeyId=key["KeyId"])


def test_attached_and_group_policies_count_like_inline_ones(lab: Lab, key: Any) -> None:
    iam = lab.home.admin.client("iam")
    attached, member = lab.home.user("attached"), lab.home.user("member")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(only("kms:DescribeKey")))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="attached", PolicyArn=arn)
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="member")
    iam.put_group_policy(GroupName="g", PolicyName="in group", PolicyDocument=json.dumps(only("kms:DescribeKey")))
    for principal in (attached, member):
        principal.client("kms").describe_key(KeyId=key["KeyId"])


def test_a_role_named_in_the_key_policy_needs_no_identity_policy(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    session = lab.home.role("app", path="/x/").session("s1")
    with refused("AccessDeniedException"):
        session.client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    policy = json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"])
    policy["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": session.role_arn}, "Action": "kms:Encrypt", "Resource": "*"}
    )
    kms.put_key_policy(KeyId=key["KeyId"], Policy=json.dumps(policy))
    session.client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"x")


def test_the_root_user_needs_the_key_policy_only(lab: Lab, key: Any) -> None:
    lab.home.root.client("kms").describe_key(KeyId=key["KeyId"])
    assert lab.calls[-1].principal_arn == ACCOUNT


def test_a_key_of_another_account_needs_both_sides(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    guest = lab.account("444455556666").user("guest")
    policy = json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"])
    policy["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": "444455556666"},
            "Action": ["kms:Encrypt", "kms:Decrypt"],
            "Resource": "*",
        }
    )
    guest.allow(only("kms:*"), name="all")
    with refused("AccessDeniedException"):
        guest.client("kms").encrypt(KeyId=key["Arn"], Plaintext=b"x")
    kms.put_key_policy(KeyId=key["KeyId"], Policy=json.dumps(policy))
    sealed = guest.client("kms").encrypt(KeyId=key["Arn"], Plaintext=b"from outside")
    assert guest.client("kms").decrypt(CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"] == b"from outside"
    with refused("AccessDeniedException"):
        lab.account("444455556666").user("other").client("kms").encrypt(KeyId=key["Arn"], Plaintext=b"x")


def test_permission_is_asked_before_the_key_state(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    kms.disable_key(KeyId=key["KeyId"])
    bob = lab.home.user("bob").client("kms")
    with refused("AccessDeniedException"):
        bob.encrypt(KeyId=key["KeyId"], Plaintext=b"x")


def test_explain_returns_the_decision_behind_a_denial(lab: Lab, key: Any) -> None:
    bob = lab.home.user("bob", policies={"read": only("kms:Decrypt")})
    with pytest.raises(ClientError) as first:
        bob.client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    with pytest.raises(ClientError):
        bob.client("kms").describe_key(KeyId=key["KeyId"])
    decision = lab.explain(first.value)
    assert not decision.allowed
    assert (decision.request.action, decision.request.resource) == ("kms:Encrypt", key["Arn"])
    assert decision is lab.calls[-2].decision
    assert any("kms:Decrypt" in line for line in explain(decision))


def test_explain_says_why_an_error_is_no_denial(lab: Lab, kms: Any) -> None:
    with pytest.raises(ClientError) as caught:
        kms.describe_key(KeyId="alias/none")
    with pytest.raises(LookupError, match="NotFoundException"):
        lab.explain(caught.value)


CONDITIONS = [
    (
        {"StringEquals": {"kms:EncryptionContext:tenant": "blue"}},
        {"EncryptionContext": {"tenant": "blue"}},
        {"EncryptionContext": {"tenant": "red"}},
    ),
    ({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "tenant"}}, {"EncryptionContext": {"tenant": "x"}}, {}),
    ({"StringEquals": {"kms:RequestAlias": "alias/mine"}}, {"KeyId": "alias/mine"}, {}),
    ({"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/mine"}}, {}, {"KeyId": "alias/other"}),
    ({"StringEquals": {"aws:ResourceTag/team": "a"}}, {}, {"KeyId": "alias/other"}),
    ({"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}}, {}, None),
    (
        {
            "StringEquals": {
                "kms:KeySpec": "SYMMETRIC_DEFAULT",
                "kms:KeyUsage": "ENCRYPT_DECRYPT",
                "kms:KeyOrigin": "AWS_KMS",
            }
        },
        {},
        None,
    ),
    ({"Bool": {"kms:MultiRegion": "false"}}, {}, None),
    ({"StringEquals": {"aws:RequestedRegion": "us-east-1", "kms:CallerAccount": "111122223333"}}, {}, None),
    ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, None, {}),
]


@pytest.mark.parametrize(("condition", "passes", "fails"), CONDITIONS)
def test_a_condition_sees_what_the_request_carries(
    lab: Lab, kms: Any, refused: Any, condition: Any, passes: Any, fails: Any
) -> None:
    key_id = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "a"}])["KeyMetadata"]["KeyId"]
    other = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "b"}])["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key_id)
    kms.create_alias(AliasName="alias/other", TargetKeyId=other)
    bob = lab.home.user("bob", policies={"conditional": only("kms:Encrypt", **condition)}).client("kms")
    base = {"KeyId": key_id, "Plaintext": b"x"}
    if passes is not None:
        bob.encrypt(**(base | passes))
    if fails is not None:
        with refused("AccessDeniedException"):
            bob.encrypt(**(base | fails))


@pytest.mark.parametrize(
    ("operation", "asked", "condition"),
    [
        ("create_key", {"Tags": [{"TagKey": "team", "TagValue": "a"}]}, {"StringEquals": {"aws:RequestTag/team": "a"}}),
        ("create_key", {}, {"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyUsage": "ENCRYPT_DECRYPT"}}),
        ("create_key", {}, {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "false"}}),
        (
            "tag_resource",
            {"Tags": [{"TagKey": "team", "TagValue": "a"}]},
            {"ForAllValues:StringEquals": {"aws:TagKeys": "team"}},
        ),
        ("untag_resource", {"TagKeys": ["team"]}, {"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}}),
        ("get_key_policy", {}, {"StringEquals": {"kms:PolicyName": "default"}}),
        (
            "schedule_key_deletion",
            {"PendingWindowInDays": 20},
            {"NumericGreaterThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "19"}},
        ),
    ],
)
def test_conditions_of_management_operations_see_the_parameters(
    lab: Lab, key: Any, operation: str, asked: Any, condition: Any
) -> None:
    bob = lab.home.user("bob", policies={"conditional": only("kms:*", **condition)}).client("kms")
    extra = {} if operation == "create_key" else {"KeyId": key["KeyId"]}
    getattr(bob, operation)(**extra, **asked)


def test_tags_on_a_new_key_need_their_own_permission(lab: Lab, refused: Any) -> None:
    bob = lab.home.user("bob", policies={"create": only("kms:CreateKey")}).client("kms")
    bob.create_key()
    with refused("AccessDeniedException") as caught:
        bob.create_key(Tags=[{"TagKey": "a", "TagValue": "b"}])
    assert "kms:TagResource" in str(caught.value)


@pytest.mark.parametrize("operation", ["create_alias", "update_alias", "delete_alias"])
def test_an_alias_operation_needs_the_alias_and_every_key_it_touches(
    lab: Lab, kms: Any, key: Any, refused: Any, operation: str
) -> None:
    new = kms.create_key()["KeyMetadata"]
    alias_arn = "arn:aws:kms:us-east-1:111122223333:alias/mine"
    asked = {"AliasName": "alias/mine"}
    needed = {"create_alias": [alias_arn, new["Arn"]], "update_alias": [alias_arn, key["Arn"], new["Arn"]]}.get(
        operation, [alias_arn, key["Arn"]]
    )
    if operation != "create_alias":
        kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    if operation != "delete_alias":
        asked["TargetKeyId"] = new["KeyId"]
    for number, missing in enumerate(needed):
        partly = lab.home.user(
            f"u{number}", policies={"p": only("kms:*", [one for one in needed if one != missing])}
        ).client("kms")
        with refused("AccessDeniedException") as caught:
            getattr(partly, operation)(**asked)
        assert missing in str(caught.value)
    getattr(lab.home.user("full", policies={"p": only("kms:*", needed)}).client("kms"), operation)(**asked)


@pytest.mark.parametrize("operation", ["list_keys", "list_aliases", "create_key"])
def test_account_wide_operations_need_resource_star(lab: Lab, refused: Any, operation: str) -> None:
    narrow = lab.home.user("narrow", policies={"p": only("kms:*", "arn:aws:kms:us-east-1:111122223333:key/*")}).client(
        "kms"
    )
    with refused("AccessDeniedException") as caught:
        getattr(narrow, operation)()
    assert "on resource: * because no identity-based policy allows" in str(caught.value)


def test_credentials_are_looked_at_before_the_request(lab: Lab, refused: Any) -> None:
    nobody, bob = lab.home.user("nobody"), lab.home.user("bob")
    kms = nobody.client("kms")
    lab.home.admin.client("iam").delete_access_key(UserName="nobody", AccessKeyId=nobody.access_key_id)
    with refused("UnrecognizedClientException"):
        kms.describe_key(KeyId="a" * 2049)
    with refused("ValidationException"):
        bob.client("kms").describe_key(KeyId="a" * 2049)


def test_the_callers_unique_id_is_a_condition_key(lab: Lab, key: Any, refused: Any) -> None:
    bob, eve = lab.home.user("bob"), lab.home.user("eve")
    iam = lab.home.admin.client("iam")
    condition = {"StringEquals": {"aws:userid": iam.get_user(UserName="bob")["User"]["UserId"]}}
    for user in (bob, eve):
        user.allow(only("kms:DescribeKey", **condition))
    bob.client("kms").describe_key(KeyId=key["KeyId"])
    with refused("AccessDeniedException"):
        eve.client("kms").describe_key(KeyId=key["KeyId"])
