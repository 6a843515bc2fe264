"""What one KMS call costs in a lab, beside plain moto, in one run: `python benchmarks/per_call.py [CALLS]`.

In the lab, credentials and policies are checked and each call goes into the trail; plain moto does neither. Both are
asked through boto3, in turn, so that what else the machine does hits both. Medians on the clock. The bounds: 1.4 times
plain moto for each call, a tenth of it for CreateKey. Exits with 1 where one is missed.
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
    return 1 if missed else 0


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
