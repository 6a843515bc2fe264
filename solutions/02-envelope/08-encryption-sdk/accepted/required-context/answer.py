"""envelope/encryption-sdk, with a materials manager that demands the tenant and leaves it out of the message."""

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders, config, models

mpl = AwsCryptographicMaterialProviders(config=config.MaterialProvidersConfig())


class Office:
    def __init__(self, keyring):
        default = models.CreateDefaultCryptographicMaterialsManagerInput(keyring=keyring)
        self.client = aws_encryption_sdk.EncryptionSDKClient()
        self.manager = mpl.create_required_encryption_context_cmm(
            models.CreateRequiredEncryptionContextCMMInput(
                underlying_cmm=mpl.create_default_cryptographic_materials_manager(default),
                required_encryption_context_keys=["tenant"],
            )
        )

    @classmethod
    def of_key(cls, kms, arn):
        return cls(mpl.create_aws_kms_keyring(models.CreateAwsKmsKeyringInput(kms_key_id=arn, kms_client=kms)))

    @classmethod
    def of_account(cls, kms, account):
        ours = models.DiscoveryFilter(account_ids=[account], partition="aws")
        wanted = models.CreateAwsKmsDiscoveryKeyringInput(kms_client=kms, discovery_filter=ours)
        return cls(mpl.create_aws_kms_discovery_keyring(wanted))

    def run(self, way, data, tenant):
        context = {"tenant": tenant, "kind": "report"} if way == "encrypt" else {"tenant": tenant}
        return getattr(self.client, way)(source=data, materials_manager=self.manager, encryption_context=context)[0]


def seal(kms, key_arn, tenant, payload):
    return Office.of_key(kms, key_arn).run("encrypt", payload, tenant)


def open_message(kms, key_arn, tenant, message):
    return Office.of_key(kms, key_arn).run("decrypt", message, tenant)


def open_from(kms, account, tenant, message):
    return Office.of_account(kms, account).run("decrypt", message, tenant)
