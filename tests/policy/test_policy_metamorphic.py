"""Changes to documents that must not change a decision, or may change it one way only, in every layer."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kms_katas.policy import Decision, Documents, NamedPolicy, Principal, Request, decide, explain, parse_document

HOME, AWAY = "111122223333", "444455556666"
KEY = f"arn:aws:kms:us-east-1:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = f"arn:aws:iam::{HOME}:role/app"
CALLERS = [
    Principal(f"arn:aws:iam::{HOME}:root"),
    Principal(f"arn:aws:iam::{HOME}:user/alice"),
    Principal(f"arn:aws:sts::{HOME}:assumed-role/app/s1"),
    Principal(f"arn:aws:sts::{HOME}:federated-user/alice"),
    Principal(f"arn:aws:iam::{AWAY}:user/bob"),
    Principal(f"arn:aws:sts::{HOME}:assumed-role/A/s1", f"arn:aws:iam::{HOME}:role/aws-service-role/rds/A"),
    Principal("cloudtrail.amazonaws.com"),
]
NAMES = ["*", HOME, AWAY, ROLE, CALLERS[1].arn, CALLERS[2].arn, CALLERS[4].arn]
ACTIONS = ["kms:Decrypt", "kms:Encrypt", "kms:PutKeyPolicy", "kms:RetireGrant"]
PATTERNS = [*ACTIONS, "kms:*", "kms:?ecrypt", "KMS:encrypt", "s3:*"]
FULL = NamedPolicy("full", parse_document('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'))
OPEN_DOOR = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}'
ENDPOINT = NamedPolicy("open", parse_document(OPEN_DOOR))
# Layers of one policy or of a list; those whose statements name a principal.
SINGLE = ("key_policy", "boundary", "vpc_endpoint")
LISTS = ("identity", "session")
LEVELS = ("scps", "rcps")
WITH_PRINCIPAL = ("key_policy", "vpc_endpoint", "rcps")


@st.composite
def statements(draw, layer, effect=None):
    statement = {"Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"]))}
    if layer in WITH_PRINCIPAL:
        kind = draw(st.sampled_from(["Principal"] * 7 + ["NotPrincipal"]))
        statement[kind] = {"AWS": draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3))}
        if draw(st.integers(0, 4)) == 0:
            statement[kind]["Service"] = "cloudtrail.amazonaws.com"
    statement["Action"] = draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3))
    statement["Resource"] = draw(st.sampled_from(["*", "*", "*", KEY, KEY[:-1] + "*", KEY[:-1] + "c"]))
    if draw(st.integers(0, 3)) == 0:
        operator = draw(st.sampled_from(["StringEquals", "StringNotEquals", "StringLikeIfExists", "Null"]))
        statement["Condition"] = {operator: {"kms:ViaService": draw(st.sampled_from(["s3", "true", "s*"]))}}
    return statement


def policies(layer):
    body = st.lists(statements(layer), min_size=1, max_size=3)
    return body.map(lambda one: NamedPolicy(layer, parse_document(json.dumps({"Statement": one}))))


worlds = st.fixed_dictionaries(
    {"key_policy": policies("key_policy")},
    optional={
        "identity": st.lists(policies("identity"), max_size=2).map(tuple),
        "session": st.lists(policies("session"), max_size=2).map(tuple),
        "boundary": policies("boundary"),
        "vpc_endpoint": policies("vpc_endpoint"),
        "scps": st.lists(st.lists(policies("scps"), min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
        "rcps": st.lists(st.lists(policies("rcps"), min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
        "management_account": st.sampled_from(["", HOME, AWAY]),
        "aws_managed_key": st.booleans(),
    },
).map(lambda held: Documents(**held))
requests = st.builds(
    Request,
    st.sampled_from(CALLERS),
    st.sampled_from(ACTIONS),
    st.just(KEY),
    st.sampled_from([{}, {"kms:ViaService": "s3"}, {"kms:ViaService": "sqs"}]),
)


def changed(documents, change):
    """The documents with the statements of each policy rewritten: change(layer, statements) -> statements."""

    def rewritten(layer, policy):
        body = change(layer, list(policy.document["Statement"]))
        return NamedPolicy(policy.name, parse_document(json.dumps({**policy.document, "Statement": body})))

    found = {}
    for layer in SINGLE:
        if getattr(documents, layer) is not None:
            found[layer] = rewritten(layer, getattr(documents, layer))
    for layer in LISTS:
        found[layer] = tuple(rewritten(layer, one) for one in getattr(documents, layer))
    for layer in LEVELS:
        found[layer] = tuple(tuple(rewritten(layer, one) for one in level) for level in getattr(documents, layer))
    return replace(documents, **found)


def outcome(decision: Decision):
    return decision.kind, decision.layer


@given(requests, worlds, st.randoms(use_true_random=False))
def test_the_order_of_statements_decides_nothing(request, documents, random):
    shuffled = changed(documents, lambda _, body: random.sample(body, len(body)))
    assert outcome(decide(request, shuffled)) == outcome(decide(request, documents))


@given(requests, worlds)
def test_a_statement_split_by_action_and_principal_decides_the_same(request, documents):
    def split(layer, body):
        found = []
        for one in body:
            for action in one["Action"]:
                names = one.get("Principal", {}).get("AWS", [None])
                for name in names:
                    apart = {"Principal": one["Principal"] | {"AWS": name}} if name else {}
                    found.append(one | {"Action": action} | apart)
        return found

    assert outcome(decide(request, changed(documents, split))) == outcome(decide(request, documents))


@given(requests, worlds)
def test_the_case_of_actions_decides_nothing(request, documents):
    def swapped(_, body):
        return [one | {"Action": [action.swapcase() for action in one["Action"]]} for one in body]

    assert outcome(decide(request, changed(documents, swapped))) == outcome(decide(request, documents))


@given(requests, worlds, st.randoms(use_true_random=False))
def test_a_statement_repeated_or_a_part_of_another_changes_nothing(request, documents, random):
    def repeated(_, body):
        one = random.choice(body)
        return [*body, one, one | {"Action": one["Action"][:1]}]

    assert outcome(decide(request, changed(documents, repeated))) == outcome(decide(request, documents))


@given(requests, worlds, st.data())
def test_one_more_deny_in_any_layer_never_allows(request, documents, data):
    more = changed(documents, lambda layer, body: [*body, data.draw(statements(layer, "Deny"))])
    assert decide(request, documents).allowed or not decide(request, more).allowed


@given(requests, worlds, st.data())
def test_one_allow_less_in_any_layer_never_allows(request, documents, data):
    def fewer(_, body):
        gone = data.draw(st.sampled_from([None, *range(len(body))]))
        kept = [one for at, one in enumerate(body) if at != gone or one["Effect"] == "Deny"]
        return kept or [{"Effect": "Allow"}]

    assert decide(request, documents).allowed or not decide(request, changed(documents, fewer)).allowed


@given(requests, worlds)
def test_a_policy_that_allows_all_around_the_others_changes_nothing(request, documents):
    for around in (
        {"scps": (*documents.scps, (FULL,))},
        {"rcps": (*documents.rcps, (ENDPOINT,))},
        {} if documents.session else {"session": (FULL,)},
        {} if documents.vpc_endpoint else {"vpc_endpoint": ENDPOINT},
    ):
        assert outcome(decide(request, replace(documents, **around))) == outcome(decide(request, documents))


@given(requests, worlds)
def test_a_boundary_that_allows_all_changes_nothing_but_for_not_principal(request, documents):
    if documents.boundary or "NotPrincipal" in str([documents.key_policy, documents.vpc_endpoint, documents.rcps]):
        return
    assert outcome(decide(request, replace(documents, boundary=FULL))) == outcome(decide(request, documents))


@given(requests, worlds, st.sampled_from(["boundary", "session", "vpc_endpoint", "scps", "rcps"]))
def test_nothing_around_the_others_gives_anything(request, documents, layer):
    """But for a boundary, on which a Deny with NotPrincipal looks, taking such a policy away never denies."""
    without = replace(documents, **{layer: None if layer in SINGLE else ()})
    assert decide(request, without).allowed or not decide(request, documents).allowed


@given(requests, worlds)
def test_what_decided_is_in_the_trace_and_applies(request, documents):
    decision = decide(request, documents)
    found = [step for step in decision.trace if (step.layer, step.statement) == (decision.layer, decision.statement)]
    if decision.statement is not None:
        assert any(step.applies and (step.effect == "Deny") is (decision.kind == "ExplicitDeny") for step in found)
    assert any(step.applies and step.effect == "Deny" for step in decision.trace) is (decision.kind == "ExplicitDeny")


@given(requests, worlds)
def test_every_decision_is_told(request, documents):
    assert all(line.endswith(".") for line in explain(decide(request, documents)))
