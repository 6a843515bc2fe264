"""Service and resource control policies of an organization, by level: whom they reach and what they take away."""

import json
import secrets
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab
from kms_katas.policy import explain

AWAY, MANAGEMENT = "444455556666", "999988887777"


@pytest.fixture
def name() -> str:
    return "n" + secrets.token_hex(6)


@pytest.mark.parametrize("level", ["root", "unit", "nested unit", "account"])
def test_a_deny_on_any_level_above_the_caller_wins(
    lab: Lab, name: str, refused: Any, statement: Any, level: str
) -> None:
    key, admin = lab.home.create_key(), lab.home.admin.client("kms")
    root = lab.organization()
    unit = root.unit(name)
    nested = unit.unit("below")
    account = nested.add(lab.home)
    places = {"root": root, "unit": unit, "nested unit": nested, "account": account}
    admin.encrypt(KeyId=key, Plaintext=b"x")
    places[level].attach_scp(statement("kms:Encrypt", effect="Deny"))
    text = (
        f"User: {lab.home.admin.arn} is not authorized to perform: kms:Encrypt on resource: {key}"
        " with an explicit deny in a service control policy"
    )
    with refused("AccessDeniedException", text):
        admin.encrypt(KeyId=key, Plaintext=b"x")
    admin.describe_key(KeyId=key)


def test_a_level_without_full_access_allows_what_is_listed_alone(lab: Lab, refused: Any, statement: Any) -> None:
    key, admin = lab.home.create_key(), lab.home.admin.client("kms")
    unit = lab.organization().unit("narrow")
    unit.add(lab.home)
    unit.attach_scp(statement("kms:Describe*"))
    admin.encrypt(KeyId=key, Plaintext=b"x")  # FullAWSAccess is still there
    unit.detach_full_access()
    admin.describe_key(KeyId=key)
    with refused("AccessDeniedException") as caught:
        admin.encrypt(KeyId=key, Plaintext=b"x")
    assert str(caught.value).endswith("because no service control policy allows the kms:Encrypt action")
    assert lab.explain(caught.value).layer == "service-control-policy"


def test_service_control_policies_bound_the_root_user_too(lab: Lab, refused: Any, statement: Any) -> None:
    key = lab.home.create_key()
    lab.organization().add(lab.home).attach_scp(statement("kms:DescribeKey", effect="Deny"))
    with refused("AccessDeniedException"):
        lab.home.root.client("kms").describe_key(KeyId=key)


def test_service_control_policies_bound_grantees_too(lab: Lab, refused: Any, statement: Any) -> None:
    key, bob = lab.home.create_key(), lab.home.user("bob")
    lab.home.admin.client("kms").create_grant(KeyId=key, GranteePrincipal=bob.arn, Operations=["Encrypt"])
    bob.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    lab.organization().add(lab.home).attach_scp(statement("kms:Encrypt", effect="Deny"))
    with refused("AccessDeniedException"):
        bob.client("kms").encrypt(KeyId=key, Plaintext=b"x")


def test_the_management_account_is_reached_by_neither_kind(lab: Lab, statement: Any) -> None:
    root, boss = lab.organization(MANAGEMENT), lab.account(MANAGEMENT)
    root.attach_scp(statement(effect="Deny"))
    root.attach_rcp(statement("kms:*", effect="Deny", principal="*"))
    boss.admin.client("kms").describe_key(KeyId=boss.create_key())


def test_service_linked_roles_are_exempt(lab: Lab, refused: Any, statement: Any) -> None:
    key = lab.home.create_key()
    path = "/aws-service-role/autoscaling.amazonaws.com/"
    linked = lab.home.role("AWSServiceRoleForAutoScaling", policies={"all": statement()}, path=path).session("s1")
    plain = lab.home.role("plain", policies={"all": statement()}).session("s1")
    level = lab.organization().add(lab.home)
    level.attach_scp(statement(effect="Deny"))
    level.attach_rcp(statement("kms:*", effect="Deny", principal="*"))
    linked.client("kms").describe_key(KeyId=key)
    with refused("AccessDeniedException"):
        plain.client("kms").describe_key(KeyId=key)


def test_resource_control_policies_bound_strangers_and_service_control_policies_do_not(
    lab: Lab, refused: Any, statement: Any
) -> None:
    stranger = lab.account(AWAY).user("eve", policies={"all": statement("kms:*")})
    open_to_all = statement("kms:*", principal={"AWS": [AWAY, "111122223333"]})
    key = lab.home.create_key(policy=open_to_all)
    root = lab.organization()
    root.add(lab.home).attach_scp(statement("kms:*", effect="Deny"))
    stranger.client("kms").describe_key(KeyId=key)
    outside = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": root.organization_id}}
    root.attach_rcp(statement("kms:*", effect="Deny", principal="*", **outside), name="perimeter")
    with refused("AccessDeniedException") as caught:
        stranger.client("kms").describe_key(KeyId=key)
    assert str(caught.value).endswith("with an explicit deny in a resource control policy")
    assert "perimeter" in "".join(explain(lab.explain(caught.value)))


def test_resource_control_policies_bound_operations_on_no_key_as_decide_has_it(
    lab: Lab, refused: Any, statement: Any
) -> None:
    lab.organization().add(lab.home).attach_rcp(statement("kms:*", effect="Deny", principal="*"))
    for operation in ("list_keys", "create_key"):
        with refused("AccessDeniedException") as caught:
            getattr(lab.home.admin.client("kms"), operation)()
        assert lab.explain(caught.value).layer == "resource-control-policy"


def test_resource_control_policies_do_not_reach_aws_managed_keys(lab: Lab, refused: Any, statement: Any) -> None:
    admin = lab.home.admin.client("kms")
    key = lab.home.create_key()
    lab.organization().add(lab.home).attach_rcp(statement("kms:*", effect="Deny", principal="*"))
    admin.describe_key(KeyId="alias/aws/s3")
    with refused("AccessDeniedException"):
        admin.describe_key(KeyId=key)


@pytest.mark.parametrize(
    ("key", "inside"),
    [
        ("aws:PrincipalOrgID", lambda root, unit: root.organization_id),
        ("aws:ResourceOrgID", lambda root, unit: root.organization_id),
    ],
)
def test_condition_keys_tell_the_organization_of_caller_and_key(
    lab: Lab, refused: Any, statement: Any, key: str, inside: Any
) -> None:
    root = lab.organization(MANAGEMENT)
    unit = root.unit("prod")
    bob = lab.home.user("bob", policies={"p": statement("kms:*", StringEquals={key: inside(root, unit)})})
    arn = lab.home.create_key()
    with refused("AccessDeniedException"):
        bob.client("kms").describe_key(KeyId=arn)
    unit.add(lab.home)
    bob.client("kms").describe_key(KeyId=arn)


def test_the_path_tells_the_units_and_is_multi_valued(lab: Lab, refused: Any, statement: Any) -> None:
    root = lab.organization()
    unit = root.unit("prod")
    unit.unit("team").add(lab.home)
    below = f"{root.organization_id}/{root.id}/{unit.id}/ou-*"
    named = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": below}}
    arn = lab.home.create_key()
    bob = lab.home.user("bob", policies={"p": statement("kms:*", **named)}).client("kms")
    bob.describe_key(KeyId=arn)
    unit.add(lab.home)
    with refused("AccessDeniedException"):
        bob.describe_key(KeyId=arn)


def test_an_account_moves_from_unit_to_unit(lab: Lab, refused: Any, statement: Any) -> None:
    key, admin = lab.home.create_key(), lab.home.admin.client("kms")
    root = lab.organization()
    closed = root.unit("closed")
    closed.attach_scp(statement(effect="Deny"))
    closed.add(lab.home)
    with refused("AccessDeniedException"):
        admin.describe_key(KeyId=key)
    root.unit("open").add(lab.home)
    admin.describe_key(KeyId=key)


def test_an_organization_made_through_boto3_counts_as_well(lab: Lab, name: str, refused: Any, statement: Any) -> None:
    boss = lab.account(MANAGEMENT).admin.client("organizations")
    boss.create_organization(FeatureSet="ALL")
    root = boss.list_roots()["Roots"][0]["Id"]
    member = boss.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]["AccountId"]
    content = json.dumps(statement("kms:ListKeys", effect="Deny"))
    made = boss.create_policy(Content=content, Name=name, Type="SERVICE_CONTROL_POLICY", Description="no lists")
    boss.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=member)
    admin = lab.account(member).admin.client("kms")
    admin.list_keys()  # the kind of policy is not enabled yet
    boss.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    with refused("AccessDeniedException"):
        admin.list_keys()
    assert lab.organization(MANAGEMENT).organization_id == boss.describe_organization()["Organization"]["Id"]


def test_what_the_lab_sets_shows_through_boto3(lab: Lab, name: str, statement: Any) -> None:
    unit = lab.organization(MANAGEMENT).unit(name)
    unit.add(lab.home)
    unit.attach_scp(statement("kms:*", effect="Deny"), name="no-keys")
    boss = lab.account(MANAGEMENT).admin.client("organizations")
    shown = boss.list_policies_for_target(TargetId=unit.id, Filter="SERVICE_CONTROL_POLICY")["Policies"]
    assert {policy["Name"] for policy in shown} == {"FullAWSAccess", "no-keys"}
    assert [child["Id"] for child in boss.list_children(ParentId=unit.id, ChildType="ACCOUNT")["Children"]] == [
        lab.home.id
    ]


def test_service_control_policies_count_where_a_role_is_assumed(lab: Lab, refused: Any, statement: Any) -> None:
    role = lab.home.role("app")
    lab.organization().add(lab.home).attach_scp(statement("sts:AssumeRole", effect="Deny"))
    with refused("AccessDenied") as caught:
        lab.home.admin.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="s1")
    assert str(caught.value).endswith("with an explicit deny in a service control policy")
    assert lab.explain(caught.value).layer == "service-control-policy"


def test_an_organization_ends_with_its_lab(statement: Any) -> None:
    for _ in range(2):
        with Lab() as lab:
            lab.home.admin.client("kms").list_keys()
            assert "aws:PrincipalOrgID" not in lab.calls[-1].decision.request.context  # type: ignore[union-attr]
            lab.organization().add(lab.home).attach_scp(statement(effect="Deny"))
            with pytest.raises(ClientError):
                lab.home.admin.client("kms").list_keys()
    with Lab() as lab:
        assert lab.organization(lab.home.id).management is lab.home  # a member no longer


def test_what_cannot_be_is_refused_with_a_sentence(lab: Lab, statement: Any) -> None:
    root = lab.organization()
    root.attach_scp(statement(), name="twice")
    with pytest.raises(ValueError, match="already has a policy 'twice'"):
        root.unit("x").attach_scp(statement(), name="twice")
    with pytest.raises(ValueError, match="Statement"):
        root.attach_rcp({"Version": "2012-10-17"})
    with pytest.raises(ValueError, match="can be in one only"):
        root.add(lab.home)
        lab.organization("777766665555").add(lab.home)
    with pytest.raises(ValueError, match="12 digits"):
        lab.organization("my-company")
