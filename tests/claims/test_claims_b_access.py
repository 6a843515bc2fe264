"""Claims B18 to B24: who gets at the data under an AWS managed key and under one of your own."""

import json
import secrets

import pytest
from botocore.exceptions import ClientError

OTHER = "444455556666"


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def to(*principals):
    return {"Principal": {"AWS": list(principals)}}


def denied(call, **request):
    """Whether the call is refused for want of permission."""
    try:
        call(**request)
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
        return True
    return False


@pytest.fixture
def s3(lab):
    return lab.home.admin.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"data-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.mark.claim("B18")
def test_an_aws_managed_key_asks_for_the_permission_of_its_service_and_not_of_kms(lab, s3, bucket):
    """With all of KMS in IAM and nothing of S3 nobody gets anywhere; with S3 alone one reads the object."""
    key = s3.put_object(Bucket=bucket, Key="a", ServerSideEncryption="aws:kms")["SSEKMSKeyId"]
    of_kms = lab.home.user("of-kms", policies={"use": policy(allow("kms:*"))})
    of_s3 = lab.home.user("of-s3", policies={"read": policy(allow("s3:GetObject"))})

    assert denied(of_kms.client("kms").generate_data_key, KeyId=key, KeySpec="AES_256")
    assert denied(of_kms.client("s3").get_object, Bucket=bucket, Key="a")
    assert not denied(of_s3.client("s3").get_object, Bucket=bucket, Key="a")


@pytest.mark.claim("B19")
def test_what_a_key_policy_does_not_allow_it_forbids(lab):
    """The key policy denies nobody. IAM permissions count for nothing under it, and whom it names needs none."""
    named, in_iam = lab.home.user("named"), lab.home.user("in-iam", policies={"use": policy(allow("kms:*"))})
    key = lab.home.create_key(policy(allow("kms:*", **to(named.arn))))
    assert denied(in_iam.client("kms").encrypt, KeyId=key, Plaintext=b"x")
    assert not denied(named.client("kms").encrypt, KeyId=key, Plaintext=b"x")

    named.client("kms").create_grant(KeyId=key, GranteePrincipal=in_iam.arn, Operations=["Encrypt"])
    assert not denied(in_iam.client("kms").encrypt, KeyId=key, Plaintext=b"x")
    default = lab.home.create_key()
    assert not denied(in_iam.client("kms").encrypt, KeyId=default, Plaintext=b"x")


@pytest.mark.claim("B20")
def test_a_key_of_your_own_narrows_who_reads(lab, s3, bucket):
    """Both may read the bucket. Under the AWS managed key both do, under a key of your own the one it names."""
    may_read = {"read": policy(allow(["s3:GetObject", "kms:Decrypt"]))}
    ann, bob = lab.home.user("ann", policies=may_read), lab.home.user("bob", policies=may_read)
    key = lab.home.create_key(policy(allow("kms:*", **to(lab.home.admin.arn, ann.arn))))
    s3.put_object(Bucket=bucket, Key="managed", ServerSideEncryption="aws:kms")
    s3.put_object(Bucket=bucket, Key="own", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)

    refused = {
        (who.arn.split("/")[1], name): denied(who.client("s3").get_object, Bucket=bucket, Key=name)
        for who in (ann, bob)
        for name in ("managed", "own")
    }
    assert [case for case, no in refused.items() if no] == [("bob", "own")]


@pytest.mark.claim("B21")
def test_another_account_gets_in_by_a_key_policy_that_one_can_write(lab):
    """A key of your own is opened to the other account by its policy; that of an AWS managed key stays as it is."""
    kms, theirs = lab.home.admin.client("kms"), lab.account(OTHER).admin.client("kms")
    opened = json.dumps(policy(allow("kms:*", **to(lab.home.id, OTHER))))
    key, managed = (
        kms.create_key()["KeyMetadata"]["Arn"],
        kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"],
    )
    assert denied(theirs.encrypt, KeyId=key, Plaintext=b"x")

    kms.put_key_policy(KeyId=key, Policy=opened)
    assert not denied(theirs.encrypt, KeyId=key, Plaintext=b"x")
    assert denied(kms.put_key_policy, KeyId=managed, Policy=opened)


@pytest.mark.claim("B21", "B23")
@pytest.mark.parametrize("key", ["alias/aws/sqs", "customer managed"])
def test_s3_sends_to_a_queue_under_a_key_whose_policy_names_s3(lab, s3, bucket, key):
    """S3 sends as itself, for no caller: it needs a key whose policy lets it in, and the AWS managed key does not."""
    service = {"Principal": {"Service": "s3.amazonaws.com"}}
    if key == "customer managed":
        rights = allow(["kms:GenerateDataKey", "kms:Decrypt"], **service)
        key = lab.home.create_key(policy(allow("kms:*", **to(lab.home.id)), rights))
    sqs, arn = lab.home.admin.client("sqs"), f"arn:aws:sqs:us-east-1:{lab.home.id}:in"
    attributes = {"KmsMasterKeyId": key, "Policy": json.dumps(policy(allow("sqs:SendMessage", arn, **service)))}
    queue = sqs.create_queue(QueueName="in", Attributes=attributes)["QueueUrl"]
    events = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    notify = {"Bucket": bucket, "NotificationConfiguration": events}

    if key == "alias/aws/sqs":
        with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
            s3.put_bucket_notification_configuration(**notify)
    else:
        s3.put_bucket_notification_configuration(**notify)
        s3.put_object(Bucket=bucket, Key="upload")
        bodies = [one["Body"] for one in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]]
        assert any('"upload"' in body for body in bodies)


@pytest.mark.claim("B22")
@pytest.mark.parametrize("mode", ["AES256", "aws:kms", "aws:kms:dsse"])
def test_an_encrypted_bucket_is_shared_without_a_key_unless_kms_is_asked_for(lab, s3, bucket, mode):
    """SSE-S3 is encryption, and the other account reads. Under SSE-KMS and DSSE-KMS it needs a key of your own."""
    reads = {"read": policy(allow(["s3:GetObject", "kms:Decrypt"]))}
    reader = lab.account(OTHER).user("reader", policies=reads)
    opened = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", **to(reader.arn))
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(opened)))

    s3.put_object(Bucket=bucket, Key="a", ServerSideEncryption=mode)
    assert denied(reader.client("s3").get_object, Bucket=bucket, Key="a") == (mode != "AES256")

    if mode != "AES256":
        key = lab.home.create_key(policy(allow("kms:*", **to(lab.home.id, OTHER))))
        s3.put_object(Bucket=bucket, Key="a", ServerSideEncryption=mode, SSEKMSKeyId=key)
        assert not denied(reader.client("s3").get_object, Bucket=bucket, Key="a")


@pytest.mark.claim("B23")
def test_a_service_that_acts_for_its_caller_uses_the_aws_managed_key(lab, s3, bucket):
    """S3 asks KMS in the reader's name, and the key policy admits every caller of the account that comes by S3."""
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="aws:kms")
    reader = lab.home.role("job", policies={"read": policy(allow("s3:GetObject"))}).session("s1")

    assert reader.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"

    opened = [event for event in lab.trail if event["eventName"] == "Decrypt"][-1]
    assert opened["userIdentity"]["arn"] == reader.arn
    assert opened["userIdentity"]["invokedBy"] == "s3.amazonaws.com"


@pytest.mark.claim("B24")
def test_encryption_is_by_object_and_the_setting_of_a_bucket_is_for_new_ones(lab, s3, bucket):
    """The old object stays as it is until it is changed itself; one request may ask for another encryption."""
    key, body = lab.home.create_key(), secrets.token_bytes(20)
    s3.put_object(Bucket=bucket, Key="old", Body=body)
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [default]})
    s3.put_object(Bucket=bucket, Key="new")
    s3.put_object(Bucket=bucket, Key="other", ServerSideEncryption="AES256")

    under = {name: s3.head_object(Bucket=bucket, Key=name).get("SSEKMSKeyId") for name in ("old", "new", "other")}
    assert under == {"old": None, "new": key, "other": None}

    wanted = {"SSEKMS": {"KMSKeyArn": key, "BucketKeyEnabled": False}}
    s3.update_object_encryption(Bucket=bucket, Key="old", ObjectEncryption=wanted)
    after = s3.get_object(Bucket=bucket, Key="old")
    assert (after["SSEKMSKeyId"], after["Body"].read()) == (key, body)
