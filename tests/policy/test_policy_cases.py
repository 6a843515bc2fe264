"""`decide` against requests whose decision is known from AWS's documentation: tests/data/authorization-cases.

Cases that need what `decide` does not weigh yet are counted, not run; so are those whose sources contradict each other.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kms_katas.policy import Decision, Documents, Grant, NamedPolicy, Principal, Request, decide, parse_document
from kms_katas.policy.context import condition_context

DATA = Path(__file__).parents[1] / "data" / "authorization-cases"
CASES = [case for name in ("aws-docs", "derived") for case in json.loads((DATA / f"{name}.json").read_text())["cases"]]
PAIRS = json.loads((DATA / "comparisons.json").read_text())["pairs"]

# What decide does not weigh yet, by where a case says it.
_NOT_YET = {
    "case": {"org", "vpcEndpointPolicy"},
    "principal": {"permissionsBoundary", "sessionPolicy"},
}
# The operations whose requests carry an encryption context (KMS guide, kms:EncryptionContext:context-key).
_WITH_CONTEXT = {"encrypt", "decrypt", "reencryptfrom", "reencryptto", "creategrant"}


def needs_more(case: dict[str, Any]) -> set[str]:
    """What a case needs that `decide` does not weigh yet."""
    return (_NOT_YET["case"] & case.keys()) | (_NOT_YET["principal"] & case["principal"].keys())


IN_REACH = [case for case in CASES if not needs_more(case)]
GRADED = [case for case in IN_REACH if "disputed" not in case]
COUNTEREXAMPLES = [pair for pair in PAIRS if "counterexample" in pair]


def named(name: str, document: dict[str, Any]) -> NamedPolicy:
    return NamedPolicy(name, parse_document(json.dumps(document)))


def granted(grant: dict[str, Any], key_arn: str) -> Grant:
    """A case's grant, and the one that a request for CreateGrant asks for."""
    constraints = grant.get("constraints", {})
    return Grant(
        grant.get("grantId", ""),
        grant.get("keyArn", key_arn),
        grant.get("granteePrincipal") or grant.get("granteeServicePrincipal", ""),
        tuple(grant["operations"]),
        retiring=grant.get("retiringPrincipal", ""),
        equals=constraints.get("EncryptionContextEquals", {}),
        subset=constraints.get("EncryptionContextSubset", {}),
        source_arn=constraints.get("SourceArn", ""),
    )


def decided(
    caller: dict[str, Any],
    request: dict[str, Any],
    key_policy: dict[str, Any] | None,
    grants: list[dict[str, Any]] | None = None,
) -> Decision:
    """A case's request, decided. A context key that is null takes the derived one away."""
    principal = Principal(caller["arn"], caller.get("roleArn"), caller.get("tags", {}), caller.get("federatedProvider"))
    context: dict[str, Any] = {
        name: () if value is None else tuple(value) if isinstance(value, list) else str(value)
        for name, value in request.get("context", {}).items()
    }
    pairs = request.get("encryptionContext", {})
    operation = request["action"].lower().partition(":")[2]
    if pairs and (operation in _WITH_CONTEXT or operation.startswith("generatedatakey")):
        context |= {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
        context["kms:EncryptionContextKeys"] = tuple(pairs)
    return decide(
        Request(
            principal,
            request["action"],
            request["resource"],
            context,
            granted(request["grantRequest"], request["resource"]) if "grantRequest" in request else None,
            request.get("grantId"),
        ),
        Documents(
            named("key policy", key_policy) if key_policy else None,
            tuple(named(f"policy {n}", document) for n, document in enumerate(caller.get("identityPolicies", []))),
            tuple(granted(grant, request["resource"]) for grant in grants or ()),
        ),
    )


@pytest.mark.parametrize("case", GRADED, ids=lambda case: case["id"])
def test_a_request_is_decided_as_aws_documents_it(case):
    decision = decided(case["principal"], case["request"], case.get("key", {}).get("policy"), case.get("grants"))
    expected = case["expected"]
    assert (decision.allowed, decision.kind) == (expected["decision"] == "Allow", expected["kind"]), case["title"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_request_carries_the_condition_keys_that_aws_documents(case):
    request = decided(case["principal"], case["request"], None).request
    carried = {
        name: list(value) if isinstance(value, tuple) else value for name, value in condition_context(request).items()
    }
    assert carried == {
        name: value if isinstance(value, list) else str(value) for name, value in case["fullContext"].items()
    }


@pytest.mark.parametrize("pair", COUNTEREXAMPLES, ids=lambda pair: pair["id"])
def test_a_counterexample_is_allowed_by_the_one_policy_and_denied_by_the_other(pair):
    shown = pair["counterexample"]
    under = [decided(shown["principal"], shown["request"], pair[policy]).allowed for policy in ("policyA", "policyB")]
    assert under == [True, False]


def test_no_case_falls_silently_out():
    waiting = Counter(need for case in CASES for need in needs_more(case))
    assert waiting == {
        "org": 9,
        "permissionsBoundary": 5,
        "sessionPolicy": 2,
        "vpcEndpointPolicy": 2,
    }
    assert [case["id"] for case in CASES if "disputed" in case] == ["DOC-154", "DOC-161"]
    assert (len(CASES), len(IN_REACH), len(GRADED)) == (172, 154, 153)
    assert (len(PAIRS), len(COUNTEREXAMPLES)) == (72, 24)
