"""The words of an explanation that carry values: what was wanted, what was found, what a variable stood for."""

import json
import uuid

import pytest

from kms_katas.policy import Documents, Grant, NamedPolicy, Principal, Request, decide, explain, parse_document


def told(decision):
    return " ".join(explain(decision))


def on_team(operator, wanted):
    return {operator: {"kms:EncryptionContext:team": wanted}}


def context(value):
    return {"kms__EncryptionContext__team": value}


@pytest.fixture
def one(scene, make_statement):
    """A key policy with one statement for the caller, all of its elements as given."""

    def policy(effect="Allow", **elements):
        return [make_statement(effect, **{"Principal": {"AWS": scene.user.arn}, "Action": "kms:*"} | elements)]

    return policy


def test_a_negated_condition_wants_anything_but_its_values(scene, one):
    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    single = scene.decide(one(Condition=on_team("StringNotEquals", first)), **context(first))
    assert f"wants anything but '{first}'" in told(single)
    several = scene.decide(one(Condition=on_team("StringNotLike", [first, second])), **context(second))
    assert f"wants none of ['{first}', '{second}']" in told(several)


def test_a_variable_is_told_with_its_value(scene, one):
    decision = scene.decide(one(Condition=on_team("StringEquals", "${aws:username}")), **context("nobody"))
    assert f"where '${{aws:username}}' is '{scene.user.name}'" in told(decision)


def test_a_call_without_an_encryption_context_lacks_more_than_the_pair(scene, one):
    wanted = one(Condition=on_team("StringEquals", uuid.uuid4().hex))
    assert "and this call has no encryption context" in told(scene.decide(wanted))
    other = {"kms__EncryptionContext__other": "x", "kms__EncryptionContextKeys": ("other",)}
    assert "has no such pair" in told(scene.decide(wanted, **other))


def test_a_list_is_told_where_the_operator_compares_one_value(scene, one):
    paths = {"aws__PrincipalOrgPaths": (f"o-{uuid.uuid4().hex}/r-ab12/",)}
    wanted, listed = {"aws:PrincipalOrgPaths": "o-*"}, "AWS does not say what an operator makes of one"
    assert listed in told(scene.decide(one(Condition={"StringLike": wanted}), **paths))
    assert listed not in told(scene.decide(one(Condition={"ForAllValues:StringNotLike": wanted}), **paths))


@pytest.mark.parametrize(
    ("operator", "variable", "version", "said"),
    [
        ("StringEquals", "${aws:PrincipalTag/none}", "2012-10-17", "has no value in this request"),
        ("StringEquals", "${aws:username}", "2008-10-17", 'does not have "Version": "2012-10-17"'),
        ("StringEquals", "${aws:username}", None, 'does not have "Version": "2012-10-17"'),
        ("NumericEquals", "${aws:username}", "2012-10-17", "only String and Arn operators fill variables in"),
    ],
)
def test_why_a_variable_was_not_filled_in_is_told(scene, one, operator, variable, version, said):
    policy = one(Condition=on_team(operator, variable))
    assert said in told(scene.decide(policy, version=version, **context("7")))


def test_a_variable_in_a_resource_is_told_with_its_value(scene, one, make_statement):
    key = [make_statement(Principal={"AWS": scene.account}, Action="kms:*")]
    pattern = scene.key.rpartition("/")[0] + "/${aws:username}"
    own = [make_statement(Action="kms:*", Resource=pattern)]
    assert f"is '{scene.key.rpartition('/')[0]}/{scene.user.name}'" in told(scene.decide(key, own))


def test_a_deny_tells_what_in_the_request_met_its_condition(scene, one):
    deny = one("Deny", Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    present = scene.decide(one() + deny, aws__SourceIp="203.0.113.9")
    assert "its Condition holds: NotIpAddress on aws:SourceIp, since this call has '203.0.113.9'" in told(present)
    assert "NotIpAddress on aws:SourceIp, since this call does not have it" in told(scene.decide(one() + deny))


def test_a_deny_by_not_principal_tells_that_the_caller_is_not_listed(scene, one, make_statement):
    deny = make_statement("Deny", NotPrincipal={"AWS": [f"{scene.user.arn}x"]}, Action="kms:*")
    assert f"its NotPrincipal does not list {scene.user.arn}" in told(scene.decide([*one(), deny]))


@pytest.mark.parametrize("element", ["NotAction", "NotResource"])
def test_the_next_step_after_an_exception_is_to_take_it_out(scene, one, element):
    excepted = {"NotAction": scene.action, "NotResource": scene.key}[element]
    policy = one(**{element: excepted} | ({"Action": None} if element == "NotAction" else {}))
    assert f"take what covers {excepted} out of the {element}" in explain(scene.decide(policy))[-1]


def test_an_empty_list_is_told_as_nothing(scene, one):
    assert "its Action (nothing) is not" in told(scene.decide(one(Action=[])))


def test_a_service_has_no_account_to_allow(scene, one):
    assert "its account" not in told(scene.decide(one(), caller=Principal("logs.amazonaws.com")))


def test_a_grant_of_the_caller_is_nearer_than_a_statement_for_somebody_else(scene, make_statement):
    policy = make_statement(Principal={"AWS": f"{scene.user.arn}x"}, Action="*")
    document = parse_document(json.dumps({"Statement": policy}))
    team = uuid.uuid4().hex
    grant = Grant("g1", scene.key, scene.user.arn, ("Decrypt",), equals={"team": team})
    asked = Request(scene.user, "kms:Decrypt", scene.key, {"kms:EncryptionContext:team": "other"})
    lines = explain(decide(asked, Documents(NamedPolicy("key policy", document), grants=(grant,))))
    assert lines[-1] == "Next step: send a request that meets the constraints of grant g1."
    assert any(team in line and "this call has {'team': 'other'}" in line for line in lines)


def test_the_limits_of_a_service_are_told_by_its_name(scene):
    wide = '{"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}'
    narrow = wide.replace("kms:*", "kms:ListKeys")
    policies = [NamedPolicy(name, parse_document(text)) for name, text in (("own", wide), ("boundary", narrow))]
    asked = Request(Principal("logs.amazonaws.com"), "kms:CreateKey", "*")
    assert "logs.amazonaws.com must allow" in told(
        decide(asked, Documents(identity=(policies[0],), boundary=policies[1]))
    )


def test_what_is_about_a_key_is_told_to_be_asked_of_the_key(scene, make_statement):
    decision = scene.decide(identity=[make_statement(Action="kms:*")], resource=scene.alias)
    assert "the ARN of an alias never stands for its key" in told(decision)
    assert explain(decision)[-1].endswith("on the ARN of the key, which its key policy and grants are about.")
