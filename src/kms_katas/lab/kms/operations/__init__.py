"""The operations that the engine has, as one table: what each is about, which identifiers it takes, and the function
that does it.
"""

from kms_katas.lab.kms.operations import (
    agreement,
    aliases,
    crypto,
    custom_stores,
    data_key_pairs,
    grants,
    imports,
    keys,
    macs,
    multi_region,
    policies,
    reencrypt,
    rotation,
    signing,
    tags,
    usage,
)
from kms_katas.lab.kms.work import Operation

OPERATIONS = {
    "CreateKey": Operation(keys.create_key, "account"),
    "DescribeKey": Operation(keys.describe_key, by_alias=True),
    "ListKeys": Operation(keys.list_keys, "account"),
    "GetKeyLastUsage": Operation(usage.get_key_last_usage),
    "EnableKey": Operation(keys.enable_key),
    "DisableKey": Operation(keys.disable_key),
    "ScheduleKeyDeletion": Operation(keys.schedule_key_deletion),
    "CancelKeyDeletion": Operation(keys.cancel_key_deletion),
    "UpdateKeyDescription": Operation(keys.update_key_description),
    "CreateAlias": Operation(aliases.create_alias, "alias"),
    "UpdateAlias": Operation(aliases.update_alias, "alias"),
    "DeleteAlias": Operation(aliases.delete_alias, "alias"),
    "ListAliases": Operation(aliases.list_aliases, "account"),
    "ReplicateKey": Operation(multi_region.replicate_key),
    "UpdatePrimaryRegion": Operation(multi_region.update_primary_region),
    "CreateCustomKeyStore": Operation(custom_stores.create_custom_key_store, "account"),
    "ConnectCustomKeyStore": Operation(custom_stores.connect_custom_key_store, "account"),
    "DisconnectCustomKeyStore": Operation(custom_stores.disconnect_custom_key_store, "account"),
    "DescribeCustomKeyStores": Operation(custom_stores.describe_custom_key_stores, "account"),
    "UpdateCustomKeyStore": Operation(custom_stores.update_custom_key_store, "account"),
    "DeleteCustomKeyStore": Operation(custom_stores.delete_custom_key_store, "account"),
    "Encrypt": Operation(crypto.encrypt, by_alias=True, rehearse=crypto.encrypt),
    "Decrypt": Operation(crypto.decrypt, by_alias=True, rehearse=crypto.rehearse_decrypt),
    "ReEncrypt": Operation(reencrypt.re_encrypt, by_alias=True, rehearse=reencrypt.rehearse_re_encrypt),
    "GenerateDataKey": Operation(crypto.generate_data_key, by_alias=True, rehearse=crypto.generate_data_key),
    "GenerateDataKeyWithoutPlaintext": Operation(
        crypto.generate_data_key_without_plaintext, by_alias=True, rehearse=crypto.generate_data_key_without_plaintext
    ),
    "GenerateDataKeyPair": Operation(
        data_key_pairs.generate_data_key_pair, by_alias=True, rehearse=data_key_pairs.rehearse
    ),
    "GenerateDataKeyPairWithoutPlaintext": Operation(
        data_key_pairs.generate_data_key_pair_without_plaintext, by_alias=True, rehearse=data_key_pairs.rehearse
    ),
    "Sign": Operation(signing.sign, by_alias=True, rehearse=signing.sign),
    "Verify": Operation(signing.verify, by_alias=True, rehearse=signing.verify),
    "GetPublicKey": Operation(signing.get_public_key, by_alias=True),
    "GenerateMac": Operation(macs.generate_mac, by_alias=True, rehearse=macs.generate_mac),
    "VerifyMac": Operation(macs.verify_mac, by_alias=True, rehearse=macs.verify_mac),
    "DeriveSharedSecret": Operation(
        agreement.derive_shared_secret, by_alias=True, rehearse=agreement.derive_shared_secret
    ),
    "Encapsulate": Operation(agreement.encapsulate, by_alias=True, rehearse=agreement.encapsulate),
    "Decapsulate": Operation(agreement.decapsulate, by_alias=True, rehearse=agreement.decapsulate),
    "GenerateRandom": Operation(crypto.generate_random, "account"),
    "EnableKeyRotation": Operation(rotation.enable_key_rotation),
    "DisableKeyRotation": Operation(rotation.disable_key_rotation),
    "GetKeyRotationStatus": Operation(rotation.get_key_rotation_status),
    "RotateKeyOnDemand": Operation(rotation.rotate_key_on_demand),
    "ListKeyRotations": Operation(rotation.list_key_rotations),
    "GetParametersForImport": Operation(imports.get_parameters_for_import),
    "ImportKeyMaterial": Operation(imports.import_key_material),
    "DeleteImportedKeyMaterial": Operation(imports.delete_imported_key_material),
    "GetKeyPolicy": Operation(policies.get_key_policy),
    "PutKeyPolicy": Operation(policies.put_key_policy),
    "ListKeyPolicies": Operation(policies.list_key_policies),
    "CreateGrant": Operation(grants.create_grant, rehearse=grants.rehearse_create_grant),
    "ListGrants": Operation(grants.list_grants),
    "ListRetirableGrants": Operation(grants.list_retirable_grants, "account"),
    "RetireGrant": Operation(grants.retire_grant),
    "RevokeGrant": Operation(grants.revoke_grant, rehearse=grants.rehearse_revoke_grant),
    "TagResource": Operation(tags.tag_resource),
    "UntagResource": Operation(tags.untag_resource),
    "ListResourceTags": Operation(tags.list_resource_tags),
}
