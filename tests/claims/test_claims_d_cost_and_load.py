"""Claims D5, D10, D17 and D20: what keys cost, and whether more keys carry more requests.

The figures are those of docs/facts.toml; AWS's own bill and AWS's own throttling are not here.
"""

import secrets
import tomllib
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Quotas

FACTS = {
    fact["id"]: fact["value"]
    for fact in tomllib.loads((Path(__file__).parents[2] / "docs" / "facts.toml").read_text("utf-8"))["fact"]
}


def monthly(keys, rotations):
    """US dollars a month for this many customer managed keys, each rotated so often."""
    charged = min(rotations, FACTS["price-rotations-charged"])
    return keys * (FACTS["price-key"] + charged * FACTS["price-rotation"])


def admitted(*calls):
    """How many of these calls are not throttled. They are all made within one second of the lab's clock."""
    count = 0
    for call, asked in calls:
        try:
            call(**asked)
            count += 1
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ThrottlingException"
    return count


def data_key(client, key):
    """A call of GenerateDataKey, to be made later."""
    return client.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.mark.claim("D5")
def test_fewer_keys_cost_less_and_rotation_costs_little():
    """Ten keys cost ten times what one costs; rotation adds to each twice, and then nothing, however often it is."""
    assert monthly(keys=10, rotations=0) == 10 * monthly(keys=1, rotations=0)
    added = [monthly(1, year) - monthly(1, year - 1) for year in range(1, 6)]
    assert added == [FACTS["price-rotation"]] * 2 + [0] * 3
    assert monthly(keys=1, rotations=5) == FACTS["price-key-most"]


@pytest.mark.claim("D5")
def test_rotation_makes_no_requests(lab, kms):
    """Five years of automatic rotation are five events that AWS makes itself, and no request that anybody pays for."""
    key, secret = lab.home.create_key(), secrets.token_bytes(20)
    blob = kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
    kms.enable_key_rotation(KeyId=key)
    before = len(lab.calls)
    lab.clock.advance(days=5 * 365)
    rotations = [event for event in lab.trail if event["eventName"] == "RotateKey"]
    assert [event["eventType"] for event in rotations] == ["AwsServiceEvent"] * 5
    assert len(lab.calls) == before
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == secret


@pytest.mark.claim("D10")
@pytest.mark.parametrize("keys", [1, 5])
def test_more_keys_in_an_account_carry_no_more_requests(lab, kms, keys):
    """Ten requests in a second against a quota of six: with one key and with five, six get through."""
    names = [lab.home.create_key() for _ in range(keys)]
    lab.quotas = Quotas({"symmetric": 6})
    assert admitted(*(data_key(kms, names[number % keys]) for number in range(10))) == 6


@pytest.mark.claim("D10")
def test_a_busy_application_throttles_those_with_keys_of_their_own(lab):
    """The quota belongs to the account and Region: a neighbour with another role and another key is throttled too."""
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
    busy, quiet = (lab.home.user(name, policies={"kms": everything}) for name in ("busy", "quiet"))
    hers, his, there = lab.home.create_key(), lab.home.create_key(), lab.home.create_key(region="eu-west-1")
    lab.quotas = Quotas({"symmetric": 4})
    assert admitted(*[data_key(busy.client("kms"), hers)] * 5) == 4
    assert admitted(data_key(quiet.client("kms"), his)) == 0
    assert admitted(data_key(quiet.client("kms", "eu-west-1"), there)) == 1


@pytest.mark.claim("D17")
def test_another_account_has_a_quota_of_its_own(lab):
    """What one key more does not do, one account more does; the quota counts whoever calls, not who owns the key."""
    accounts = [lab.home, lab.account("444455556666")]
    both = {"AWS": [one.id for one in accounts]}
    statement = {"Effect": "Allow", "Principal": both, "Action": "kms:*", "Resource": "*"}
    shared = lab.home.create_key({"Version": "2012-10-17", "Statement": [statement]})
    lab.quotas = Quotas({"symmetric": 4})
    loads = [[data_key(one.admin.client("kms"), shared)] * 6 for one in accounts]
    assert [admitted(*load) for load in loads] == [4, 4]


@pytest.mark.claim("D17")
def test_a_bucket_key_takes_the_load_off_kms(lab):
    """Twenty uploads ask KMS twenty times, and with a Bucket Key once, on the same shared key."""
    key, s3 = lab.home.create_key(), lab.home.admin.client("s3")
    bucket = f"reports-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=bucket)

    def asked_of_kms(bucket_key):
        before = len(lab.calls)
        under = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, "BucketKeyEnabled": bucket_key}
        for number in range(20):
            s3.put_object(Bucket=bucket, Key=f"{number}", Body=secrets.token_bytes(20), **under)
        return len(lab.calls) - before

    assert (asked_of_kms(bucket_key=False), asked_of_kms(bucket_key=True)) == (20, 1)


@pytest.mark.claim("D17", "D20")
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "sa-east-1"])
def test_the_default_quota_asks_for_the_region_and_not_for_the_key(region):
    """By default an account has 10,000 symmetric requests a second, in some Regions 20,000 or 100,000."""
    known = {
        "us-east-1": "quota-symmetric-most",
        "eu-central-1": "quota-symmetric-more",
        "sa-east-1": "quota-symmetric",
    }
    assert Quotas().per_second("symmetric", region) == FACTS[known[region]]


@pytest.mark.claim("D20")
def test_a_key_for_each_service_carries_no_more(lab):
    """Requests that S3 and EBS make for the same account count together, though each has its own key."""
    admin = lab.home.admin
    loads = [data_key(admin.client("kms", via_service=name), lab.home.create_key()) for name in ("s3", "ec2")]
    lab.quotas = Quotas({"symmetric": 6})
    assert admitted(*loads * 5) == 6


@pytest.mark.claim("D20")
def test_a_key_for_each_service_does_part_them(lab, kms):
    """With the key of the bucket disabled, the secret under its own key still opens."""
    for_s3, for_secrets, name = lab.home.create_key(), lab.home.create_key(), f"shop-{secrets.token_hex(6)}"
    s3, keeper, value = lab.home.admin.client("s3"), lab.home.admin.client("secretsmanager"), secrets.token_hex(20)
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=for_s3)
    keeper.create_secret(Name=name, SecretString=value, KmsKeyId=for_secrets)
    kms.disable_key(KeyId=for_s3)
    with pytest.raises(ClientError, match="is disabled"):
        s3.get_object(Bucket=name, Key="a")
    assert keeper.get_secret_value(SecretId=name)["SecretString"] == value
