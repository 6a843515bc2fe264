"""`decide` against requests whose decision is known from AWS's documentation: tests/data/authorization-cases.

Those whose sources contradict each other are counted, not run: decide marks them as open instead.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from kms_katas.policy import Decision, Documents, Grant, NamedPolicy, Principal, Request, decide, parse_document
from kms_katas.policy.context import condition_context

DATA = Path(__file__).parents[1] / "data" / "authorization-cases"
CASES = [case for name in ("aws-docs", "derived") for case in json.loads((DATA / f"{name}.json").read_text())["cases"]]
PAIRS = json.loads((DATA / "comparisons.json").read_text())["pairs"]

# The operations whose requests carry an encryption context (KMS guide, kms:EncryptionContext:context-key).
_WITH_CONTEXT = {"encrypt", "decrypt", "reencryptfrom", "reencryptto", "creategrant"}


GRADED = [case for case in CASES if "disputed" not in case]
DISPUTED = [case for case in CASES if "disputed" in case]
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


def decided(case: dict[str, Any], key_policy: dict[str, Any] | None) -> Decision:
    """A case's request, decided under this key policy. A context key that is null takes the derived one away."""
    caller, request, org = case["principal"], case["request"], case.get("org", {})
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

    def one(holder: dict[str, Any], name: str) -> NamedPolicy | None:
        return named(name, holder[name]) if name in holder else None

    def levels(name: str) -> tuple[tuple[NamedPolicy, ...], ...]:
        return tuple(tuple(named(name, document) for document in level) for level in org.get(name, []))

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
            tuple(granted(grant, request["resource"]) for grant in case.get("grants", [])),
            boundary=one(caller, "permissionsBoundary"),
            session=tuple(filter(None, [one(caller, "sessionPolicy")])),
            scps=levels("scps"),
            rcps=levels("rcps"),
            management_account=principal.account if org.get("principalIsManagementAccount") else "",
            vpc_endpoint=one(case, "vpcEndpointPolicy"),
            aws_managed_key=case.get("key", {}).get("manager") == "AWS",
        ),
    )


def own_decision(case: dict[str, Any]) -> Decision:
    return decided(case, case.get("key", {}).get("policy"))


@pytest.mark.parametrize("case", GRADED, ids=lambda case: case["id"])
def test_a_request_is_decided_as_aws_documents_it(case):
    decision = own_decision(case)
    expected = case["expected"]
    assert (decision.allowed, decision.kind) == (expected["decision"] == "Allow", expected["kind"]), case["title"]


_LAYERS = {
    "scp": "service-control-policy",
    "rcp": "resource-control-policy",
    "vpce": "vpc-endpoint-policy",
    "key-policy-direct": "key-policy",
    "key-policy": "key-policy",
    "key-policy-delegation+identity": "identity-policy",
    "boundary": "permissions-boundary",
    "grant": "grant",
}


@pytest.mark.parametrize(
    "case", [case for case in GRADED if _LAYERS.keys() & case["expected"]["via"]], ids=lambda case: case["id"]
)
def test_the_layer_that_decided_is_the_documented_one(case):
    assert own_decision(case).layer in {_LAYERS.get(via) for via in case["expected"]["via"]}


@pytest.mark.parametrize("case", DISPUTED, ids=lambda case: case["id"])
def test_a_request_over_which_sources_disagree_is_marked_open(case):
    assert own_decision(case).open


@pytest.mark.parametrize("case", GRADED, ids=lambda case: case["id"])
def test_a_request_that_aws_documents_well_rests_on_nothing_open(case):
    assert own_decision(case).open == () or case["confidence"] != "high"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_request_carries_the_condition_keys_that_aws_documents(case):
    request = decided(case, None).request
    carried = {
        name: list(value) if isinstance(value, tuple) else value for name, value in condition_context(request).items()
    }
    assert carried == {
        name: value if isinstance(value, list) else str(value) for name, value in case["fullContext"].items()
    }


@pytest.mark.parametrize("pair", COUNTEREXAMPLES, ids=lambda pair: pair["id"])
def test_a_counterexample_is_allowed_by_the_one_policy_and_denied_by_the_other(pair):
    shown = pair["counterexample"]
    under = [decided(shown, pair[policy]).allowed for policy in ("policyA", "policyB")]
    assert under == [True, False]


def test_no_case_falls_silently_out():
    assert [case["id"] for case in DISPUTED] == ["DOC-154", "DOC-161"]
    assert (len(CASES), len(GRADED)) == (172, 170)
    assert (len(PAIRS), len(COUNTEREXAMPLES)) == (72, 24)
