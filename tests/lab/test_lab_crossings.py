"""Where two parts of the engine meet: grants and replicas, ReEncrypt and a custom key store, imports and a new primary.

Each part alone has its own file.
"""

import os
import secrets
from datetime import timedelta
from typing import Any

import key_stores
import pytest
from importing import NEW, put, ready, state
from related_keys import WEST

from kms_katas.lab import Lab


def tick(lab: Lab) -> None:
    lab.clock.advance(seconds=1)


def pair(lab: Lab, kms: Any, **kind: Any) -> str:
    """The ID of a primary key with a replica in the west."""
    key: str = kms.create_key(MultiRegion=True, **kind)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion=WEST)
    tick(lab)
    return key


def waiting(kms: Any, key: str) -> list[str]:
    """The key material states from the first material on."""
    found = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    return [entry["KeyMaterialState"] for entry in found]


@pytest.fixture
def imported(lab: Lab, kms: Any, west: Any) -> tuple[str, bytes]:
    """The ID and the material of a primary key and its replica that both have it."""
    key, material = kms.create_key(MultiRegion=True, Origin="EXTERNAL")["KeyMetadata"]["KeyId"], os.urandom(32)
    put(kms, key, material)
    kms.replicate_key(KeyId=key, ReplicaRegion=WEST)
    tick(lab)
    put(west, key, material)
    return key, material


# Grants, aliases and tags beside replicas and key states


def test_a_grant_ends_at_the_border_of_its_region(lab: Lab, kms: Any, west: Any, refused: Any) -> None:
    key, bob = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"], lab.home.user("bob")
    made = kms.create_grant(KeyId=key, GranteePrincipal=bob.arn, RetiringPrincipal=bob.arn, Operations=["Encrypt"])
    kms.replicate_key(KeyId=key, ReplicaRegion=WEST)
    tick(lab)
    bob.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    assert west.list_grants(KeyId=key)["Grants"] == []
    assert west.list_retirable_grants(RetiringPrincipal=bob.arn)["Grants"] == []
    with refused("AccessDeniedException"):
        bob.client("kms", WEST).encrypt(KeyId=key, Plaintext=b"x")
    with refused("InvalidGrantTokenException"):
        west.retire_grant(GrantToken=made["GrantToken"])
    with refused("NotFoundException"):
        west.revoke_grant(KeyId=key, GrantId=made["GrantId"])
    assert len(kms.list_grants(KeyId=key)["Grants"]) == 1


def test_a_replica_takes_over_neither_alias_nor_tag(lab: Lab, kms: Any, west: Any, refused: Any) -> None:
    key, name = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"], f"alias/{secrets.token_hex(4)}"
    kms.create_alias(AliasName=name, TargetKeyId=key)
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "a"}])
    kms.replicate_key(KeyId=key, ReplicaRegion=WEST)
    tick(lab)
    assert west.list_resource_tags(KeyId=key)["Tags"] == []
    with refused("NotFoundException"):
        west.describe_key(KeyId=name)
    west.create_alias(AliasName=name, TargetKeyId=key)
    assert west.describe_key(KeyId=name)["KeyMetadata"]["Arn"] != kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"]


@pytest.mark.parametrize("change", ["disable_key", "schedule_key_deletion"])
def test_a_grant_is_retired_by_its_token_whatever_became_of_the_key(
    lab: Lab, kms: Any, key: Any, refused: Any, change: str
) -> None:
    bob = lab.home.user("bob")
    made = kms.create_grant(
        KeyId=key["KeyId"], GranteePrincipal=bob.arn, RetiringPrincipal=bob.arn, Operations=["Decrypt"]
    )
    getattr(kms, change)(KeyId=key["KeyId"])
    bob.client("kms").retire_grant(GrantToken=made["GrantToken"])
    with refused("InvalidGrantTokenException"):
        bob.client("kms").retire_grant(GrantToken=made["GrantToken"])
    assert kms.list_grants(KeyId=key["KeyId"])["Grants"] == []


# ReEncrypt and a custom key store


@pytest.mark.parametrize("part", ["source", "destination"])
def test_reencrypt_needs_the_custom_key_store_of_either_key(
    lab: Lab, kms: Any, key: Any, refused: Any, part: str
) -> None:
    store = key_stores.make(kms, key_stores.cluster())
    key_stores.connect(lab, kms, store)
    kept = kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)["KeyMetadata"]
    source, destination = (kept, key) if part == "source" else (key, kept)
    blob = kms.encrypt(KeyId=source["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    with refused("KMSInvalidStateException", f"{kept['Arn']} is unavailable."):
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=destination["KeyId"])
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    tick(lab)
    moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=destination["KeyId"])
    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"x"


# Imported material and related keys


def test_import_parameters_are_for_the_key_of_one_region(kms: Any, west: Any, imported: Any, refused: Any) -> None:
    key, material = imported
    asked = ready(kms, key, material)
    with refused("InvalidImportTokenException"):
        west.import_key_material(**asked, ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")


def test_a_primary_whose_material_expired_keeps_its_role_until_it_is_whole(
    lab: Lab, kms: Any, west: Any, imported: Any, refused: Any
) -> None:
    key, material = imported
    put(kms, key, material, ValidTo=lab.clock.now() + timedelta(days=1))
    lab.clock.advance(days=2)
    assert (state(kms, key), state(west, key)) == ("PendingImport", "Enabled")
    for call in (
        lambda: kms.update_primary_region(KeyId=key, PrimaryRegion=WEST),
        lambda: kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1"),
        lambda: kms.rotate_key_on_demand(KeyId=key),
    ):
        with refused("KMSInvalidStateException"):
            call()
    put(kms, key, material)
    kms.update_primary_region(KeyId=key, PrimaryRegion=WEST)


def test_a_new_primary_rotates_what_waited_in_the_old_one(
    lab: Lab, kms: Any, west: Any, imported: Any, refused: Any
) -> None:
    key, _ = imported
    second = os.urandom(32)
    put(kms, key, second, **NEW)
    kms.update_primary_region(KeyId=key, PrimaryRegion=WEST)
    tick(lab)
    with refused("KMSInvalidStateException"):
        west.rotate_key_on_demand(KeyId=key)
    put(west, key, second)
    assert waiting(west, key) == waiting(kms, key) == ["CURRENT", "PENDING_ROTATION"]
    west.rotate_key_on_demand(KeyId=key)
    tick(lab)
    assert waiting(west, key) == waiting(kms, key) == ["NON_CURRENT", "CURRENT"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert west.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_replica_that_comes_while_material_waits_has_to_get_it_too(
    lab: Lab, kms: Any, imported: Any, refused: Any
) -> None:
    key, first = imported
    second, east = os.urandom(32), lab.home.admin.client("kms", "ap-east-1")
    lab.home.admin.client("kms", WEST).schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    lab.clock.advance(days=7)
    put(kms, key, second, **NEW)
    kms.replicate_key(KeyId=key, ReplicaRegion="ap-east-1")
    tick(lab)
    put(east, key, first)
    with refused("KMSInvalidStateException"):
        kms.rotate_key_on_demand(KeyId=key)
    put(east, key, second)
    kms.rotate_key_on_demand(KeyId=key)
    tick(lab)
    assert waiting(east, key) == ["NON_CURRENT", "CURRENT"] and state(east, key) == "Enabled"


def test_a_deleted_replica_no_longer_keeps_material_from_its_rotation(
    lab: Lab, kms: Any, west: Any, imported: Any, refused: Any
) -> None:
    key, _ = imported
    put(kms, key, os.urandom(32), **NEW)
    west.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with refused("KMSInvalidStateException"):
        kms.rotate_key_on_demand(KeyId=key)
    lab.clock.advance(days=7)
    kms.rotate_key_on_demand(KeyId=key)
    tick(lab)
    assert waiting(kms, key) == ["NON_CURRENT", "CURRENT"]
    kms.replicate_key(KeyId=key, ReplicaRegion=WEST)
    tick(lab)
    assert waiting(west, key) == ["NON_CURRENT", "CURRENT"] and state(west, key) == "PendingImport"


# Rotation and a change of the primary


def test_the_on_demand_rotations_of_a_key_are_counted_across_primaries(lab: Lab, kms: Any, west: Any) -> None:
    key = pair(lab, kms)
    for client in (kms, west):
        for _ in range(12):
            client.rotate_key_on_demand(KeyId=key)
            tick(lab)
        if client is kms:
            kms.update_primary_region(KeyId=key, PrimaryRegion=WEST)
            tick(lab)
    west.rotate_key_on_demand(KeyId=key)
    tick(lab)
    with pytest.raises(west.exceptions.LimitExceededException):
        west.rotate_key_on_demand(KeyId=key)


def test_a_rotation_keeps_its_date_when_the_primary_changes(lab: Lab, kms: Any, west: Any) -> None:
    key = pair(lab, kms)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    date = kms.get_key_rotation_status(KeyId=key)["NextRotationDate"]
    lab.clock.advance(days=89)
    kms.update_primary_region(KeyId=key, PrimaryRegion=WEST)
    lab.clock.advance(days=2)
    for client in (kms, west):
        [rotation] = client.list_key_rotations(KeyId=key)["Rotations"]
        assert (rotation["RotationType"], rotation["RotationDate"]) == ("AUTOMATIC", date)
    assert west.get_key_rotation_status(KeyId=key)["NextRotationDate"] == date + timedelta(days=90)
