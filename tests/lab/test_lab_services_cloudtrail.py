"""Trails with encrypted logs in the lab: whom the key lets in, and for which trail."""

import secrets
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas import lab as laboratory
from kms_katas.lab import Lab

CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}
OTHER = "444455556666"


def trail_arn(name: str, account: str = "111122223333") -> str:
    return f"arn:aws:cloudtrail:us-east-1:{account}:trail/{name}"


def key_policy(*statements: dict[str, Any]) -> dict[str, Any]:
    root = {"AWS": "arn:aws:iam::111122223333:root"}
    owner = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [owner, *statements]}


def for_service(action: Any, **condition: dict[str, str]) -> dict[str, Any]:
    found = {"Effect": "Allow", "Principal": CLOUDTRAIL, "Action": action, "Resource": "*"}
    return found | ({"Condition": condition} if condition else {})


def for_trail(name: str, account: str = "111122223333") -> dict[str, Any]:
    """As the CloudTrail guide has it: this trail only."""
    arn = trail_arn(name, account)
    return key_policy(
        for_service(
            "kms:GenerateDataKey*",
            StringEquals={"aws:SourceArn": arn},
            StringLike={"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{account}:trail/*"},
        ),
        for_service("kms:DescribeKey", StringEquals={"aws:SourceArn": arn}),
    )


def put_bucket(lab: Lab, account: str = "111122223333") -> str:
    name = f"logs-{secrets.token_hex(4)}"
    lab.account(account).admin.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def bucket(lab: Lab) -> str:
    return put_bucket(lab)


@pytest.fixture
def trails(lab: Lab) -> Any:
    return lab.home.admin.client("cloudtrail")


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    found: str = error.value.response["Error"]["Code"]
    return found


def test_the_policy_of_the_guide_lets_its_trail_encrypt(lab: Lab, bucket: str, trails: Any) -> None:
    key = lab.home.create_key(for_trail("audit"))
    made = trails.create_trail(Name="audit", S3BucketName=bucket, KmsKeyId=key)
    assert made["KmsKeyId"] == trails.get_trail(Name="audit")["Trail"]["KmsKeyId"] == key


def test_the_service_asks_as_itself_for_the_trail(lab: Lab, bucket: str, trails: Any) -> None:
    key = lab.home.create_key(for_trail("audit"))
    trails.create_trail(Name="audit", S3BucketName=bucket, KmsKeyId=key)
    described, generated = (one for one in lab.calls if one.principal_arn == "cloudtrail.amazonaws.com")
    assert (described.operation, generated.operation) == ("DescribeKey", "GenerateDataKey")
    assert generated.parameters["EncryptionContext"] == {"aws:cloudtrail:arn": trail_arn("audit")}


def test_the_key_of_one_trail_refuses_another(lab: Lab, bucket: str, trails: Any) -> None:
    key = lab.home.create_key(for_trail("audit"))
    with pytest.raises(ClientError) as refused:
        trails.create_trail(Name="other", S3BucketName=bucket, KmsKeyId=key)
    assert code(refused) == "InsufficientEncryptionPolicyException"
    assert bucket in refused.value.response["Error"]["Message"]
    assert key in refused.value.response["Error"]["Message"]
    assert lab.explain(refused.value).request.action == "kms:DescribeKey"
    assert trails.list_trails()["Trails"] == []


def test_a_key_open_to_the_service_is_open_to_a_strangers_trail_and_a_source_shuts_it(lab: Lab) -> None:
    open_key = lab.home.create_key(key_policy(for_service(["kms:GenerateDataKey*", "kms:DescribeKey"])))
    shut_key = lab.home.create_key(for_trail("audit"))
    theirs, there = lab.account(OTHER).admin.client("cloudtrail"), put_bucket(lab, OTHER)
    assert theirs.create_trail(Name="audit", S3BucketName=there, KmsKeyId=open_key)["KmsKeyId"] == open_key
    with pytest.raises(ClientError, match="InsufficientEncryptionPolicyException"):
        theirs.create_trail(Name="copy", S3BucketName=there, KmsKeyId=shut_key)


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [for_service("kms:GenerateDataKey*")],
        [for_service("kms:DescribeKey")],
        [for_service(["kms:GenerateDataKey*", "kms:DescribeKey"], StringEquals={"kms:ViaService": "x"})],
        [for_service(["kms:GenerateDataKey*", "kms:DescribeKey"], StringEquals={"aws:PrincipalOrgID": "o-abcdefghij"})],
    ],
    ids=["nothing", "no describe", "no data key", "via service", "organization"],
)
def test_half_a_policy_is_not_enough(lab: Lab, bucket: str, trails: Any, statements: list[dict[str, Any]]) -> None:
    key = lab.home.create_key(key_policy(*statements))
    with pytest.raises(ClientError, match="InsufficientEncryptionPolicyException"):
        trails.create_trail(Name="audit", S3BucketName=bucket, KmsKeyId=key)


def test_another_accounts_key_takes_the_trail_that_it_names(lab: Lab) -> None:
    key = lab.home.create_key(for_trail("audit", OTHER))
    theirs = lab.account(OTHER).admin.client("cloudtrail")
    assert theirs.create_trail(Name="audit", S3BucketName=put_bucket(lab, OTHER), KmsKeyId=key)["KmsKeyId"] == key


def test_an_alias_means_the_key_of_the_trails_account(lab: Lab, bucket: str, trails: Any) -> None:
    key = lab.home.create_key(for_trail("audit"))
    lab.home.admin.client("kms").create_alias(AliasName="alias/logs", TargetKeyId=key)
    assert trails.create_trail(Name="audit", S3BucketName=bucket, KmsKeyId="alias/logs")["KmsKeyId"] == key


def test_a_key_that_is_not_there_or_elsewhere_is_not_found(lab: Lab, bucket: str, trails: Any) -> None:
    for name in ("alias/nobody", lab.home.create_key(for_trail("audit"), region="us-west-2")):
        with pytest.raises(ClientError) as refused:
            trails.create_trail(Name="audit", S3BucketName=bucket, KmsKeyId=name)
        assert code(refused) == "KmsKeyNotFoundException"
    with pytest.raises(ClientError) as refused:
        trails.create_trail(Name="audit", S3BucketName=bucket, KmsKeyId="arn:aws:s3:::logs")
    assert code(refused) == "InvalidKmsKeyIdException"


def test_a_disabled_key_is_an_error_of_kms(lab: Lab, bucket: str, trails: Any) -> None:
    key = lab.home.create_key(for_trail("audit"))
    lab.home.admin.client("kms").disable_key(KeyId=key)
    with pytest.raises(ClientError) as refused:
        trails.create_trail(Name="audit", S3BucketName=bucket, KmsKeyId=key)
    assert code(refused) == "KmsException"


def test_a_trail_gets_a_key_later_and_loses_it(lab: Lab, bucket: str, trails: Any) -> None:
    good, bad = lab.home.create_key(for_trail("audit")), lab.home.create_key()
    trails.create_trail(Name="audit", S3BucketName=bucket)
    with pytest.raises(ClientError, match="InsufficientEncryptionPolicyException"):
        trails.update_trail(Name="audit", KmsKeyId=bad)
    assert trails.update_trail(Name=trail_arn("audit"), KmsKeyId=good)["KmsKeyId"] == good
    assert not trails.update_trail(Name="audit", KmsKeyId="").get("KmsKeyId")


def test_who_may_not_make_trails_is_told_so(lab: Lab, bucket: str) -> None:
    with pytest.raises(ClientError) as denied:
        lab.home.user("eve").client("cloudtrail").create_trail(Name="audit", S3BucketName=bucket)
    assert code(denied) == "AccessDeniedException"
    assert lab.explain(denied.value).request.action == "cloudtrail:CreateTrail"


def test_a_missing_trail_or_bucket_is_motos_to_tell(trails: Any) -> None:
    with pytest.raises(ClientError, match="TrailNotFoundException"):
        trails.update_trail(Name="nowhere", KmsKeyId="alias/x")
    with pytest.raises(ClientError, match="S3BucketDoesNotExistException"):
        trails.create_trail(Name="audit", S3BucketName="nowhere", KmsKeyId="alias/x")


def test_without_enforcement_only_the_key_itself_counts() -> None:
    with mock_aws():
        laboratory.install()
        try:
            session = boto3.Session(region_name="us-east-1")
            session.client("s3").create_bucket(Bucket="trail-files")
            kms, trails = session.client("kms"), session.client("cloudtrail")
            key = kms.create_key()["KeyMetadata"]["Arn"]
            assert trails.create_trail(Name="audit", S3BucketName="trail-files", KmsKeyId=key)["KmsKeyId"] == key
            kms.disable_key(KeyId=key)
            with pytest.raises(ClientError, match="KmsException"):
                trails.update_trail(Name="audit", KmsKeyId=key)
        finally:
            laboratory.uninstall()
