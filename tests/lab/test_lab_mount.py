"""`install` and `uninstall` for code that uses moto by itself, and the pytest plugin."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import moto
import moto.kms.models
import moto.kms.urls
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas.lab import Lab, install, uninstall


@pytest.fixture
def installed() -> Iterator[None]:
    install()
    with mock_aws():
        yield
    uninstall()


def client(region: str = "us-east-1") -> Any:
    return boto3.client("kms", region_name=region, aws_access_key_id="anything", aws_secret_access_key="goes")


def seams() -> tuple[Any, Any]:
    return moto.kms.urls.url_paths, moto.kms.models.kms_backends.backend


def test_uninstall_gives_moto_back_exactly() -> None:
    before = seams()
    install()
    install()
    assert seams() != before
    uninstall()
    uninstall()
    assert seams() == before
    with mock_aws():
        assert "CurrentKeyMaterialId" not in client().create_key()["KeyMetadata"]


def test_installing_and_uninstalling_works_inside_an_open_mock() -> None:
    with mock_aws():
        client().create_key()
        install()
        assert client().list_keys()["Keys"] == []
        key = client().create_key()["KeyMetadata"]
        assert "CurrentKeyMaterialId" in key
        uninstall()
        assert client().list_keys()["Keys"] == []
        assert "CurrentKeyMaterialId" not in client().create_key()["KeyMetadata"]


def test_a_lab_keeps_an_installation_and_leaves_none_behind() -> None:
    before = seams()
    with Lab():
        pass
    assert seams() == before
    install()
    with Lab():
        pass
    assert seams() != before
    uninstall()


def test_code_that_knows_nothing_of_the_lab_is_an_administrator(installed: None) -> None:
    kms = client()
    key = kms.create_key()["KeyMetadata"]
    assert key["AWSAccountId"] == "123456789012"
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    kms.disable_key(KeyId=key["KeyId"])
    with pytest.raises(ClientError, match="DisabledException"):
        kms.decrypt(CiphertextBlob=blob)


def test_mock_aws_resets_the_keys(installed: None) -> None:
    client().create_key()
    with mock_aws():
        assert len(client().list_keys()["Keys"]) == 1
    uninstall()
    install()
    assert client().list_keys()["Keys"] == []


def test_without_enforcement_no_policy_counts(installed: None) -> None:
    kms = client()
    policy = json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}]})
    key = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    kms.describe_key(KeyId=key)


def test_where_nothing_is_enforced_a_grantee_may_be_anybody(installed: None) -> None:
    kms = client("eu-west-1")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    grantee = "arn:aws:iam::000000000000:role/anybody"
    made = kms.create_grant(KeyId=key, GranteePrincipal=grantee, Operations=["Decrypt"], RetiringPrincipal=grantee)
    [listed] = kms.list_retirable_grants(RetiringPrincipal=grantee)["Grants"]
    assert listed["GrantId"] == made["GrantId"]
    kms.retire_grant(KeyId=key, GrantId=made["GrantId"])
    assert kms.list_grants(KeyId=key)["Grants"] == []


def test_with_enforcement_unknown_credentials_are_refused(installed: None) -> None:
    install(enforce=True)
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client().list_keys()


@pytest.mark.parametrize("switch", [install, uninstall])
def test_an_open_lab_cannot_be_switched_off(lab: Lab, switch: Any) -> None:
    with pytest.raises(RuntimeError, match="Lab is open"):
        switch()


@pytest.mark.parametrize("version", ["5.2.4", "5.3.0", "4.9.9", "6.0.0"])
def test_another_moto_is_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(moto, "__version__", version)
    with pytest.warns(UserWarning, match=version.replace(".", r"\.")):
        install()
    uninstall()


def test_motos_own_services_find_and_make_keys(installed: None) -> None:
    key = client().create_key()["KeyMetadata"]
    ec2 = boto3.client("ec2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    assert ec2.modify_ebs_default_kms_key_id(KmsKeyId=key["KeyId"])["KmsKeyId"] == key["Arn"]
    made = ec2.create_volume(Size=1, AvailabilityZone="us-east-1a", Encrypted=True)["KmsKeyId"]
    dynamodb = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    table = dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS"},
    )["TableDescription"]
    own = client().describe_key(KeyId="alias/aws/dynamodb")["KeyMetadata"]
    assert own["KeyManager"] == "AWS" and own["Arn"] == table["SSEDescription"]["KMSMasterKeyArn"]
    assert made.startswith("arn:aws:kms:us-east-1:123456789012:key/")


def test_the_plugin_loads_neither_boto3_nor_moto() -> None:
    code = (
        "import sys, pytest, kms_katas.lab, kms_katas.lab.plugin; "
        "print([name for name in ('boto3', 'botocore', 'moto', 'cryptography') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_the_fixture_is_a_fresh_lab(lab: Lab) -> None:
    assert isinstance(lab, Lab) and lab.calls == ()


def test_motos_switches_for_the_account_count_as_they_do_in_moto(
    installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    kms = client()
    kms.meta.events.register(
        "before-sign.kms.*", lambda request, **_: request.headers.add_header("x-moto-account-id", "222222222222")
    )
    assert kms.create_key()["KeyMetadata"]["AWSAccountId"] == "222222222222"
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "333333333333")
    assert kms.create_key()["KeyMetadata"]["AWSAccountId"] == "333333333333"
    assert len(client().list_keys()["Keys"]) == 1


def test_the_tagging_api_sees_and_changes_the_tags_of_keys(installed: None) -> None:
    kms = client()
    key = kms.create_key(Tags=[{"TagKey": "a", "TagValue": "1"}])["KeyMetadata"]
    tagging = boto3.client(
        "resourcegroupstaggingapi", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    assert [one["ResourceARN"] for one in tagging.get_resources()["ResourceTagMappingList"]] == [key["Arn"]]
    tagging.tag_resources(ResourceARNList=[key["Arn"]], Tags={"b": "2"})
    tagging.untag_resources(ResourceARNList=[key["Arn"]], TagKeys=["a"])
    assert kms.list_resource_tags(KeyId=key["KeyId"])["Tags"] == [{"TagKey": "b", "TagValue": "2"}]
    with pytest.raises(ClientError):
        tagging.tag_resources(ResourceARNList=[key["Arn"][:-1] + "x"], Tags={"b": "2"})
