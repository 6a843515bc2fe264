"""Claims B5 to B9, B14, B16 and B17: whose a key is, when AWS managed keys appear, and what can be done with them."""

import json
import secrets

import pytest
from botocore.exceptions import ClientError


def new_bucket(lab, region=None):
    """The name of a new bucket of the home account."""
    name, where = f"data-{secrets.token_hex(6)}", {}
    if region:
        where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    lab.home.admin.client("s3", region=region).create_bucket(Bucket=name, **where)
    return name


def keys(lab, region=None):
    """What KMS says of each key of the home account in a Region."""
    kms = lab.home.admin.client("kms", region=region)
    return [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.fixture
def aws_managed(kms):
    """The ARN of the AWS managed key of S3."""
    return kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]


@pytest.mark.claim("B5")
def test_a_third_kind_of_key_encrypts_and_is_in_no_account(lab, kms):
    """KMS shows keys of two managers. What a service seals under keys of its own shows neither key nor call."""
    lab.home.admin.client("s3").put_object(Bucket=new_bucket(lab), Key="a", Body=b"x")
    sqs = lab.home.admin.client("sqs")
    queue = sqs.create_queue(QueueName="in", Attributes={"SqsManagedSseEnabled": "true"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    assert keys(lab) == []
    assert not {"GenerateDataKey", "Encrypt", "Decrypt"} & {event["eventName"] for event in lab.trail}

    kms.create_key()
    kms.describe_key(KeyId="alias/aws/s3")
    assert {key["KeyManager"] for key in keys(lab)} == {"CUSTOMER", "AWS"}


@pytest.mark.claim("B6")
def test_an_aws_managed_key_appears_when_it_is_first_used_and_not_with_any_encryption(lab):
    """SSE-S3 makes no key. The first object under SSE-KMS makes `aws/s3`, and the second makes no other."""
    s3, bucket = lab.home.admin.client("s3"), new_bucket(lab)
    s3.put_object(Bucket=bucket, Key="a", ServerSideEncryption="AES256")
    assert keys(lab) == []

    s3.put_object(Bucket=bucket, Key="b", ServerSideEncryption="aws:kms")
    first = keys(lab)
    s3.put_object(Bucket=bucket, Key="c", ServerSideEncryption="aws:kms")

    assert [key["KeyManager"] for key in first] == ["AWS"]
    assert keys(lab) == first


@pytest.mark.claim("B7")
def test_an_encrypted_bucket_makes_no_kms_key(lab):
    """The bucket is encrypted, every object under SSE-S3, and the account has no KMS key, before and after."""
    s3, bucket = lab.home.admin.client("s3"), new_bucket(lab)
    sse_s3 = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [sse_s3]})
    answer = s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert answer["ServerSideEncryption"] == "AES256" and "SSEKMSKeyId" not in answer
    assert keys(lab) == []

    sse_kms = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [sse_kms]})
    key = s3.put_object(Bucket=bucket, Key="b", Body=b"x")["SSEKMSKeyId"]
    assert [one["Arn"] for one in keys(lab)] == [key]
    aliases = lab.home.admin.client("kms").list_aliases(KeyId=key)["Aliases"]
    assert [alias["AliasName"] for alias in aliases] == ["alias/aws/s3"]


@pytest.mark.claim("B8")
def test_each_account_and_region_has_an_aws_managed_key_of_its_own(lab):
    """Two accounts, two Regions: four keys behind one name, and none of them is a multi-Region key."""
    found = [
        account.admin.client("kms", region=region).describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
        for account in (lab.home, lab.account("444455556666"))
        for region in ("us-east-1", "eu-west-1")
    ]
    assert len({key["KeyId"] for key in found}) == 4
    assert not any(key["MultiRegion"] for key in found)


@pytest.mark.claim("B9")
def test_only_its_service_uses_an_aws_managed_key_and_you_may_look_at_it(lab, kms, aws_managed):
    """S3 encrypts with it. The administrator cannot, directly or through another service, and can describe it."""
    lab.home.admin.client("s3").put_object(Bucket=new_bucket(lab), Key="a", ServerSideEncryption="aws:kms")
    assert lab.calls[-1].operation == "GenerateDataKey"

    for client in (kms, lab.home.admin.client("kms", via_service="secretsmanager")):
        with pytest.raises(ClientError, match="AccessDenied"):
            client.generate_data_key(KeyId=aws_managed, KeySpec="AES_256")

    condition = json.loads(kms.get_key_policy(KeyId=aws_managed)["Policy"])["Statement"][0]["Condition"]
    assert condition["StringEquals"]["kms:ViaService"] == "s3.us-east-1.amazonaws.com"


@pytest.mark.claim("B14")
def test_an_aws_managed_key_is_neither_deleted_nor_disabled(lab, kms, aws_managed):
    """Even the root user is refused, and the key stays as it is."""
    for who in (kms, lab.home.root.client("kms")):
        with pytest.raises(ClientError, match="AccessDenied"):
            who.schedule_key_deletion(KeyId=aws_managed)
        with pytest.raises(ClientError, match="AccessDenied"):
            who.disable_key(KeyId=aws_managed)
    assert kms.describe_key(KeyId=aws_managed)["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.claim("B16")
def test_a_customer_managed_key_serves_several_services_and_an_aws_managed_key_one(lab, kms, aws_managed):
    """One key of ours seals an object and a secret. Secrets Manager cannot use the key of S3."""
    key, name, secrets_manager = lab.home.create_key(), secrets.token_hex(6), lab.home.admin.client("secretsmanager")
    lab.home.admin.client("s3").put_object(
        Bucket=new_bucket(lab), Key="a", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    secrets_manager.create_secret(Name=name, SecretString="x", KmsKeyId=key)
    used = [event for event in lab.trail if event["eventName"] == "GenerateDataKey"]
    services = {event["userIdentity"]["invokedBy"] for event in used if event["resources"][0]["ARN"] == key}
    assert services == {"s3.amazonaws.com", "secretsmanager.amazonaws.com"}

    with pytest.raises(ClientError, match="AccessDenied"):
        secrets_manager.create_secret(Name=name + "-2", SecretString="x", KmsKeyId=aws_managed)


@pytest.mark.claim("B17")
def test_the_policy_of_an_aws_managed_key_is_there_to_read_and_not_to_change(kms, aws_managed):
    """GetKeyPolicy shows it, and PutKeyPolicy is refused, whatever the new policy says."""
    policy = kms.get_key_policy(KeyId=aws_managed)["Policy"]
    assert json.loads(policy)["Statement"]

    for new in (policy, policy.replace("s3.us-east-1", "*")):
        with pytest.raises(ClientError, match="AccessDenied"):
            kms.put_key_policy(KeyId=aws_managed, Policy=new)
    assert kms.get_key_policy(KeyId=aws_managed)["Policy"] == policy
