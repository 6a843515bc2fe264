"""ReEncrypt: what comes out, which key must allow what, and which of the two keys stops it."""

import secrets
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.lab import Lab

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
CONTEXTS = st.dictionaries(TEXTS, TEXTS, max_size=3)
OTHER_ACCOUNT = "444455556666"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Resource": "*"} | statement for statement in statements],
    }


def sealed(kms: Any, key: str, plaintext: bytes = b"x", **more: Any) -> bytes:
    found: bytes = kms.encrypt(KeyId=key, Plaintext=plaintext, **more)["CiphertextBlob"]
    return found


@pytest.fixture
def source(kms: Any) -> dict[str, Any]:
    found: dict[str, Any] = kms.create_key()["KeyMetadata"]
    return found


@pytest.fixture
def destination(kms: Any) -> dict[str, Any]:
    found: dict[str, Any] = kms.create_key()["KeyMetadata"]
    return found


# What comes out


def test_what_is_re_encrypted_opens_under_the_other_key_and_context_for_every_plaintext() -> None:
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
        keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]

        @settings(max_examples=40, deadline=None)
        @given(st.binary(min_size=1, max_size=4096), CONTEXTS, CONTEXTS, st.booleans())
        def holds(plaintext: bytes, before: dict[str, str], after: dict[str, str], same_key: bool) -> None:
            to = keys[0] if same_key else keys[1]
            answer = kms.re_encrypt(
                CiphertextBlob=sealed(kms, keys[0], plaintext, EncryptionContext=before),
                SourceEncryptionContext=before,
                DestinationKeyId=to,
                DestinationEncryptionContext=after,
            )
            back = kms.decrypt(KeyId=to, CiphertextBlob=answer["CiphertextBlob"], EncryptionContext=after)
            assert back["Plaintext"] == plaintext

        holds()


def test_the_answer_names_both_keys_algorithms_and_materials(kms: Any, source: Any, destination: Any) -> None:
    answer = kms.re_encrypt(
        CiphertextBlob=sealed(kms, source["KeyId"]),
        SourceKeyId=source["KeyId"],
        DestinationKeyId=destination["KeyId"],
    )
    assert answer["CiphertextBlob"]
    del answer["ResponseMetadata"], answer["CiphertextBlob"]
    assert answer == {
        "SourceKeyId": source["Arn"],
        "KeyId": destination["Arn"],
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "SourceKeyMaterialId": source["CurrentKeyMaterialId"],
        "DestinationKeyMaterialId": destination["CurrentKeyMaterialId"],
    }


def test_after_a_rotation_the_same_key_takes_old_material_and_gives_new(lab: Lab, kms: Any, source: Any) -> None:
    blob = sealed(kms, source["KeyId"])
    kms.rotate_key_on_demand(KeyId=source["KeyId"])
    lab.clock.advance(seconds=1)
    answer = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=source["KeyId"])
    new = kms.describe_key(KeyId=source["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"]
    assert answer["SourceKeyMaterialId"] == source["CurrentKeyMaterialId"] != new
    assert answer["DestinationKeyMaterialId"] == new


def test_both_keys_may_be_named_by_alias(kms: Any, source: Any, destination: Any) -> None:
    kms.create_alias(AliasName="alias/from", TargetKeyId=source["KeyId"])
    kms.create_alias(AliasName="alias/to", TargetKeyId=destination["KeyId"])
    answer = kms.re_encrypt(
        CiphertextBlob=sealed(kms, source["KeyId"]), SourceKeyId="alias/from", DestinationKeyId="alias/to"
    )
    assert (answer["SourceKeyId"], answer["KeyId"]) == (source["Arn"], destination["Arn"])


# What is refused


def test_a_source_key_that_did_not_encrypt_is_incorrect(kms: Any, source: Any, destination: Any, refused: Any) -> None:
    with refused(
        "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation."
    ):
        kms.re_encrypt(
            CiphertextBlob=sealed(kms, source["KeyId"]),
            SourceKeyId=destination["KeyId"],
            DestinationKeyId=destination["KeyId"],
        )


def test_the_source_context_must_be_the_one_of_the_ciphertext(kms: Any, source: Any, refused: Any) -> None:
    blob = sealed(kms, source["KeyId"], EncryptionContext={"purpose": "test"})
    for asked in ({}, {"SourceEncryptionContext": {"Purpose": "test"}}):
        with refused("InvalidCiphertextException", ""):
            kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=source["KeyId"], **asked)


def test_an_altered_ciphertext_is_refused(kms: Any, source: Any, refused: Any) -> None:
    blob = bytearray(sealed(kms, source["KeyId"]))
    blob[secrets.randbelow(len(blob))] ^= 1
    with refused("InvalidCiphertextException", ""):
        kms.re_encrypt(CiphertextBlob=bytes(blob), DestinationKeyId=source["KeyId"])


@pytest.mark.parametrize("side", ["Source", "Destination"])
def test_an_algorithm_of_asymmetric_keys_fits_no_symmetric_key(kms: Any, source: Any, refused: Any, side: str) -> None:
    with refused("InvalidKeyUsageException"):
        kms.re_encrypt(
            CiphertextBlob=sealed(kms, source["KeyId"]),
            SourceKeyId=source["KeyId"],
            DestinationKeyId=source["KeyId"],
            **{f"{side}EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
        )


@pytest.mark.parametrize("which", ["source", "destination"])
@pytest.mark.parametrize(
    ("end", "code", "text"),
    [
        ("disable_key", "DisabledException", " is disabled."),
        ("schedule_key_deletion", "KMSInvalidStateException", " is pending deletion."),
    ],
)
def test_the_state_of_either_key_stops_it(
    kms: Any, source: Any, destination: Any, refused: Any, which: str, end: str, code: str, text: str
) -> None:
    blob = sealed(kms, source["KeyId"])
    stopped = source if which == "source" else destination
    getattr(kms, end)(KeyId=stopped["KeyId"])
    with refused(code, stopped["Arn"] + text):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=destination["KeyId"])


def test_a_destination_that_waits_for_its_material_stops_it(kms: Any, source: Any, refused: Any) -> None:
    empty = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
    with refused("KMSInvalidStateException", f"{empty['Arn']} is pending import."):
        kms.re_encrypt(CiphertextBlob=sealed(kms, source["KeyId"]), DestinationKeyId=empty["KeyId"])


# A dry run


def test_a_dry_run_makes_every_check_and_returns_nothing(kms: Any, source: Any, destination: Any, refused: Any) -> None:
    blob = sealed(kms, source["KeyId"])
    with refused("DryRunOperationException"):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=destination["KeyId"], DryRun=True)
    with refused("InvalidCiphertextException"):
        kms.re_encrypt(CiphertextBlob=blob + b"x", DestinationKeyId=destination["KeyId"], DryRun=True)


def test_a_dry_run_can_do_without_a_ciphertext(kms: Any, source: Any, destination: Any, refused: Any) -> None:
    asked = {"DestinationKeyId": destination["KeyId"], "DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}
    with refused("DryRunOperationException"):
        kms.re_encrypt(SourceKeyId=source["KeyId"], **asked)
    with refused("ValidationException"):
        kms.re_encrypt(**asked)


@pytest.mark.parametrize("junk", [True, False])
def test_a_dry_run_that_ignores_the_ciphertext_has_to_name_the_key(
    kms: Any, source: Any, refused: Any, junk: bool
) -> None:
    blob = secrets.token_bytes(90) if junk else sealed(kms, source["KeyId"])
    asked = {"CiphertextBlob": blob, "DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}
    with refused("ValidationException") as caught:
        kms.re_encrypt(DestinationKeyId=source["KeyId"], **asked)
    assert "'sourceKeyId'" in str(caught.value)
    with refused("ValidationException") as caught:
        kms.decrypt(**asked)
    assert "'keyId'" in str(caught.value)


# Who may


@pytest.mark.parametrize("missing", ["kms:ReEncryptFrom", "kms:ReEncryptTo"])
def test_each_key_needs_its_own_permission(
    lab: Lab, kms: Any, source: Any, destination: Any, refused: Any, missing: str
) -> None:
    right = [
        {"Action": "kms:ReEncryptFrom", "Resource": source["Arn"]},
        {"Action": "kms:ReEncryptTo", "Resource": destination["Arn"]},
    ]
    blob = sealed(kms, source["KeyId"])

    def attempt(name: str, statements: list[dict[str, Any]]) -> None:
        user = lab.home.user(name, policies={"p": policy(*statements)})
        user.client("kms").re_encrypt(CiphertextBlob=blob, DestinationKeyId=destination["KeyId"])

    attempt("both", right)
    with refused("AccessDeniedException") as caught:
        attempt("one", [statement for statement in right if statement["Action"] != missing])
    place = source if missing == "kms:ReEncryptFrom" else destination
    assert f"perform: {missing} on resource: {place['Arn']}" in str(caught.value)
    with refused("AccessDeniedException"):
        attempt("turned-round", [right[0] | {"Resource": destination["Arn"]}, right[1] | {"Resource": source["Arn"]}])


@pytest.mark.parametrize("foreign", ["source", "destination", "both"])
def test_a_key_of_another_account_needs_its_owners_permission(lab: Lab, kms: Any, refused: Any, foreign: str) -> None:
    other = lab.account(OTHER_ACCOUNT)
    us = {"Principal": {"AWS": f"arn:aws:iam::{lab.home.id}:root"}}
    owner = {"Principal": {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}, "Action": "kms:*"}
    keys = {}
    for side, action in (("source", "kms:ReEncryptFrom"), ("destination", "kms:ReEncryptTo")):
        shared = policy(owner, us | {"Action": action})
        keys[side] = other.create_key(shared) if foreign in (side, "both") else lab.home.create_key()
    account = other if foreign in ("source", "both") else lab.home
    blob = sealed(account.admin.client("kms"), keys["source"])
    asked = {"CiphertextBlob": blob, "DestinationKeyId": keys["destination"]}
    assert kms.re_encrypt(**asked)["KeyId"] == keys["destination"]
    assert kms.re_encrypt(SourceKeyId=keys["source"].split("/")[1], **asked)["SourceKeyId"] == keys["source"]
    for side in keys if foreign == "both" else [foreign]:
        text = str(policy(owner)).replace("'", '"')
        other.admin.client("kms").put_key_policy(KeyId=keys[side], Policy=text)
        with refused("AccessDeniedException"):
            kms.re_encrypt(**asked)


def test_a_key_that_is_not_there_looks_like_one_that_refuses(
    lab: Lab, kms: Any, source: Any, refused: Any, opaque: Any
) -> None:
    there = lab.account(OTHER_ACCOUNT).create_key()
    absent = there.rpartition("/")[0] + "/12345678-1234-1234-1234-123456789012"
    texts = []
    for arn in (there, absent):
        with refused("AccessDeniedException") as caught:
            kms.re_encrypt(CiphertextBlob=sealed(kms, source["KeyId"]), DestinationKeyId=arn)
        texts.append(opaque(str(caught.value)))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("action", "condition"),
    [
        ("kms:ReEncryptFrom", {"StringEquals": {"kms:EncryptionContext:from": "1"}}),
        ("kms:ReEncryptTo", {"StringEquals": {"kms:EncryptionContext:to": "2"}}),
        ("kms:ReEncryptFrom", {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "from"}}),
        ("kms:ReEncryptTo", {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "to"}}),
        ("kms:ReEncryptTo", {"StringEquals": {"kms:RequestAlias": "alias/to"}}),
        ("kms:ReEncryptTo", {"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}}),
        ("kms:ReEncryptFrom", {"Null": {"kms:RequestAlias": "true"}}),
        ("kms:ReEncryptFrom", {"Bool": {"kms:ReEncryptOnSameKey": "false"}}),
        ("kms:ReEncryptTo", {"Bool": {"kms:ReEncryptOnSameKey": "false"}}),
    ],
)
def test_each_permission_sees_the_context_and_the_name_of_its_own_key(
    lab: Lab, kms: Any, source: Any, destination: Any, refused: Any, action: str, condition: dict[str, Any]
) -> None:
    kms.create_alias(AliasName="alias/to", TargetKeyId=destination["KeyId"])
    other = "kms:ReEncryptTo" if action == "kms:ReEncryptFrom" else "kms:ReEncryptFrom"
    asked = {
        "CiphertextBlob": sealed(kms, source["KeyId"], EncryptionContext={"from": "1"}),
        "SourceEncryptionContext": {"from": "1"},
        "DestinationKeyId": "alias/to",
        "DestinationEncryptionContext": {"to": "2"},
    }

    def attempt(name: str, held_by: str, free: str) -> None:
        statements = ({"Action": held_by, "Condition": condition}, {"Action": free})
        lab.home.user(name, policies={"p": policy(*statements)}).client("kms").re_encrypt(**asked)

    attempt("right", action, other)
    if "ReEncryptOnSameKey" not in str(condition) and "Algorithm" not in str(condition):
        with refused("AccessDeniedException"):
            attempt("turned-round", other, action)


def test_a_policy_can_tell_whether_both_keys_are_one(lab: Lab, kms: Any, source: Any, refused: Any) -> None:
    allowed = {"Action": "kms:ReEncrypt*", "Condition": {"Bool": {"kms:ReEncryptOnSameKey": "true"}}}
    mine = lab.home.user("ann", policies={"p": policy(allowed)}).client("kms")
    blob = sealed(kms, source["KeyId"])
    mine.re_encrypt(CiphertextBlob=blob, DestinationKeyId=source["Arn"])
    with refused("AccessDeniedException"):
        mine.re_encrypt(CiphertextBlob=blob, DestinationKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


# What is logged


def test_the_event_names_both_keys_in_order_both_contexts_and_both_materials(
    lab: Lab, kms: Any, source: Any, destination: Any
) -> None:
    plaintext = secrets.token_bytes(30)
    answer = kms.re_encrypt(
        CiphertextBlob=sealed(kms, source["KeyId"], plaintext, EncryptionContext={"Project": "Alpha"}),
        SourceEncryptionContext={"Project": "Alpha"},
        DestinationKeyId=destination["KeyId"],
        DestinationEncryptionContext={"Level": "3A"},
    )
    event = lab.trail[-1]
    assert event["requestParameters"] == {
        "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "sourceEncryptionContext": {"Project": "Alpha"},
        "destinationKeyId": destination["KeyId"],
        "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "destinationEncryptionContext": {"Level": "3A"},
    }
    assert event["additionalEventData"] == {
        "sourceKeyMaterialId": answer["SourceKeyMaterialId"],
        "destinationKeyMaterialId": answer["DestinationKeyMaterialId"],
    }
    assert [resource["ARN"] for resource in event["resources"]] == [source["Arn"], destination["Arn"]]
    assert event["readOnly"] and event["responseElements"] is None
    assert str(answer["CiphertextBlob"]) not in str(event) and str(plaintext) not in str(event)


def test_each_owner_of_a_key_finds_it_in_its_log(lab: Lab, kms: Any, source: Any) -> None:
    other = lab.account(OTHER_ACCOUNT)
    everyone = policy({"Principal": {"AWS": f"arn:aws:iam::{lab.home.id}:root"}, "Action": "kms:*"})
    kms.re_encrypt(CiphertextBlob=sealed(kms, source["KeyId"]), DestinationKeyId=other.create_key(everyone))
    events = [event for event in lab.trail if event["eventName"] == "ReEncrypt"]
    assert [event["recipientAccountId"] for event in events] == [lab.home.id, OTHER_ACCOUNT]
    assert len({event["sharedEventID"] for event in events}) == 1
