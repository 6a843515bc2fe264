"""z3 as a second prover: conditions and the adding up of statements written down once more, as formulas over texts,
numbers and sets, and solved by a program that shares nothing with the first. Callers are those of the first prover:
test_policy_proof_exhaustive.py holds them against every caller.
"""

import importlib.util
import random
from pathlib import Path
from string import ascii_lowercase

import pytest

from kms_katas.policy.proof import prove
from kms_katas.policy.proof.second import prove_with_both, prove_with_z3

pytest.importorskip("z3", reason="z3-solver is not installed: pip install z3-solver")

_PATH = Path(__file__).with_name("test_policy_proof_fuzz.py")
_SPEC = importlib.util.spec_from_file_location("policies_for_z3", _PATH)
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)

ROLE = f"arn:aws:iam::{fuzz.HOME}:role/app"
CONVERSE = {"at most": "at least", "at least": "at most", "equivalent": "equivalent"}


def key_policy(*conditions):
    """A role may do everything where one of the conditions holds."""
    allow = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:*", "Resource": "*"}
    return fuzz.documents({"Version": "2012-10-17", "Statement": [allow | {"Condition": one} for one in conditions]})


def by_z3(first, second, relation="at most", **options):
    return prove_with_z3(relation, first, second, key_arn=fuzz.KEY, **options)


def verdicts(first, second):
    """Of z3 and of the partition."""
    return by_z3(first, second).verdict, prove("at most", first, second, key_arn=fuzz.KEY).verdict


def agree(seed):
    """True, False, or None where z3 has no answer or the question is of a kind not written down for it."""
    rng = random.Random(seed)
    first = fuzz.policy(rng)
    sides = fuzz.documents(first), fuzz.documents(fuzz.mutated(rng, first))
    relation = rng.choice(list(CONVERSE))
    proof, further = prove(relation, *sides, key_arn=fuzz.KEY), by_z3(*sides, relation)
    if "report this policy" in further.reason:
        return False
    return None if "undecided" in (proof.verdict, further.verdict) else further.verdict == proof.verdict


def test_z3_comes_to_the_same_verdicts():
    start = random.randrange(2**40)
    verdicts = [(seed, agree(seed)) for seed in range(start, start + 60)]
    assert [seed for seed, verdict in verdicts if verdict is False] == []
    assert sum(verdict is True for _, verdict in verdicts) >= 40


@pytest.mark.nightly
def test_z3_comes_to_the_same_verdicts_all_night():
    start = random.randrange(2**40)
    verdicts = [(seed, agree(seed)) for seed in range(start, start + 5000)]
    assert [seed for seed, verdict in verdicts if verdict is False] == []


def infixes(count=18, times=1):
    return [f"*{letter * times}*" for letter in random.sample(ascii_lowercase, count)]


@pytest.mark.parametrize("key", ["kms:ViaService", "aws:PrincipalTag/team", "kms:EncryptionContext:team"])
def test_z3_decides_many_wildcards_on_one_key_that_are_beyond_the_budget(key):
    wide = infixes()
    narrow = [one.replace("*", f"*{one[1]}", 1) for one in wide]
    first, second = key_policy({"StringLike": {key: narrow}}), key_policy({"StringLike": {key: wide}})
    proof, prover = prove_with_both("at most", first, second, key_arn=fuzz.KEY, steps=2000)
    assert (proof.verdict, prover) == ("proved", "z3")
    proof, prover = prove_with_both("at least", first, second, key_arn=fuzz.KEY, steps=2000)
    assert (proof.verdict, prover) == ("refuted", "z3")
    shows = proof.counterexample
    assert (shows.first.allowed, shows.second.allowed) == (False, True)


def test_z3_proves_policies_equivalent_and_refutes_that_where_either_allows_more():
    wide = infixes()
    whole, parts = key_policy({"StringLike": {"kms:ViaService": wide}}), [{"kms:ViaService": one} for one in wide]
    split = key_policy(*({"StringLike": one} for one in parts))
    less = key_policy(*({"StringLike": one} for one in parts[1:]))
    assert by_z3(whole, split, "equivalent").verdict == "proved"
    assert by_z3(whole, less, "equivalent").verdict == by_z3(less, whole, "equivalent").verdict == "refuted"


def test_a_set_may_need_an_element_for_every_test():
    names = random.sample(ascii_lowercase, 7)
    each = [{"kms:EncryptionContextKeys": name} for name in names]
    # Seven statements deny whoever lacks one of the names: only a context with all of them gets through.
    deny = [{"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}] * len(names)
    body = [one | {"Condition": {"ForAllValues:StringNotEquals": name}} for one, name in zip(deny, each, strict=True)]
    allow = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:*", "Resource": "*"}
    first = fuzz.documents({"Version": "2012-10-17", "Statement": [allow, *body]})
    nothing = fuzz.documents({"Version": "2012-10-17", "Statement": [allow | {"Effect": "Deny"}]})
    found = by_z3(first, nothing).counterexample
    assert set(found.request.context["kms:EncryptionContextKeys"]) == set(names)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"Bool": {"aws:MultiFactorAuthPresent": "True"}}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        (
            {"NumericEquals": {"kms:RotationPeriodInDays": "90"}},
            {"NumericLessThan": {"kms:RotationPeriodInDays": "90.5"}},
        ),
        (
            {"DateLessThan": {"aws:CurrentTime": "2026-01-01"}},
            {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
        ),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::a*"}}, {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:a*"}}),
        ({"StringEquals": {"aws:SourceVpc": "${aws:username}"}}, {"StringLike": {"aws:SourceVpc": "${aws:username}*"}}),
        ({"StringEquals": {"aws:SourceVpc": "\\u{41}"}}, {"StringLike": {"aws:SourceVpc": "\\u*"}}),
        ({"StringLike": {"aws:SourceVpc": "\u00e9*\U0001f600"}}, {"StringLike": {"aws:SourceVpc": "\u00e9*"}}),
        ({"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}}, {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        ({"StringEquals": {"aws:SourceVpc": "Kiosk"}}, {"StringEqualsIgnoreCase": {"aws:SourceVpc": "kIOSK"}}),
    ],
)
def test_z3_reads_a_condition_as_the_first_prover_does(first, second):
    first, second = key_policy(first), key_policy(second)
    assert verdicts(first, second) == ("proved", "proved")
    there, back = verdicts(second, first)
    assert there == back


def test_in_an_arn_a_wildcard_crosses_no_colon():
    first = key_policy({"StringLike": {"aws:SourceArn": "arn:aws:s3:*:1:a"}})
    second = key_policy({"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:1:a"}})
    assert by_z3(first, second).counterexample.request.context["aws:SourceArn"].count(":") > 5
    assert by_z3(second, first).verdict == "proved"


def test_a_limit_that_is_too_low_leaves_it_undecided():
    wide = key_policy({"StringLike": {"kms:ViaService": infixes()}})
    limited = by_z3(wide, key_policy({"StringLike": {"kms:ViaService": infixes(times=2)}}), limit=10)
    assert (limited.verdict, limited.counterexample) == ("undecided", None)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringLike": {"kms:EncryptionContext:a": "*${aws:PrincipalTag/b}"}},
        {"StringEqualsIgnoreCase": {"aws:SourceVpc": "\u00c9"}},
        {"NumericLessThan": {"kms:ViaService": "7"}},
        {"IpAddress": {"kms:ViaService": "10.0.0.0/8"}},
        {"StringLike": {"aws:CurrentTime": "2026*"}},
        {"StringLike": {"kms:RotationPeriodInDays": "1*"}},
    ],
)
def test_what_is_not_written_down_for_z3_is_named_and_not_decided(condition):
    proof = by_z3(key_policy(condition), key_policy({"Null": {"aws:SourceVpce": "true"}}))
    assert proof.verdict == "undecided"
    assert "simplify" in proof.reason and "report" not in proof.reason


def test_documents_beside_the_key_policy_are_not_for_z3():
    first = key_policy({"Null": {"aws:SourceVpce": "true"}})
    identity = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
    layered = fuzz.documents(first.key_policy.document, [identity])
    assert by_z3(layered, first).verdict == by_z3(first, layered).verdict == "undecided"
