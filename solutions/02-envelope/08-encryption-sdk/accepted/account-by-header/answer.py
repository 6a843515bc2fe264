"""envelope/encryption-sdk, where the reader takes the key from the header, if it is of the account, and names it."""

import io

from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateAwsKmsKeyringInput
from aws_encryption_sdk import EncryptionSDKClient
from aws_encryption_sdk.internal.formatting.deserialize import deserialize_header


def keyring_of(kms, key_arn):
    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    return providers.create_aws_kms_keyring(CreateAwsKmsKeyringInput(kms_key_id=key_arn, kms_client=kms))


def seal(kms, key_arn, tenant, payload):
    client = EncryptionSDKClient()
    return client.encrypt(source=payload, keyring=keyring_of(kms, key_arn), encryption_context={"tenant": tenant})[0]


def open_message(kms, key_arn, tenant, message):
    assert header_of(message).encryption_context.get("tenant") == tenant, "for another tenant"
    return EncryptionSDKClient().decrypt(source=message, keyring=keyring_of(kms, key_arn))[0]


def open_from(kms, account, tenant, message):
    wrapped_keys = list(header_of(message).encrypted_data_keys)
    assert len(wrapped_keys) == 1, "ours are under one key"
    key_arn = wrapped_keys[0].key_provider.key_info.decode()
    partition, service, _, owner, _ = key_arn.split(":")[1:]
    assert (partition, service, owner) == ("aws", "kms", account), "under a key of somebody else"
    return open_message(kms, key_arn, tenant, message)


def header_of(message):
    return deserialize_header(io.BytesIO(message))[0]
