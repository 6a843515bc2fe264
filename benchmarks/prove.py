"""What a proof costs: `python benchmarks/prove.py [ROUNDS]`.

For each of twelve realistic key policies three questions: is the rewriting, is the faulty one at most as permissive as
intended, and is what is intended at most as permissive as the rewriting. Milliseconds of one core, with everything that
is kept between proofs thrown away before each; the least of the rounds. The bounds: 10 ms for the median, 300 ms for
the slowest, and ten infix wildcards on one key decided. Exits with 1 where one is missed.
"""

import gc
import json
import statistics
import sys
import time
from functools import _lru_cache_wrapper

from policies import INFIXES, KEY, POLICIES, Document

from kms_katas.policy import Documents, NamedPolicy, parse_document
from kms_katas.policy.proof import Proof, prove

MEDIAN, WORST = 10.0, 300.0


def main(rounds: int) -> int:
    every = []
    for name, (intended, rewritten, faulty) in POLICIES.items():
        questions = [(rewritten, intended, "proved"), (faulty, intended, "refuted"), (intended, rewritten, "proved")]
        times = []
        for mine, theirs, expected in questions:
            spent, proof = min((timed(mine, theirs) for _ in range(rounds)), key=lambda pair: pair[0])
            assert proof.verdict == expected, (name, proof.reason)
            times.append(spent)
        every += times
        print(f"{name:42}" + "".join(f"{spent:8.1f}" for spent in times))
    median, worst = statistics.median(every), max(every)
    print(f"median {median:.1f} ms (bound {MEDIAN:g}), slowest {worst:.1f} ms (bound {WORST:g})")
    fewer = {**INFIXES, "Statement": INFIXES["Statement"][1:]}
    (spent, proof), (other, refuted) = timed(INFIXES, INFIXES), timed(INFIXES, fewer)
    print(f"ten infix wildcards: {proof.verdict} {spent:.0f} ms, {refuted.verdict} {other:.0f} ms, {proof.steps} steps")
    decided = (proof.verdict, refuted.verdict) == ("proved", "refuted")
    return 0 if median <= MEDIAN and worst <= WORST and decided else 1


def timed(mine: Document, theirs: Document) -> tuple[float, Proof]:
    first, second = (Documents(NamedPolicy("key policy", parse_document(json.dumps(one)))) for one in (mine, theirs))
    forget()
    start = time.process_time()
    proof = prove("at most", first, second, key_arn=KEY)
    return (time.process_time() - start) * 1000, proof


def forget() -> None:
    """Empties every cache of the package."""
    for one in gc.get_objects():
        if isinstance(one, _lru_cache_wrapper) and getattr(one, "__module__", "").startswith("kms_katas.policy"):
            one.cache_clear()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
