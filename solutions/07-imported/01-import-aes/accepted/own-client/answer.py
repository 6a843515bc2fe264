"""A client of its own; looks at what came of each call."""

import boto3
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

client = boto3.client("kms")
WRAPPING = {"WrappingKeySpec": "RSA_4096", "WrappingAlgorithm": "RSAES_OAEP_SHA_256"}


class WrongMaterial(Exception):
    pass


def _bring(key_id, material, expiry):
    if not isinstance(material, bytes) or len(material) != 32:
        raise WrongMaterial("key material has 32 bytes")
    parameters = client.get_parameters_for_import(KeyId=key_id, **WRAPPING)
    digest = hashes.SHA256()
    public = serialization.load_der_public_key(parameters["PublicKey"])
    blob = public.encrypt(material, padding.OAEP(padding.MGF1(digest), digest, None))
    expiry |= {"KeyId": key_id, "ImportToken": parameters["ImportToken"], "EncryptedKeyMaterial": blob}
    made = client.import_key_material(**expiry)
    found = client.describe_key(KeyId=key_id)["KeyMetadata"]
    if found["KeyState"] != "Enabled" or found["CurrentKeyMaterialId"] != made["KeyMaterialId"]:
        raise RuntimeError(f"the key is {found['KeyState']}")
    return made["KeyMaterialId"]


def import_material(kms, key_id, material):
    return _bring(key_id, material, {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"})


def renew(kms, key_id, material, until):
    return _bring(key_id, material, {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": until})


def withdraw(kms, key_id):
    current = client.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"]
    client.delete_imported_key_material(KeyId=key_id, KeyMaterialId=current)
