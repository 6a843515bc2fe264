"""Permissions boundaries of users and roles: set in the lab or through IAM, and obeyed by KMS and AssumeRole."""

import json
from typing import Any

import pytest

from kms_katas.lab import Lab


def holder(lab: Lab, kind: str, **more: Any) -> Any:
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    if kind == "user":
        return lab.home.user("bob", policies={"all": everything}, **more)
    return lab.home.role("app", policies={"all": everything}, **more).session("s1")


@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_boundary_takes_away_what_it_does_not_allow(lab: Lab, refused: Any, statement: Any, kind: str) -> None:
    key = lab.home.create_key()
    kms = holder(lab, kind, boundary=statement("kms:DescribeKey")).client("kms")
    kms.describe_key(KeyId=key)
    with refused("AccessDeniedException") as caught:
        kms.encrypt(KeyId=key, Plaintext=b"x")
    assert str(caught.value).endswith("because no permissions boundary allows the kms:Encrypt action")
    assert lab.explain(caught.value).layer == "permissions-boundary"


@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_boundary_gives_nothing_by_itself(lab: Lab, refused: Any, statement: Any, kind: str) -> None:
    key = lab.home.create_key()
    account = lab.home
    bare = (
        account.user("bare", boundary=statement())
        if kind == "user"
        else account.role("bare", boundary=statement()).session("s1")
    )
    with refused("AccessDeniedException"):
        bare.client("kms").describe_key(KeyId=key)


@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_deny_in_a_boundary_is_told_as_one(lab: Lab, refused: Any, statement: Any, kind: str) -> None:
    boundary = statement()
    boundary["Statement"].append({"Effect": "Deny", "Action": "kms:ListKeys", "Resource": "*"})
    kms = holder(lab, kind, boundary=boundary).client("kms")
    kms.list_aliases()
    with refused("AccessDeniedException") as caught:
        kms.list_keys()
    assert str(caught.value).endswith("with an explicit deny in a permissions boundary")


@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_key_policy_that_names_the_user_is_not_bounded_and_one_that_names_the_role_is(
    lab: Lab, refused: Any, statement: Any, kind: str
) -> None:
    """IAM reference, "Evaluating identity-based policies with resource-based policies"."""
    bounded = holder(lab, kind, boundary=statement("s3:*"))
    key = lab.home.create_key(policy=statement("kms:DescribeKey", principal={"AWS": bounded.role_arn or bounded.arn}))
    if kind == "user":
        bounded.client("kms").describe_key(KeyId=key)
    else:
        with refused("AccessDeniedException"):
            bounded.client("kms").describe_key(KeyId=key)


@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_boundary_set_and_taken_away_through_iam_counts_at_once(
    lab: Lab, refused: Any, statement: Any, kind: str
) -> None:
    kms, iam = holder(lab, kind).client("kms"), lab.home.admin.client("iam")
    policy = json.dumps(statement("kms:ListAliases"))
    arn = iam.create_policy(PolicyName="bound", PolicyDocument=policy)["Policy"]["Arn"]
    whom = {"UserName": "bob"} if kind == "user" else {"RoleName": "app"}
    kms.list_keys()
    getattr(iam, f"put_{kind}_permissions_boundary")(**whom, PermissionsBoundary=arn)
    with refused("AccessDeniedException"):
        kms.list_keys()
    shown = getattr(iam, f"get_{kind}")(**whom)[kind.capitalize()]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == arn
    getattr(iam, f"delete_{kind}_permissions_boundary")(**whom)
    kms.list_keys()
    assert "PermissionsBoundary" not in getattr(iam, f"get_{kind}")(**whom)[kind.capitalize()]


def test_a_user_can_be_created_with_a_boundary(lab: Lab, refused: Any, statement: Any) -> None:
    iam = lab.home.admin.client("iam")
    arn = iam.create_policy(PolicyName="bound", PolicyDocument=json.dumps(statement("kms:ListKeys")))["Policy"]["Arn"]
    iam.create_user(UserName="late", PermissionsBoundary=arn)
    assert iam.get_user(UserName="late")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    missing = arn.replace("bound", "missing")
    with refused("NoSuchEntity"):
        iam.create_user(UserName="later", PermissionsBoundary=missing)
    with refused("NoSuchEntity"):
        iam.put_user_permissions_boundary(UserName="late", PermissionsBoundary=missing)
    with refused("NoSuchEntity"):
        iam.get_user(UserName="later")


def test_a_new_version_of_the_policy_changes_the_boundary(lab: Lab, refused: Any, statement: Any) -> None:
    kms, iam = holder(lab, "user", boundary=statement("kms:ListAliases")).client("kms"), lab.home.admin.client("iam")
    arn = iam.get_user(UserName="bob")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    with refused("AccessDeniedException"):
        kms.list_keys()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(statement("kms:ListKeys")), SetAsDefault=True)
    kms.list_keys()


def test_a_boundary_holds_where_a_role_is_assumed(lab: Lab, refused: Any, statement: Any) -> None:
    role = lab.home.role("target")
    bob = holder(lab, "user", boundary=statement("kms:*"))
    with refused("AccessDenied") as caught:
        bob.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="s1")
    assert str(caught.value).endswith("because no permissions boundary allows the sts:AssumeRole action")


def test_a_boundary_that_is_no_policy_is_refused_with_a_sentence(lab: Lab) -> None:
    with pytest.raises(ValueError, match="Statement"):
        lab.home.user("bob", boundary={"Version": "2012-10-17"})


@pytest.mark.parametrize("kind", ["user", "role"])
def test_an_aws_managed_policy_can_be_a_boundary(lab: Lab, refused: Any, kind: str) -> None:
    kms, iam = holder(lab, kind).client("kms"), lab.home.admin.client("iam")
    whom = {"UserName": "bob"} if kind == "user" else {"RoleName": "app"}
    put = getattr(iam, f"put_{kind}_permissions_boundary")
    put(**whom, PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
    kms.list_keys()
    with refused("AccessDeniedException"):
        kms.create_key()
    put(**whom, PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess")
    kms.create_key()
