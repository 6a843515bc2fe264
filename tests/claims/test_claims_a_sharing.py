"""Claims A4 to A6: what can be shared with another account, and under which key."""

import json
import secrets

import pytest
from botocore.exceptions import ClientError

OTHER = "444455556666"


def statement(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def key_for_both(lab):
    """The ARN of a key of the home account that the other account may use too."""
    both = {"AWS": [f"arn:aws:iam::{lab.home.id}:root", f"arn:aws:iam::{OTHER}:root"]}
    return lab.home.create_key(policy(statement("kms:*", Principal=both)))


@pytest.mark.claim("A4")
def test_a_snapshot_under_aws_ebs_is_shared_as_a_copy_under_another_key(lab):
    """EC2 refuses to share the snapshot, and shares its copy, which the other account can restore."""
    ours, theirs = lab.home.admin.client("ec2"), lab.account(OTHER).admin.client("ec2")
    share = {"Add": [{"UserId": OTHER}]}
    volume = ours.create_volume(AvailabilityZone="us-east-1a", Size=8, Encrypted=True)
    assert lab.home.admin.client("kms").describe_key(KeyId=volume["KmsKeyId"])["KeyMetadata"]["KeyManager"] == "AWS"
    snapshot = ours.create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"]

    with pytest.raises(ClientError, match=r"OperationNotPermitted.*EBS default key cannot be shared"):
        ours.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission=share)

    key = key_for_both(lab)
    copy = ours.copy_snapshot(SourceSnapshotId=snapshot, SourceRegion="us-east-1", Encrypted=True, KmsKeyId=key)
    ours.modify_snapshot_attribute(SnapshotId=copy["SnapshotId"], CreateVolumePermission=share)
    made = theirs.create_volume(AvailabilityZone="us-east-1a", SnapshotId=copy["SnapshotId"])
    assert theirs.describe_volumes(VolumeIds=[made["VolumeId"]])["Volumes"][0]["Encrypted"]


@pytest.mark.claim("A5")
def test_the_policy_of_an_aws_managed_key_keeps_other_accounts_out(lab):
    """The policy asks for the own account, nobody can change it, and the other account is refused."""
    kms = lab.home.admin.client("kms")
    key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    first, *_ = json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"]
    assert first["Condition"]["StringEquals"]["kms:CallerAccount"] == lab.home.id

    wider = policy(statement("kms:*", Principal={"AWS": [lab.home.id, OTHER]}))
    with pytest.raises(ClientError, match="AccessDenied"):
        kms.put_key_policy(KeyId=key, Policy=json.dumps(wider))
    through_s3 = lab.account(OTHER).admin.client("kms", via_service="s3")
    with pytest.raises(ClientError, match="AccessDenied"):
        through_s3.generate_data_key(KeyId=key, KeySpec="AES_256")


@pytest.mark.claim("A6")
@pytest.mark.parametrize("under", ["SSE-S3", "aws/s3", "customer managed key"])
def test_an_encrypted_object_is_shared_where_it_is_under_no_key_or_under_one_whose_policy_says_so(lab, under):
    """Bucket policy and IAM policy are enough for SSE-S3; under the AWS managed key nothing is enough."""
    s3, bucket, body = lab.home.admin.client("s3"), f"data-{secrets.token_hex(6)}", secrets.token_bytes(30)
    s3.create_bucket(Bucket=bucket)
    encryption = {
        "SSE-S3": {"ServerSideEncryption": "AES256"},
        "aws/s3": {"ServerSideEncryption": "aws:kms"},
        "customer managed key": {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_for_both(lab)},
    }
    s3.put_object(Bucket=bucket, Key="a", Body=body, **encryption[under])
    may_read = policy(statement(["s3:GetObject", "kms:Decrypt"]))
    reader = lab.account(OTHER).user("reader", policies={"read": may_read})
    for_reader = statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": reader.arn})
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(for_reader)))

    if under == "aws/s3":
        with pytest.raises(ClientError, match=r"AccessDenied.*kms:Decrypt"):
            reader.client("s3").get_object(Bucket=bucket, Key="a")
    else:
        assert reader.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == body
