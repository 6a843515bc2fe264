"""A cold `kata check` against the least that any grader on moto must do: `python benchmarks/cold_check.py [PAIRS]`.

The least is a cold Python that imports boto3 and moto and creates a key, on plain moto. Both are timed as whole
processes, in turn, so that the ratio holds on a busy machine. The bound is 2.0 on the clock.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BOUND = 2.0
KIT = Path(__file__).with_name("kit")
LEAST = """
import boto3, moto
with moto.mock_aws():
    boto3.client("kms", region_name="us-east-1").create_key()
"""


def main(pairs: int) -> None:
    kata = Path(sys.executable).with_name("kata")
    check = [
        sys.executable,
        str(kata),
        "--kit",
        str(KIT),
        "check",
        "bench/envelope",
        "--answers",
        str(KIT / "solutions"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        seconds(check, folder), seconds([sys.executable, "-c", LEAST], folder)
        timed = [(seconds(check, folder), seconds([sys.executable, "-c", LEAST], folder)) for _ in range(pairs)]
    ratio = statistics.median(ours / least for ours, least in timed)
    ours, least = (statistics.median(column) for column in zip(*timed, strict=True))
    print(f"kata check {ours * 1000:.0f} ms, boto3 + moto + one key {least * 1000:.0f} ms")
    print(f"a cold kata check is {ratio:.2f} times the least (bound {BOUND:g}), median of {pairs} pairs")


def seconds(command: list[str], folder: str) -> float:
    began = time.perf_counter()
    subprocess.run(
        command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"AWS_DEFAULT_REGION": "us-east-1"}
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
