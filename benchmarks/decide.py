"""What a decision costs, and what it costs to load: `python benchmarks/decide.py [ROUNDS]`.

Documents are parsed before the clock starts, as in a test that asks many questions of one policy. Each round makes the
requests anew and decides them: once for layer and statement alone, once with the whole trace, near misses in words and
the line and column of each. CPU of one process. Machines differ, so each rate is also given beside one `json.loads` of
the documents that the decision is made on, in the same run. Exits with 1 where a bound is missed.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from kms_katas.policy import Documents, Grant, NamedPolicy, Principal, Request, decide, parse_document

RATE_BOUND = 30_000
TRACE_BOUND = 8_000
IMPORT_BOUND_MS = 25.0
HOME, PARTNER = "111122223333", "444455556666"
KEY = f"arn:aws:kms:eu-west-1:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]


def main(rounds: int) -> int:
    questions = list(scenes())
    texts = [json.dumps(policy.document) for _, documents in questions for policy in policies_of(documents)]
    parsing = rate(lambda: [json.loads(text) for text in texts], len(questions), rounds)
    alone = rate(lambda: [decide(ask(), documents) for ask, documents in questions], len(questions), rounds)
    traced = rate(lambda: [told(ask(), documents) for ask, documents in questions], len(questions), rounds)
    above, deciding, bare = import_times()
    for what, found, bound in (
        ("layer and statement", alone, RATE_BOUND),
        ("near misses and places", traced, TRACE_BOUND),
    ):
        print(f"{what:24} {found:9,.0f} a second (bound {bound:,}), {parsing / found:.2f} of json.loads")
    print(f"import kms_katas.policy  {above:.1f} ms above a bare start of {bare:.1f} ms (bound {IMPORT_BOUND_MS:g})")
    print(f"from it import decide    {deciding:.1f} ms above it, {deciding / bare:.1f} bare starts")
    return 0 if alone >= RATE_BOUND and traced >= TRACE_BOUND and above <= IMPORT_BOUND_MS else 1


def rate(work: Callable[[], object], count: int, rounds: int) -> float:
    """Of what `work` does `count` times, how much is done in a second of CPU: the best of five."""
    work()
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        for _ in range(rounds):
            work()
        best = min(best, time.process_time() - start)
    return count * rounds / best


def told(request: Request, documents: Documents) -> list[tuple[str, int, int]]:
    near = [step for step in decide(request, documents).trace if step.applies or step.near_miss]
    return [(step.reason, step.statement.line, step.statement.column) for step in near]


def import_times() -> tuple[float, float, float]:
    """Milliseconds, medians of 15: the package and `decide` above a bare interpreter, and that interpreter itself."""
    codes = ["pass", "import kms_katas.policy", "from kms_katas.policy import decide"]
    times: dict[str, list[float]] = {code: [] for code in codes}
    for _ in range(15):
        for code in codes:
            start = time.perf_counter()
            subprocess.run([sys.executable, "-I", "-c", code], check=True)
            times[code].append((time.perf_counter() - start) * 1000)
    bare, package, deciding = (statistics.median(times[code]) for code in codes)
    return package - bare, deciding - bare, bare


def policies_of(documents: Documents) -> Iterator[NamedPolicy]:
    single = (documents.key_policy, documents.boundary, documents.vpc_endpoint)
    levels = (policy for level in (*documents.scps, *documents.rcps) for policy in level)
    yield from (policy for policy in (*single, *documents.identity, *documents.session, *levels) if policy is not None)


def scenes() -> Iterator[tuple[Callable[[], Request], Documents]]:
    """Requests and the documents they meet: ten of the kinds that people have, allowed and denied."""
    owner = one("Allow", "kms:*", AWS=f"arn:aws:iam::{HOME}:root")
    via = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": HOME}}
    pair = {"StringEquals": {"kms:EncryptionContext:app": "shop"}, "Bool": {"aws:SecureTransport": "true"}}
    tags = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    mine = policy("mine", one("Allow", ["kms:Decrypt", "kms:DescribeKey"], Resource=KEY))
    full = policy("full", one("Allow", "*"))
    guard = policy("guard", one("Deny", "kms:ScheduleKeyDeletion"), one("Allow", "*"))
    console = policy(
        "console",
        owner,
        one("Allow", ["kms:Create*", "kms:Put*", "kms:Schedule*"], AWS=f"arn:aws:iam::{HOME}:role/admin"),
        one("Allow", USE, AWS=[f"arn:aws:iam::{HOME}:role/app", f"arn:aws:iam::{PARTNER}:root"]),
        one(
            "Allow",
            "kms:CreateGrant",
            {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            AWS=f"arn:aws:iam::{HOME}:role/app",
        ),
    )
    wide = policy(
        "wide", owner, *(one("Allow", USE, pair, AWS=f"arn:aws:iam::{HOME}:role/r{n % 12}") for n in range(24))
    )
    managed = policy("managed", one("Allow", USE, via, AWS="*"), one("Allow", "kms:Describe*", AWS=HOME))
    bob, guest = f"arn:aws:iam::{HOME}:user/bob", f"arn:aws:iam::{PARTNER}:user/guest"
    app, last = (f"arn:aws:sts::{HOME}:assumed-role/{role}/s1" for role in ("app", "r11"))
    through = {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "aws:ViaAWSService": "true"}
    context = {"kms:EncryptionContext:app": "shop", "kms:EncryptionContextKeys": ("app",)}
    grant = Grant("g1", KEY, bob, ("Decrypt",), issuing_account=HOME, equals={"app": "shop"})

    def asked(arn: str, context: dict[str, str | tuple[str, ...]] | None = None) -> Callable[[], Request]:
        return lambda: Request(Principal(arn, tags={"team": "blue"}), "kms:Decrypt", KEY, context or {})

    yield asked(app), Documents(console)
    yield asked(bob), Documents(console, (mine,))
    yield asked(bob), Documents(console)
    yield asked(guest), Documents(console, (mine,))
    yield asked(last, context), Documents(wide)
    yield asked(last), Documents(wide)
    yield asked(bob, through), Documents(managed)
    yield asked(bob, context), Documents(console, grants=(grant,))
    yield asked(bob), Documents(console, (mine,), boundary=full, scps=((full,), (full, guard)), rcps=((denying(),),))
    yield (
        asked(bob, {"aws:ResourceTag/team": "blue"}),
        Documents(console, (policy("abac", one("Allow", "kms:*", tags)),)),
    )


def denying() -> NamedPolicy:
    outside = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-ours"},
        "Bool": {"aws:PrincipalIsAWSService": "true"},
    }
    return policy("perimeter", one("Deny", "kms:*", outside, AWS="*"))


def one(
    effect: str, action: str | list[str], when: object = None, Resource: str = "*", **names: object
) -> dict[str, object]:
    statement = {"Effect": effect, "Action": action, "Resource": Resource}
    return statement | ({"Principal": names} if names else {}) | ({"Condition": when} if when else {})


def policy(name: str, *statements: dict[str, object]) -> NamedPolicy:
    return NamedPolicy(name, parse_document(json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
