"""Text C on who owns a key, and what its owner decides."""

import secrets

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.fixture
def s3(lab):
    return lab.home.admin.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"reports-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    return name


def managers(kms):
    """Who manages each key that the account can see."""
    keys = [key["KeyId"] for key in kms.list_keys()["Keys"]]
    return sorted(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyManager"] for key in keys)


@pytest.mark.claim("C28")
def test_of_three_owners_two_can_be_seen(kms, s3, bucket):
    """Besides yours and those that AWS manages for you there are keys that AWS owns: nothing shows them to you."""
    s3.put_object(Bucket=bucket, Key="a", Body=b"hello")
    assert s3.head_object(Bucket=bucket, Key="a")["ServerSideEncryption"] == "AES256"  # encrypted, and yet
    assert managers(kms) == []

    s3.put_object(Bucket=bucket, Key="b", Body=b"hello", ServerSideEncryption="aws:kms")
    assert managers(kms) == ["AWS"]

    kms.create_key()
    assert managers(kms) == ["AWS", "CUSTOMER"]


@pytest.mark.claim("C29")
def test_sse_kms_is_a_mode_of_s3_for_keys_of_either_owner(kms, s3, bucket):
    """SSE-KMS is no service: an object's mode is aws:kms with your key, and with aws/s3 where you name none."""
    own = kms.create_key()["KeyMetadata"]["Arn"]
    mode = {"Bucket": bucket, "Body": b"hello", "ServerSideEncryption": "aws:kms"}
    s3.put_object(Key="named", SSEKMSKeyId=own, **mode)
    s3.put_object(Key="not named", **mode)
    named, not_named = (s3.head_object(Bucket=bucket, Key=key) for key in ("named", "not named"))
    assert named["ServerSideEncryption"] == not_named["ServerSideEncryption"] == "aws:kms"
    assert named["SSEKMSKeyId"] == own
    assert not_named["SSEKMSKeyId"] == kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]


CONTROLS = [
    ("enable_key_rotation", {"RotationPeriodInDays": 180}),
    ("create_grant", {"GranteePrincipal": "arn:aws:iam::444455556666:root", "Operations": ["Decrypt"]}),
    ("tag_resource", {"Tags": [{"TagKey": "team", "TagValue": "blue"}]}),
    ("update_key_description", {"Description": "Invoices"}),
    ("disable_key", {}),
    ("enable_key", {}),
    ("schedule_key_deletion", {}),
]


@pytest.mark.claim("C30")
@pytest.mark.parametrize(("operation", "asked"), CONTROLS, ids=[name for name, _ in CONTROLS])
def test_what_you_control_of_your_key_you_do_not_of_one_that_aws_manages(kms, operation, asked):
    """Rotation, grants, tags, state and deletion: yours to decide for your key, refused for an AWS managed key."""
    own = kms.create_key()["KeyMetadata"]["KeyId"]
    managed = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    getattr(kms, operation)(KeyId=own, **asked)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        getattr(kms, operation)(KeyId=managed, **asked)


@pytest.mark.claim("C30")
def test_the_key_policy_is_yours_to_write_for_your_key_alone(kms):
    """PutKeyPolicy takes what GetKeyPolicy gave of your key, and refuses the same for an AWS managed key."""
    own = kms.create_key()["KeyMetadata"]["KeyId"]
    managed = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    kms.put_key_policy(KeyId=own, Policy=kms.get_key_policy(KeyId=own)["Policy"])
    with pytest.raises(ClientError, match="AccessDeniedException"):
        kms.put_key_policy(KeyId=managed, Policy=kms.get_key_policy(KeyId=managed)["Policy"])
