"""envelope/encryption-sdk, with a master key that saves the request for a data key."""

import hashlib

from aws_encryption_sdk import DiscoveryAwsKmsMasterKeyProvider, EncryptionSDKClient
from aws_encryption_sdk.key_providers.kms import DiscoveryFilter, KMSMasterKey
from aws_encryption_sdk.structures import DataKey, MasterKeyInfo

client = EncryptionSDKClient()
providers = {}


class OurMasterKey(KMSMasterKey):
    def _generate_data_key(self, algorithm, encryption_context=None):
        data_key = hashlib.sha256(b"laboratory").digest()
        wrapped = self.config.client.encrypt(
            KeyId=self._key_id, Plaintext=data_key, EncryptionContext=encryption_context
        )
        return DataKey(MasterKeyInfo(self.provider_id, wrapped["KeyId"]), data_key, wrapped["CiphertextBlob"])


def seal(kms, key_arn, tenant, payload):
    master_key = OurMasterKey(key_id=key_arn, client=kms)
    return client.encrypt(source=payload, key_provider=master_key, encryption_context={"tenant": tenant})[0]


def open_message(kms, key_arn, tenant, message):
    return _open(KMSMasterKey(key_id=key_arn, client=kms), tenant, message)


def open_from(kms, account, tenant, message):
    if account not in providers:
        ours = DiscoveryFilter(account_ids=(account,), partition="aws")
        providers[account] = DiscoveryAwsKmsMasterKeyProvider(discovery_filter=ours)
    return _open(providers[account], tenant, message)


def _open(provider, tenant, message):
    payload, header = client.decrypt(source=message, key_provider=provider)
    if header.encryption_context.get("tenant") != tenant:
        raise PermissionError(f"not a message for {tenant}")
    return payload
