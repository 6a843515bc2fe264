"""Each import says its type, and a renewal which material it brings; the first is tried out before it counts."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA256


def wrapped(kms, key_id, material):
    answer = kms.get_parameters_for_import(
        KeyId=key_id, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_4096"
    )
    public = serialization.load_der_public_key(answer["PublicKey"])
    return {
        "KeyId": key_id,
        "ImportToken": answer["ImportToken"],
        "EncryptedKeyMaterial": public.encrypt(material, OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None)),
    }


def import_material(kms, key_id: str, material: bytes) -> str:
    assert len(material) == 32, "32 bytes, please"
    made = kms.import_key_material(
        **wrapped(kms, key_id, material),
        ImportType="NEW_KEY_MATERIAL",
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
        KeyMaterialDescription="from the vault",
    )
    test = kms.encrypt(KeyId=key_id, Plaintext=b"test")
    opened = kms.decrypt(KeyId=key_id, CiphertextBlob=test["CiphertextBlob"])
    if opened["KeyMaterialId"] != made["KeyMaterialId"]:
        raise RuntimeError("KMS works with other material")
    return made["KeyMaterialId"]


def renew(kms, key_id: str, material: bytes, until) -> str:
    known = kms.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"]
    made = kms.import_key_material(
        **wrapped(kms, key_id, material),
        ImportType="EXISTING_KEY_MATERIAL",
        KeyMaterialId=known,
        ExpirationModel="KEY_MATERIAL_EXPIRES",
        ValidTo=until,
    )
    return made["KeyMaterialId"]


def withdraw(kms, key_id: str) -> None:
    kms.delete_imported_key_material(KeyId=key_id)
