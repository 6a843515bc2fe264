"""Session policies of AssumeRole: they narrow the role, give nothing, and have limits."""

import json
import secrets
from typing import Any

import pytest

from kms_katas.lab import Lab

HOME = "111122223333"


@pytest.fixture
def assumed(lab: Lab, statement: Any, client_of: Any) -> Any:
    """A KMS client of a session of a role that may do everything with KMS, made with more parameters."""
    role = lab.home.role("app", policies={"all": statement("kms:*")})

    def make(**more: Any) -> Any:
        sts = lab.home.admin.client("sts")
        return client_of(sts.assume_role(RoleArn=role.arn, RoleSessionName="s1", **more))

    return make


def managed(lab: Lab, document: Any, account: str = HOME) -> str:
    iam = lab.account(account).admin.client("iam")
    made = iam.create_policy(PolicyName="n" + secrets.token_hex(6), PolicyDocument=json.dumps(document))
    arn: str = made["Policy"]["Arn"]
    return arn


@pytest.mark.parametrize("kind", ["inline", "managed"])
def test_a_session_may_what_role_and_session_policy_both_allow(
    lab: Lab, refused: Any, statement: Any, assumed: Any, kind: str
) -> None:
    key = lab.home.create_key()
    document = statement(["kms:DescribeKey", "s3:*"])
    asked = {"Policy": json.dumps(document)} if kind == "inline" else {"PolicyArns": [{"arn": managed(lab, document)}]}
    kms = assumed(**asked)
    kms.describe_key(KeyId=key)
    with refused("AccessDeniedException") as caught:
        kms.encrypt(KeyId=key, Plaintext=b"x")
    assert str(caught.value).endswith("because no session policy allows the kms:Encrypt action")
    assert lab.explain(caught.value).layer == "session-policy"


def test_a_session_policy_gives_nothing_that_the_role_has_not(
    lab: Lab, refused: Any, statement: Any, client_of: Any
) -> None:
    role = lab.home.role("bare")
    sts = lab.home.admin.client("sts")
    made = sts.assume_role(RoleArn=role.arn, RoleSessionName="s1", Policy=json.dumps(statement("kms:*")))
    with refused("AccessDeniedException"):
        client_of(made).list_keys()


def test_several_session_policies_together_allow_what_one_of_them_allows(
    lab: Lab, refused: Any, statement: Any, assumed: Any
) -> None:
    arns = [{"arn": managed(lab, statement("kms:ListAliases"))}]
    kms = assumed(Policy=json.dumps(statement("kms:ListKeys")), PolicyArns=arns)
    kms.list_keys()
    kms.list_aliases()
    with refused("AccessDeniedException"):
        kms.create_key()


def test_a_deny_in_a_session_policy_is_told_as_one(lab: Lab, refused: Any, statement: Any, assumed: Any) -> None:
    document = statement("kms:*")
    document["Statement"].append({"Effect": "Deny", "Action": "kms:ListKeys", "Resource": "*"})
    kms = assumed(Policy=json.dumps(document))
    kms.list_aliases()
    with refused("AccessDeniedException") as caught:
        kms.list_keys()
    assert str(caught.value).endswith("with an explicit deny in a session policy")


def test_a_managed_session_policy_counts_as_it_is_now(lab: Lab, refused: Any, statement: Any, assumed: Any) -> None:
    """Recorded from AWS on 2026-09-11 (radkawar/stackd, testdata/aws/sts/managed_session_policy.json)."""
    arn = managed(lab, statement("kms:*"))
    kms = assumed(PolicyArns=[{"arn": arn}])
    kms.list_keys()
    closed = json.dumps(statement("kms:*", effect="Deny"))
    lab.home.admin.client("iam").create_policy_version(PolicyArn=arn, PolicyDocument=closed, SetAsDefault=True)
    with refused("AccessDeniedException"):
        kms.list_keys()


def test_a_session_policy_bounds_what_the_session_may_assume(
    lab: Lab, refused: Any, statement: Any, client_of: Any
) -> None:
    next_one = lab.home.role("next")
    first = lab.home.role("first", policies={"all": statement()})
    sts = lab.home.admin.client("sts")
    made = sts.assume_role(RoleArn=first.arn, RoleSessionName="s1", Policy=json.dumps(statement("kms:*")))
    with refused("AccessDenied") as caught:
        client_of(made, "sts").assume_role(RoleArn=next_one.arn, RoleSessionName="s2")
    assert str(caught.value).endswith("because no session policy allows the sts:AssumeRole action")


def test_the_labs_own_sessions_can_have_one(lab: Lab, refused: Any, statement: Any) -> None:
    role = lab.home.role("app", policies={"all": statement("kms:*")})
    kms = role.session("s1", policy=statement("kms:ListKeys")).client("kms")
    kms.list_keys()
    with refused("AccessDeniedException"):
        kms.list_aliases()


@pytest.mark.parametrize(("size", "goes"), [(2048, True), (2049, False)])
def test_session_policies_have_2048_characters_at_most(
    lab: Lab, refused: Any, statement: Any, assumed: Any, size: int, goes: bool
) -> None:
    document = statement("kms:*")
    document["Statement"][0]["Sid"] = ""
    document["Statement"][0]["Sid"] = "a" * (size - len(json.dumps(document)))
    policy = json.dumps(document)
    assert len(policy) == size
    if goes:
        assumed(Policy=policy).list_keys()
    else:
        with refused("ValidationError") as caught:
            assumed(Policy=policy)
        assert "at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048" in str(
            caught.value
        )


def test_there_are_ten_managed_session_policies_at_most(lab: Lab, refused: Any, statement: Any, assumed: Any) -> None:
    arns = [{"arn": managed(lab, statement("kms:ListKeys"))} for _ in range(11)]
    assumed(PolicyArns=arns[:10]).list_keys()
    with refused("ValidationError") as caught:
        assumed(PolicyArns=arns)
    assert "at 'policyArns'" in str(caught.value)


def test_what_does_not_pack_is_refused_with_how_much_it_takes(
    lab: Lab, refused: Any, assumed: Any, statement: Any
) -> None:
    open_role = lab.home.role("tagged", trust=statement(["sts:AssumeRole", "sts:TagSession"], principal="*"))
    tags = [{"Key": secrets.token_hex(20), "Value": secrets.token_hex(128)} for _ in range(50)]
    with refused("PackedPolicyTooLarge") as caught:
        lab.home.admin.client("sts").assume_role(RoleArn=open_role.arn, RoleSessionName="s1", Tags=tags)
    assert "% of allotted space, please use smaller policy." in str(caught.value)


def test_the_packed_size_is_told_where_there_is_something_to_pack(lab: Lab, statement: Any) -> None:
    role = lab.home.role("app")
    sts = lab.home.admin.client("sts")
    plain = sts.assume_role(RoleArn=role.arn, RoleSessionName="s1")
    assert "PackedPolicySize" not in plain
    small, large = (
        sts.assume_role(RoleArn=role.arn, RoleSessionName="s1", Policy=json.dumps(statement(actions)))
        for actions in ("kms:*", ["kms:" + secrets.token_hex(20) for _ in range(20)])
    )
    assert 0 < small["PackedPolicySize"] < large["PackedPolicySize"] <= 100


@pytest.mark.parametrize(
    ("asked", "code", "says"),
    [
        ({"Policy": "{"}, "MalformedPolicyDocument", "not valid JSON"),
        ({"Policy": "{}"}, "MalformedPolicyDocument", "Statement"),
        (
            {"Policy": '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}'},
            "MalformedPolicyDocument",
            "names no Principal",
        ),
        ({"Policy": "Ā" * 30}, "ValidationError", "regular expression"),
        ({"PolicyArns": [{"arn": f"arn:aws:iam::{HOME}:policy/none"}]}, "ValidationError", "There is no policy"),
    ],
)
def test_what_is_no_session_policy_is_refused_in_words(
    refused: Any, assumed: Any, asked: Any, code: str, says: str
) -> None:
    with refused(code) as caught:
        assumed(**asked)
    assert says in str(caught.value)


def test_managed_session_policies_are_of_the_roles_account(lab: Lab, refused: Any, statement: Any) -> None:
    away = lab.account("444455556666")
    role = away.role("app", trust=statement("sts:AssumeRole", principal={"AWS": HOME}))
    arn = managed(lab, statement("kms:*"))
    with refused("ValidationError"):
        lab.home.admin.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="s1", PolicyArns=[{"arn": arn}])


def test_an_aws_managed_policy_can_be_a_session_policy(lab: Lab, refused: Any, assumed: Any) -> None:
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    kms = assumed(PolicyArns=[{"arn": read_only}])
    kms.list_keys()
    with refused("AccessDeniedException"):
        kms.create_key()
    with refused("ValidationError"):
        assumed(PolicyArns=[{"arn": read_only + "ToNothing"}])
