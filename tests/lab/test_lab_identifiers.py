"""Which form of a key's name each operation takes, and AWS's texts for the forms that lead nowhere.

Every operation of botocore's model with a KeyId, TargetKeyId, SourceKeyId or DestinationKeyId is asked with every form.
An operation that the engine lacks is left out by name; test_lab_model.py holds that list.
"""

import base64
import re
import secrets
import uuid
from typing import Any

import pytest

from kms_katas.lab import Lab, Principal
from kms_katas.lab.kms.operations import OPERATIONS
from kms_katas.lab.kms.request import has_error, service_model

PARAMETERS = ("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId")
OTHER_ACCOUNT = "444455556666"


def named_by() -> list[tuple[str, str]]:
    """Every (operation, parameter) of the model that names a key."""
    found = []
    for operation in service_model().operation_names:
        shape = service_model().operation_model(operation).input_shape
        found += [(operation, name) for name in (shape.members if shape else ()) if name in PARAMETERS]
    return [(operation, name) for operation, name in found if operation in OPERATIONS]


def takes_aliases(operation: str, parameter: str) -> bool:
    """What botocore's text says. It says nothing of the two MAC operations; the developer guide has kms:RequestAlias
    for them, which needs an alias.
    """
    text = service_model().operation_model(operation).input_shape.members[parameter].documentation
    return operation in ("GenerateMac", "VerifyMac") or "alias ARN" in re.sub("<[^>]+>", "", text)


def invalid_arn(operation: str) -> str:
    return "InvalidArnException" if has_error(operation, "InvalidArnException") else "NotFoundException"


CALLS = named_by()
every_call = pytest.mark.parametrize(("operation", "parameter"), CALLS, ids=[f"{one}.{name}" for one, name in CALLS])


@pytest.fixture
def answer(lab: Lab, raw: Any, least_request: Any, key: Any, kms: Any) -> Any:
    """Asks with one form of a name: (error code or None, text) of the answer."""
    blob = base64.b64encode(kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]).decode()

    def ask(operation: str, parameter: str, form: str, principal: Principal | None = None) -> tuple[str | None, str]:
        more = {"AliasName": f"alias/{secrets.token_hex(4)}"} if parameter == "TargetKeyId" else {}
        if operation == "UpdateAlias":
            own = (principal or lab.home.admin).client("kms")
            own.create_alias(TargetKeyId=own.create_key()["KeyMetadata"]["KeyId"], **more)
        if operation in ("Decrypt", "ReEncrypt"):
            more["CiphertextBlob"] = blob
        if operation == "ReEncrypt":
            more["DestinationKeyId"] = key["Arn"]
        if operation == "RetireGrant":
            more["GrantId"] = secrets.token_hex(32)
        if operation == "CreateGrant":
            more["GranteePrincipal"] = lab.home.admin.arn
        _, found = raw(operation, least_request(operation) | more | {parameter: form}, principal)
        return found.get("__type"), found.get("message", "")

    return ask


@pytest.fixture
def alias(kms: Any, key: Any) -> str:
    name = f"alias/{secrets.token_hex(4)}"
    kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    return name


def alias_arn(key: Any, name: str) -> str:
    arn: str = key["Arn"]
    return arn.replace(f"key/{key['KeyId']}", name)


# Errors of these codes that are about something else than the name of the key.
ABOUT_ANOTHER_MATTER = {
    "GenerateDataKey": "either number of bytes or key spec",
    "GenerateDataKeyWithoutPlaintext": "either number of bytes or key spec",
    "ImportKeyMaterial": "validTo",
    "RetireGrant": "rant",
    "RevokeGrant": "rant",
}


def found_the_key(operation: str, code: str | None, text: str) -> bool:
    """Whether the answer is none, or an error that comes after the key is found."""
    if code not in ("NotFoundException", "InvalidArnException", "ValidationException", "KMSInternalException"):
        return True
    return ABOUT_ANOTHER_MATTER.get(operation, "nothing") in text


@every_call
def test_a_key_id_and_a_key_arn_name_the_key(answer: Any, key: Any, operation: str, parameter: str) -> None:
    for form in (key["Arn"], key["KeyId"]):
        code, text = answer(operation, parameter, form)
        assert found_the_key(operation, code, text), (code, text)


@every_call
def test_an_alias_names_a_key_where_the_model_says_so(
    answer: Any, key: Any, alias: str, operation: str, parameter: str
) -> None:
    for form in (alias, alias_arn(key, alias)):
        code, text = answer(operation, parameter, form)
        if takes_aliases(operation, parameter):
            assert found_the_key(operation, code, text), (code, text)
        elif operation in ("CreateAlias", "UpdateAlias"):
            assert (code, text) == ("ValidationException", "Aliases must refer to keys. Not aliases")
        elif operation != "RetireGrant":
            assert (code, text) == ("InvalidArnException", "Key Aliases are not supported for this operation.")
        else:
            assert code == "InvalidArnException"


@every_call
def test_an_unknown_alias_is_not_found_where_aliases_are_taken(
    answer: Any, key: Any, operation: str, parameter: str
) -> None:
    name = f"alias/{secrets.token_hex(4)}"
    if not takes_aliases(operation, parameter):
        assert answer(operation, parameter, name)[0] in ("InvalidArnException", "ValidationException")
        return
    for form in (name, alias_arn(key, name)):
        expected = ("NotFoundException", f"Alias {alias_arn(key, name)} is not found.")
        assert answer(operation, parameter, form) == expected


@every_call
@pytest.mark.parametrize(
    "form",
    ["fake-key-id", "mrk-fake-key-id", secrets.token_hex(16), "key/x", "MRK-" + "0" * 32],
    ids=["words", "words after mrk-", "no hyphens", "key/", "MRK-"],
)
def test_a_malformed_key_id_is_not_found(answer: Any, operation: str, parameter: str, form: str) -> None:
    if operation != "RetireGrant":
        assert answer(operation, parameter, form) == ("NotFoundException", f"Invalid keyId '{form}'")


@every_call
def test_a_key_arn_holds_a_key_id_and_no_alias(kms: Any, answer: Any, key: Any, operation: str, parameter: str) -> None:
    name = f"alias/{secrets.token_hex(4)}"
    kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    for no_id in (name, "fake-key-id"):
        form = f"arn:aws:kms:us-east-1:111122223333:key/{no_id}"
        assert answer(operation, parameter, form) == ("NotFoundException", f"Invalid keyId '{no_id}'")


@every_call
def test_an_unknown_key_is_named_by_its_arn(answer: Any, operation: str, parameter: str) -> None:
    for unknown in (str(uuid.uuid4()), f"mrk-{secrets.token_hex(16)}"):
        arn = f"arn:aws:kms:us-east-1:111122223333:key/{unknown}"
        for form in (arn,) if operation == "RetireGrant" else (unknown, arn):
            assert answer(operation, parameter, form) == ("NotFoundException", f"Key '{arn}' does not exist")


@every_call
def test_an_arn_of_another_region_is_invalid_here(answer: Any, key: Any, operation: str, parameter: str) -> None:
    elsewhere = key["Arn"].replace("us-east-1", "eu-west-1")
    assert answer(operation, parameter, elsewhere) == ("NotFoundException", "Invalid arn eu-west-1")


@every_call
@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:kms",
        "arn:aws:s3:::bucket",
        "arn:aws:kms:us-east-1:12:key/x",
        "arn:aws:kms:us-east-1:111122223333:key/",
        "arn:aws-cn:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ],
)
def test_a_malformed_arn_is_refused(answer: Any, operation: str, parameter: str, arn: str) -> None:
    assert answer(operation, parameter, arn)[0] == invalid_arn(operation)


@every_call
def test_an_empty_name_is_too_short(answer: Any, operation: str, parameter: str) -> None:
    member = parameter[0].lower() + parameter[1:]
    assert answer(operation, parameter, "") == (
        "ValidationException",
        f"1 validation error detected: Value '' at '{member}' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    )


@every_call
def test_a_stranger_cannot_tell_a_missing_key_from_a_closed_one(
    lab: Lab, answer: Any, key: Any, opaque: Any, operation: str, parameter: str
) -> None:
    stranger = lab.account(OTHER_ACCOUNT).admin
    missing = f"arn:aws:kms:us-east-1:111122223333:key/{uuid.uuid4()}"
    texts = set()
    for form in (key["Arn"], missing):
        code, text = answer(operation, parameter, form, stranger)
        assert code == ("NotFoundException" if operation == "ListAliases" else "AccessDeniedException"), (code, text)
        texts.add(opaque(text))
    assert len(texts) == 1


def test_a_key_id_means_nothing_in_another_region(lab: Lab, key: Any, refused: Any) -> None:
    elsewhere = lab.home.admin.client("kms", region="eu-west-1")
    with refused("NotFoundException", f"Key '{key['Arn'].replace('us-east-1', 'eu-west-1')}' does not exist"):
        elsewhere.describe_key(KeyId=key["KeyId"])


def test_a_plain_key_id_belongs_to_the_callers_own_account(lab: Lab, key: Any, refused: Any) -> None:
    stranger = lab.account(OTHER_ACCOUNT).admin.client("kms")
    arn = f"arn:aws:kms:us-east-1:{OTHER_ACCOUNT}:key/{key['KeyId']}"
    with refused("NotFoundException", f"Key '{arn}' does not exist"):
        stranger.describe_key(KeyId=key["KeyId"])


@pytest.mark.parametrize("operation", ["encrypt", "generate_data_key", "describe_key"])
def test_all_four_forms_lead_to_the_same_key(lab: Lab, kms: Any, key: Any, alias: str, operation: str) -> None:
    more = {"encrypt": {"Plaintext": b"x"}, "generate_data_key": {"KeySpec": "AES_256"}}.get(operation, {})
    for form in (key["KeyId"], key["Arn"], alias, alias_arn(key, alias)):
        getattr(kms, operation)(KeyId=form, **more)
        assert lab.calls[-1].key_arn == key["Arn"]
