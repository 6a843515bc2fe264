"""Related multi-Region keys: how they come and change roles, what they share, and who may make them.

For their states, imported material and other kinds of keys: the files test_lab_multi_region_*.py.
"""

import json
import os
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from related_keys import EAST, HOME, WEST, arn, client, metadata, replicate, settle

from kms_katas.lab import Lab

# Making them


def test_a_primary_key_says_what_it_is(kms: Any) -> None:
    made = kms.create_key(MultiRegion=True)["KeyMetadata"]
    assert re.fullmatch("mrk-[0-9a-f]{32}", made["KeyId"])
    assert made["MultiRegion"] is True
    assert made["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "PRIMARY",
        "PrimaryKey": {"Arn": made["Arn"], "Region": HOME},
        "ReplicaKeys": [],
    }


def test_a_replica_is_creating_and_then_enabled(lab: Lab, kms: Any, mrk: str) -> None:
    answer = kms.replicate_key(KeyId=mrk, ReplicaRegion=WEST)
    made = answer["ReplicaKeyMetadata"]
    assert (made["KeyState"], made["Enabled"], made["Arn"]) == ("Creating", False, arn(mrk, WEST))
    assert "CurrentKeyMaterialId" not in made and "ReplicaTags" not in answer
    assert made["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "REPLICA",
        "PrimaryKey": {"Arn": arn(mrk, HOME), "Region": HOME},
        "ReplicaKeys": [{"Arn": arn(mrk, WEST), "Region": WEST}],
    }
    settle(lab)
    now = metadata(lab, mrk, WEST)
    assert (now["KeyState"], now["Enabled"]) == ("Enabled", True)
    assert now["CurrentKeyMaterialId"] == metadata(lab, mrk)["CurrentKeyMaterialId"]


def test_every_related_key_lists_the_replicas_by_region(lab: Lab, pair: str) -> None:
    replicate(lab, pair, EAST)
    for region in (HOME, WEST, EAST):
        found = metadata(lab, pair, region)["MultiRegionConfiguration"]
        assert [key["Region"] for key in found["ReplicaKeys"]] == [EAST, WEST]
        assert found["PrimaryKey"]["Region"] == HOME


def test_a_replica_has_its_own_policy_tags_and_description(lab: Lab, kms: Any, west: Any) -> None:
    key = kms.create_key(MultiRegion=True, Description="first", Tags=[{"TagKey": "a", "TagValue": "1"}])
    mrk = key["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=mrk)
    statement = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Id": "own", "Statement": [statement]})
    tags = [{"TagKey": "b", "TagValue": "2"}]
    answer = replicate(lab, mrk, Policy=policy, Tags=tags, Description="second")
    assert (answer["ReplicaPolicy"], answer["ReplicaTags"]) == (policy, tags)
    assert west.get_key_policy(KeyId=mrk)["Policy"] == policy
    assert west.list_resource_tags(KeyId=mrk)["Tags"] == tags
    assert west.list_aliases(KeyId=mrk)["Aliases"] == []
    assert metadata(lab, mrk, WEST)["Description"] == "second"
    assert metadata(lab, mrk)["Description"] == "first"
    assert kms.list_resource_tags(KeyId=mrk)["Tags"] == [{"TagKey": "a", "TagValue": "1"}]


def test_a_replica_without_a_policy_gets_the_default_one(lab: Lab, kms: Any, mrk: str) -> None:
    answer = replicate(lab, mrk)
    assert answer["ReplicaPolicy"] == kms.get_key_policy(KeyId=mrk)["Policy"]


def test_a_replica_with_a_bad_policy_is_not_made(lab: Lab, kms: Any, mrk: str, refused: Any) -> None:
    with refused("MalformedPolicyDocumentException"):
        kms.replicate_key(KeyId=mrk, ReplicaRegion=WEST, Policy="{}")
    assert metadata(lab, mrk)["MultiRegionConfiguration"]["ReplicaKeys"] == []
    replicate(lab, mrk)


def test_a_lockout_needs_the_bypass(kms: Any, mrk: str, refused: Any) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:Decrypt", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with refused("MalformedPolicyDocumentException"):
        kms.replicate_key(KeyId=mrk, ReplicaRegion=WEST, Policy=policy)
    kms.replicate_key(KeyId=mrk, ReplicaRegion=WEST, Policy=policy, BypassPolicyLockoutSafetyCheck=True)


@pytest.mark.parametrize(
    ("region", "text"),
    [
        (HOME, f"{HOME} cannot have a replica because it contains the primary."),
        ("cn-north-1", "The replica key Region must be in the same AWS partition as the primary key Region."),
        (
            "us-invalid-1",
            "Region us-invalid-1 is not a valid Region or multi-Region keys are not supported in Region us-invalid-1.",
        ),
    ],
)
def test_some_regions_take_no_replica(kms: Any, mrk: str, refused: Any, region: str, text: str) -> None:
    with refused("ValidationException", text):
        kms.replicate_key(KeyId=mrk, ReplicaRegion=region)


def test_a_region_takes_one_replica_also_while_that_is_deleted(kms: Any, west: Any, pair: str, refused: Any) -> None:
    for schedule in (False, True):
        if schedule:
            west.schedule_key_deletion(KeyId=pair)
        with refused(
            "AlreadyExistsException", "You can create only one replica of each primary key in each AWS Region."
        ):
            kms.replicate_key(KeyId=pair, ReplicaRegion=WEST)


def test_only_a_primary_key_is_replicated(kms: Any, west: Any, pair: str, key: Any, refused: Any) -> None:
    for one, named in ((west, arn(pair, WEST)), (kms, key["Arn"])):
        with refused("UnsupportedOperationException", f"{named} is not a multi-region primary key."):
            one.replicate_key(KeyId=named, ReplicaRegion=EAST)


@pytest.mark.parametrize("operation", ["replicate_key", "update_primary_region"])
def test_an_alias_names_no_key_here(kms: Any, mrk: str, refused: Any, operation: str) -> None:
    kms.create_alias(AliasName="alias/mine", TargetKeyId=mrk)
    region = {"ReplicaRegion" if operation == "replicate_key" else "PrimaryRegion": WEST}
    with refused("InvalidArnException", "Key Aliases are not supported for this operation."):
        getattr(kms, operation)(KeyId="alias/mine", **region)


# Shared material


@settings(max_examples=12, deadline=None)
@given(
    steps=st.lists(
        st.sampled_from(["encrypt", "rotate", "year", "replicate", "promote", "disable", "enable"]), min_size=4
    ),
    draw=st.data(),
)
def test_a_ciphertext_of_any_related_key_opens_in_every_enabled_one(steps: list[str], draw: Any) -> None:
    with Lab() as lab:
        key = client(lab).create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
        client(lab).enable_key_rotation(KeyId=key)
        primary, regions, disabled = HOME, [HOME], set[str]()
        sealed: list[tuple[bytes, bytes]] = []
        for step in [*steps, "encrypt"]:
            one = draw.draw(st.sampled_from(regions))
            if step == "encrypt" and one not in disabled:
                plaintext = os.urandom(9)
                blob = client(lab, one).encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]
                sealed.append((plaintext, blob))
            elif step == "rotate" and primary not in disabled:
                client(lab, primary).rotate_key_on_demand(KeyId=key)
                settle(lab)
            elif step == "year":
                lab.clock.advance(days=400)
            elif step == "replicate" and len(regions) < 3 and primary not in disabled:
                new = next(region for region in (HOME, WEST, EAST) if region not in regions)
                replicate(lab, key, new, primary)
                regions.append(new)
            elif step == "promote" and primary not in disabled and one not in disabled:
                client(lab, primary).update_primary_region(KeyId=key, PrimaryRegion=one)
                settle(lab)
                primary = one
            elif step == "disable":
                client(lab, one).disable_key(KeyId=key)
                disabled.add(one)
            elif step == "enable":
                client(lab, one).enable_key(KeyId=key)
                disabled.discard(one)
        for region in regions:
            found = metadata(lab, key, region)
            assert found["CurrentKeyMaterialId"] == metadata(lab, key)["CurrentKeyMaterialId"]
            assert found["MultiRegionConfiguration"]["PrimaryKey"]["Region"] == primary
            assert found["Enabled"] is (region not in disabled)
            for plaintext, blob in sealed if region not in disabled else ():
                opened = client(lab, region).decrypt(CiphertextBlob=blob)
                assert (opened["Plaintext"], opened["KeyId"]) == (plaintext, arn(key, region))


def test_a_key_that_is_not_related_does_not_open_it(lab: Lab, kms: Any, west: Any, pair: str, refused: Any) -> None:
    blob = kms.encrypt(KeyId=pair, Plaintext=b"x")["CiphertextBlob"]
    other = west.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    with refused("IncorrectKeyException"):
        west.decrypt(CiphertextBlob=blob, KeyId=other)
    with refused("AccessDeniedException"):
        client(lab, EAST).decrypt(CiphertextBlob=blob)


def test_decrypt_takes_the_replicas_arn_and_not_the_primarys(kms: Any, west: Any, pair: str, refused: Any) -> None:
    blob = kms.encrypt(KeyId=pair, Plaintext=b"x")["CiphertextBlob"]
    for name in (pair, arn(pair, WEST)):
        assert west.decrypt(CiphertextBlob=blob, KeyId=name)["Plaintext"] == b"x"
    text = "The key ID in the request does not identify a CMK that can perform this operation."
    with refused("IncorrectKeyException", text):
        west.decrypt(CiphertextBlob=blob, KeyId=arn(pair, HOME))
    with refused("NotFoundException", f"Invalid arn {HOME}"):
        west.describe_key(KeyId=arn(pair, HOME))


def test_a_data_key_of_one_region_opens_in_the_other(kms: Any, west: Any, pair: str) -> None:
    made = west.generate_data_key(KeyId=pair, KeySpec="AES_256", EncryptionContext={"a": "b"})
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "b"})
    assert opened["Plaintext"] == made["Plaintext"]
    moved = west.re_encrypt(
        CiphertextBlob=made["CiphertextBlob"], SourceEncryptionContext={"a": "b"}, DestinationKeyId=pair
    )
    assert moved["SourceKeyId"] == moved["KeyId"] == arn(pair, WEST)


# Rotation


def test_a_replica_shows_the_primarys_rotation(lab: Lab, kms: Any, mrk: str, west: Any) -> None:
    kms.enable_key_rotation(KeyId=mrk, RotationPeriodInDays=90)
    replicate(lab, mrk)
    for after in (0, 90):
        lab.clock.advance(days=after)
        found = [one.get_key_rotation_status(KeyId=mrk) for one in (kms, west)]
        for name in ("KeyRotationEnabled", "RotationPeriodInDays", "NextRotationDate"):
            assert found[0][name] == found[1][name]
    assert found[1]["KeyId"] == arn(mrk, WEST)
    entry = west.list_key_rotations(KeyId=mrk)["Rotations"][0]
    assert (entry["KeyId"], entry["RotationType"]) == (arn(mrk, WEST), "AUTOMATIC")


def test_time_alone_rotates_a_replica_that_is_asked_first(lab: Lab, kms: Any, west: Any, pair: str) -> None:
    kms.enable_key_rotation(KeyId=pair, RotationPeriodInDays=90)
    before = metadata(lab, pair, WEST)["CurrentKeyMaterialId"]
    lab.clock.advance(days=181)
    assert len(west.list_key_rotations(KeyId=pair)["Rotations"]) == 2
    assert metadata(lab, pair, WEST)["CurrentKeyMaterialId"] != before


@pytest.mark.parametrize("operation", ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"])
@pytest.mark.parametrize("disabled", [False, True])
def test_a_replica_takes_no_rotation(west: Any, pair: str, refused: Any, operation: str, disabled: bool) -> None:
    if disabled:
        west.disable_key(KeyId=pair)
    text = f"{arn(pair, WEST)} is a multi-region replica key which is not valid for {operation}."
    method = re.sub("(?<!^)(?=[A-Z])", "_", operation).lower()
    with refused("UnsupportedOperationException", text):
        getattr(west, method)(KeyId=pair)


# Roles


def test_update_primary_region_exchanges_the_roles(lab: Lab, kms: Any, west: Any, pair: str) -> None:
    kms.enable_key_rotation(KeyId=pair, RotationPeriodInDays=91)
    replicate(lab, pair, EAST)
    answer = kms.update_primary_region(KeyId=pair, PrimaryRegion=WEST)
    assert set(answer) == {"ResponseMetadata"}
    for region in (HOME, WEST):
        found = metadata(lab, pair, region)
        assert (found["KeyState"], found["Enabled"]) == ("Updating", False)
    assert client(lab, WEST).encrypt(KeyId=pair, Plaintext=b"x")["KeyId"] == arn(pair, WEST)  # goes on meanwhile
    settle(lab)
    for region, kind in ((HOME, "REPLICA"), (WEST, "PRIMARY"), (EAST, "REPLICA")):
        found = metadata(lab, pair, region)
        assert found["KeyState"] == "Enabled"
        assert found["MultiRegionConfiguration"]["MultiRegionKeyType"] == kind
        assert [key["Region"] for key in found["MultiRegionConfiguration"]["ReplicaKeys"]] == [EAST, HOME]
    assert west.get_key_rotation_status(KeyId=pair)["RotationPeriodInDays"] == 91
    west.rotate_key_on_demand(KeyId=pair)


def test_update_primary_region_to_where_it_is_changes_nothing(lab: Lab, kms: Any, pair: str) -> None:
    kms.update_primary_region(KeyId=pair, PrimaryRegion=HOME)
    assert metadata(lab, pair)["KeyState"] == "Enabled"


def test_update_primary_region_needs_a_replica_there(kms: Any, pair: str, refused: Any) -> None:
    with refused("ValidationException", f"{pair} does not have a replica key in the specified Region."):
        kms.update_primary_region(KeyId=pair, PrimaryRegion="eu-west-1")


def test_update_primary_region_starts_at_the_primary(west: Any, pair: str, refused: Any) -> None:
    with refused("KMSInvalidStateException", f"{arn(pair, WEST)} is not a multi-Region primary key."):
        west.update_primary_region(KeyId=pair, PrimaryRegion=HOME)


def test_update_primary_region_needs_both_keys_enabled(kms: Any, west: Any, pair: str, refused: Any) -> None:
    for one, region in ((kms, HOME), (west, WEST)):
        one.disable_key(KeyId=pair)
        with refused("DisabledException", f"{arn(pair, region)} is disabled."):
            kms.update_primary_region(KeyId=pair, PrimaryRegion=WEST)
        one.enable_key(KeyId=pair)
    west.schedule_key_deletion(KeyId=pair)
    with refused("KMSInvalidStateException", f"{arn(pair, WEST)} is pending deletion."):
        kms.update_primary_region(KeyId=pair, PrimaryRegion=WEST)


# Permissions


def allow(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"} | one for one in statements]}


REPLICATE = {"Action": "kms:ReplicateKey"}
CREATE = {"Action": "kms:CreateKey", "Condition": {"StringEquals": {"aws:RequestedRegion": WEST}}}
TAG = {"Action": "kms:TagResource"}


@pytest.mark.parametrize(
    ("statements", "missing"),
    [
        ([CREATE, TAG], "kms:ReplicateKey"),
        ([REPLICATE, TAG], "kms:CreateKey"),
        ([REPLICATE, CREATE], "kms:TagResource"),
        ([REPLICATE, CREATE, TAG], None),
        ([REPLICATE | {"Condition": {"StringEquals": {"kms:ReplicaRegion": WEST}}}, CREATE, TAG], None),
        ([REPLICATE | {"Condition": {"StringEquals": {"kms:ReplicaRegion": EAST}}}, CREATE, TAG], "kms:ReplicateKey"),
        (
            [REPLICATE | {"Condition": {"StringEquals": {"kms:MultiRegionKeyType": "PRIMARY"}}}, CREATE, TAG],
            None,
        ),
        (
            [REPLICATE, CREATE | {"Condition": {"StringEquals": {"aws:RequestedRegion": HOME}}}, TAG],
            "kms:CreateKey",
        ),
    ],
)
def test_replicate_key_needs_permissions_in_both_regions(
    lab: Lab, mrk: str, refused: Any, statements: Any, missing: str | None
) -> None:
    bob = lab.home.user("bob", policies={"p": allow(*statements)}).client("kms")
    asked = {"KeyId": mrk, "ReplicaRegion": WEST, "Tags": [{"TagKey": "a", "TagValue": "b"}]}
    if missing is None:
        bob.replicate_key(**asked)
        return
    with refused("AccessDeniedException") as caught:
        bob.replicate_key(**asked)
    assert f"perform: {missing} " in str(caught.value)


@pytest.mark.parametrize("where", [HOME, WEST, None])
def test_update_primary_region_needs_the_permission_on_both_keys(
    lab: Lab, pair: str, refused: Any, where: str | None
) -> None:
    condition = {"StringEquals": {"kms:PrimaryRegion": WEST}}
    resource = [arn(pair, HOME), arn(pair, WEST)] if where is None else arn(pair, where)
    statement = {"Action": "kms:UpdatePrimaryRegion", "Resource": resource, "Condition": condition}
    bob = lab.home.user("bob", policies={"p": allow(statement)}).client("kms")
    if where is None:
        bob.update_primary_region(KeyId=pair, PrimaryRegion=WEST)
        return
    with refused("AccessDeniedException") as caught:
        bob.update_primary_region(KeyId=pair, PrimaryRegion=WEST)
    assert arn(pair, WEST if where == HOME else HOME) in str(caught.value)


def test_the_kind_of_multi_region_key_is_a_condition_key(lab: Lab, kms: Any, pair: str, refused: Any) -> None:
    statement = {"Action": "kms:Encrypt", "Condition": {"StringEquals": {"kms:MultiRegionKeyType": "REPLICA"}}}
    bob = lab.home.user("bob", policies={"p": allow(statement)})
    bob.client("kms", WEST).encrypt(KeyId=pair, Plaintext=b"x")
    with refused("AccessDeniedException"):
        bob.client("kms").encrypt(KeyId=pair, Plaintext=b"x")
