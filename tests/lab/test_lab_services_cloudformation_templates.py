"""Templates: their order, parameters and exports, and stacks where nothing is enforced."""

import json
import secrets
import sys
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from kms_katas.lab import Lab, install, uninstall

pytest.importorskip("moto.cloudformation", exc_type=ImportError)

from kms_katas.lab.services.cloudformation_template import in_order, parsed

OTHER = "444455556666"
NAMES = [f"R{number}" for number in range(12)]


@given(st.data())
def test_each_resource_comes_after_those_that_it_refers_to(data: Any) -> None:
    names = data.draw(st.permutations(NAMES))
    needs = {
        name: data.draw(st.sets(st.sampled_from(names[:place]))) if place else set() for place, name in enumerate(names)
    }
    forms = [
        lambda name: {"Ref": name},
        lambda name: {"Fn::GetAtt": [name, "Arn"]},
        lambda name: {"Fn::Sub": f"x${{{name}}}y"},
        lambda name: {"Fn::Join": ["", [{"Fn::Sub": ["${a}", {"a": {"Ref": name}}]}]]},
    ]
    listed = data.draw(st.permutations(names))
    resources = {}
    for name in listed:
        told = [data.draw(st.sampled_from(forms))(one) for one in needs[name]]
        resources[name] = {"Type": "AWS::KMS::Key", "Properties": {"Description": told}}
    ordered = in_order({"Resources": resources})
    assert sorted(ordered) == sorted(names)
    assert all(ordered.index(one) < ordered.index(name) for name in names for one in needs[name])


def test_a_chain_of_as_many_resources_as_there_may_be_is_ordered() -> None:
    chain = {f"R{one}": {"Type": "AWS::KMS::Key", "DependsOn": f"R{one + 1}"} for one in range(499)}
    chain["R499"] = {"Type": "AWS::KMS::Key", "DependsOn": []}
    assert in_order({"Resources": chain}) == [f"R{one}" for one in range(499, -1, -1)]


def test_json_and_yaml_say_the_same() -> None:
    text = """
    Resources:
      A: {Type: AWS::KMS::Key, Properties: {Description: !Sub "${AWS::StackName}", KeyPolicy: {Version: 2012-10-17}}}
      B: {Type: AWS::KMS::Alias, Properties: {AliasName: !Join ["/", [alias, !Ref N]], TargetKeyId: !GetAtt A.Arn}}
    Parameters: {N: {Type: String}}
    """
    found = parsed(text)
    assert parsed(json.dumps(found)) == found
    assert found["Resources"]["A"]["Properties"]["KeyPolicy"] == {"Version": "2012-10-17"}
    assert found["Resources"]["B"]["Properties"]["TargetKeyId"] == {"Fn::GetAtt": ["A", "Arn"]}


WITH_PARAMETER = json.dumps(
    {
        "Parameters": {"Told": {"Type": "String", "Default": "usual"}, "Alias": {"Type": "String"}},
        "Conditions": {"Named": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Alias"}, "none"]}]}},
        "Resources": {
            "K": {"Type": "AWS::KMS::Key", "Properties": {"Description": {"Ref": "Told"}}},
            "A": {
                "Type": "AWS::KMS::Alias",
                "Condition": "Named",
                "Properties": {"AliasName": {"Fn::Sub": "alias/${Alias}"}, "TargetKeyId": {"Ref": "K"}},
            },
        },
        "Outputs": {"Id": {"Value": {"Ref": "K"}, "Export": {"Name": "the-key"}}},
    }
)


def given_as(**parameters: str) -> list[dict[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]


def test_parameters_and_conditions_count_and_a_later_update_can_change_them(lab: Lab, kms: Any) -> None:
    cfn, name = lab.home.admin.client("cloudformation"), secrets.token_hex(4)
    with pytest.raises(ClientError):
        cfn.create_stack(StackName="s", TemplateBody=WITH_PARAMETER)
    cfn.create_stack(StackName="s", TemplateBody=WITH_PARAMETER, Parameters=given_as(Alias=name))
    [export] = cfn.list_exports()["Exports"]
    found = kms.describe_key(KeyId=f"alias/{name}")["KeyMetadata"]
    assert (export["Name"], export["Value"], found["Description"]) == ("the-key", found["KeyId"], "usual")
    cfn.update_stack(StackName="s", UsePreviousTemplate=True, Parameters=given_as(Alias="none", Told="other"))
    assert kms.describe_key(KeyId=found["KeyId"])["KeyMetadata"]["Description"] == "other"
    assert kms.list_aliases(KeyId=found["KeyId"])["Aliases"] == []
    cfn.delete_stack(StackName="s")
    assert cfn.list_exports()["Exports"] == []


def within(lab: Lab, text: str) -> str:
    """A template whose one resource is a stack with this template, which lies in a bucket."""
    s3, bucket = lab.home.admin.client("s3"), f"templates-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="inner", Body=text.encode())
    inner = {"TemplateURL": f"https://s3.amazonaws.com/{bucket}/inner"}
    return json.dumps({"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": inner}}})


def make_in_a_stack(lab: Lab, template: str) -> None:
    lab.home.admin.client("cloudformation").create_stack(StackName="s", TemplateBody=template)


def make_in_a_set(lab: Lab, template: str) -> None:
    cfn = lab.home.admin.client("cloudformation")
    cfn.create_stack_set(StackSetName="s", TemplateBody=template)
    cfn.create_stack_instances(StackSetName="s", Accounts=[lab.home.id], Regions=["us-east-1"])


def look_at_what_failed(lab: Lab, template: str) -> None:
    """moto makes the resources that a stack lacks when somebody looks at it."""
    cfn, other, taken = lab.home.admin.client("cloudformation"), lab.account(OTHER), f"taken-{secrets.token_hex(4)}"
    other.admin.client("s3").create_bucket(Bucket=taken)
    first = {"First": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": taken}}}
    with pytest.raises(ClientError):
        cfn.create_stack(
            StackName="s", TemplateBody=json.dumps({"Resources": first | json.loads(template)["Resources"]})
        )
    other.admin.client("s3").delete_bucket(Bucket=taken)
    cfn.describe_stack_resources(StackName="s")


@pytest.mark.parametrize("make", [make_in_a_stack, make_in_a_set, look_at_what_failed])
def test_a_template_within_a_template_runs_nothing(lab: Lab, make: Any) -> None:
    marker = f"ran_{secrets.token_hex(4)}"
    runs = f"!!python/object/apply:builtins.exec [\"import sys; sys.modules['{marker}'] = sys\"]"
    outer = within(lab, f"Resources: {{T: {{Type: AWS::SNS::Topic, Properties: {{TopicName: {runs}}}}}}}")
    with pytest.raises(ClientError) as error:
        make(lab, outer)
    assert marker not in sys.modules
    assert "YAML not well-formed" in error.value.response["Error"]["Message"]


@pytest.mark.parametrize("make", [make_in_a_stack, make_in_a_set])
@pytest.mark.parametrize("others", [{}, {"K": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}}}}])
def test_a_template_tells_no_secure_string(lab: Lab, make: Any, others: dict[str, Any]) -> None:
    name, secret = f"/{secrets.token_hex(4)}", secrets.token_hex(16)
    lab.home.admin.client("ssm").put_parameter(Name=name, Value=secret, Type="SecureString")
    parameters = {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": name}}
    resources = {"T": {"Type": "AWS::SNS::Topic", "Properties": {}}} | others
    with pytest.raises(ClientError) as error:
        make(lab, json.dumps({"Parameters": parameters, "Resources": resources}))
    told = lab.home.admin.client("cloudformation").describe_stacks()["Stacks"]
    assert secret not in str(told) and error.value.response["Error"]["Code"] == "ValidationError"


def test_the_stacks_of_a_set_are_made_where_the_set_says(lab: Lab) -> None:
    cfn, other = lab.home.admin.client("cloudformation"), lab.account(OTHER)
    template = json.dumps({"Resources": {"K": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}}}}})
    cfn.create_stack_set(StackSetName="s", TemplateBody=template)
    cfn.create_stack_instances(StackSetName="s", Accounts=[other.id], Regions=["eu-west-1"])
    found = {
        (account.id, region): account.admin.client("kms", region).list_keys()["Keys"]
        for account in (lab.home, other)
        for region in ("us-east-1", "eu-west-1")
    }
    assert [place for place, keys in found.items() if keys] == [(OTHER, "eu-west-1")]


def test_stacks_work_where_nothing_is_enforced() -> None:
    install()
    try:
        with mock_aws():
            cfn, kms = (boto3.client(name, region_name="us-east-1") for name in ("cloudformation", "kms"))
            kept = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "a-bucket-of-a-stack"}}
            key: dict[str, Any] = {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True}}
            cfn.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"B": kept, "K": key}}))
            resources = cfn.describe_stack_resources(StackName="s")["StackResources"]
            made = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
            assert kms.get_key_rotation_status(KeyId=made["K"])["KeyRotationEnabled"] is True
            cfn.delete_stack(StackName="s")
            assert kms.describe_key(KeyId=made["K"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
            assert boto3.client("s3", region_name="us-east-1").list_buckets()["Buckets"] == []
    finally:
        uninstall()
