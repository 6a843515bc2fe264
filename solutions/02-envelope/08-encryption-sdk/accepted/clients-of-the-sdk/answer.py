"""envelope/encryption-sdk, with multi-keyrings that make their KMS clients themselves."""

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders, config, models


class Sealed:
    sdk = aws_encryption_sdk.EncryptionSDKClient(
        commitment_policy=aws_encryption_sdk.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
    )
    mpl = AwsCryptographicMaterialProviders(config.MaterialProvidersConfig())

    def __init__(self, tenant):
        self.context = {"tenant": tenant}

    def open(self, message, keyring):
        return self.sdk.decrypt(source=message, keyring=keyring, encryption_context=self.context)[0]


def seal(kms, key_arn, tenant, payload):
    keyring = Sealed.mpl.create_aws_kms_multi_keyring(models.CreateAwsKmsMultiKeyringInput(generator=key_arn))
    context = {"tenant": tenant, "what": "report"}
    return Sealed.sdk.encrypt(source=payload, keyring=keyring, encryption_context=context)[0]


def open_message(kms, key_arn, tenant, message):
    wanted = models.CreateAwsKmsMultiKeyringInput(kms_key_ids=[key_arn])
    return Sealed(tenant).open(message, Sealed.mpl.create_aws_kms_multi_keyring(wanted))


def open_from(kms, account, tenant, message):
    wanted = models.CreateAwsKmsDiscoveryMultiKeyringInput(
        regions=[kms.meta.region_name],
        discovery_filter=models.DiscoveryFilter(account_ids=[account], partition="aws"),
    )
    return Sealed(tenant).open(message, Sealed.mpl.create_aws_kms_discovery_multi_keyring(wanted))
