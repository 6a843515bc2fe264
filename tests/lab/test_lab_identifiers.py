"""Key IDs, key ARNs, alias names, alias ARNs: who takes which, and AWS's texts for those that lead nowhere."""

import secrets
import uuid
from typing import Any

import pytest

from kms_katas.lab import Lab

USES = ["encrypt", "generate_data_key", "describe_key"]
MANAGEMENT = [
    "enable_key",
    "disable_key",
    "get_key_policy",
    "list_resource_tags",
    "schedule_key_deletion",
    "list_key_policies",
]


def call(kms: Any, operation: str, key_id: str) -> Any:
    more = {"encrypt": {"Plaintext": b"x"}, "generate_data_key": {"KeySpec": "AES_256"}}.get(operation, {})
    return getattr(kms, operation)(KeyId=key_id, **more)


@pytest.fixture
def alias(kms: Any, key: Any) -> str:
    name = f"alias/{secrets.token_hex(4)}"
    kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    return name


@pytest.mark.parametrize("operation", USES)
def test_uses_of_a_key_take_all_four_forms(lab: Lab, kms: Any, key: Any, alias: str, operation: str) -> None:
    alias_arn = key["Arn"].replace(f"key/{key['KeyId']}", alias)
    for form in (key["KeyId"], key["Arn"], alias, alias_arn):
        call(kms, operation, form)
        assert lab.calls[-1].key_arn == key["Arn"]


@pytest.mark.parametrize("operation", MANAGEMENT)
def test_management_takes_a_key_id_or_key_arn_only(
    kms: Any, key: Any, alias: str, refused: Any, operation: str
) -> None:
    for form in (alias, key["Arn"].replace(f"key/{key['KeyId']}", alias)):
        with refused("InvalidArnException", "Key Aliases are not supported for this operation."):
            call(kms, operation, form)
    call(kms, operation, key["Arn"])


@pytest.mark.parametrize("operation", USES + MANAGEMENT)
@pytest.mark.parametrize("form", ["fake-key-id", "mrk-fake-key-id", secrets.token_hex(16), "key/x"])
def test_a_malformed_key_id_is_not_found(kms: Any, refused: Any, operation: str, form: str) -> None:
    with refused("NotFoundException", f"Invalid keyId '{form}'"):
        call(kms, operation, form)


@pytest.mark.parametrize("operation", USES + MANAGEMENT)
def test_an_unknown_key_is_named_by_its_arn(kms: Any, refused: Any, operation: str) -> None:
    for unknown in (str(uuid.uuid4()), f"mrk-{secrets.token_hex(16)}"):
        arn = f"arn:aws:kms:us-east-1:111122223333:key/{unknown}"
        for form in (unknown, arn):
            with refused("NotFoundException", f"Key '{arn}' does not exist"):
                call(kms, operation, form)


@pytest.mark.parametrize("operation", USES + MANAGEMENT)
def test_an_arn_of_another_region_is_invalid_here(lab: Lab, key: Any, refused: Any, operation: str) -> None:
    elsewhere = lab.home.admin.client("kms", region="eu-west-1")
    with refused("NotFoundException", "Invalid arn us-east-1"):
        call(elsewhere, operation, key["Arn"])


def test_a_key_id_means_nothing_in_another_region(lab: Lab, key: Any, refused: Any) -> None:
    elsewhere = lab.home.admin.client("kms", region="eu-west-1")
    with refused("NotFoundException", f"Key '{key['Arn'].replace('us-east-1', 'eu-west-1')}' does not exist"):
        elsewhere.describe_key(KeyId=key["KeyId"])


def test_an_unknown_alias_is_named_by_its_arn(kms: Any, refused: Any) -> None:
    with refused("NotFoundException", "Alias arn:aws:kms:us-east-1:111122223333:alias/nobody is not found."):
        kms.describe_key(KeyId="alias/nobody")


@pytest.mark.parametrize("arn", ["arn:aws:kms", "arn:aws:s3:::bucket", "arn:aws:kms:us-east-1:12:key/x"])
def test_a_malformed_arn_is_refused(kms: Any, refused: Any, arn: str) -> None:
    with refused("InvalidArnException"):
        kms.describe_key(KeyId=arn)
    with refused("NotFoundException"):
        kms.encrypt(KeyId=arn, Plaintext=b"x")


def test_a_plain_key_id_belongs_to_the_callers_own_account(lab: Lab, key: Any, refused: Any) -> None:
    stranger = lab.account("444455556666").admin.client("kms")
    arn = f"arn:aws:kms:us-east-1:444455556666:key/{key['KeyId']}"
    with refused("NotFoundException", f"Key '{arn}' does not exist"):
        stranger.describe_key(KeyId=key["KeyId"])


def test_a_stranger_cannot_tell_a_missing_key_from_a_closed_one(lab: Lab, key: Any, opaque: Any, refused: Any) -> None:
    stranger = lab.account("444455556666").admin.client("kms")
    missing = f"arn:aws:kms:us-east-1:111122223333:key/{uuid.uuid4()}"
    texts = set()
    for arn in (key["Arn"], missing):
        with refused("AccessDeniedException") as caught:
            stranger.describe_key(KeyId=arn)
        texts.add(opaque(str(caught.value)))
    assert len(texts) == 1


def test_an_arn_of_another_partition_is_refused(kms: Any, key: Any, refused: Any) -> None:
    with refused("InvalidArnException"):
        kms.describe_key(KeyId=key["Arn"].replace("arn:aws:", "arn:aws-cn:"))
