"""Claims A17 and A21: what must be said and done for keys of your own."""

import json
import secrets

import pytest


@pytest.mark.claim("A17")
def test_s3_takes_the_key_of_the_bucket_where_a_request_names_none(lab):
    """No request names a key: under the bucket's default the object lies under its key, without one under none."""
    s3, bucket, key = lab.home.admin.client("s3"), f"data-{secrets.token_hex(6)}", lab.home.create_key()
    s3.create_bucket(Bucket=bucket)
    assert s3.put_object(Bucket=bucket, Key="a")["ServerSideEncryption"] == "AES256"

    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [default]})

    assert s3.put_object(Bucket=bucket, Key="b")["SSEKMSKeyId"] == key
    aws_managed = s3.put_object(Bucket=bucket, Key="c", ServerSideEncryption="aws:kms")["SSEKMSKeyId"]
    assert lab.home.admin.client("kms").describe_key(KeyId=aws_managed)["KeyMetadata"]["KeyManager"] == "AWS"


@pytest.mark.claim("A17")
def test_ebs_takes_the_key_of_the_region_where_a_request_names_none(lab):
    """One setting of the account and Region, and every new volume lies under the key: no request says so."""
    ec2, key = lab.home.admin.client("ec2"), lab.home.create_key()
    volume = {"AvailabilityZone": "us-east-1a", "Size": 8}
    assert not ec2.create_volume(**volume)["Encrypted"]

    ec2.enable_ebs_encryption_by_default()
    ec2.modify_ebs_default_kms_key_id(KmsKeyId=key)

    assert ec2.create_volume(**volume)["KmsKeyId"] == key


@pytest.mark.claim("A21")
def test_a_key_that_nobody_touches_has_a_policy_and_goes_on_working(lab):
    """One call makes a key with a policy, one rotates it from then on, and ten years later it opens what it sealed."""
    kms, secret = lab.home.admin.client("kms"), secrets.token_bytes(20)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"]
    kms.enable_key_rotation(KeyId=key)
    sealed = kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]

    lab.clock.advance(days=10 * 365)

    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == secret
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 10


@pytest.mark.claim("A21")
def test_the_customer_can_do_with_the_key_what_the_text_lists(lab):
    """Rotate, grant, change the policy, disable and delete: each is one call of the customer's."""
    kms, user = lab.home.admin.client("kms"), lab.home.user("ann")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    everything = kms.get_key_policy(KeyId=key)["Policy"]

    kms.rotate_key_on_demand(KeyId=key)
    kms.create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["Decrypt"])
    kms.put_key_policy(KeyId=key, Policy=everything.replace("Enable", "Permit"))
    kms.disable_key(KeyId=key)
    kms.schedule_key_deletion(KeyId=key)

    assert "Permit" in kms.get_key_policy(KeyId=key)["Policy"]
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
