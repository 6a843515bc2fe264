"""envelope/encryption-sdk, as streams in small frames unsigned; the header is looked at before the content."""

import io

from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsMrkDiscoveryKeyringInput,
    CreateAwsKmsMrkKeyringInput,
    CreateMultiKeyringInput,
    DiscoveryFilter,
)
from aws_encryption_sdk import EncryptionSDKClient
from aws_encryption_sdk.identifiers import AlgorithmSuite

providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


def seal(kms, key_arn, tenant, payload):
    sealed = io.BytesIO()
    with EncryptionSDKClient(max_encrypted_data_keys=1).stream(
        mode="encrypt",
        source=io.BytesIO(payload),
        source_length=len(payload),
        keyring=_keyring(kms, key_arn),
        algorithm=AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
        frame_length=256,
        encryption_context={"tenant": tenant, "written by": "laboratory"},
    ) as pieces:
        for piece in pieces:
            sealed.write(piece)
    return sealed.getvalue()


def open_message(kms, key_arn, tenant, message):
    return _opened(_keyring(kms, key_arn), tenant, message)


def open_from(kms, account, tenant, message):
    wanted = CreateAwsKmsMrkDiscoveryKeyringInput(
        kms_client=kms,
        region=kms.meta.region_name,
        discovery_filter=DiscoveryFilter(account_ids=[account], partition="aws"),
    )
    return _opened(providers.create_aws_kms_mrk_discovery_keyring(wanted), tenant, message)


def _keyring(kms, key_arn):
    one = providers.create_aws_kms_mrk_keyring(CreateAwsKmsMrkKeyringInput(kms_key_id=key_arn, kms_client=kms))
    return providers.create_multi_keyring(CreateMultiKeyringInput(generator=one, child_keyrings=[]))


def _opened(keyring, tenant, message):
    client = EncryptionSDKClient(max_encrypted_data_keys=1)
    with client.stream(mode="decrypt", source=message, keyring=keyring) as pieces:
        if pieces.header.encryption_context.get("tenant") != tenant:
            raise ValueError("another tenant's")
        return b"".join(pieces)
