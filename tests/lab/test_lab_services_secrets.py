"""Secrets Manager in the lab: who may, what it asks of KMS, and a secret that another account reads."""

import json
import secrets
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas.lab import Lab, install, uninstall

PARTNER = "444455556666"
VIA = {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}
DEFAULT_KEY = "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS"


def allow(*actions: str, resource: str = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}


def refusal(call: Any, **parameters: Any) -> ClientError:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value


def code_of(call: Any, **parameters: Any) -> str:
    code: str = refusal(call, **parameters).response["Error"]["Code"]
    return code


def new_key(lab: Lab) -> str:
    arn: str = lab.home.admin.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


def open_key(lab: Lab, key: str, principal: str, *actions: str) -> None:
    kms = lab.home.admin.client("kms")
    policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    one = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions), "Resource": "*"}
    policy["Statement"].append(one)
    kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))


def new_secret(lab: Lab, key: str = "", text: str = "x") -> str:
    parameters = {"KmsKeyId": key} if key else {}
    client = lab.home.admin.client("secretsmanager")
    arn: str = client.create_secret(Name=f"db-{secrets.token_hex(4)}", SecretString=text, **parameters)["ARN"]
    return arn


def asked(lab: Lab, since: int) -> list[tuple[str, str]]:
    return [(call.operation, call.parameters["EncryptionContext"]["SecretVersionId"]) for call in lab.calls[since:]]


def test_creating_a_secret_checks_the_key_and_then_asks_for_a_data_key_of_the_version(lab: Lab) -> None:
    key, before = new_key(lab), len(lab.calls)
    client = lab.home.admin.client("secretsmanager")

    made = client.create_secret(Name="db", SecretString="x", KmsKeyId=key)

    check = "RequestToValidateKeyAccess"
    assert asked(lab, before) == [
        ("GenerateDataKey", check),
        ("Decrypt", check),
        ("GenerateDataKey", made["VersionId"]),
    ]
    assert {call.parameters["EncryptionContext"]["SecretARN"] for call in lab.calls[before:]} == {made["ARN"]}
    assert {call.key_arn for call in lab.calls[before:]} == {key}


def test_a_new_value_is_under_a_data_key_of_its_own_and_reading_opens_it(lab: Lab) -> None:
    arn, client = new_secret(lab, new_key(lab)), lab.home.admin.client("secretsmanager")
    before, text = len(lab.calls), secrets.token_hex(6)

    version = client.put_secret_value(SecretId=arn, SecretString=text)["VersionId"]
    assert client.get_secret_value(SecretId=arn)["SecretString"] == text
    client.describe_secret(SecretId=arn)

    assert asked(lab, before) == [("GenerateDataKey", version), ("Decrypt", version)]


def test_without_a_key_the_aws_managed_one_is_made_and_everybody_who_may_read_the_secret_can(lab: Lab) -> None:
    arn = new_secret(lab, text="open")
    reader = lab.home.user("reader", policies={"r": allow("secretsmanager:GetSecretValue", resource=arn)})

    assert reader.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == "open"
    assert lab.calls[-1].operation == "Decrypt"
    found = lab.home.admin.client("kms").describe_key(KeyId="alias/aws/secretsmanager")["KeyMetadata"]
    assert (lab.calls[-1].key_arn, found["KeyManager"]) == (found["Arn"], "AWS")


def test_who_may_read_the_secret_but_not_use_its_key_is_told_that_kms_refused(lab: Lab) -> None:
    arn = new_secret(lab, new_key(lab))
    reader = lab.home.user("reader", policies={"r": allow("secretsmanager:GetSecretValue")})

    refused = refusal(reader.client("secretsmanager").get_secret_value, SecretId=arn)

    assert refused.response["Error"] == {"Code": "AccessDeniedException", "Message": "Access to KMS is not allowed"}
    assert lab.explain(refused).request.action == "kms:Decrypt"


def test_who_may_not_read_the_secret_never_reaches_its_key(lab: Lab) -> None:
    arn = new_secret(lab, new_key(lab))
    before = len(lab.calls)

    refused = refusal(lab.home.user("eve").client("secretsmanager").get_secret_value, SecretId=arn)

    assert lab.explain(refused).request.action == "secretsmanager:GetSecretValue"
    assert (arn in str(refused), len(lab.calls)) == (True, before)


def test_a_secret_whose_key_refuses_is_not_made(lab: Lab) -> None:
    writer = lab.home.user("writer", policies={"w": allow("secretsmanager:CreateSecret")})

    refused = refusal(writer.client("secretsmanager").create_secret, Name="db", SecretString="x", KmsKeyId=new_key(lab))

    assert str(refused).endswith("Access to KMS is not allowed")
    assert code_of(lab.home.admin.client("secretsmanager").describe_secret, SecretId="db") == (
        "ResourceNotFoundException"
    )


@pytest.mark.parametrize(("prepare", "word"), [("disable_key", "is disabled"), ("schedule_key_deletion", "deletion")])
def test_a_key_that_cannot_be_used_is_told_with_the_words_of_kms(lab: Lab, prepare: str, word: str) -> None:
    key = new_key(lab)
    arn, client = new_secret(lab, key), lab.home.admin.client("secretsmanager")
    getattr(lab.home.admin.client("kms"), prepare)(KeyId=key)

    read = refusal(client.get_secret_value, SecretId=arn)
    written = refusal(client.put_secret_value, SecretId=arn, SecretString="y")

    assert read.response["Error"]["Code"] == "DecryptionFailure" and word in str(read)
    assert written.response["Error"]["Code"] == "EncryptionFailure" and word in str(written)
    assert lab.calls[-1].request_id in str(written)


def test_after_another_key_is_chosen_the_present_version_opens_with_either(lab: Lab) -> None:
    old, new = new_key(lab), new_key(lab)
    arn, admin = new_secret(lab, old), lab.home.admin
    admin.client("secretsmanager").update_secret(SecretId=arn, KmsKeyId=new)
    read = allow("secretsmanager:GetSecretValue")
    for name, key in (("a", old), ("b", new)):
        reader = lab.home.user(name, policies={"r": read, "k": allow("kms:Decrypt", resource=key)})
        assert reader.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == "x"

    admin.client("kms").disable_key(KeyId=old)
    assert admin.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == "x"


@pytest.mark.parametrize("lacking", ["kms:Decrypt", "kms:Encrypt"])
def test_without_decrypt_on_the_old_key_or_encrypt_on_the_new_a_version_stays_under_the_old(
    lab: Lab, lacking: str
) -> None:
    old, new = new_key(lab), new_key(lab)
    arn = new_secret(lab, old)
    on_old = {"kms:Decrypt"} - {lacking}
    on_new = {"kms:GenerateDataKey", "kms:Decrypt"} | ({"kms:Encrypt"} - {lacking})
    writer = lab.home.user("writer", policies={"w": allow("secretsmanager:UpdateSecret")})
    writer.allow(allow(*on_new, resource=new), "new")
    if on_old:
        writer.allow(allow(*on_old, resource=old), "old")

    writer.client("secretsmanager").update_secret(SecretId=arn, KmsKeyId=new)

    lab.home.admin.client("kms").disable_key(KeyId=old)
    assert code_of(lab.home.admin.client("secretsmanager").get_secret_value, SecretId=arn) == "DecryptionFailure"


def shared(lab: Lab, key: str, *, by: str) -> str:
    arn = new_secret(lab, key, text="shared")
    one = {"Effect": "Allow", "Principal": {"AWS": by}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [one]})
    lab.home.admin.client("secretsmanager").put_resource_policy(SecretId=arn, ResourcePolicy=policy)
    return arn


def test_another_account_reads_with_both_policies_of_the_secret_and_both_of_the_key(lab: Lab) -> None:
    key, role = new_key(lab), lab.account(PARTNER).role("app")
    arn = shared(lab, key, by=role.arn)
    app = role.session("one")

    def read() -> Any:
        return app.client("secretsmanager").get_secret_value(SecretId=arn)

    assert lab.explain(refusal(read)).request.action == "secretsmanager:GetSecretValue"
    app.allow(allow("secretsmanager:GetSecretValue", resource=arn), "secret")
    assert lab.explain(refusal(read)).request.action == "kms:Decrypt"
    open_key(lab, key, role.arn, "kms:Decrypt")
    assert str(refusal(read)).endswith("Access to KMS is not allowed")
    app.allow(allow("kms:Decrypt", resource=key, StringEquals=VIA), "key")

    assert read()["SecretString"] == "shared"
    assert code_of(app.client("kms").decrypt, CiphertextBlob=lab.calls[-1].parameters["CiphertextBlob"]) == (
        "AccessDeniedException"
    )


def test_another_account_never_reads_under_the_aws_managed_key(lab: Lab) -> None:
    reader = lab.account(PARTNER).admin
    arn = shared(lab, "", by=reader.arn)

    refused = refusal(reader.client("secretsmanager").get_secret_value, SecretId=arn)

    assert refused.response["Error"]["Code"] == "InvalidRequestException"
    assert DEFAULT_KEY in str(refused)


def test_a_name_and_a_partial_arn_find_nothing_in_another_account(lab: Lab) -> None:
    key, reader = new_key(lab), lab.account(PARTNER).admin
    arn = shared(lab, key, by=reader.arn)
    open_key(lab, key, reader.arn, "kms:Decrypt")
    client = reader.client("secretsmanager")
    name = arn.rsplit(":", 1)[-1].rsplit("-", 1)[0]

    assert code_of(client.get_secret_value, SecretId=name) == "ResourceNotFoundException"
    assert code_of(client.get_secret_value, SecretId=arn.rsplit("-", 1)[0]) == "AccessDeniedException"
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "shared"


def test_a_batch_brings_what_may_be_read_and_names_what_may_not(lab: Lab) -> None:
    key = new_key(lab)
    mine, shut = new_secret(lab, text="mine"), new_secret(lab, key)
    read = allow("secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "secretsmanager:ListSecrets")
    reader = lab.home.user("reader", policies={"r": read}).client("secretsmanager")

    for ways in ({"SecretIdList": [mine, shut, "nowhere"]}, {"Filters": [{"Key": "name", "Values": ["db-"]}]}):
        answer = reader.batch_get_secret_value(**ways)
        assert [one["SecretString"] for one in answer["SecretValues"]] == ["mine"]
        errors = {one["SecretId"]: one["ErrorCode"] for one in answer["Errors"]}
        wanted = {shut: "AccessDeniedException", "nowhere": "ResourceNotFoundException"}
        assert errors == {name: code for name, code in wanted.items() if "Filters" not in ways or name == shut}


def test_policies_for_a_secrets_arn_hold_for_its_creation_too(lab: Lab) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:app/"
    for number, pattern in enumerate((f"{arn}*", f"{arn}db-??????", f"{arn}db-*")):
        writer = lab.home.user(f"writer{number}", policies={"w": allow("secretsmanager:*", resource=pattern)})
        client = writer.client("secretsmanager")
        made = client.create_secret(Name="app/db", SecretString="x")["ARN"]
        client.delete_secret(SecretId=made, ForceDeleteWithoutRecovery=True)
        assert code_of(client.create_secret, Name="other", SecretString="x") == "AccessDeniedException"


def test_the_version_stage_is_a_condition_and_awscurrent_when_nobody_names_one(lab: Lab) -> None:
    arn, admin = new_secret(lab), lab.home.admin.client("secretsmanager")
    admin.put_secret_value(SecretId=arn, SecretString="y")
    only = {"secretsmanager:VersionStage": "AWSCURRENT"}
    reader = lab.home.user("reader", policies={"r": allow("secretsmanager:GetSecretValue", StringEquals=only)})
    client = reader.client("secretsmanager")

    assert client.get_secret_value(SecretId=arn)["SecretString"] == "y"
    assert code_of(client.get_secret_value, SecretId=arn, VersionStage="AWSPREVIOUS") == "AccessDeniedException"


def test_a_resource_policy_that_is_none_is_refused(lab: Lab) -> None:
    put = lab.home.admin.client("secretsmanager").put_resource_policy

    assert code_of(put, SecretId=new_secret(lab), ResourcePolicy='{"Statement": 1}') == (
        "MalformedPolicyDocumentException"
    )


def test_without_enforcement_secrets_work_as_before_and_a_disabled_key_still_stops_them() -> None:
    install()
    try:
        with mock_aws():
            session = boto3.Session("AKIA", "secret", region_name="eu-west-1")
            client, kms = session.client("secretsmanager"), session.client("kms")
            client.create_secret(Name="plain", SecretBinary=b"\x00\x01")
            assert client.get_secret_value(SecretId="plain")["SecretBinary"] == b"\x00\x01"
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            client.create_secret(Name="sealed", SecretString="x", KmsKeyId=key)
            kms.disable_key(KeyId=key)
            assert code_of(client.get_secret_value, SecretId="sealed") == "DecryptionFailure"
    finally:
        uninstall()
