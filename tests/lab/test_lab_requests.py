"""Requests wrong in form, operations that the lab lacks, and faults: each is an AWS error, never a Python exception."""

import base64
import secrets
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab
from kms_katas.lab.kms import path
from kms_katas.lab.kms.request import service_model

ONE = "1 validation error detected: "


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        (
            "GenerateRandom",
            {"NumberOfBytes": 0},
            "Value '0' at 'numberOfBytes' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            "GenerateRandom",
            {"NumberOfBytes": 1025},
            "Value '1025' at 'numberOfBytes' failed to satisfy constraint: "
            "Member must have value less than or equal to 1024",
        ),
        (
            "CreateKey",
            {"Tags": [{"TagKey": "a" * 129, "TagValue": ""}]},
            f"Value '{'a' * 129}' at 'tags.1.member.tagKey' failed to satisfy constraint: "
            "Member must have length less than or equal to 128",
        ),
        ("DescribeKey", {}, "Value null at 'keyId' failed to satisfy constraint: Member must not be null"),
        (
            "CreateAlias",
            {"AliasName": "alias/a b", "TargetKeyId": "x"},
            "Value 'alias/a b' at 'aliasName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
        ),
        (
            "Encrypt",
            {"KeyId": "x", "Plaintext": ""},
            "Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
    ],
)
def test_a_value_outside_the_model_is_named(raw: Any, operation: str, body: Any, message: str) -> None:
    status, answer = raw(operation, body)
    assert (status, answer) == (400, {"__type": "ValidationException", "message": ONE + message})


def test_an_unknown_enum_value_is_answered_with_the_known_ones(raw: Any) -> None:
    _, answer = raw("CreateKey", {"KeySpec": "HMAC_random"})
    start = ONE + "Value 'HMAC_random' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: ["
    assert answer["message"].startswith(start)
    assert "SYMMETRIC_DEFAULT" in answer["message"]


def test_all_faults_of_a_request_are_counted(raw: Any) -> None:
    _, answer = raw("Encrypt", {"KeyId": ""})
    assert answer["message"].startswith("2 validation errors detected: Value '' at 'keyId'")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"KeyId": 5}',
        b'{"KeyId": "x", "Plaintext": "no base64!"}',
        b'{"KeyId": "\\ud800"}',
        b'{"KeyId": "x", "EncryptionContext": {"\\udc00": "x"}}',
        b"\xff",
    ],
)
def test_a_body_that_is_no_request_is_a_serialization_error(raw: Any, body: bytes) -> None:
    status, answer = raw("Encrypt", body)
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_answers_hold_nothing_that_the_model_does_not_have(lab: Lab, kms: Any, key: Any) -> None:
    key_id = key["KeyId"]
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    kms.create_alias(AliasName="alias/a", TargetKeyId=key_id)
    kms.tag_resource(KeyId=key_id, Tags=[{"TagKey": "a", "TagValue": "b"}])
    kms.decrypt(CiphertextBlob=blob)
    kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    kms.generate_data_key_without_plaintext(KeyId=key_id, KeySpec="AES_256")
    kms.generate_random(NumberOfBytes=1)
    for operation in ("describe_key", "get_key_policy", "list_key_policies", "list_resource_tags", "list_aliases"):
        getattr(kms, operation)(KeyId=key_id)
    kms.list_keys()
    kms.schedule_key_deletion(KeyId=key_id)
    kms.cancel_key_deletion(KeyId=key_id)
    for call in lab.calls:
        shape = service_model().operation_model(call.operation).output_shape
        assert call.response is not None
        _assert_fits(call.response, shape, call.operation)


def _assert_fits(value: Any, shape: Any, where: str) -> None:
    if isinstance(value, dict):
        assert set(value) <= set(shape.members if shape else {}), where
        for name, one in value.items():
            _assert_fits(one, shape.members[name], f"{where}.{name}")
    elif isinstance(value, list):
        for one in value:
            _assert_fits(one, shape.member, where)
    elif getattr(shape, "enum", None):
        assert value in shape.enum, where


def test_an_operation_that_kms_does_not_have_is_unknown(raw: Any) -> None:
    assert raw("MeltKey", {})[1]["__type"] == "UnknownOperationException"


def _minimal(shape: Any) -> Any:
    """A smallest value that the shape accepts."""
    if shape.type_name == "structure":
        return {name: _minimal(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [_minimal(shape.member)]
    if shape.type_name == "blob":
        return base64.b64encode(bytes(shape.metadata.get("min", 1))).decode()
    if shape.type_name in ("integer", "boolean"):
        return shape.metadata.get("min", 1) if shape.type_name == "integer" else False
    if shape.enum:
        return shape.enum[0]
    return "a" * shape.metadata.get("min", 1)


@pytest.mark.parametrize("operation", service_model().operation_names)
def test_every_operation_of_kms_answers_with_json_and_never_with_a_fault_of_ours(raw: Any, operation: str) -> None:
    shape = service_model().operation_model(operation).input_shape
    for body in ({}, _minimal(shape)):
        status, answer = raw(operation, body)
        assert status in (200, 400)
        assert answer.get("__type") != "KMSInternalException"


@pytest.mark.parametrize(
    "asked",
    [
        {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
        {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
        {"CustomerMasterKeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    ],
)
def test_other_kinds_of_key_are_unsupported_and_the_sentence_blames_the_lab(kms: Any, refused: Any, asked: Any) -> None:
    with refused("UnsupportedOperationException") as caught:
        kms.create_key(**asked)
    assert "the lab does not have it yet" in caught.value.response["Error"]["Message"]
    assert kms.list_keys()["Keys"] == []


def test_a_key_spec_other_than_symmetric_needs_a_usage(kms: Any, refused: Any) -> None:
    text = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
    with refused("ValidationException", text):
        kms.create_key(KeySpec="HMAC_256")


def test_a_usage_that_does_not_fit_the_spec_is_refused(kms: Any, refused: Any) -> None:
    with refused("ValidationException", "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT"):
        kms.create_key(KeyUsage="SIGN_VERIFY")


def test_operations_of_later_are_unsupported(kms: Any, key: Any, refused: Any) -> None:
    with refused("UnsupportedOperationException"):
        kms.list_grants(KeyId=key["KeyId"])


def test_a_fault_of_the_engine_reaches_the_caller_as_an_internal_error(
    kms: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = secrets.token_hex(8)

    def fail(*_: object) -> None:
        raise ZeroDivisionError(secret)

    monkeypatch.setattr(path, "find_target", fail)
    with refused("KMSInternalException") as caught:
        kms.list_keys()
    assert "ListKeys" in str(caught.value) and secret not in str(caught.value)


def test_a_region_that_aws_does_not_have_is_an_aws_error(lab: Lab) -> None:
    with pytest.raises(ClientError):
        lab.home.admin.client("kms", region="mars-north-1").list_keys()
