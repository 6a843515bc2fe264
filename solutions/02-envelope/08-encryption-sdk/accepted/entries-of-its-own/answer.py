"""envelope/encryption-sdk, with entries for the archive: shelves by turns, one of two vans, time and length."""

import itertools
import secrets
from datetime import UTC, datetime

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsDiscoveryKeyringInput,
    CreateAwsKmsKeyringInput,
    DiscoveryFilter,
)

SDK = aws_encryption_sdk.EncryptionSDKClient()
RINGS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
SHELVES = itertools.cycle(["left", "right"])


class Refused(Exception):
    """The only error that leaves an opening function."""


def _ring_of(kms, whose):
    if whose.startswith("arn:"):
        return RINGS.create_aws_kms_keyring(CreateAwsKmsKeyringInput(kms_key_id=whose, kms_client=kms))
    only = DiscoveryFilter(account_ids=[whose], partition="aws")
    return RINGS.create_aws_kms_discovery_keyring(
        CreateAwsKmsDiscoveryKeyringInput(kms_client=kms, discovery_filter=only)
    )


def seal(kms, key_arn, tenant, payload):
    entries = {
        "shelf": next(SHELVES),
        "van": secrets.choice(["1", "2"]),
        "sealed at": datetime.now(UTC).isoformat(),
        "length": str(len(payload)),
    }
    sealed = SDK.encrypt(
        source=payload, keyring=_ring_of(kms, key_arn), encryption_context={**entries, "tenant": tenant}
    )
    return sealed[0]


def open_message(kms, whose, tenant, message):
    try:
        payload, header = SDK.decrypt(source=message, keyring=_ring_of(kms, whose))
    except Exception as error:
        raise Refused(type(error).__name__) from error
    if header.encryption_context.get("tenant") != tenant:
        raise Refused("another tenant's")
    return payload


open_from = open_message
