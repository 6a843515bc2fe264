"""envelope/encryption-sdk, where KMS opens what it may, and all wrapped keys are looked at afterwards."""

from concurrent.futures import ThreadPoolExecutor

from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateAwsKmsDiscoveryKeyringInput, CreateAwsKmsKeyringInput
from aws_encryption_sdk import EncryptionSDKClient

client = EncryptionSDKClient()
providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


def seal(kms, key_arn, tenant, payload):
    keyring = providers.create_aws_kms_keyring(CreateAwsKmsKeyringInput(kms_key_id=key_arn, kms_client=kms))
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(client.encrypt, source=payload, keyring=keyring, encryption_context={"tenant": tenant})
    return job.result()[0]


def open_message(kms, key_arn, tenant, message):
    return _open(kms, message, tenant, lambda arn: arn == key_arn)


def open_from(kms, account, tenant, message):
    return _open(kms, message, tenant, lambda arn: arn.startswith("arn:aws:kms:") and arn.split(":")[4] == account)


def _open(kms, message, tenant, counts):
    any_key = providers.create_aws_kms_discovery_keyring(CreateAwsKmsDiscoveryKeyringInput(kms_client=kms))
    payload, header = client.decrypt(source=message, keyring=any_key)
    arns = [wrapped.key_provider.key_info.decode() for wrapped in header.encrypted_data_keys]
    if not all(map(counts, arns)):
        raise PermissionError("under a key that does not count")
    if header.encryption_context.get("tenant") != tenant:
        raise PermissionError("for another tenant")
    return payload
