"""Claims A9, A10, A23 and A24: what keys and requests cost, by the prices of docs/facts.toml."""

import random
import secrets
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

FACTS = Path(__file__).parents[2] / "docs" / "facts.toml"


@pytest.fixture
def price():
    """The figures of docs/facts.toml by id, in US dollars where it is money."""
    facts = tomllib.loads(FACTS.read_text("utf-8"), parse_float=Decimal)["fact"]
    return {fact["id"]: fact["value"] for fact in facts}


def for_keys(price, account, *regions):
    """What the keys of an account cost in a month, without rotations and requests."""
    found = []
    for region in regions:
        kms = account.admin.client("kms", region=region)
        found += [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    return sum(price[of_key(key)] for key in found)


def of_key(key):
    """Which price it is that a key has."""
    if key["KeyManager"] == "AWS":
        return "price-key-aws-managed"
    return "price-key-pending-deletion" if key["KeyState"] == "PendingDeletion" else "price-key"


def for_rotations(price, kms, key):
    """What the rotations of a key add to its price of a month."""
    rotations = len(kms.list_key_rotations(KeyId=key)["Rotations"])
    return price["price-rotation"] * min(rotations, price["price-rotations-charged"])


def for_requests(price, number):
    """What so many symmetric requests of a month cost."""
    return price["price-requests"] * max(0, number - price["free-requests"]) / 10_000


@pytest.mark.claim("A9")
def test_each_customer_managed_key_has_its_price_and_each_replica_is_one(lab, price):
    """Each key is one dollar, a primary and its replica are two, and AWS managed and dying keys are none."""
    kms, number = lab.home.admin.client("kms"), random.randint(2, 9)
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(number)]
    assert for_keys(price, lab.home, "us-east-1") == number

    primary = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=primary, ReplicaRegion="eu-west-1")
    lab.clock.advance(minutes=5)
    assert for_keys(price, lab.home, "us-east-1", "eu-west-1") == number + 2

    kms.describe_key(KeyId="alias/aws/s3")
    kms.schedule_key_deletion(KeyId=keys[0])
    assert for_keys(price, lab.home, "us-east-1", "eu-west-1") == number + 1


@pytest.mark.claim("A10")
@pytest.mark.parametrize("how", ["every year", "on demand"])
def test_rotations_after_the_second_add_nothing_to_the_price(lab, price, how):
    """The text counts a dollar for every earlier version; two are all that is ever charged."""
    kms, key = lab.home.admin.client("kms"), lab.home.create_key()
    told, charged = [], []
    if how == "every year":
        kms.enable_key_rotation(KeyId=key)
    for _ in range(random.randint(3, 8)):
        lab.clock.advance(days=365)
        if how == "on demand":
            kms.rotate_key_on_demand(KeyId=key)
            lab.clock.advance(minutes=10)
        told.append(price["price-key"] * (1 + len(kms.list_key_rotations(KeyId=key)["Rotations"])))
        charged.append(price["price-key"] + for_rotations(price, kms, key))

    assert charged[:2] == told[:2] == [2, 3]
    assert set(charged[2:]) == {price["price-key-most"]} and told[2] == 4


@pytest.mark.claim("A23")
def test_requests_to_an_aws_managed_key_are_paid_for(lab, price):
    """The key is free by the month; S3 asks it once for each object, and beyond the free requests that costs."""
    s3, bucket, number = lab.home.admin.client("s3"), f"data-{secrets.token_hex(6)}", random.randint(3, 9)
    s3.create_bucket(Bucket=bucket)
    for name in range(number):
        s3.put_object(Bucket=bucket, Key=str(name), ServerSideEncryption="aws:kms")
    asked = [call for call in lab.calls if call.operation == "GenerateDataKey"]

    assert for_keys(price, lab.home, "us-east-1") == 0
    assert len(asked) == number
    assert for_requests(price, 1_000_000) == Decimal("2.94")
    assert for_requests(price, price["free-requests"]) == 0


@pytest.mark.claim("A24")
def test_keys_and_requests_are_both_paid_for(lab, price):
    """One more key costs a dollar, and 10,000 more requests cost 3 cents, once the free ones are used up."""
    kms, number = lab.home.admin.client("kms"), random.randint(1, 9)
    requests = price["free-requests"] + random.randint(0, 10**7)
    for _ in range(number):
        kms.create_key()

    bill = for_keys(price, lab.home, "us-east-1") + for_requests(price, requests)
    more_requests = for_keys(price, lab.home, "us-east-1") + for_requests(price, requests + 10_000)
    kms.create_key()
    more_keys = for_keys(price, lab.home, "us-east-1") + for_requests(price, requests)

    assert more_requests - bill == Decimal("0.03")
    assert more_keys - bill == Decimal("1.00")
