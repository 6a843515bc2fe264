"""AssumeRole through STS: the trust policy and the caller's own policies are asked, and the session is a real one."""

import json
import secrets
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas.lab import Lab, install, uninstall
from kms_katas.policy import explain

HOME, AWAY = "111122223333", "444455556666"


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, **elements}]}


def trusting(principal: Any, **condition: Any) -> dict[str, Any]:
    more = {"Condition": condition} if condition else {}
    return statement(Principal=principal, Action="sts:AssumeRole", **more)


def may(action: str | list[str] = "sts:AssumeRole", resource: str = "*", effect: str = "Allow") -> dict[str, Any]:
    return statement(effect, Action=action, Resource=resource)


def assume(caller: Any, role_arn: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = caller.client("sts").assume_role(
        RoleArn=role_arn, RoleSessionName=more.pop("RoleSessionName", "s1"), **more
    )
    return made


def client_of(made: dict[str, Any], service: str = "kms") -> Any:
    """A client with the credentials that AssumeRole returned, as a learner makes it."""
    from kms_katas.lab.aws_session import ClientPool

    found = made["Credentials"]
    return ClientPool().lend(
        service, "us-east-1", (found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
    )


@pytest.fixture
def name() -> str:
    return "n" + secrets.token_hex(6)


def denial(caller: str, role_arn: str) -> str:
    return f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"


@pytest.mark.parametrize("principal", ["the user", "*", {"AWS": "*"}])
def test_inside_the_account_a_trust_policy_that_names_the_caller_is_enough(lab: Lab, name: str, principal: Any) -> None:
    user = lab.home.user(name)
    role = lab.home.role("app", trust=trusting({"AWS": user.arn} if principal == "the user" else principal))
    assert assume(user, role.arn)["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{HOME}:assumed-role/app/s1"


def test_a_trust_policy_that_names_the_account_leaves_it_to_identity_policies(
    lab: Lab, name: str, refused: Any
) -> None:
    user, role = lab.home.user(name), lab.home.role("app", path="/team/")
    with refused("AccessDenied", denial(user.arn, role.arn)) as caught:
        assume(user, role.arn)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    user.allow(may(resource=f"arn:aws:iam::{HOME}:role/app"))
    with refused("AccessDenied"):  # the path belongs to the ARN
        assume(user, role.arn)
    user.allow(may(resource=role.arn))
    assume(user, role.arn)


def test_without_a_trust_policy_for_the_account_identity_policies_allow_nothing(
    lab: Lab, name: str, refused: Any
) -> None:
    user = lab.home.user(name, policies={"all": may("*")})
    role = lab.home.role("app", trust=trusting({"AWS": lab.home.user("other").arn}))
    with refused("AccessDenied", denial(user.arn, role.arn)):
        assume(user, role.arn)


@pytest.mark.parametrize("named", ["user", "account"])
@pytest.mark.parametrize(("trusted", "allowed"), [(False, False), (False, True), (True, False), (True, True)])
def test_across_accounts_both_sides_must_allow(
    lab: Lab, name: str, refused: Any, named: str, trusted: bool, allowed: bool
) -> None:
    user = lab.account(AWAY).user(name, policies={"assume": may()} if allowed else {})
    principal = user.arn if named == "user" else f"arn:aws:iam::{AWAY}:root"
    role = lab.home.role("app", trust=trusting({"AWS": principal}) if trusted else None)
    if trusted and allowed:
        assert assume(user, role.arn)["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{HOME}:assumed-role/app/s1"
    else:
        with refused("AccessDenied", denial(user.arn, role.arn)):
            assume(user, role.arn)


def test_an_explicit_deny_wins_on_either_side(lab: Lab, name: str, refused: Any) -> None:
    user = lab.home.user(name, policies={"no": may(effect="Deny")})
    role = lab.home.role("app", trust=trusting({"AWS": user.arn}))
    with refused("AccessDenied", denial(user.arn, role.arn) + " with an explicit deny in an identity-based policy"):
        assume(user, role.arn)
    other = lab.home.user("other", policies={"yes": may()})
    closed = trusting("*")
    closed["Statement"].append({"Effect": "Deny", "Principal": {"AWS": other.arn}, "Action": "sts:*"})
    shut = lab.home.role("shut", trust=closed)
    with refused("AccessDenied", denial(other.arn, shut.arn) + " with an explicit deny in the role trust policy"):
        assume(other, shut.arn)


@pytest.mark.parametrize("arn", [f"arn:aws:iam::{HOME}:role/none", "arn:aws:iam::999988887777:role/x"])
def test_a_role_that_does_not_exist_gets_the_words_of_a_denial(lab: Lab, refused: Any, arn: str) -> None:
    with refused("AccessDenied", denial(lab.home.admin.arn, arn)) as caught:
        assume(lab.home.admin, arn)
    assert "there is no role" in explain(lab.explain(caught.value))[1]


def test_the_root_user_assumes_no_role(lab: Lab, refused: Any) -> None:
    role = lab.home.role("app", trust=trusting("*"))
    with refused("AccessDenied", "Roles may not be assumed by root accounts."):
        assume(lab.home.root, role.arn)


CONDITIONS = [
    ({"StringEquals": {"sts:ExternalId": "blue-7"}}, {"ExternalId": "blue-7"}, {"ExternalId": "Blue-7"}),
    ({"StringEquals": {"sts:ExternalId": "blue-7"}}, {"ExternalId": "blue-7"}, {}),
    ({"StringLike": {"sts:RoleSessionName": "nightly-*"}}, {"RoleSessionName": "nightly-1"}, {}),
    ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{AWAY}:user/guest*"}}, {}, None),
    ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{AWAY}:role/*"}}, None, {}),
    ({"StringEquals": {"aws:ResourceAccount": HOME, "aws:PrincipalAccount": AWAY}}, {}, None),
    ({"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}, None, {}),
    ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, None, {}),
    ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, {}, None),  # the trap: no key, so it holds
    ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, {}, None),
]


@pytest.mark.parametrize(("condition", "passes", "fails"), CONDITIONS)
def test_a_condition_of_the_trust_policy_sees_what_the_request_carries(
    lab: Lab, refused: Any, condition: Any, passes: Any, fails: Any
) -> None:
    guest = lab.account(AWAY).user("guest1", policies={"assume": may()})
    role = lab.home.role("app", trust=trusting({"AWS": AWAY}, **condition))
    if passes is not None:
        assume(guest, role.arn, **passes)
    if fails is not None:
        with refused("AccessDenied"):
            assume(guest, role.arn, **fails)


def test_explain_tells_of_a_denied_session_what_it_tells_of_a_denied_key(lab: Lab, name: str) -> None:
    user = lab.account(AWAY).user(name, policies={"assume": may()})
    role = lab.home.role("app", trust=trusting({"AWS": user.arn}, StringEquals={"sts:ExternalId": "blue"}))
    with pytest.raises(ClientError) as caught:
        assume(user, role.arn, ExternalId="red")
    decision = lab.explain(caught.value)
    assert (decision.allowed, decision.layer, decision.request.resource) == (False, "trust-policy", role.arn)
    told = "\n".join(explain(decision))
    assert all(part in told for part in (HOME, AWAY, "sts:ExternalId", "'red'", "'blue'"))


def test_a_session_can_use_keys_as_its_role_and_ends_by_the_labs_clock(lab: Lab, name: str, refused: Any) -> None:
    key = lab.home.create_key()
    role = lab.home.role(name, policies={"seal": may("kms:Encrypt", key)})
    made = assume(lab.home.admin, role.arn, DurationSeconds=900)
    kms = client_of(made)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with refused("AccessDeniedException"):
        kms.decrypt(CiphertextBlob=blob)
    assert (made["Credentials"]["Expiration"] - lab.clock.now()).total_seconds() == 900
    lab.clock.advance(seconds=900)
    with refused("ExpiredTokenException", "The security token included in the request is expired"):
        kms.encrypt(KeyId=key, Plaintext=b"x")


def test_key_policies_and_cloudtrail_see_the_session_and_its_role(lab: Lab, name: str, refused: Any) -> None:
    role = lab.home.role(name, path="/team/")
    session = f"arn:aws:sts::{HOME}:assumed-role/{name}/mine"
    mine = {"Effect": "Allow", "Principal": {"AWS": session}, "Action": "kms:DescribeKey", "Resource": "*"}
    ours = {"Effect": "Allow", "Principal": {"AWS": role.arn}, "Action": "kms:ListResourceTags", "Resource": "*"}
    key = lab.home.create_key(policy={"Version": "2012-10-17", "Statement": [mine, ours]})
    kms = client_of(assume(lab.home.admin, role.arn, RoleSessionName="mine"))
    twin = client_of(assume(lab.home.admin, role.arn, RoleSessionName="yours"))
    kms.describe_key(KeyId=key)
    identity = lab.trail[-1]["userIdentity"]
    assert (identity["type"], identity["arn"]) == ("AssumedRole", session)
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role.arn
    twin.list_resource_tags(KeyId=key)
    with refused("AccessDeniedException"):
        twin.describe_key(KeyId=key)


def test_a_role_of_another_account_brings_its_own_accounts_permissions(lab: Lab, name: str) -> None:
    """The way that many teams take instead of a key policy for the other account."""
    key = lab.home.create_key()
    role = lab.home.role("for-partners", policies={"open": may("kms:*", key)}, trust=trusting({"AWS": AWAY}))
    partner = lab.account(AWAY).user(name, policies={"assume": may(resource=role.arn)})
    client_of(assume(partner, role.arn)).encrypt(KeyId=key, Plaintext=b"x")
    assert lab.calls[-1].principal_arn == f"arn:aws:sts::{HOME}:assumed-role/for-partners/s1"
    uses = [event for event in lab.trail if event["eventName"] == "Encrypt"]
    assert [event["recipientAccountId"] for event in uses] == [HOME]


def test_roles_can_be_chained_for_an_hour_at_most(lab: Lab, refused: Any) -> None:
    lab.home.role("first", policies={"assume": may()})
    lab.home.role("second")
    iam = lab.home.admin.client("iam")
    iam.update_role(RoleName="second", MaxSessionDuration=7200)
    first, second = (f"arn:aws:iam::{HOME}:role/{name}" for name in ("first", "second"))
    chain = client_of(assume(lab.home.admin, first), "sts")
    chain.assume_role(RoleArn=second, RoleSessionName="s2", DurationSeconds=3600)
    text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    with refused("ValidationError", text):
        chain.assume_role(RoleArn=second, RoleSessionName="s2", DurationSeconds=3601)
    assume(lab.home.admin, second, DurationSeconds=7200)


def test_a_role_does_not_trust_itself_unasked(lab: Lab, refused: Any) -> None:
    own = lab.home.role("own", policies={"assume": may()}, trust=trusting({"AWS": lab.home.admin.arn}))
    session = client_of(assume(lab.home.admin, own.arn), "sts")
    with refused("AccessDenied"):
        session.assume_role(RoleArn=own.arn, RoleSessionName="again")


def test_a_session_lasts_no_longer_than_its_role_allows(lab: Lab, refused: Any) -> None:
    role = lab.home.role("app")
    with refused("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."):
        assume(lab.home.admin, role.arn, DurationSeconds=3601)
    made = assume(lab.home.admin, role.arn)
    assert (made["Credentials"]["Expiration"] - lab.clock.now()).total_seconds() == 3600


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"DurationSeconds": 43201}, "Value '43201' at 'durationSeconds' failed"),
        ({"RoleSessionName": "no spaces"}, "Value 'no spaces' at 'roleSessionName' failed"),
        ({"RoleSessionName": "x" * 65}, "Member must have length less than or equal to 64"),
        ({"ExternalId": "white space"}, "at 'externalId' failed"),
        ({"RoleArn": "arn:aws:s3:::somebodys-bucket"}, "Request ARN is invalid"),
    ],
)
def test_parameters_of_the_wrong_form_are_refused_in_words(lab: Lab, refused: Any, asked: Any, says: str) -> None:
    request = {"role_arn": lab.home.role("app").arn} | asked
    with refused("ValidationError") as caught:
        assume(lab.home.admin, request.pop("RoleArn", request.pop("role_arn")), **request)
    assert says in caught.value.response["Error"]["Message"]


@pytest.mark.parametrize("name", ["RoleArn", "RoleSessionName", "ExternalId"])
def test_characters_that_xml_cannot_hold_are_refused_in_words_too(lab: Lab, refused: Any, name: str) -> None:
    request = {"RoleArn": lab.home.role("app").arn, "RoleSessionName": "s1"}
    request[name] = request.get(name, "x") + "\x00\x1b\ufffe"
    with refused("ValidationError") as caught:
        lab.home.admin.client("sts").assume_role(**request)
    assert "regular expression" in str(caught.value)


@pytest.mark.parametrize(
    "asked",
    [
        {"ProvidedContexts": [{"ProviderArn": "arn:aws:iam::aws:contextProvider/x", "ContextAssertion": "asserted"}]},
    ],
)
def test_what_the_lab_cannot_obey_whole_is_refused_and_not_half_obeyed(
    lab: Lab, refused: Any, asked: dict[str, Any]
) -> None:
    role = lab.home.role("app")
    with refused("UnsupportedOperationException") as caught:
        assume(lab.home.admin, role.arn, **asked)
    assert "works on AWS, but the lab does not have it yet" in str(caught.value)


@pytest.mark.parametrize(
    ("operation", "token"),
    [
        ("assume_role_with_web_identity", {"RoleSessionName": "s1", "WebIdentityToken": "x" * 40}),
        (
            "assume_role_with_saml",
            {"PrincipalArn": f"arn:aws:iam::{HOME}:saml-provider/idp", "SAMLAssertion": "x" * 40},
        ),
    ],
)
def test_no_other_way_leads_into_a_role_past_its_trust_policy(
    lab: Lab, refused: Any, operation: str, token: dict[str, Any]
) -> None:
    role = lab.home.role("app")
    with refused("UnsupportedOperationException") as caught:
        getattr(lab.account(AWAY).user("bob").client("sts"), operation)(RoleArn=role.arn, **token)
    assert "works on AWS, but the lab does not have it yet" in str(caught.value)


def test_credentials_that_nobody_has_are_refused_before_anything_else(lab: Lab, refused: Any) -> None:
    from kms_katas.lab.aws_session import ClientPool

    def sts(*credentials: str | None) -> Any:
        return ClientPool().lend("sts", "us-east-1", credentials)  # type: ignore[arg-type]

    role = lab.home.role("app", trust=trusting("*"))
    invalid = ("InvalidClientTokenId", "The security token included in the request is invalid.")
    session = role.session("s1", duration=900)
    stranger = sts("AKIA" + secrets.token_hex(8).upper(), "x" * 40, None)
    forged = sts(session.access_key_id, session.secret_access_key, secrets.token_hex(20))
    for client in (stranger, forged):
        with refused(*invalid) as caught:
            client.assume_role(RoleArn=role.arn, RoleSessionName="no spaces")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    lab.clock.advance(seconds=900)
    with refused("ExpiredToken", "The security token included in the request is expired"):
        assume(session, role.arn)


def test_an_inactive_access_key_assumes_no_role(lab: Lab, name: str, refused: Any) -> None:
    user, role = lab.home.user(name), lab.home.role("app", trust=trusting("*"))
    iam = lab.home.admin.client("iam")
    iam.update_access_key(UserName=name, AccessKeyId=user.access_key_id, Status="Inactive")
    with refused("InvalidClientTokenId"):
        assume(user, role.arn)


def test_no_session_of_the_lab_was_made_with_mfa(lab: Lab, refused: Any) -> None:
    """A condition with BoolIfExists lets long-term access keys by, which carry no such key, and stops sessions."""
    role = lab.home.role("app", trust=trusting("*", BoolIfExists={"aws:MultiFactorAuthPresent": "true"}))
    assume(lab.home.user("alice"), role.arn)
    with refused("AccessDenied"):
        assume(lab.home.role("job").session("s1"), role.arn)


def test_a_trust_policy_changed_through_iam_counts_at_once(lab: Lab, name: str, refused: Any) -> None:
    user, role = lab.home.user(name), lab.home.role("app", trust=trusting("*"))
    assume(user, role.arn)
    iam = lab.home.admin.client("iam")
    shut = json.dumps(trusting({"AWS": lab.home.admin.arn}))
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=shut)
    with refused("AccessDenied"):
        assume(user, role.arn)


def test_a_session_from_the_role_itself_asks_nobody(lab: Lab) -> None:
    role = lab.home.role(
        "app", policies={"list": may("kms:ListKeys")}, trust=trusting({"Service": "ec2.amazonaws.com"})
    )
    role.session("s1").client("kms").list_keys()


def test_a_trust_policy_that_is_none_is_refused_with_a_sentence(lab: Lab) -> None:
    with pytest.raises(ValueError, match="Statement"):
        lab.home.role("app", trust={"Version": "2012-10-17"})


@pytest.mark.parametrize("enforce", [False, True])
def test_code_that_mounts_the_engine_itself_is_asked_only_with_enforcement(name: str, enforce: bool) -> None:
    def client(service: str, key: dict[str, str]) -> Any:
        return boto3.client(
            service,
            region_name="us-east-1",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    anybody = {"AccessKeyId": "anything", "SecretAccessKey": "goes"}
    install(enforce=enforce)
    try:
        with mock_aws():
            iam = client("iam", anybody)
            iam.create_user(UserName=name)
            sts = client("sts", iam.create_access_key(UserName=name)["AccessKey"])
            shut = trusting({"Service": "ec2.amazonaws.com"})
            role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(shut))["Role"]["Arn"]
            if enforce:
                with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
                    sts.assume_role(RoleArn=role, RoleSessionName="s1")
                with pytest.raises(ClientError, match="InvalidClientTokenId"):
                    client("sts", anybody).assume_role(RoleArn=role, RoleSessionName="s1")
            else:
                sts.assume_role(RoleArn=role, RoleSessionName="s1", Policy=json.dumps(may("kms:*")))
                client("sts", anybody).assume_role(RoleArn=role, RoleSessionName="s1")
    finally:
        uninstall()


def test_a_fault_of_the_labs_own_is_an_answer_of_sts(lab: Lab, monkeypatch: pytest.MonkeyPatch, refused: Any) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("kms_katas.lab.sts.decide_assume_role", broken)
    role = lab.home.role("app")
    with refused("InternalFailure") as caught:
        assume(lab.home.admin, role.arn)
    assert "fault of the lab" in str(caught.value)
