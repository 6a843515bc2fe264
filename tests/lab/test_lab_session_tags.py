"""Tags of users, roles and sessions as principal tags, those that pass down a chain of roles, and source identities."""

import secrets
from typing import Any

import pytest

from kms_katas.lab import Lab

TAGGING = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


@pytest.fixture
def value() -> str:
    return "v" + secrets.token_hex(6)


def as_tags(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@pytest.fixture
def tagged(lab: Lab, statement: Any) -> Any:
    """Makes a role that all in the account may assume, tag and mark; it may use KMS where its team is `wanted`."""

    def make(name: str, wanted: str = "", trust: Any = None, **more: Any) -> Any:
        condition = {"StringEquals": {"aws:PrincipalTag/team": wanted}} if wanted else {}
        policies = {"kms": statement("kms:*", **condition), "chain": statement("sts:*")}
        return lab.home.role(name, policies, trust or statement(TAGGING, principal={"AWS": lab.home.id}), **more)

    return make


def assume(caller: Any, role: Any, **more: Any) -> Any:
    return caller.assume_role(RoleArn=role.arn, RoleSessionName="s1", **more)


@pytest.mark.parametrize("kind", ["user", "role"])
def test_tags_of_users_and_roles_are_principal_tags(
    lab: Lab, refused: Any, statement: Any, kind: str, value: str
) -> None:
    allowed = {"p": statement("kms:*", StringEquals={"aws:PrincipalTag/Team": value})}

    def tagged_as(name: str, tag: str) -> Any:
        if kind == "user":
            return lab.home.user(name, allowed, tags={"team": tag})
        return lab.home.role(name, allowed, tags={"team": tag}).session("s1")

    tagged_as("right", value).client("kms").list_keys()
    with refused("AccessDeniedException"):
        tagged_as("wrong", value + "x").client("kms").list_keys()


def test_a_tag_set_through_iam_counts_at_once(lab: Lab, refused: Any, statement: Any, value: str) -> None:
    allowed = {"p": statement("kms:*", StringEquals={"aws:PrincipalTag/team": value})}
    bob, job = lab.home.user("bob", allowed), lab.home.role("job", allowed).session("s1")
    for one in (bob, job):
        with refused("AccessDeniedException"):
            one.client("kms").list_keys()
    iam = lab.home.admin.client("iam")
    iam.tag_user(UserName="bob", Tags=as_tags(team=value))
    iam.tag_role(RoleName="job", Tags=as_tags(team=value))
    for one in (bob, job):
        one.client("kms").list_keys()


def test_a_session_tag_is_a_principal_tag(lab: Lab, refused: Any, tagged: Any, client_of: Any, value: str) -> None:
    role, sts = tagged("app", value), lab.home.admin.client("sts")
    client_of(assume(sts, role, Tags=as_tags(team=value))).list_keys()
    for tags in ([], as_tags(team=value.upper()), as_tags(other=value)):
        with refused("AccessDeniedException"):
            client_of(assume(sts, role, Tags=tags)).list_keys()


def test_a_session_tag_wins_over_the_roles_whatever_its_case(
    lab: Lab, refused: Any, tagged: Any, client_of: Any, value: str
) -> None:
    role, sts = tagged("app", value, tags={"Team": value}), lab.home.admin.client("sts")
    client_of(assume(sts, role)).list_keys()
    with refused("AccessDeniedException"):
        client_of(assume(sts, role, Tags=as_tags(tEAM="another"))).list_keys()


def test_a_policy_variable_takes_the_principal_tag(lab: Lab, refused: Any, statement: Any, value: str) -> None:
    same = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    role = lab.home.role("app", {"p": statement("kms:*", **same)})
    key, kms = lab.home.create_key(), lab.home.admin.client("kms")
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": value}])
    role.session("right", tags={"team": value}).client("kms").describe_key(KeyId=key)
    with refused("AccessDeniedException"):
        role.session("wrong", tags={"team": "x"}).client("kms").describe_key(KeyId=key)


def test_tags_need_a_permission_of_their_own_in_the_trust_policy(
    lab: Lab, refused: Any, statement: Any, value: str
) -> None:
    role = lab.home.role("app", trust=statement("sts:AssumeRole", principal={"AWS": lab.home.id}))
    sts = lab.home.admin.client("sts")
    assume(sts, role)
    text = f"User: {lab.home.admin.arn} is not authorized to perform: sts:TagSession on resource: {role.arn}"
    with refused("AccessDenied", text) as caught:
        assume(sts, role, Tags=as_tags(team=value))
    assert lab.explain(caught.value).layer == "trust-policy"


@pytest.mark.parametrize(
    ("condition", "passes", "fails"),
    [
        ({"StringEquals": {"aws:RequestTag/team": "blue"}}, {"team": "blue"}, {"team": "red"}),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}, {"team": "x"}, {"team": "x", "cost": "1"}),
        ({"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}}, {"team": "green"}, {"team": "blue"}),
        ({"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "team"}}, None, {"team": "blue"}),
    ],
)
def test_a_trust_policy_sees_the_tags_that_are_asked_for(
    lab: Lab, refused: Any, statement: Any, condition: Any, passes: Any, fails: Any
) -> None:
    alice = lab.home.user("alice", tags={"team": "green"})
    trust = statement(TAGGING, principal={"AWS": alice.arn}, **condition)
    role = lab.home.role("app", trust=trust)
    if passes:
        assume(alice.client("sts"), role, Tags=as_tags(**passes))
    else:
        assume(alice.client("sts"), role, Tags=as_tags(**fails), TransitiveTagKeys=list(fails))
    with refused("AccessDenied"):
        assume(alice.client("sts"), role, Tags=as_tags(**fails))


def test_a_transitive_tag_passes_down_the_chain_and_another_does_not(
    lab: Lab, refused: Any, tagged: Any, client_of: Any, value: str
) -> None:
    first, second, third = tagged("first"), tagged("second"), tagged("third", value)
    sts = lab.home.admin.client("sts")
    for passing, goes in ((["TEAM"], True), ([], False)):
        one = assume(sts, first, Tags=as_tags(team=value), TransitiveTagKeys=passing)
        two = assume(client_of(one, "sts"), second)
        kms = client_of(assume(client_of(two, "sts"), third))
        if goes:
            kms.list_keys()
        else:
            with refused("AccessDeniedException"):
                kms.list_keys()


def test_an_inherited_tag_cannot_be_set_anew(lab: Lab, refused: Any, tagged: Any, client_of: Any, value: str) -> None:
    first, second = tagged("first"), tagged("second")
    one = assume(lab.home.admin.client("sts"), first, Tags=as_tags(team=value), TransitiveTagKeys=["team"])
    chain = client_of(one, "sts")
    with refused("InvalidParameterValue") as caught:
        assume(chain, second, Tags=as_tags(Team="other"))
    assert "conflicts with a transitive tag key from the calling session" in str(caught.value)
    assume(chain, second, Tags=as_tags(cost=value))


def test_an_inherited_tag_needs_the_permission_to_tag(
    lab: Lab, refused: Any, statement: Any, tagged: Any, client_of: Any, value: str
) -> None:
    first = tagged("first")
    second = lab.home.role("second", trust=statement("sts:AssumeRole", principal={"AWS": lab.home.id}))
    sts = lab.home.admin.client("sts")
    assume(client_of(assume(sts, first, Tags=as_tags(team=value)), "sts"), second)
    one = assume(sts, first, Tags=as_tags(team=value), TransitiveTagKeys=["team"])
    with refused("AccessDenied") as caught:
        assume(client_of(one, "sts"), second)
    assert "sts:TagSession" in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"Tags": as_tags(team="a", Team="b")}, "Duplicate tag keys found"),
        ({"Tags": as_tags(team="a"), "TransitiveTagKeys": ["cost"]}, "must be included in the requested tags"),
        ({"Tags": [{"Key": "aws:team", "Value": "a"}]}, "no tag can have"),
        ({"Tags": [{"Key": "team", "Value": "a" * 257}]}, "no tag can have"),
        ({"Tags": [{"Key": "te*am", "Value": "a"}]}, "no tag can have"),
        ({"Tags": [{"Key": f"k{number}", "Value": "v"} for number in range(51)]}, "at 'tags'"),
        ({"SourceIdentity": "no spaces"}, "at 'sourceIdentity'"),
        ({"SourceIdentity": "AWS:alice"}, "at 'sourceIdentity'"),
    ],
)
def test_tags_and_source_identities_that_cannot_be_are_refused_in_words(
    lab: Lab, tagged: Any, asked: Any, says: str
) -> None:
    role = tagged("app")
    with pytest.raises(Exception, match=says) as caught:
        assume(lab.home.admin.client("sts"), role, **asked)
    assert type(caught.value).__name__ == "ClientError"


def test_a_source_identity_is_told_and_stays_through_the_chain(
    lab: Lab, refused: Any, statement: Any, tagged: Any, client_of: Any, value: str
) -> None:
    marked = {"StringEquals": {"aws:SourceIdentity": value}}
    first = tagged("first")
    last = lab.home.role("last", {"p": statement("kms:*", **marked)}, statement(TAGGING, principal="*", **marked))
    sts = lab.home.admin.client("sts")
    one = assume(sts, first, SourceIdentity=value)
    assert one["SourceIdentity"] == value
    chain = client_of(one, "sts")
    made = assume(chain, last)
    client_of(made).list_keys()
    assert lab.trail[-1]["userIdentity"]["sessionContext"]["sourceIdentity"] == made["SourceIdentity"] == value
    with refused("AccessDenied"):
        assume(chain, last, SourceIdentity=value + "x")


def test_a_source_identity_needs_a_permission_of_its_own(lab: Lab, refused: Any, statement: Any, value: str) -> None:
    role = lab.home.role("app", trust=statement("sts:AssumeRole", principal={"AWS": lab.home.id}))
    with refused("AccessDenied") as caught:
        assume(lab.home.admin.client("sts"), role, SourceIdentity=value)
    assert "sts:SetSourceIdentity" in str(caught.value)


def test_the_trust_policy_sees_the_source_identity(lab: Lab, refused: Any, statement: Any, value: str) -> None:
    named = {"StringEquals": {"sts:SourceIdentity": value}}
    role = lab.home.role("app", trust=statement(TAGGING, principal={"AWS": lab.home.admin.arn}, **named))
    sts = lab.home.admin.client("sts")
    assume(sts, role, SourceIdentity=value)
    for asked in ({}, {"SourceIdentity": value.upper()}):
        with refused("AccessDenied"):
            assume(sts, role, **asked)


def test_tags_across_accounts_need_both_sides(lab: Lab, refused: Any, statement: Any, value: str) -> None:
    away = lab.account("444455556666")
    role = away.role("app", trust=statement(TAGGING, principal={"AWS": lab.home.id}))
    half = lab.home.user("half", {"p": statement("sts:AssumeRole")})
    whole = lab.home.user("whole", {"p": statement(["sts:AssumeRole", "sts:TagSession"])})
    assume(half.client("sts"), role)
    with refused("AccessDenied"):
        assume(half.client("sts"), role, Tags=as_tags(team=value))
    assume(whole.client("sts"), role, Tags=as_tags(team=value))
