"""Claims B2, B10, B12, B13 and B15: what a key is, how it is configured, rotated and deleted."""

import json
import random
import secrets

import pytest
from botocore.exceptions import ClientError, ParamValidationError


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.mark.claim("B2")
def test_a_key_is_created_used_and_controlled_by_calls(lab, kms):
    """KMS makes a key, seals and opens with it, and lets in only whom the key's owner lets in."""
    key, secret = kms.create_key()["KeyMetadata"]["KeyId"], secrets.token_bytes(20)
    sealed = kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
    assert secret not in sealed
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == secret

    with pytest.raises(ClientError, match="AccessDenied"):
        lab.home.user("ann").client("kms").decrypt(CiphertextBlob=sealed)


@pytest.mark.claim("B10")
def test_a_customer_managed_key_is_as_it_was_asked_for_and_some_of_it_can_be_changed(kms):
    """The kind is chosen once; description, tags and policy can be changed later."""
    tag = {"TagKey": "team", "TagValue": secrets.token_hex(4)}
    asked = {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY", "Description": secrets.token_hex(4)}
    key = kms.create_key(**asked, Tags=[tag])["KeyMetadata"]
    assert key["KeyManager"] == "CUSTOMER" and asked.items() <= key.items()
    assert kms.list_resource_tags(KeyId=key["KeyId"])["Tags"] == [tag]

    kms.update_key_description(KeyId=key["KeyId"], Description="new")
    kms.untag_resource(KeyId=key["KeyId"], TagKeys=["team"])
    policy = json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"]) | {"Id": "mine"}
    kms.put_key_policy(KeyId=key["KeyId"], Policy=json.dumps(policy))

    now = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert now == key | {"Description": "new"}
    assert json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"])["Id"] == "mine"


@pytest.mark.claim("B12")
def test_an_aws_managed_key_is_rotated_every_year(lab, kms):
    """Three years bring three rotations, not one; the period cannot be changed, and rotation not be stopped."""
    key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365

    lab.clock.advance(days=3 * 365 + 1)

    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 3
    with pytest.raises(ClientError, match="AccessDenied"):
        kms.disable_key_rotation(KeyId=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=3 * 365)


@pytest.mark.claim("B13")
def test_the_customer_chooses_the_period_and_a_year_is_what_comes_of_no_choice(lab, kms):
    """From 90 to 2,560 days; the rotations of nine years are as many as the period asks for."""
    period = random.randint(90, 2560)
    chosen, unchosen, never = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3))
    kms.enable_key_rotation(KeyId=chosen, RotationPeriodInDays=period)
    kms.enable_key_rotation(KeyId=unchosen)
    for wrong in (89, 2561):
        with pytest.raises((ClientError, ParamValidationError)):
            kms.enable_key_rotation(KeyId=never, RotationPeriodInDays=wrong)

    lab.clock.advance(days=9 * 365, hours=1)

    counted = [len(kms.list_key_rotations(KeyId=key)["Rotations"]) for key in (chosen, unchosen, never)]
    assert counted == [9 * 365 // period, 9, 0]


@pytest.mark.claim("B13")
def test_a_key_is_rotated_on_demand_at_most_25_times(lab, kms):
    """Nobody has to wait for a year; the 26th request is refused."""
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for _ in range(25):
        kms.rotate_key_on_demand(KeyId=key)
        lab.clock.advance(minutes=10)

    with pytest.raises(ClientError, match="LimitExceededException"):
        kms.rotate_key_on_demand(KeyId=key)
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 25


@pytest.mark.claim("B15")
def test_a_deletion_is_scheduled_and_can_be_cancelled(lab, kms):
    """No call deletes a key at once. Until the waiting period ends, the key can be had back, disabled."""
    assert not hasattr(kms, "delete_key")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for wrong in (random.randint(1, 6), random.randint(31, 365)):
        with pytest.raises(ClientError, match="ValidationException"):
            kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=wrong)

    answer = kms.schedule_key_deletion(KeyId=key)
    assert answer["PendingWindowInDays"] == 30 and answer["KeyState"] == "PendingDeletion"
    lab.clock.advance(days=29)
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"

    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    lab.clock.advance(days=8)
    with pytest.raises(ClientError, match="NotFoundException"):
        kms.describe_key(KeyId=key)
