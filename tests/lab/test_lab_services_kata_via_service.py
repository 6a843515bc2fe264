"""The kata key-policies/via-service as a learner lives it: a key that one role may use through S3 of one Region alone,
the right key policy and the wrong ones that people write.
"""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from s3_buckets import EVERYTHING_IN_S3, new_bucket

from kms_katas.lab import Lab, Principal
from kms_katas.lab.accounts import Role
from kms_katas.policy import explain

STRANGERS = "444455556666"
S3_HERE = "s3.us-east-1.amazonaws.com"
ADMINISTER = ["kms:Describe*", "kms:Get*", "kms:List*", "kms:Put*", "kms:Enable*", "kms:Disable*"]
Policy = dict[str, Any]


@pytest.fixture
def role(lab: Lab) -> Role:
    queues = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    return lab.home.role("app", policies={"s3": EVERYTHING_IN_S3, "queues": queues})


@pytest.fixture
def app(role: Role) -> Principal:
    return role.session("one")


@pytest.fixture
def key_with(lab: Lab) -> Callable[..., str]:
    """The ARN of a key that the administrator runs and that these statements open."""

    def key(*statements: Policy, region: str | None = None) -> str:
        admin = {"Effect": "Allow", "Principal": {"AWS": lab.home.admin.arn}, "Action": ADMINISTER, "Resource": "*"}
        return lab.home.create_key({"Version": "2012-10-17", "Statement": [admin, *statements]}, region=region)

    return key


def use(principal: Any, **condition: Any) -> Policy:
    statement = {"Effect": "Allow", "Principal": principal, "Action": ["kms:GenerateDataKey", "kms:Decrypt"]}
    return statement | {"Resource": "*"} | ({"Condition": condition} if condition else {})


def write_and_read(who: Principal, bucket: str, key: str) -> None:
    s3, name = who.client("s3"), secrets.token_hex(4)
    s3.put_object(Bucket=bucket, Key=name, Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    assert s3.get_object(Bucket=bucket, Key=name)["Body"].read() == b"x"


def send(lab: Lab, who: Principal, key: str) -> None:
    made = lab.home.admin.client("sqs").create_queue(QueueName=secrets.token_hex(4), Attributes={"KmsMasterKeyId": key})
    who.client("sqs").send_message(QueueUrl=made["QueueUrl"], MessageBody="x")


def refusal(call: Callable[..., Any], *given: Any, **named: Any) -> ClientError:
    with pytest.raises(ClientError) as refused:
        call(*given, **named)
    return refused.value


def test_the_role_gets_in_through_s3_and_by_no_other_way(
    lab: Lab, role: Role, app: Principal, key_with: Callable[..., str]
) -> None:
    key, bucket = key_with(use({"AWS": role.arn}, StringEquals={"kms:ViaService": S3_HERE})), new_bucket(lab)

    write_and_read(app, bucket, key)

    direct = refusal(app.client("kms").generate_data_key, KeyId=key, KeySpec="AES_256")
    assert "this call came directly" in " ".join(explain(lab.explain(direct)))
    assert refusal(send, lab, app, key).response["Error"]["Code"] == "KMS.AccessDeniedException"
    someone = lab.home.user("someone", policies={"s3": EVERYTHING_IN_S3})
    assert lab.explain(refusal(write_and_read, someone, bucket, key)).layer == "key-policy"


def test_a_refusal_behind_s3_says_that_s3_let_the_caller_in_and_kms_did_not(
    lab: Lab, app: Principal, key_with: Callable[..., str]
) -> None:
    refused = refusal(write_and_read, app, new_bucket(lab), key_with())

    assert refused.response["Error"]["Code"] == "AccessDenied"
    assert refused.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert "is not authorized to perform: kms:GenerateDataKey on resource" in str(refused)
    assert f"through {S3_HERE}, which let it in: KMS did not" in explain(lab.explain(refused))[0]


def test_a_refusal_of_s3_itself_speaks_of_s3_alone(lab: Lab) -> None:
    nobody, bucket = lab.home.user("nobody"), new_bucket(lab)
    before = len(lab.calls)

    refused = refusal(nobody.client("s3").put_object, Bucket=bucket, Key="a", ServerSideEncryption="aws:kms")

    assert len(lab.calls) == before
    assert "KMS" not in " ".join(explain(lab.explain(refused)))


def test_everybody_through_s3_lets_other_accounts_in_by_their_own_buckets(
    lab: Lab, key_with: Callable[..., str]
) -> None:
    stranger = lab.account(STRANGERS).admin
    theirs = f"theirs-{secrets.token_hex(4)}"
    stranger.client("s3").create_bucket(Bucket=theirs)

    write_and_read(stranger, theirs, key_with(use({"AWS": "*"}, StringEquals={"kms:ViaService": S3_HERE})))

    closed = key_with(use({"AWS": "*"}, StringEquals={"kms:ViaService": S3_HERE, "kms:CallerAccount": lab.home.id}))
    told = " ".join(explain(lab.explain(refusal(write_and_read, stranger, theirs, closed))))
    assert "kms:CallerAccount" in told and STRANGERS in told


def test_the_service_of_another_region_never_fits(
    lab: Lab, role: Role, app: Principal, key_with: Callable[..., str]
) -> None:
    key = key_with(use({"AWS": role.arn}, StringEquals={"kms:ViaService": "s3.eu-west-1.amazonaws.com"}))

    told = " ".join(explain(lab.explain(refusal(write_and_read, app, new_bucket(lab), key))))

    assert "wants 's3.eu-west-1.amazonaws.com' (StringEquals), and this call has 's3.us-east-1.amazonaws.com'" in told


def test_a_bucket_of_another_region_asks_through_its_own_s3(
    lab: Lab, role: Role, app: Principal, key_with: Callable[..., str]
) -> None:
    key = key_with(use({"AWS": role.arn}, StringEquals={"kms:ViaService": S3_HERE}), region="eu-west-1")

    refused = refusal(write_and_read, app, new_bucket(lab, "eu-west-1"), key)

    assert lab.explain(refused).request.context["kms:ViaService"] == "s3.eu-west-1.amazonaws.com"


def test_any_service_at_all_is_more_than_s3(lab: Lab, role: Role, app: Principal, key_with: Callable[..., str]) -> None:
    key = key_with(use({"AWS": role.arn}, StringLike={"kms:ViaService": "*"}))

    send(lab, app, key)
    refusal(app.client("kms").generate_data_key, KeyId=key, KeySpec="AES_256")


def test_a_deny_of_all_that_does_not_come_through_s3_stops_the_administrators_too(
    lab: Lab, role: Role, app: Principal, key_with: Callable[..., str]
) -> None:
    only_s3 = {"Sid": "OnlyS3", "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    key = key_with(use({"AWS": role.arn}), only_s3 | {"Condition": {"StringNotEquals": {"kms:ViaService": S3_HERE}}})

    write_and_read(app, new_bucket(lab), key)

    refused = refusal(lab.home.admin.client("kms").describe_key, KeyId=key)
    assert lab.explain(refused).kind == "ExplicitDeny"
    assert 'statement 3 ("OnlyS3")' in " ".join(explain(lab.explain(refused)))
