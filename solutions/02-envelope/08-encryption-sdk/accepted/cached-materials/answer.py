"""envelope/encryption-sdk, where a data key serves a few messages of one tenant within a minute."""

from datetime import date

from aws_encryption_sdk import (
    CachingCryptoMaterialsManager,
    CommitmentPolicy,
    DiscoveryAwsKmsMasterKeyProvider,
    EncryptionSDKClient,
    LocalCryptoMaterialsCache,
)
from aws_encryption_sdk.key_providers.kms import DiscoveryFilter, KMSMasterKey

CLIENT = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
MANAGERS = {}


def seal(kms, key_arn, tenant, payload):
    context = {"tenant": tenant, "day": date.today().isoformat()}
    message, _ = CLIENT.encrypt(
        source=payload, materials_manager=_manager(kms, key_arn), encryption_context=context, frame_length=0
    )
    return message


def open_message(kms, key_arn, tenant, message):
    return _open(_manager(kms, key_arn), tenant, message)


def open_from(kms, account, tenant, message):
    return _open(_manager(kms, account), tenant, message)


def _manager(kms, whose):
    if whose not in MANAGERS:
        if whose.startswith("arn:"):
            provider = KMSMasterKey(key_id=whose, client=kms)
        else:
            ours = DiscoveryFilter(account_ids=(whose,), partition="aws")
            provider = DiscoveryAwsKmsMasterKeyProvider(discovery_filter=ours)
            # Its own client would do as well; this one is there already.
            provider._regional_clients[kms.meta.region_name] = kms
        MANAGERS[whose] = CachingCryptoMaterialsManager(
            master_key_provider=provider,
            cache=LocalCryptoMaterialsCache(capacity=20),
            max_age=60.0,
            max_messages_encrypted=10,
        )
    return MANAGERS[whose]


def _open(manager, tenant, message):
    payload, header = CLIENT.decrypt(source=message, materials_manager=manager)
    if header.encryption_context["tenant"] != tenant:
        raise KeyError(tenant)
    return payload
