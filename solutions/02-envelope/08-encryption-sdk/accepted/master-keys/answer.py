"""envelope/encryption-sdk, with what came before keyrings: a master key, and a provider for any key of an account."""

from aws_encryption_sdk import DiscoveryAwsKmsMasterKeyProvider, EncryptionSDKClient
from aws_encryption_sdk.key_providers.kms import DiscoveryFilter, KMSMasterKey

client = EncryptionSDKClient()
providers = {}


def seal(kms, key_arn, tenant, payload):
    master_key = KMSMasterKey(key_id=key_arn, client=kms)
    return client.encrypt(source=payload, key_provider=master_key, encryption_context={"tenant": tenant})[0]


def open_message(kms, key_arn, tenant, message):
    return _open(KMSMasterKey(key_id=key_arn, client=kms), tenant, message)


def open_from(kms, account, tenant, message):
    if account not in providers:
        # Makes KMS clients of its own, with the credentials of the environment, which takes a while.
        ours = DiscoveryFilter(account_ids=(account,), partition="aws")
        providers[account] = DiscoveryAwsKmsMasterKeyProvider(discovery_filter=ours)
    return _open(providers[account], tenant, message)


def _open(provider, tenant, message):
    payload, header = client.decrypt(source=message, key_provider=provider)
    if header.encryption_context.get("tenant") != tenant:
        raise PermissionError(f"not a message for {tenant}")
    return payload
