"""envelope/encryption-sdk: seal reports with the AWS Encryption SDK, and open only those that should be opened."""

import aws_encryption_sdk  # noqa: F401
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig

providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())  # it makes keyrings


def seal(kms, key_arn: str, tenant: str, payload: bytes) -> bytes:
    """The payload as a message of the AWS Encryption SDK, under `key_arn`, for this tenant."""
    # TODO 1: encrypt it with the SDK: which client, which keyring, which context?
    return payload


def open_message(kms, key_arn: str, tenant: str, message: bytes) -> bytes:
    """What the message holds. Raises an exception unless it is this tenant's, under this key, committed and whole."""
    # TODO 2: decrypt it with the SDK, and refuse all that the brief names
    return message


def open_from(kms, account: str, tenant: str, message: bytes) -> bytes:
    """As open_message, for a message under any KMS key of `account`, and of no other account."""
    # TODO 3: which keyring finds the key by itself, and what keeps it inside the account?
    return message
