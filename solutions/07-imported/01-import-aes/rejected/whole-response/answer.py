"""Returns the ID of the KMS key in place of that of the material."""

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

OAEP = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)


def bring(kms, key_id, material, **more):
    if len(material) != 32:
        raise ValueError("wrong length")
    found = kms.get_parameters_for_import(
        KeyId=key_id, WrappingKeySpec="RSA_4096", WrappingAlgorithm="RSAES_OAEP_SHA_256"
    )
    wrapped = load_der_public_key(found["PublicKey"]).encrypt(material, OAEP)
    return kms.import_key_material(
        KeyId=key_id, ImportToken=found["ImportToken"], EncryptedKeyMaterial=wrapped, **more
    )["KeyId"]


def import_material(kms, key_id, material):
    return bring(kms, key_id, material, ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")


def renew(kms, key_id, material, until):
    return bring(kms, key_id, material, ValidTo=until)


def withdraw(kms, key_id):
    kms.delete_imported_key_material(KeyId=key_id)
