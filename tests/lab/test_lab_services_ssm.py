"""SecureString parameters in the lab: who may, and what KMS is asked. Not for the rest of Systems Manager."""

import base64
import secrets
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas.lab import Lab, install, uninstall

# Its clients are for one test, and here some are changed.
from kms_katas.lab.plugin import lab as lab


def allow(*actions: str, resource: str = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}


def refusal(call: Any, **parameters: Any) -> ClientError:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value


def arn_of(name: str) -> str:
    return f"arn:aws:ssm:us-east-1:111122223333:parameter/{name.removeprefix('/')}"


@pytest.fixture
def key(lab: Lab) -> str:
    arn: str = lab.home.admin.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


def put(lab: Lab, name: str, value: str, key: str = "", **more: Any) -> None:
    parameters = {"KeyId": key} if key else {}
    lab.home.admin.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString", **parameters, **more)


@pytest.mark.parametrize("name", ["token", "/app/prod/token"])
@pytest.mark.parametrize(("tier", "operation"), [("Standard", "Encrypt"), ("Advanced", "GenerateDataKey")])
def test_a_value_is_sealed_for_its_parameter_and_comes_back(
    lab: Lab, key: str, name: str, tier: str, operation: str
) -> None:
    text = secrets.token_hex(9)
    put(lab, name, text, key, Tier=tier)
    ssm = lab.home.admin.client("ssm")

    assert lab.calls[-1].operation == operation
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == text
    assert lab.calls[-1].operation == "Decrypt"
    assert lab.calls[-1].parameters["EncryptionContext"] == {"PARAMETER_ARN": arn_of(name)}
    assert text not in ssm.get_parameter(Name=name)["Parameter"]["Value"]


def test_the_ciphertext_of_a_standard_parameter_opens_with_kms_itself(lab: Lab, key: str) -> None:
    text = secrets.token_hex(9)
    put(lab, "token", text, key)
    sealed = lab.home.admin.client("ssm").get_parameter(Name="token")["Parameter"]["Value"]

    opened = lab.home.admin.client("kms").decrypt(
        CiphertextBlob=base64.b64decode(sealed), EncryptionContext={"PARAMETER_ARN": arn_of("token")}
    )

    assert opened["Plaintext"] == text.encode()


def test_the_default_key_opens_for_everybody_who_may_read_the_parameter(lab: Lab) -> None:
    put(lab, "token", "x")
    reader = lab.home.user("reader", policies={"r": allow("ssm:GetParameter", resource=arn_of("token"))})

    assert reader.client("ssm").get_parameter(Name="token", WithDecryption=True)["Parameter"]["Value"] == "x"
    described = lab.home.admin.client("ssm").describe_parameters()["Parameters"]
    assert described[0]["KeyId"] == "alias/aws/ssm"


def test_without_decrypt_the_ciphertext_is_all_that_a_reader_gets(lab: Lab, key: str) -> None:
    put(lab, "token", "x", key)
    reader = lab.home.user("reader", policies={"r": allow("ssm:GetParameter*")}).client("ssm")
    decrypted = {"WithDecryption": True}

    assert reader.get_parameter(Name="token")["Parameter"]["Value"]
    for call, parameters in (
        (reader.get_parameter, {"Name": "token"}),
        (reader.get_parameters, {"Names": ["token"]}),
        (reader.get_parameters_by_path, {"Path": "/"}),
        (reader.get_parameter_history, {"Name": "token"}),
    ):
        refused = refusal(call, **parameters, **decrypted)
        assert refused.response["Error"]["Code"] == "AccessDeniedException"
        assert lab.explain(refused).request.action == "kms:Decrypt"


def test_decrypt_may_be_bound_to_one_parameter(lab: Lab, key: str) -> None:
    for name in ("/app/mine", "/app/yours"):
        put(lab, name, name, key)
    mine = {
        "kms:EncryptionContext:PARAMETER_ARN": arn_of("/app/mine"),
        "kms:ViaService": "ssm.us-east-1.amazonaws.com",
    }
    reader = lab.home.user("reader", policies={"r": allow("ssm:GetParameter*")})
    reader.allow(allow("kms:Decrypt", resource=key, StringEquals=mine), "k")
    ssm = reader.client("ssm")

    assert ssm.get_parameter(Name="/app/mine", WithDecryption=True)["Parameter"]["Value"] == "/app/mine"
    refusal(ssm.get_parameter, Name="/app/yours", WithDecryption=True)
    refusal(ssm.get_parameters_by_path, Path="/app", WithDecryption=True)


def test_a_writer_without_encrypt_stores_nothing(lab: Lab, key: str) -> None:
    writer = lab.home.user("writer", policies={"w": allow("ssm:PutParameter")})

    refused = refusal(writer.client("ssm").put_parameter, Name="token", Value="x", Type="SecureString", KeyId=key)

    assert refused.response["Error"]["Code"] == "AccessDeniedException"
    assert lab.explain(refused).request.action == "kms:Encrypt"
    missing = refusal(lab.home.admin.client("ssm").get_parameter, Name="token")
    assert missing.response["Error"]["Code"] == "ParameterNotFound"


def test_who_may_not_read_the_parameter_never_reaches_its_key(lab: Lab, key: str) -> None:
    put(lab, "token", "x", key)
    before = len(lab.calls)
    other = lab.home.user("other", policies={"r": allow("ssm:GetParameter", resource=arn_of("another"))})

    refused = refusal(other.client("ssm").get_parameter, Name="token", WithDecryption=True)

    assert lab.explain(refused).request.resource == arn_of("token")
    assert len(lab.calls) == before


@pytest.mark.parametrize("prepare", ["disable_key", "schedule_key_deletion"])
def test_a_key_that_cannot_be_used_is_an_invalid_key_id(lab: Lab, key: str, prepare: str) -> None:
    put(lab, "token", "x", key)
    getattr(lab.home.admin.client("kms"), prepare)(KeyId=key)
    ssm = lab.home.admin.client("ssm")

    for refused in (
        refusal(ssm.get_parameter, Name="token", WithDecryption=True),
        refusal(ssm.put_parameter, Name="new", Value="x", Type="SecureString", KeyId=key),
        refusal(ssm.put_parameter, Name="new", Value="x", Type="SecureString", KeyId="alias/nowhere"),
    ):
        assert refused.response["Error"]["Code"] == "InvalidKeyId"


def test_each_version_stays_under_its_own_key(lab: Lab, key: str) -> None:
    put(lab, "token", "old", key)
    put(lab, "token", "new", Overwrite=True)
    lab.home.admin.client("kms").disable_key(KeyId=key)
    ssm = lab.home.admin.client("ssm")

    assert ssm.get_parameter(Name="token", WithDecryption=True)["Parameter"]["Value"] == "new"
    assert refusal(ssm.get_parameter, Name="token:1", WithDecryption=True).response["Error"]["Code"] == "InvalidKeyId"


@pytest.mark.parametrize(("tier", "limit"), [("Standard", 4096), ("Advanced", 8192)])
def test_a_value_over_the_limit_of_its_tier_is_refused(lab: Lab, tier: str, limit: int) -> None:
    put(lab, "fits", "x" * limit, Tier=tier)

    refused = refusal(
        lab.home.admin.client("ssm").put_parameter,
        Name="no",
        Value="x" * (limit + 1),
        Type="SecureString",
        Tier=tier,
    )

    assert refused.response["Error"]["Code"] == "ValidationException"


def test_a_secret_read_through_parameter_store_needs_what_the_secret_needs(lab: Lab, key: str) -> None:
    lab.home.admin.client("secretsmanager").create_secret(Name="db", SecretString="open", KmsKeyId=key)
    reader = lab.home.user("reader", policies={"r": allow("ssm:GetParameter")})
    name = "/aws/reference/secretsmanager/db"

    for action in ("secretsmanager:GetSecretValue", "kms:Decrypt"):
        refused = refusal(reader.client("ssm").get_parameter, Name=name, WithDecryption=True)
        assert lab.explain(refused).request.action == action
        reader.allow(allow(action), action.split(":")[1])

    found = reader.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert found["Value"] == "open"


def test_plain_parameters_ask_for_no_key(lab: Lab) -> None:
    ssm, before = lab.home.admin.client("ssm"), len(lab.calls)
    ssm.put_parameter(Name="colour", Value="blue", Type="String")

    assert ssm.get_parameter(Name="colour", WithDecryption=True)["Parameter"]["Value"] == "blue"
    assert len(lab.calls) == before


def test_without_enforcement_parameters_work_as_before() -> None:
    install()
    try:
        with mock_aws():
            ssm = boto3.client("ssm", "eu-west-1", aws_access_key_id="AKIA", aws_secret_access_key="secret")
            ssm.put_parameter(Name="/a/b", Value="x", Type="SecureString")
            ssm.put_parameter(Name="/a/b", Value="y", Overwrite=True)
            found = ssm.get_parameters_by_path(Path="/a", WithDecryption=True)["Parameters"]
            history = ssm.get_parameter_history(Name="/a/b", WithDecryption=True)["Parameters"]
            assert ([one["Value"] for one in found], [one["Value"] for one in history]) == (["y"], ["x", "y"])
    finally:
        uninstall()


def test_motos_own_header_opens_no_other_account(lab: Lab) -> None:
    other = lab.account("444455556666")
    other.admin.client("ssm").put_parameter(Name="p", Value="theirs", Type="String")
    store = lab.home.admin.client("ssm")
    store.meta.events.register(
        "before-sign", lambda request, **_: request.headers.add_header("x-moto-account-id", other.id)
    )

    with pytest.raises(ClientError, match="ParameterNotFound"):
        store.get_parameter(Name="p")
