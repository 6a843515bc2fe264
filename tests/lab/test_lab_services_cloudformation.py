"""Stacks with keys, replicas and aliases: what CloudFormation asks of KMS, in whose name, and what the events tell."""

import json
import secrets
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab

pytest.importorskip("moto.cloudformation", exc_type=ImportError)

HOME = "111122223333"
ROOT = f"arn:aws:iam::{HOME}:root"


def policy(principal: str = ROOT, action: Any = "kms:*") -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def key(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy(), **properties}}


def template(outputs: dict[str, Any] | None = None, **resources: Any) -> str:
    return json.dumps({"Resources": resources, "Outputs": outputs or {}})


class Stacks:
    """Stacks of one principal, by a name that is new each time."""

    def __init__(self, principal: Any) -> None:
        self.client, self.name = principal.client("cloudformation"), f"stack-{secrets.token_hex(4)}"

    def create(self, body: str, **more: Any) -> str:
        made: str = self.client.create_stack(StackName=self.name, TemplateBody=body, **more)["StackId"]
        return made

    def update(self, body: str, **more: Any) -> None:
        self.client.update_stack(StackName=self.name, TemplateBody=body, **more)

    def delete(self, **more: Any) -> None:
        self.client.delete_stack(StackName=self.name, **more)

    def found(self, stack: str | None = None) -> dict[str, Any]:
        [found] = self.client.describe_stacks(StackName=stack or self.name)["Stacks"]
        return dict(found)

    @property
    def outputs(self) -> dict[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self.found().get("Outputs", ())}

    def events(self, name: str, stack: str | None = None) -> list[tuple[str, str]]:
        told = self.client.describe_stack_events(StackName=stack or self.name)["StackEvents"]
        return [
            (one["ResourceStatus"], one.get("ResourceStatusReason", ""))
            for one in reversed(told)
            if one["LogicalResourceId"] == name
        ]


def asked(lab: Lab) -> list[dict[str, Any]]:
    """The records of the requests to KMS."""
    return [one for one in lab.trail if one["eventSource"] == "kms.amazonaws.com"]


@pytest.fixture
def stacks(lab: Lab) -> Stacks:
    return Stacks(lab.home.admin)


IDS = {"Id": {"Value": {"Ref": "K"}}, "Arn": {"Value": {"Fn::GetAtt": ["K", "Arn"]}}}


def test_a_template_makes_a_key_with_all_that_it_says(lab: Lab, stacks: Stacks, kms: Any) -> None:
    said, tag = secrets.token_hex(8), secrets.token_hex(4)
    body = template(
        IDS | {"Same": {"Value": {"Fn::GetAtt": ["K", "KeyId"]}}},
        K=key(
            Description=said,
            EnableKeyRotation=True,
            RotationPeriodInDays=180,
            Enabled="true",
            MultiRegion=True,
            Tags=[{"Key": "team", "Value": tag}],
        ),
    )
    stacks.create(body, Tags=[{"Key": "stage", "Value": "test"}])
    found = kms.describe_key(KeyId=stacks.outputs["Id"])["KeyMetadata"]
    assert (found["Arn"], found["KeyId"], found["KeyId"]) == tuple(stacks.outputs[one] for one in ("Arn", "Id", "Same"))
    assert (found["Description"], found["MultiRegion"], found["KeyState"]) == (said, True, "Enabled")
    assert kms.get_key_rotation_status(KeyId=found["KeyId"])["RotationPeriodInDays"] == 180
    tags = kms.list_resource_tags(KeyId=found["KeyId"])["Tags"]
    assert {one["TagKey"]: one["TagValue"] for one in tags} == {"team": tag, "stage": "test"}
    assert json.loads(kms.get_key_policy(KeyId=found["KeyId"])["Policy"]) == policy()


@pytest.mark.parametrize(("spec", "usage"), [("ECC_NIST_P256", "SIGN_VERIFY"), ("HMAC_256", "GENERATE_VERIFY_MAC")])
def test_a_template_makes_keys_of_other_kinds_disabled_if_it_says_so(
    stacks: Stacks, kms: Any, spec: str, usage: str
) -> None:
    body = template(
        IDS, K={"Type": "AWS::KMS::Key", "Properties": {"KeySpec": spec, "KeyUsage": usage, "Enabled": False}}
    )
    stacks.create(body)
    found = kms.describe_key(KeyId=stacks.outputs["Id"])["KeyMetadata"]
    assert (found["KeySpec"], found["KeyUsage"], found["KeyState"]) == (spec, usage, "Disabled")
    assert kms.get_key_policy(KeyId=found["KeyId"])["Policy"]


def test_an_alias_may_stand_before_its_key_and_is_made_after_it(stacks: Stacks, kms: Any) -> None:
    name = f"alias/{stacks.name}"
    alias = {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": name, "TargetKeyId": {"Ref": "K"}}}
    stacks.create(template({"Name": {"Value": {"Ref": "A"}}, **IDS}, A=alias, K=key()))
    assert stacks.outputs["Name"] == name
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == stacks.outputs["Id"]


def test_a_replica_is_made_in_the_stacks_region(lab: Lab, stacks: Stacks, kms: Any) -> None:
    primary = kms.create_key(MultiRegion=True)["KeyMetadata"]
    west = lab.home.admin.client("cloudformation", region="us-west-2")
    replica = {"PrimaryKeyArn": primary["Arn"], "KeyPolicy": policy(), "Enabled": False}
    west.create_stack(StackName="w", TemplateBody=template(K={"Type": "AWS::KMS::ReplicaKey", "Properties": replica}))
    found = lab.home.admin.client("kms", region="us-west-2").describe_key(KeyId=primary["KeyId"])["KeyMetadata"]
    assert (found["KeyState"], found["MultiRegionConfiguration"]["MultiRegionKeyType"]) == ("Disabled", "REPLICA")


def test_a_policy_that_locks_out_rolls_the_stack_back_and_the_events_have_kms_words(lab: Lab, stacks: Stacks) -> None:
    other = lab.home.user("keeper").arn
    stacks.create(
        template(
            Fine=key(),
            K=key(KeyPolicy=policy(other)) | {"DependsOn": "Fine"},
            Never={"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/never", "TargetKeyId": {"Ref": "K"}}},
        )
    )
    assert stacks.found()["StackStatus"] == "ROLLBACK_COMPLETE"
    [(_, _), (failed, reason), *_] = stacks.events("K")
    refused = [one for one in asked(lab) if one["eventName"] == "CreateKey"][-1]
    assert failed == "CREATE_FAILED"
    assert reason.startswith(
        'Resource handler returned message: "The new key policy will not allow you to update the key policy in the '
        f"future. (Service: Kms, Status Code: 400, Request ID: {refused['requestID']})"
    )
    assert reason.endswith("HandlerErrorCode: InvalidRequest)")
    assert [status for status, _ in stacks.events("Fine")][-2:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert stacks.events("Never") == []
    states = [key["KeyState"] for key in _keys(lab)]
    assert states == ["PendingDeletion"]


def _keys(lab: Lab) -> list[dict[str, Any]]:
    kms = lab.home.admin.client("kms")
    return [kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"] for one in kms.list_keys()["Keys"]]


def test_looking_at_a_stack_that_failed_makes_nothing(lab: Lab, stacks: Stacks) -> None:
    bad = key(KeyPolicy=policy(lab.home.user("u").arn))
    bucket = {"Type": "AWS::S3::Bucket", "DependsOn": "K"}
    stacks.create(template(IDS, K=bad, L=key() | {"DependsOn": "K"}, B=bucket))
    [shown] = stacks.client.describe_stack_resources(StackName=stacks.name)["StackResources"]
    stacks.client.list_stack_resources(StackName=stacks.name)
    assert shown["LogicalResourceId"] == "K" and _keys(lab) == [] and stacks.outputs == {}
    assert lab.home.admin.client("s3").list_buckets()["Buckets"] == []


def test_the_stack_asks_kms_as_its_caller_through_cloudformation(lab: Lab) -> None:
    user = lab.home.user("deployer", policies={"a": _allow("cloudformation:*")})
    deployer = Stacks(user)
    deployer.create(template(K=key(KeyPolicy={})))
    denied = asked(lab)[-1]
    assert (denied["eventName"], denied["errorCode"]) == ("CreateKey", "AccessDenied")
    assert denied["userIdentity"]["arn"] == user.arn and denied["sourceIPAddress"] == "cloudformation.amazonaws.com"
    assert deployer.events("K")[1][1].endswith("HandlerErrorCode: AccessDenied)")
    via = {"StringEquals": {"kms:ViaService": f"cloudformation.{lab.region}.amazonaws.com"}}
    user.allow(_allow("kms:*", Condition=via))
    with pytest.raises(ClientError):
        user.client("kms").create_key()
    deployer.delete()
    deployer.create(template(K=key()))
    assert deployer.found()["StackStatus"] == "CREATE_COMPLETE"


def _allow(action: Any, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}],
    }


def _trusting(service: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_stack_with_a_role_asks_as_the_role_and_goes_on_so(lab: Lab) -> None:
    role = lab.home.role("deploys", policies={"k": _allow("kms:*")}, trust=_trusting("cloudformation.amazonaws.com"))
    passing = _allow("iam:PassRole", role.arn)
    user = lab.home.user("u", policies={"a": _allow("cloudformation:*"), "p": passing})
    deployer = Stacks(user)
    deployer.create(template(K=key()), RoleARN=role.arn)
    deployer.delete()
    names = [(one["eventName"], one["userIdentity"]["arn"].split("/")[1:]) for one in asked(lab)]
    assert names == [(one, ["deploys", "AWSCloudFormation"]) for one in ("CreateKey", "ScheduleKeyDeletion")]


@pytest.mark.parametrize("wrong", ["pass", "trust"])
def test_a_role_must_be_passed_and_must_trust_cloudformation(lab: Lab, wrong: str) -> None:
    service = "lambda.amazonaws.com" if wrong == "trust" else "cloudformation.amazonaws.com"
    role = lab.home.role("deploys", policies={"k": _allow("kms:*")}, trust=_trusting(service))
    user = lab.home.user("u", policies={"a": _allow("cloudformation:*")})
    if wrong == "trust":
        user.allow(_allow("iam:PassRole"))
    with pytest.raises(ClientError) as caught:
        Stacks(user).create(template(K=key()), RoleARN=role.arn)
    expected = "iam:PassRole" if wrong == "pass" else f"Role {role.arn} is invalid or cannot be assumed"
    assert expected in caught.value.response["Error"]["Message"]
    assert not lab.explain(caught.value).allowed and asked(lab) == []


def test_who_may_not_create_stacks_is_refused_by_cloudformation(lab: Lab) -> None:
    with pytest.raises(ClientError) as caught:
        Stacks(lab.home.user("u")).create(template(K=key()))
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert lab.explain(caught.value).request.action == "cloudformation:CreateStack"


@pytest.mark.parametrize("kind", ["Retain", "RetainExceptOnCreate", "Delete"])
def test_the_deletion_policy_says_what_becomes_of_the_key(lab: Lab, stacks: Stacks, kind: str) -> None:
    made = stacks.create(template(K=key(PendingWindowInDays=9) | {"DeletionPolicy": kind}))
    stacks.delete()
    [found] = _keys(lab)
    assert stacks.found(made)["StackStatus"] == "DELETE_COMPLETE"
    if kind == "Delete":
        assert (found["KeyState"], (found["DeletionDate"] - found["CreationDate"]).days) == ("PendingDeletion", 9)
    else:
        assert found["KeyState"] == "Enabled" and stacks.events("K", made)[-1][0] == "DELETE_SKIPPED"


def test_a_key_that_was_retained_outlives_a_rollback_but_not_when_retained_except_on_create(
    lab: Lab, stacks: Stacks
) -> None:
    bad = key(KeyPolicy=policy(lab.home.user("u").arn)) | {"DependsOn": ["A", "B"]}
    body = template(
        A=key(Description="a") | {"DeletionPolicy": "Retain"},
        B=key(Description="b") | {"DeletionPolicy": "RetainExceptOnCreate"},
        C=bad,
    )
    stacks.create(body)
    states = {one["Description"]: one["KeyState"] for one in _keys(lab)}
    assert states == {"a": "Enabled", "b": "PendingDeletion"}
