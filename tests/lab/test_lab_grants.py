"""The five grant operations as AWS answers them, and what a grant then allows in the lab."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from kms_katas.lab import Lab
from kms_katas.lab.kms.operations import grants as operations

Grants = Callable[..., dict[str, str]]


@pytest.fixture
def bob(lab: Lab) -> Any:
    return lab.home.user("bob")


@pytest.fixture
def make(kms: Any, key: Any, bob: Any) -> Grants:
    """A grant for bob to decrypt, or what the test says otherwise: {GrantId, GrantToken}."""

    def made(client: Any = kms, **more: Any) -> dict[str, str]:
        asked = {"KeyId": key["KeyId"], "GranteePrincipal": bob.arn, "Operations": ["Decrypt"]} | more
        answer = client.create_grant(**{name: value for name, value in asked.items() if value is not None})
        return {name: answer[name] for name in ("GrantId", "GrantToken")}

    return made


def ids(answer: dict[str, Any]) -> set[str]:
    return {grant["GrantId"] for grant in answer["Grants"]}


def test_a_grant_is_listed_with_all_that_it_says(lab: Lab, kms: Any, key: Any, bob: Any, make: Grants) -> None:
    constraints = {"EncryptionContextSubset": {"team": "a"}}
    made = make(
        Name="nightly", RetiringPrincipal=bob.arn, Operations=["Encrypt", "RetireGrant"], Constraints=constraints
    )
    assert re.fullmatch("[0-9a-f]{64}", made["GrantId"])
    assert kms.list_grants(KeyId=key["Arn"])["Grants"] == [
        {
            "KeyId": key["Arn"],
            "GrantId": made["GrantId"],
            "Name": "nightly",
            "CreationDate": lab.clock.now(),
            "GranteePrincipal": bob.arn,
            "RetiringPrincipal": bob.arn,
            "IssuingAccount": "arn:aws:iam::111122223333:root",
            "Operations": ["Encrypt", "RetireGrant"],
            "Constraints": constraints,
        }
    ]


def test_a_grant_without_name_and_constraints_is_listed_with_an_empty_name(kms: Any, key: Any, make: Grants) -> None:
    make()
    (entry,) = kms.list_grants(KeyId=key["KeyId"])["Grants"]
    assert entry["Name"] == "" and not {"Constraints", "RetiringPrincipal"} & entry.keys()


def test_a_named_grant_is_made_once_and_each_answer_has_a_token_of_its_own(make: Grants) -> None:
    first, again = make(Name="n"), make(Name="n")
    assert first["GrantId"] == again["GrantId"] and first["GrantToken"] != again["GrantToken"]
    assert make(Name="n", Operations=["Encrypt"])["GrantId"] != first["GrantId"]
    assert make()["GrantId"] != make()["GrantId"]


REFUSED: list[tuple[dict[str, Any], str, str | None]] = [
    ({"Operations": ["Sign"]}, "ValidationException", None),
    ({"Operations": []}, "ValidationException", None),
    (
        {"Operations": ["CreateGrant"]},
        "ValidationException",
        "Grants must not contain only the CreateGrant operation.",
    ),
    ({"GranteePrincipal": "bob"}, "InvalidArnException", "GranteePrincipal does not refer to a valid principal."),
    (
        {"GranteePrincipal": "arn:aws:iam::111122223333:user/nobody"},
        "InvalidArnException",
        "ARN does not refer to a valid principal: arn:aws:iam::111122223333:user/nobody",
    ),
    (
        {"GranteePrincipal": "arn:aws:sts::111122223333:assumed-role/path/role/name"},
        "InvalidArnException",
        "ARN is not valid: arn:aws:sts::111122223333:assumed-role/path/role/name",
    ),
    ({"GranteePrincipal": "arn:aws-cn:iam::111122223333:root"}, "InvalidArnException", None),
    ({"RetiringPrincipal": "arn:aws:s3:::bucket"}, "InvalidArnException", "ARN is not valid: arn:aws:s3:::bucket"),
    (
        {"Constraints": {"EncryptionContextEquals": {"a": "b"}, "EncryptionContextSubset": {}}},
        "ValidationException",
        "More than one constraint supplied",
    ),
    ({"Constraints": {"EncryptionContextEquals": {str(n): "x" for n in range(9)}}}, "ValidationException", None),
    ({"Constraints": {"EncryptionContextSubset": {"a": "b" * 385}}}, "ValidationException", None),
    ({"GranteePrincipal": None}, "ValidationException", None),
    ({"GranteeServicePrincipal": "rds.amazonaws.com"}, "ValidationException", None),
    ({"GranteePrincipal": None, "GranteeServicePrincipal": "rds.amazonaws.com"}, "ValidationException", None),
    ({"GrantTokens": ["made up"]}, "InvalidGrantTokenException", None),
    ({"KeyId": "alias/none"}, "InvalidArnException", "Key Aliases are not supported for this operation."),
]


@pytest.mark.parametrize(("asked", "code", "text"), REFUSED)
def test_what_a_grant_cannot_be(
    kms: Any, key: Any, make: Grants, refused: Any, asked: Any, code: str, text: Any
) -> None:
    for dry in ({}, {"DryRun": True}):
        with refused(code, text):
            make(**asked, **dry)
    assert kms.list_grants(KeyId=key["KeyId"])["Grants"] == []


@pytest.mark.parametrize(
    ("spec", "usage", "kind", "suited"),
    [
        (
            "HMAC_384",
            "GENERATE_VERIFY_MAC",
            "a symmetric",
            "CreateGrant, RetireGrant, DescribeKey, GenerateMac, VerifyMac",
        ),
        (
            "RSA_3072",
            "SIGN_VERIFY",
            "an asymmetric",
            "Sign, Verify, GetPublicKey, CreateGrant, RetireGrant, DescribeKey",
        ),
    ],
)
def test_a_grant_has_what_suits_its_key(
    kms: Any, make: Grants, refused: Any, spec: str, usage: str, kind: str, suited: str
) -> None:
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    make(KeyId=key, Operations=suited.split(", "))
    text = (
        f"Operations [Encrypt] are not supported when creating a grant for {kind} KMS key with key usage {usage}. "
        f"Valid operations are [{suited}]"
    )
    with refused("ValidationException", text):
        make(KeyId=key, Operations=["DescribeKey", "Encrypt"])
    for kind_of_constraint in ("EncryptionContextEquals", "EncryptionContextSubset"):
        with refused(
            "ValidationException",
            "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.",
        ):
            make(KeyId=key, Operations=suited.split(", "), Constraints={kind_of_constraint: {"a": "b"}})


def test_eight_pairs_of_384_characters_fit_into_a_constraint(make: Grants) -> None:
    make(Constraints={"EncryptionContextEquals": {str(n): "x" * 384 for n in range(8)}})


def test_a_grant_for_a_service_needs_its_source_and_who_retires_it(kms: Any, key: Any, make: Grants) -> None:
    source = "arn:aws:rds:us-east-1:111122223333:db:orders"
    make(
        GranteePrincipal=None,
        GranteeServicePrincipal="rds.amazonaws.com",
        RetiringServicePrincipal="rds.amazonaws.com",
        Constraints={"SourceArn": source},
    )
    (entry,) = kms.list_grants(KeyId=key["KeyId"])["Grants"]
    assert entry["GranteeServicePrincipal"] == entry["RetiringServicePrincipal"] == "rds.amazonaws.com"
    assert "GranteePrincipal" not in entry and entry["Constraints"] == {"SourceArn": source}


def test_a_key_has_only_so_many_grants(make: Grants, refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MOST_GRANTS", 2)
    make(Name="n")
    make()
    with refused("LimitExceededException"):
        make()
    make(Name="n")


def test_lists_are_paged_and_filtered(lab: Lab, kms: Any, key: Any, bob: Any, make: Grants) -> None:
    eve = lab.home.user("eve")
    made = {make(RetiringPrincipal=bob.arn)["GrantId"] for _ in range(5)}
    other = make(GranteePrincipal=eve.arn)["GrantId"]
    pages = kms.get_paginator("list_grants").paginate(KeyId=key["KeyId"], PaginationConfig={"PageSize": 2})
    assert [len(page["Grants"]) for page in pages] == [2, 2, 2]
    assert ids(kms.list_grants(KeyId=key["KeyId"], GranteePrincipal=eve.arn)) == {other}
    assert ids(kms.list_grants(KeyId=key["KeyId"], GrantId=other)) == {other}
    retirable = kms.get_paginator("list_retirable_grants").paginate(
        RetiringPrincipal=bob.arn, PaginationConfig={"PageSize": 3}
    )
    assert [len(page["Grants"]) for page in retirable] == [3, 2]
    assert ids(kms.list_retirable_grants(RetiringPrincipal=bob.arn)) == made


def test_lists_refuse_what_they_cannot_search_for(kms: Any, key: Any, bob: Any, refused: Any) -> None:
    gone = "AROA" + "0" * 17 + ":x"
    with refused("InvalidArnException", "Input does not refer to a valid principal"):
        kms.list_grants(KeyId=key["KeyId"], GranteePrincipal=gone)
    with refused("NotFoundException", f"Retiring principal {gone} could not be found"):
        kms.list_retirable_grants(RetiringPrincipal=gone)
    with refused("InvalidGrantIdException"):
        kms.list_grants(KeyId=key["KeyId"], GrantId="x")
    with refused("ValidationException"):
        kms.list_retirable_grants()
    with refused("ValidationException"):
        kms.list_grants(KeyId=key["KeyId"], Limit=101)
    with refused("InvalidMarkerException"):
        kms.list_retirable_grants(RetiringPrincipal=bob.arn, Marker="x")


def test_a_grant_is_used_without_any_policy_and_ends_when_it_is_revoked(
    kms: Any, key: Any, bob: Any, make: Grants, refused: Any
) -> None:
    secret = secrets.token_bytes(16)
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=secret)["CiphertextBlob"]
    made = make()
    assert bob.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == secret
    with refused("DryRunOperationException"):
        kms.revoke_grant(KeyId=key["KeyId"], GrantId=made["GrantId"], DryRun=True)
    kms.revoke_grant(KeyId=key["KeyId"], GrantId=made["GrantId"])
    with refused("AccessDeniedException"):
        bob.client("kms").decrypt(CiphertextBlob=blob)
    with refused("NotFoundException"):
        kms.revoke_grant(KeyId=key["KeyId"], GrantId=made["GrantId"])
    with refused("InvalidGrantTokenException"):
        kms.decrypt(CiphertextBlob=blob, GrantTokens=[made["GrantToken"]])


def test_reencrypt_needs_its_half_on_each_key(kms: Any, key: Any, bob: Any, make: Grants, refused: Any) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    make(Operations=["ReEncryptFrom", "ReEncryptTo"])
    with refused("AccessDeniedException"):
        bob.client("kms").re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)
    make(KeyId=other, Operations=["ReEncryptTo"])
    bob.client("kms").re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)


def test_a_grant_made_through_a_grant_is_no_wider(lab: Lab, bob: Any, make: Grants, refused: Any) -> None:
    eve = lab.home.user("eve").arn
    make(Operations=["CreateGrant", "Decrypt"], Constraints={"EncryptionContextSubset": {"team": "a"}})
    narrow: dict[str, Any] = {"client": bob.client("kms"), "GranteePrincipal": eve}
    constraints = {"EncryptionContextEquals": {"team": "a", "more": "b"}}
    make(**narrow, Constraints=constraints)
    for wider in ({}, {"Constraints": constraints, "Operations": ["Decrypt", "Encrypt"]}):
        with refused("AccessDeniedException"):
            make(**narrow, **wider)


def test_who_may_retire_a_grant_and_by_which_name(
    lab: Lab, kms: Any, key: Any, bob: Any, make: Grants, refused: Any
) -> None:
    eve = lab.home.user("eve")
    made = make(RetiringPrincipal=eve.arn)
    by_id = {"KeyId": key["Arn"], "GrantId": made["GrantId"]}
    for name in (by_id, {"GrantToken": made["GrantToken"]}):
        with refused("AccessDeniedException"):
            bob.client("kms").retire_grant(**name)
    with refused("DryRunOperationException"):
        eve.client("kms").retire_grant(**by_id, DryRun=True)
    eve.client("kms").retire_grant(**by_id)
    bob.client("kms").retire_grant(GrantToken=make(Operations=["Decrypt", "RetireGrant"])["GrantToken"])
    kms.retire_grant(GrantToken=make()["GrantToken"])  # the account that owns the key, by an identity policy
    assert kms.list_grants(KeyId=key["KeyId"])["Grants"] == []
    for name, code in (
        ({}, "ValidationException"),
        ({"GrantToken": "x"}, "InvalidGrantTokenException"),
        (by_id, "NotFoundException"),
        (by_id | {"GrantId": "x"}, "InvalidGrantIdException"),
    ):
        with refused(code):
            kms.retire_grant(**name)


def test_a_grant_can_be_ended_while_the_key_waits_for_its_deletion(
    kms: Any, key: Any, make: Grants, refused: Any
) -> None:
    first, second = make(), make()
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    kms.retire_grant(GrantToken=first["GrantToken"])
    kms.revoke_grant(KeyId=key["KeyId"], GrantId=second["GrantId"])
    with refused("KMSInvalidStateException", f"{key['Arn']} is pending deletion."):
        make()


def test_the_grants_of_a_deleted_key_are_gone(
    lab: Lab, kms: Any, key: Any, bob: Any, make: Grants, refused: Any
) -> None:
    token = make(RetiringPrincipal=bob.arn)["GrantToken"]
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    lab.clock.advance(days=7)
    assert kms.list_retirable_grants(RetiringPrincipal=bob.arn)["Grants"] == []
    with refused("InvalidGrantTokenException"):
        kms.retire_grant(GrantToken=token)


def test_a_new_role_of_the_same_name_has_no_part_in_the_grant(
    lab: Lab, kms: Any, key: Any, make: Grants, refused: Any
) -> None:
    iam = lab.home.admin.client("iam")
    role = lab.home.role("app")
    arn = "arn:aws:sts::111122223333:assumed-role/app/one"
    first = make(GranteePrincipal=arn, Operations=["DescribeKey"], Name="n")
    role.session("one").client("kms").describe_key(KeyId=key["KeyId"])
    iam.delete_role(RoleName="app")
    (entry,) = kms.list_grants(KeyId=key["KeyId"])["Grants"]
    assert entry["GranteePrincipal"].endswith(":one") and not entry["GranteePrincipal"].startswith("arn:")
    with refused("InvalidArnException", f"ARN does not refer to a valid principal: {arn}"):
        kms.list_grants(KeyId=key["KeyId"], GranteePrincipal=arn)
    session = lab.home.role("app").session("one")
    with refused("AccessDeniedException"):
        session.client("kms").describe_key(KeyId=key["KeyId"])
    assert make(GranteePrincipal=arn, Operations=["DescribeKey"], Name="n")["GrantId"] != first["GrantId"]
    session.client("kms").describe_key(KeyId=key["KeyId"])


def test_a_grant_across_accounts(lab: Lab, key: Any, make: Grants, refused: Any) -> None:
    guest = lab.account("444455556666").user("guest")
    make(GranteePrincipal=guest.arn, Operations=["DescribeKey", "RetireGrant"])
    token = make(GranteePrincipal=guest.arn, Operations=["RetireGrant"])["GrantToken"]
    client = guest.client("kms")
    for call in (lambda: client.describe_key(KeyId=key["Arn"]), lambda: client.retire_grant(GrantToken=token)):
        with refused("AccessDeniedException"):
            call()
    guest.allow({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]})
    client.describe_key(KeyId=key["Arn"])
    client.retire_grant(GrantToken=token)


CONDITIONS = [
    {"StringEquals": {"kms:GranteePrincipal": "arn:aws:iam::111122223333:root"}},
    {"StringEquals": {"kms:RetiringPrincipal": "arn:aws:iam::111122223333:root"}},
    {"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt", "Encrypt"]}},
    {"StringEquals": {"kms:GrantConstraintType": "EncryptionContextEquals"}},
    {"StringEquals": {"kms:EncryptionContext:team": "a"}},
    {
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["team"]},
        "Null": {"kms:EncryptionContextKeys": "false"},
    },
    {"Bool": {"kms:GrantIsForAWSResource": "false"}},
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_on_create_grant_sees_the_grant(bob: Any, make: Grants, refused: Any, condition: Any) -> None:
    statement = {"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": "*", "Condition": condition}
    bob.allow({"Version": "2012-10-17", "Statement": [statement]})
    root, client = "arn:aws:iam::111122223333:root", bob.client("kms")
    constraints = {"EncryptionContextEquals": {"team": "a"}}
    make(client, GranteePrincipal=root, RetiringPrincipal=root, Constraints=constraints)
    if "Bool" not in condition:
        with refused("AccessDeniedException"):
            make(client, Operations=["DescribeKey"], Constraints={"EncryptionContextSubset": {"team": "b", "x": "y"}})


def test_a_new_grant_counts_with_its_token_until_it_is_known_everywhere(
    lab: Lab, key: Any, bob: Any, make: Grants, refused: Any
) -> None:
    lab.grant_delay = timedelta(minutes=5)
    client, asked = bob.client("kms"), {"KeyId": key["KeyId"], "Plaintext": b"x"}
    token = make(Operations=["Encrypt"])["GrantToken"]
    client.encrypt(**asked, GrantTokens=[token])
    lab.clock.advance(seconds=299)
    with refused("AccessDeniedException"):
        client.encrypt(**asked)
    lab.clock.advance(seconds=1)
    client.encrypt(**asked)


def test_a_token_helps_nobody_but_the_grantee(lab: Lab, key: Any, make: Grants, refused: Any) -> None:
    token = make(Operations=["Encrypt"])["GrantToken"]
    with refused("AccessDeniedException"):
        lab.home.user("eve").client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"x", GrantTokens=[token])


def test_no_token_is_logged_and_the_grant_id_is(lab: Lab, kms: Any, make: Grants) -> None:
    made = make()
    kms.retire_grant(GrantToken=made["GrantToken"])
    created, retired = lab.trail[-2:]
    assert created["responseElements"]["grantId"] == made["GrantId"]
    assert retired["additionalEventData"] == {"grantId": made["GrantId"]}
    assert made["GrantToken"] not in str(lab.trail)


@pytest.mark.parametrize("kind", ["EncryptionContextEquals", "EncryptionContextSubset"])
def test_a_constraint_is_logged_as_it_was_written(lab: Lab, make: Grants, kind: str) -> None:
    constraint = {kind: {"Team": "A", "costCenter": "b"}}
    make(Constraints=constraint)
    logged = lab.trail[-1]["requestParameters"]["constraints"]
    assert logged == {kind[0].lower() + kind[1:]: constraint[kind]}
