"""Stacks that change: what is changed in place, replaced or refused, what is taken back; change sets and templates that
mean harm.
"""

import json
import secrets
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab

pytest.importorskip("moto.cloudformation", exc_type=ImportError)

ROOT = "arn:aws:iam::111122223333:root"
STATEMENT = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
POLICY = {"Version": "2012-10-17", "Statement": [STATEMENT]}


def key(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": POLICY, **properties}}


def alias(name: str, target: Any) -> dict[str, Any]:
    return {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": name, "TargetKeyId": target}}


def template(**resources: Any) -> str:
    outputs = {name: {"Value": {"Ref": name}} for name in resources}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def asked(lab: Lab) -> list[dict[str, Any]]:
    """The records of the requests to KMS."""
    return [one for one in lab.trail if one["eventSource"] == "kms.amazonaws.com"]


@pytest.fixture
def cfn(lab: Lab) -> Any:
    return lab.home.admin.client("cloudformation")


@pytest.fixture
def name() -> str:
    return f"stack-{secrets.token_hex(4)}"


def status(cfn: Any, name: str) -> str:
    found: str = cfn.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    return found


def outputs(cfn: Any, name: str) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in cfn.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]}


def reasons(cfn: Any, name: str, failed: str) -> list[str]:
    events = cfn.describe_stack_events(StackName=name)["StackEvents"]
    return [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == failed]


def test_an_update_asks_kms_for_what_differs_and_for_nothing_else(lab: Lab, cfn: Any, name: str) -> None:
    cfn.create_stack(StackName=name, TemplateBody=template(K=key(Tags=[{"Key": "a", "Value": "1"}], Enabled=False)))
    before, told = len(asked(lab)), secrets.token_hex(8)
    changed = key(Description=told, EnableKeyRotation=True, Tags=[{"Key": "b", "Value": "2"}])
    cfn.update_stack(StackName=name, TemplateBody=template(K=changed))
    names = [one["eventName"] for one in asked(lab)[before:]]
    assert names == ["EnableKey", "EnableKeyRotation", "UpdateKeyDescription", "UntagResource", "TagResource"]
    assert status(cfn, name) == "UPDATE_COMPLETE"
    with pytest.raises(ClientError) as caught:
        cfn.update_stack(StackName=name, TemplateBody=template(K=changed))
    assert caught.value.response["Error"]["Message"] == "No updates are to be performed."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"KeySpec": "RSA_2048"}),
        ({}, {"MultiRegion": True}),
        (
            {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
            {"KeySpec": "HMAC_512", "KeyUsage": "GENERATE_VERIFY_MAC"},
        ),
        ({}, {"Origin": "EXTERNAL"}),
    ],
)
def test_what_a_key_is_cannot_be_changed_and_the_key_stays(
    lab: Lab, cfn: Any, name: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    cfn.create_stack(StackName=name, TemplateBody=template(K=key(**old)))
    made = outputs(cfn, name)
    cfn.update_stack(StackName=name, TemplateBody=template(K=key(**new) | {"UpdateReplacePolicy": "Delete"}))
    assert status(cfn, name) == "UPDATE_ROLLBACK_COMPLETE"
    assert "is not updatable" in reasons(cfn, name, "UPDATE_FAILED")[0]
    assert outputs(cfn, name) == made


@pytest.mark.parametrize("kept", [True, False])
def test_another_alias_name_replaces_the_alias_and_the_old_one_goes_unless_it_is_retained(
    lab: Lab, cfn: Any, kms: Any, name: str, kept: bool
) -> None:
    policy = {"UpdateReplacePolicy": "Retain"} if kept else {}
    old, new = f"alias/{secrets.token_hex(4)}", f"alias/{secrets.token_hex(4)}"
    cfn.create_stack(StackName=name, TemplateBody=template(A=alias(old, {"Ref": "K"}) | policy, K=key()))
    cfn.update_stack(StackName=name, TemplateBody=template(A=alias(new, {"Ref": "K"}) | policy, K=key()))
    listed = {one["AliasName"] for one in kms.list_aliases(KeyId=outputs(cfn, name)["K"])["Aliases"]}
    assert listed == ({old, new} if kept else {new})


def test_an_alias_moves_to_another_key_in_place(lab: Lab, cfn: Any, kms: Any, name: str) -> None:
    said = f"alias/{secrets.token_hex(4)}"
    cfn.create_stack(StackName=name, TemplateBody=template(A=alias(said, {"Ref": "K"}), K=key(), L=key()))
    cfn.update_stack(StackName=name, TemplateBody=template(A=alias(said, {"Ref": "L"}), K=key(), L=key()))
    assert kms.describe_key(KeyId=said)["KeyMetadata"]["KeyId"] == outputs(cfn, name)["L"]
    assert asked(lab)[-2]["eventName"] == "UpdateAlias"


def test_what_the_new_template_has_no_more_is_deleted_after_the_rest(lab: Lab, cfn: Any, kms: Any, name: str) -> None:
    cfn.create_stack(StackName=name, TemplateBody=template(K=key(), Old=key(PendingWindowInDays=7)))
    old = outputs(cfn, name)["Old"]
    cfn.update_stack(StackName=name, TemplateBody=template(K=key(), New=key()))
    assert kms.describe_key(KeyId=old)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert [one["eventName"] for one in asked(lab)[-3:-1]] == ["CreateKey", "ScheduleKeyDeletion"]


def test_an_update_that_fails_is_taken_back_whole(lab: Lab, cfn: Any, kms: Any, name: str) -> None:
    cfn.create_stack(StackName=name, TemplateBody=template(K=key(Description="before")))
    made = outputs(cfn, name)["K"]
    other = {**STATEMENT, "Principal": {"AWS": lab.home.user("u").arn}}
    locked = key(Description="after", KeyPolicy={"Version": "2012-10-17", "Statement": [other]})
    cfn.update_stack(StackName=name, TemplateBody=template(Added=key(Description="new"), K=locked))
    assert status(cfn, name) == "UPDATE_ROLLBACK_COMPLETE"
    assert "will not allow you to update the key policy" in reasons(cfn, name, "UPDATE_FAILED")[0]
    assert kms.describe_key(KeyId=made)["KeyMetadata"]["Description"] == "before"
    assert json.loads(kms.get_key_policy(KeyId=made)["Policy"]) == POLICY
    states = [kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"]["KeyState"] for one in kms.list_keys()["Keys"]]
    assert sorted(states) == ["Enabled", "PendingDeletion"]
    cfn.update_stack(StackName=name, TemplateBody=template(K=key(Description="again")))
    assert kms.describe_key(KeyId=made)["KeyMetadata"]["Description"] == "again"


def test_a_stack_whose_key_may_not_be_deleted_stays_until_it_may(lab: Lab, cfn: Any, name: str) -> None:
    stay = {"Effect": "Deny", "Principal": "*", "Action": "kms:ScheduleKeyDeletion", "Resource": "*"}
    held = key(KeyPolicy={"Version": "2012-10-17", "Statement": [STATEMENT, stay]})
    made = cfn.create_stack(StackName=name, TemplateBody=template(K=held))["StackId"]
    cfn.delete_stack(StackName=name)
    assert status(cfn, name) == "DELETE_FAILED"
    lab.home.admin.client("kms").put_key_policy(
        KeyId=asked(lab)[0]["responseElements"]["keyMetadata"]["keyId"], Policy=json.dumps(POLICY)
    )
    cfn.delete_stack(StackName=name)
    assert status(cfn, made) == "DELETE_COMPLETE"


def test_a_change_set_makes_the_stack_and_changes_it(lab: Lab, cfn: Any, kms: Any, name: str) -> None:
    for kind, told in (("CREATE", "one"), ("UPDATE", "two")):
        body = template(K=key(Description=told))
        cfn.create_change_set(StackName=name, ChangeSetName=f"c-{told}", ChangeSetType=kind, TemplateBody=body)
        cfn.execute_change_set(StackName=name, ChangeSetName=f"c-{told}")
        assert status(cfn, name) == f"{kind}_COMPLETE"
        assert kms.describe_key(KeyId=outputs(cfn, name)["K"])["KeyMetadata"]["Description"] == told


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        ({"Nothing": 1}, "[#: extraneous key [Nothing] is not permitted]"),
        ({"KeyUsage": "PLAY"}, "[#/KeyUsage: PLAY is not a valid enum value]"),
        ({"PendingWindowInDays": 3}, "[#/PendingWindowInDays: 3 is not greater or equal to 7]"),
        ({"Enabled": "maybe"}, "[#/Enabled: expected type: Boolean, found: String]"),
    ],
)
def test_properties_that_the_type_does_not_have_fail_before_kms_is_asked(
    lab: Lab, cfn: Any, name: str, properties: dict[str, Any], fault: str
) -> None:
    cfn.create_stack(StackName=name, TemplateBody=template(K=key(**properties)), DisableRollback=True)
    assert status(cfn, name) == "CREATE_FAILED"
    expected = f"Properties validation failed for resource K with message:\n{fault}"
    assert reasons(cfn, name, "CREATE_FAILED")[-1] == expected and asked(lab) == []


RUNS = "Resources: !!python/object/apply:builtins.exec [\"import sys; sys.modules['{marker}'] = sys\"]"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (RUNS, "YAML not well-formed"),
        ("a: &a [1]\nResources: *a", "YAML aliases are not allowed"),
        ("[" * 2000, "Template format error"),
        ("just text", "unsupported structure"),
        ("Resources: {A: {Type: 'Custom::Code', Properties: {ServiceToken: x}}}", "runs code"),
        ("Resources: {}", "At least one Resources member"),
        ("{" + '"a":' * 3000, "Template format error"),
        ("Resources: {A: {Type: 'AWS::KMS::Key', DependsOn: A}}", "Circular dependency"),
        ("Resources: {A: {Type: 'AWS::KMS::Key', Properties: {Description: !Ref No}}}", "dependencies [No]"),
        ("#" * 51_201, "51200"),
    ],
)
@pytest.mark.parametrize("operation", ["create_stack", "update_stack", "get_template_summary"])
def test_a_template_that_is_none_runs_nothing_and_is_refused_in_a_sentence(
    lab: Lab, cfn: Any, name: str, operation: str, body: str, told: str
) -> None:
    cfn.create_stack(StackName=name, TemplateBody=template(K=key()))
    marker = f"ran_{secrets.token_hex(8)}"
    more = {} if operation == "get_template_summary" else {"StackName": name + ("" if "update" in operation else "x")}
    if operation == "get_template_summary" and ("depend" in told):
        return
    with pytest.raises(ClientError) as caught:
        getattr(cfn, operation)(TemplateBody=body.replace("{marker}", marker), **more)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationError" and told in error["Message"]
    assert marker not in sys.modules and status(cfn, name) == "CREATE_COMPLETE"


def test_without_its_packages_one_sentence_says_what_to_install(
    lab: Lab, cfn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(service: str) -> None:
        raise ModuleNotFoundError("No module named 'cfnlint'", name="cfnlint")

    monkeypatch.setattr("moto.backends.get_backend", lacking)
    with pytest.raises(ClientError) as caught:
        cfn.list_stacks()
    assert 'needs cfnlint, which is not installed: pip install "kms-katas[cloudformation]"' in str(caught.value)
