"""envelope/encryption-sdk: seal reports with the AWS Encryption SDK, and open only those that should be opened."""

import hashlib

from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsDiscoveryKeyringInput,
    CreateAwsKmsKeyringInput,
    DiscoveryFilter,
)
from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient

client = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


def seal(kms, key_arn: str, tenant: str, payload: bytes) -> bytes:
    """The payload as a message of the AWS Encryption SDK, under `key_arn`, for this tenant."""
    number = int.from_bytes(hashlib.sha256(payload).digest()[:4]) % 1_000_000
    context = {"tenant": tenant, "report": f"R-{number:06}"}
    message, _ = client.encrypt(source=payload, keyring=_one_key(kms, key_arn), encryption_context=context)
    return message


def open_message(kms, key_arn: str, tenant: str, message: bytes) -> bytes:
    """What the message holds. Raises an exception unless it is this tenant's, under this key, committed and whole."""
    return _open(_one_key(kms, key_arn), tenant, message)


def open_from(kms, account: str, tenant: str, message: bytes) -> bytes:
    """As open_message, for a message under any KMS key of `account`, and of no other account."""
    only = DiscoveryFilter(account_ids=[account], partition="aws")
    any_key = CreateAwsKmsDiscoveryKeyringInput(kms_client=kms, discovery_filter=only)
    return _open(providers.create_aws_kms_discovery_keyring(any_key), tenant, message)


def _one_key(kms, key_arn):
    return providers.create_aws_kms_keyring(CreateAwsKmsKeyringInput(kms_key_id=key_arn, kms_client=kms))


def _open(keyring, tenant, message):
    # Must be the tenant in the message. Where that has none, KMS is asked with this one, and refuses.
    payload, _ = client.decrypt(source=message, keyring=keyring, encryption_context={"tenant": tenant})
    return payload
