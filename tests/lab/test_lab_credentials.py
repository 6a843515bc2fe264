"""Credentials that no longer stand, sessions of users, and MFA: what each says, at KMS and at STS."""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kms_katas.lab import Lab
from kms_katas.lab.mfa import code_shown

INVALID = "The security token included in the request is invalid."
EXPIRED = "The security token included in the request is expired"


@pytest.fixture
def ended(lab: Lab, refused: Any) -> Any:
    """Checks that a principal's credentials are refused by KMS and by STS, as AWS does it."""

    def check(principal: Any, expired: bool = False) -> None:
        with refused(
            "ExpiredTokenException" if expired else "UnrecognizedClientException", EXPIRED if expired else INVALID
        ):
            principal.client("kms").list_keys()
        with refused("ExpiredToken" if expired else "InvalidClientTokenId", EXPIRED if expired else INVALID):
            principal.client("sts").get_caller_identity()

    return check


def test_the_key_of_a_deleted_user_is_nobodys(lab: Lab, ended: Any) -> None:
    user = lab.home.user("bob")
    user.client("sts").get_caller_identity()
    lab.home.admin.client("iam").delete_user(UserName="bob")
    ended(user)


def test_a_session_of_a_deleted_role_is_nobodys(lab: Lab, ended: Any) -> None:
    session = lab.home.role("app").session("s1")
    session.client("sts").get_caller_identity()
    lab.home.admin.client("iam").delete_role(RoleName="app")
    ended(session)


def test_a_role_made_again_under_the_same_name_does_not_take_the_sessions_of_the_first(
    lab: Lab, ended: Any, statement: Any
) -> None:
    session = lab.home.role("app").session("s1")
    lab.home.admin.client("iam").delete_role(RoleName="app")
    again = lab.home.role("app", policies={"all": statement("kms:*")})
    ended(session)
    again.session("s1").client("kms").list_keys()


def test_a_session_from_assume_role_ends_with_its_role_too(
    lab: Lab, refused: Any, statement: Any, client_of: Any
) -> None:
    role = lab.home.role("app", policies={"all": statement("kms:*")})
    made = lab.home.admin.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="s1")
    client_of(made).list_keys()
    iam = lab.home.admin.client("iam")
    iam.delete_role_policy(RoleName="app", PolicyName="all")
    iam.delete_role(RoleName="app")
    with refused("UnrecognizedClientException", INVALID):
        client_of(made).list_keys()


def test_an_inactive_key_is_refused_everywhere_and_works_again_when_active(
    lab: Lab, ended: Any, statement: Any
) -> None:
    user, iam = lab.home.user("bob", {"all": statement("kms:*")}), lab.home.admin.client("iam")
    iam.update_access_key(UserName="bob", AccessKeyId=user.access_key_id, Status="Inactive")
    ended(user)
    iam.update_access_key(UserName="bob", AccessKeyId=user.access_key_id, Status="Active")
    user.client("kms").list_keys()


def test_a_session_of_a_user_may_what_the_user_may(lab: Lab, refused: Any, statement: Any, client_of: Any) -> None:
    user = lab.home.user("bob", {"p": statement("kms:ListKeys")})
    made = user.client("sts").get_session_token()
    assert (made["Credentials"]["Expiration"] - lab.clock.now()).total_seconds() == 43200
    client_of(made).list_keys()
    assert lab.calls[-1].principal_arn == user.arn
    with refused("AccessDeniedException"):
        client_of(made).list_aliases()
    assert client_of(made, "sts").get_caller_identity()["Arn"] == user.arn


def test_a_session_of_a_user_ends_by_the_clock_and_with_the_user(
    lab: Lab, refused: Any, statement: Any, client_of: Any
) -> None:
    user = lab.home.user("bob")
    timed = client_of(user.client("sts").get_session_token(DurationSeconds=900))
    long = client_of(user.client("sts").get_session_token(DurationSeconds=129600))
    lab.clock.advance(seconds=900)
    with refused("ExpiredTokenException", EXPIRED):
        timed.list_keys()
    with refused("AccessDeniedException"):
        long.list_keys()
    lab.home.admin.client("iam").delete_user(UserName="bob")
    with refused("UnrecognizedClientException", INVALID):
        long.list_keys()
    lab.home.user("bob", {"p": statement("kms:*")})
    with refused("UnrecognizedClientException", INVALID):
        long.list_keys()


def test_a_session_of_the_root_user_lasts_an_hour(lab: Lab, client_of: Any) -> None:
    made = lab.home.root.client("sts").get_session_token(DurationSeconds=7200)
    assert (made["Credentials"]["Expiration"] - lab.clock.now()).total_seconds() == 3600
    client_of(made).list_keys()


def test_a_session_of_a_user_lasts_36_hours_at_most(lab: Lab, refused: Any) -> None:
    with refused("ValidationError") as caught:
        lab.home.admin.client("sts").get_session_token(DurationSeconds=129601)
    assert "'durationSeconds' failed to satisfy constraint" in str(caught.value)


def test_a_session_makes_no_session_of_its_user(lab: Lab, refused: Any, client_of: Any) -> None:
    made = lab.home.admin.client("sts").get_session_token()
    for sts in (client_of(made, "sts"), lab.home.role("app").session("s1").client("sts")):
        with refused("AccessDenied"):
            sts.get_session_token()


def device_of(lab: Lab, name: str) -> tuple[str, str]:
    """Serial number and seed of a virtual device that the user has."""
    iam = lab.home.admin.client("iam")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="d" + secrets.token_hex(4))["VirtualMFADevice"]
    serial = made["SerialNumber"]
    iam.enable_mfa_device(
        UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    return serial, made["Base32StringSeed"].decode()


def test_the_codes_are_those_of_rfc_6238() -> None:
    """Its appendix B, the last six of the eight digits that it prints for SHA-1."""
    seed = base64.b32encode(b"12345678901234567890").decode()
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert code_shown(seed, datetime.fromtimestamp(seconds, UTC)) == code


def test_a_code_makes_a_session_with_mfa_and_its_age_is_told(
    lab: Lab, refused: Any, statement: Any, client_of: Any
) -> None:
    asked = {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}
    user = lab.home.user("bob", {"p": statement("kms:*", **asked)})
    serial, seed = device_of(lab, "bob")
    sts = user.client("sts")
    made = sts.get_session_token(SerialNumber=serial, TokenCode=code_shown(seed, lab.clock.now()))
    client_of(made).list_keys()
    assert lab.trail[-1]["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] == "true"
    for other in (user.client("kms"), client_of(sts.get_session_token())):
        with refused("AccessDeniedException"):
            other.list_keys()
    lab.clock.advance(seconds=300)
    with refused("AccessDeniedException"):
        client_of(made).list_keys()


def test_the_labs_own_session_with_mfa_counts_as_one(lab: Lab, refused: Any, statement: Any) -> None:
    user = lab.home.user("bob", {"p": statement("kms:*", Bool={"aws:MultiFactorAuthPresent": "true"})})
    user.mfa_session().client("kms").list_keys()
    with refused("AccessDeniedException"):
        user.client("kms").list_keys()
    with pytest.raises(ValueError, match="never counts as made with MFA"):
        lab.home.role("app").session("s1").mfa_session()


def test_a_trust_policy_can_ask_for_a_code_and_the_session_is_none_with_mfa(
    lab: Lab, refused: Any, statement: Any, client_of: Any
) -> None:
    with_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    bob = lab.home.user("bob")
    serial, seed = device_of(lab, "bob")
    role = lab.home.role(
        "app",
        {"p": statement("kms:ListKeys"), "mfa": statement("kms:ListAliases", **with_mfa)},
        statement("sts:AssumeRole", principal={"AWS": bob.arn}, **with_mfa),
    )
    asked = {"RoleArn": role.arn, "RoleSessionName": "s1"}
    with refused("AccessDenied"):
        bob.client("sts").assume_role(**asked)
    code = code_shown(seed, lab.clock.now())
    kms = client_of(bob.client("sts").assume_role(**asked, SerialNumber=serial, TokenCode=code))
    kms.list_keys()
    with refused("AccessDeniedException"):
        kms.list_aliases()


def test_a_wrong_code_and_a_strange_device_are_refused(lab: Lab, refused: Any) -> None:
    bob, eve = lab.home.user("bob"), lab.home.user("eve")
    serial, seed = device_of(lab, "bob")
    code = code_shown(seed, lab.clock.now())
    late = f"{(int(code) + 1) % 1_000_000:06d}"
    with refused("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "):
        bob.client("sts").get_session_token(SerialNumber=serial, TokenCode=late)
    with refused("AccessDenied") as caught:
        eve.client("sts").get_session_token(SerialNumber=serial, TokenCode=code)
    assert "unable to validate MFA code" in str(caught.value)
    lab.clock.advance(minutes=2)
    with refused("AccessDenied"):
        bob.client("sts").get_session_token(SerialNumber=serial, TokenCode=code)


@pytest.mark.parametrize(("steps", "goes"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_device_may_be_one_step_early_or_late(lab: Lab, refused: Any, steps: int, goes: bool) -> None:
    bob = lab.home.user("bob")
    serial, seed = device_of(lab, "bob")
    code = code_shown(seed, lab.clock.now() + timedelta(seconds=30 * steps))
    sts = bob.client("sts")
    if goes:
        sts.get_session_token(SerialNumber=serial, TokenCode=code)
    else:
        with refused("AccessDenied"):
            sts.get_session_token(SerialNumber=serial, TokenCode=code)


def test_the_time_a_session_was_made_is_a_condition_key(lab: Lab, refused: Any, statement: Any) -> None:
    """The way to revoke sessions: deny whatever was issued before a moment."""
    role = lab.home.role("app", {"p": statement("kms:*")})
    old = role.session("s1")
    lab.clock.advance(minutes=10)
    moment = lab.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    role.allow(statement(effect="Deny", DateLessThan={"aws:TokenIssueTime": moment}), name="AWSRevokeOlderSessions")
    with refused("AccessDeniedException"):
        old.client("kms").list_keys()
    role.session("s1").client("kms").list_keys()


def test_the_time_is_the_labs(lab: Lab, refused: Any, statement: Any) -> None:
    until = lab.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    user = lab.home.user("bob", {"p": statement("kms:*", DateLessThanEquals={"aws:CurrentTime": until})})
    user.client("kms").list_keys()
    lab.clock.advance(seconds=1)
    with refused("AccessDeniedException"):
        user.client("kms").list_keys()
