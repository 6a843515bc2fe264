"""Withdraws each material by its ID, and checks what the renewal has left behind."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

MATERIAL_BYTES = 32


def import_material(kms, key_id: str, material: bytes) -> str:
    """Import 32 bytes into the waiting KMS key, wrapped, with no date of expiry. The ID that KMS gives the material."""
    return _bring(kms, key_id, material, ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")


def renew(kms, key_id: str, material: bytes, until: datetime) -> str:
    """Bring the same bytes again, to expire at `until`, while the KMS key works on. The ID of the material.

    An import over material that is there renews it. KMS refuses other bytes, and keeps what it has.
    """
    known = kms.describe_key(KeyId=key_id)["KeyMetadata"].get("CurrentKeyMaterialId")
    expected = {"KeyMaterialId": known} if known else {}
    _bring(kms, key_id, material, ValidTo=until.timestamp(), ImportType="EXISTING_KEY_MATERIAL", **expected)
    found = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    if found["ValidTo"].timestamp() != until.timestamp():
        raise RuntimeError(f"KMS keeps {key_id} until {found['ValidTo']}.")
    return found["CurrentKeyMaterialId"]


def withdraw(kms, key_id: str) -> None:
    """Take the material out of KMS now. The KMS key stays, and works again once the same bytes are imported."""
    listed = kms.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    for entry in listed:
        kms.delete_imported_key_material(KeyId=key_id, KeyMaterialId=entry["KeyMaterialId"])


def _bring(kms, key_id, material, **expiry):
    if len(material) != MATERIAL_BYTES:
        raise ValueError(f"The material must have {MATERIAL_BYTES} bytes, and this has {len(material)}.")
    parameters = kms.get_parameters_for_import(
        KeyId=key_id, WrappingKeySpec="RSA_4096", WrappingAlgorithm="RSAES_OAEP_SHA_256"
    )
    oaep = padding.OAEP(mgf=padding.MGF1(SHA256()), algorithm=SHA256(), label=None)
    wrapped = load_der_public_key(parameters["PublicKey"]).encrypt(material, oaep)
    answer = kms.import_key_material(
        KeyId=key_id, ImportToken=parameters["ImportToken"], EncryptedKeyMaterial=wrapped, **expiry
    )
    return answer["KeyMaterialId"]
