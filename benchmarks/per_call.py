"""What one KMS call costs in a lab, beside plain moto, in one run: `python benchmarks/per_call.py [CALLS]`.

In the lab, credentials and policies are checked and each call goes into the trail; plain moto does neither. Both are
asked through boto3, in turn, so that what else the machine does hits both. Medians on the clock. The bounds: 1.4 times
plain moto for each call, a tenth of it for CreateKey. Last, a call in an account of one key and in one of 1,000, each
with rotation: the cost of a call must not grow with the keys. Exits with 1 where a bound is missed.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3
from moto import mock_aws

from kms_katas.lab import Lab

BOUND = 1.4
CREATE_BOUND = 0.1
MANY_KEYS = 1000
MANY_BOUND = 1.25
ROUNDS = 5
WARM_UP = 20


def main(calls: int) -> int:
    lab: dict[str, list[float]] = {}
    plain: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        with mock_aws():
            measure(boto3.client("kms", region_name="us-east-1"), calls // ROUNDS, plain)
        with Lab() as opened:
            measure(opened.home.admin.client("kms"), calls // ROUNDS, lab)
            assert len(opened.trail) == len(opened.calls) > calls // ROUNDS
    missed = 0
    for name in plain:
        ours, theirs = statistics.median(lab[name]), statistics.median(plain[name])
        bound = CREATE_BOUND if name == "CreateKey" else BOUND
        missed += ours / theirs > bound
        print(f"{name:16} lab {ours:.3f} ms, plain moto {theirs:.3f} ms: {ours / theirs:.2f} times (bound {bound:g})")
    few, many = (statistics.median(among(keys, calls)) for keys in (1, MANY_KEYS))
    missed += many / few > MANY_BOUND
    print(f"DescribeKey      among {MANY_KEYS} keys {many:.3f} ms, alone {few:.3f} ms: {many / few:.2f} times", end=" ")
    print(f"(bound {MANY_BOUND:g})")
    return 1 if missed else 0


def among(keys: int, calls: int) -> list[float]:
    """The milliseconds of each DescribeKey in a lab with so many keys."""
    times = []
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
        for _ in range(keys):
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            kms.enable_key_rotation(KeyId=key)
        for _ in range(calls):
            start = time.perf_counter()
            kms.describe_key(KeyId=key)
            times.append((time.perf_counter() - start) * 1000)
    return times


def measure(kms: Any, calls: int, times: dict[str, list[float]]) -> None:
    """Adds the milliseconds of each call."""
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x" * 32)["CiphertextBlob"]
    each: dict[str, tuple[Callable[[], Any], int]] = {
        "Encrypt": (lambda: kms.encrypt(KeyId=key, Plaintext=b"x" * 32), calls),
        "Decrypt": (lambda: kms.decrypt(CiphertextBlob=blob), calls),
        "GenerateDataKey": (lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"), calls),
        "DescribeKey": (lambda: kms.describe_key(KeyId=key), calls),
        # Last and few: moto makes an RSA key for each, and more keys make a store slower.
        "CreateKey": (lambda: kms.create_key(), calls // 10),
    }
    for name, (call, count) in each.items():
        for _ in range(WARM_UP if name != "CreateKey" else 1):
            call()
        for _ in range(count):
            start = time.perf_counter()
            call()
            times.setdefault(name, []).append((time.perf_counter() - start) * 1000)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
