"""A bucket shared with another account: bucket policy, the stranger's own policies and the key all have their say, and
names of keys mean those of whoever writes.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Refused
from s3_buckets import EVERYTHING_IN_S3, encrypt_by_default, new_bucket, open_to

from kms_katas.lab import Lab
from kms_katas.lab.accounts import Account

STRANGERS = "444455556666"


@pytest.fixture
def partner(lab: Lab) -> Account:
    return lab.account(STRANGERS)


@pytest.fixture
def s3(lab: Lab) -> Any:
    return lab.home.admin.client("s3")


@pytest.fixture
def bucket(lab: Lab, s3: Any, partner: Account) -> str:
    """Open to the partner's account."""
    name = new_bucket(lab)
    open_to(s3, name, f"arn:aws:iam::{partner.id}:root")
    return name


def shared_key(lab: Lab, via: str) -> str:
    """One that the partner may use through this service."""
    owner = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{lab.home.id}:root"}, "Action": "kms:*"}
    partner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{STRANGERS}:root"},
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Condition": {"StringEquals": {"kms:ViaService": via}},
    }
    statements = [one | {"Resource": "*"} for one in (owner, partner)]
    return lab.home.create_key({"Version": "2012-10-17", "Statement": statements})


def test_bucket_policy_own_policy_and_key_policy_together_let_the_partner_in(
    lab: Lab, s3: Any, bucket: str, partner: Account
) -> None:
    encrypt_by_default(s3, bucket, shared_key(lab, "s3.us-east-1.amazonaws.com"))
    partner.admin.client("s3").put_object(Bucket=bucket, Key="a", Body=b"x")
    assert partner.admin.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_via_service_of_another_region_keeps_the_partner_out(lab: Lab, s3: Any, bucket: str, partner: Account) -> None:
    encrypt_by_default(s3, bucket, shared_key(lab, "s3.eu-west-1.amazonaws.com"))
    s3.put_object(Bucket=bucket, Key="a")
    with pytest.raises(ClientError, match="kms:Decrypt") as denied:
        partner.admin.client("s3").get_object(Bucket=bucket, Key="a")
    assert lab.explain(denied.value).layer == "key-policy"


def test_the_region_of_via_service_is_the_buckets(lab: Lab, s3: Any) -> None:
    key, name = lab.home.create_key(region="eu-west-1"), new_bucket(lab, "eu-west-1")
    s3.put_object(Bucket=name, Key="a", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    assert lab.calls[-1].decision.request.context["kms:ViaService"] == "s3.eu-west-1.amazonaws.com"


def test_the_bucket_policy_alone_does_not_give_the_key(lab: Lab, s3: Any, bucket: str, partner: Account) -> None:
    encrypt_by_default(s3, bucket, lab.home.create_key())
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        partner.admin.client("s3").put_object(Bucket=bucket, Key="a")


def test_under_sse_s3_bucket_policy_and_own_policy_are_enough(s3: Any, bucket: str, partner: Account) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert partner.admin.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_without_a_bucket_policy_the_partner_is_told_no_reason(lab: Lab, s3: Any, partner: Account) -> None:
    name = new_bucket(lab)
    s3.put_object(Bucket=name, Key="a")
    with pytest.raises(ClientError) as denied:
        partner.admin.client("s3").get_object(Bucket=name, Key="a")
    assert denied.value.response["Error"] == {"Code": "AccessDenied", "Message": "Access Denied"}
    assert lab.explain(denied.value).layer == "resource-policy"


def test_a_partner_of_the_same_organization_is_told_the_reason(lab: Lab, s3: Any, partner: Account) -> None:
    organization, name = lab.organization(), new_bucket(lab)
    organization.add(lab.home)
    organization.add(partner)
    s3.put_object(Bucket=name, Key="a")
    with pytest.raises(ClientError, match="because no resource-based policy allows the s3:GetObject action"):
        partner.admin.client("s3").get_object(Bucket=name, Key="a")


def test_the_partners_own_side_is_asked_too(s3: Any, bucket: str, partner: Account, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    with refused("AccessDenied", "Access Denied"):
        partner.user("eve").client("s3").get_object(Bucket=bucket, Key="a")


@pytest.mark.parametrize("by_alias", [True, False])
def test_a_default_key_named_without_its_arn_is_looked_up_in_the_writers_account(
    lab: Lab, s3: Any, bucket: str, partner: Account, refused: Refused, by_alias: bool
) -> None:
    key = shared_key(lab, "s3.us-east-1.amazonaws.com")
    lab.home.admin.client("kms").create_alias(AliasName="alias/reports", TargetKeyId=key)
    encrypt_by_default(s3, bucket, "alias/reports" if by_alias else key.rpartition("/")[2])
    s3.put_object(Bucket=bucket, Key="a")
    with refused("KMS.NotFoundException"):
        partner.admin.client("s3").put_object(Bucket=bucket, Key="b")


def test_an_alias_as_default_ends_in_objects_that_the_bucket_owner_cannot_read(
    lab: Lab, s3: Any, bucket: str, partner: Account
) -> None:
    theirs = partner.create_key()
    partner.admin.client("kms").create_alias(AliasName="alias/reports", TargetKeyId=theirs)
    lab.home.admin.client("kms").create_alias(AliasName="alias/reports", TargetKeyId=lab.home.create_key())
    encrypt_by_default(s3, bucket, "alias/reports")
    assert partner.admin.client("s3").put_object(Bucket=bucket, Key="a")["SSEKMSKeyId"] == theirs
    with pytest.raises(ClientError, match="kms:Decrypt"):
        s3.get_object(Bucket=bucket, Key="a")


def test_no_key_named_means_the_writers_aws_managed_key_which_nobody_else_can_use(
    lab: Lab, s3: Any, bucket: str, partner: Account
) -> None:
    encrypt_by_default(s3, bucket)
    used = partner.admin.client("s3").put_object(Bucket=bucket, Key="a")["SSEKMSKeyId"]
    assert f":{partner.id}:" in used
    with pytest.raises(ClientError, match="kms:Decrypt"):
        s3.get_object(Bucket=bucket, Key="a")


def test_the_aws_managed_key_needs_no_kms_permission_of_the_reader(lab: Lab, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="aws:kms")
    reader = lab.home.user("reader", policies={"s3": EVERYTHING_IN_S3}).client("s3")
    assert reader.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_the_kms_call_stands_in_the_trails_of_both_accounts(lab: Lab, s3: Any, bucket: str, partner: Account) -> None:
    encrypt_by_default(s3, bucket, shared_key(lab, "s3.us-east-1.amazonaws.com"))
    partner.admin.client("s3").put_object(Bucket=bucket, Key="a")
    pair = lab.trail[-2:]
    assert {event["recipientAccountId"] for event in pair} == {lab.home.id, partner.id}
    assert len({event["sharedEventID"] for event in pair}) == 1


def test_what_a_partner_tags_the_owner_sees(s3: Any, bucket: str, partner: Account) -> None:
    partner.admin.client("s3").put_object(Bucket=bucket, Key="a", Tagging="team=blue")
    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == [{"Key": "team", "Value": "blue"}]


def test_another_owner_than_expected_is_refused(s3: Any, bucket: str, partner: Account, refused: Refused) -> None:
    with refused("AccessDenied", "Access Denied"):
        s3.put_object(Bucket=bucket, Key="a", ExpectedBucketOwner=partner.id)
