"""envelope/encryption-sdk: multi-keyrings, which make their own KMS clients for the Regions that count."""

from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsDiscoveryMultiKeyringInput,
    CreateAwsKmsMultiKeyringInput,
    DiscoveryFilter,
)
from aws_encryption_sdk import EncryptionSDKClient

sdk = EncryptionSDKClient()
providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


def seal(kms, key_arn: str, tenant: str, payload: bytes) -> bytes:
    return sdk.encrypt(source=payload, keyring=under(key_arn), encryption_context={"tenant": tenant})[0]


def open_message(kms, key_arn: str, tenant: str, message: bytes) -> bytes:
    return sdk.decrypt(source=message, keyring=under(key_arn), encryption_context={"tenant": tenant})[0]


def open_from(kms, account: str, tenant: str, message: bytes) -> bytes:
    wanted = CreateAwsKmsDiscoveryMultiKeyringInput(
        regions=[kms.meta.region_name],
        discovery_filter=DiscoveryFilter(account_ids=[account], partition="aws"),
    )
    ring = providers.create_aws_kms_discovery_multi_keyring(wanted)
    return sdk.decrypt(source=message, keyring=ring, encryption_context={"tenant": tenant})[0]


def under(key_arn):
    return providers.create_aws_kms_multi_keyring(CreateAwsKmsMultiKeyringInput(generator=key_arn))
