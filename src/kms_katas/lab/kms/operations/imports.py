"""GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial, for symmetric keys of origin EXTERNAL.

The texts for an expiry without a date and for a second pending material are recorded from AWS; the other sentences here
are ours, since AWS's are not known. So are, where this file says doubtful, the error codes.
AWS's own event of an expiry (DeleteExpiredKeyMaterial in CloudTrail) is not in `lab.trail` yet.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError, not_in_the_lab
from kms_katas.lab.kms.keys import Key, KeyMaterial
from kms_katas.lab.kms.models import ImportParameters, store_of
from kms_katas.lab.kms.work import Work
from kms_katas.lab.kms.wrapping import new_wrapping_key, public_bytes, unwrap

_PARAMETERS_LAST = timedelta(hours=24)
_LATEST_EXPIRY = timedelta(days=365)
_MATERIAL_BYTES = 32
_EXPIRES = "KEY_MATERIAL_EXPIRES"
_NEW = "NEW_KEY_MATERIAL"


def get_parameters_for_import(work: Work) -> dict[str, Any]:
    """Each call gives another wrapping key. Raises UnsupportedOperationException for an algorithm that is not offered:
    its description fits ("a specified parameter is not supported"), but no such answer of AWS is recorded.
    """
    spec, algorithm = work.parameters["WrappingKeySpec"], work.parameters["WrappingAlgorithm"]
    if algorithm == "RSAES_PKCS1_V1_5":
        raise KMSError(
            "UnsupportedOperationException",
            "KMS has not supported the wrapping algorithm RSAES_PKCS1_V1_5 since October 10, 2023.",
        )
    if "SM2" in (spec, algorithm.removesuffix("PKE")):
        if work.region.startswith("cn-"):
            raise not_in_the_lab("Wrapping with SM2")
        raise KMSError("UnsupportedOperationException", "KMS wraps with SM2 and SM2PKE in China Regions only.")
    store = store_of(work.key.account, work.key.region, work.now)
    randomness = setting.current.randomness
    taken = {one.private_key.private_numbers().public_numbers.n for one in store.import_parameters.values()}
    private_key = new_wrapping_key(spec, taken, randomness)
    token = randomness.bytes(256)
    parameters = ImportParameters(work.key.id, algorithm, private_key, work.now + _PARAMETERS_LAST)
    store.import_parameters[token] = parameters
    return {
        "KeyId": work.key.arn,
        "ImportToken": token,
        "PublicKey": public_bytes(private_key),
        "ParametersValidTo": parameters.valid_to,
    }


def import_key_material(work: Work) -> dict[str, Any]:
    """The key becomes Enabled when none of its materials is missing any more.

    A key that is Disabled stays so: doubtful, for the table of key states lets the import through and the API text asks
    for PendingImport or Enabled. A token may come again until it expires (a recorded test of AWS does that after a
    refused import; after one that succeeded it is not documented).
    """
    asked, key = work.parameters, work.key
    valid_to = _expiry(asked, work.now)
    kind = asked.get("ImportType", "EXISTING_KEY_MATERIAL" if key.materials else _NEW)
    if kind == _NEW and "KeyMaterialId" in asked:
        raise KMSError("ValidationException", "KeyMaterialId cannot be given with ImportType NEW_KEY_MATERIAL.")
    secret = _unwrapped(work)
    material_id = _material_id(key, secret)
    material = _new_material(work, material_id) if kind == _NEW else _known_material(key, material_id, asked)
    material.secret, material.valid_to = secret, valid_to
    material.description = asked.get("KeyMaterialDescription", material.description)
    if key.state == "PendingImport" and key.is_complete:
        key.state = "Enabled"
    return {"KeyId": key.arn, "KeyMaterialId": material.id}


def delete_imported_key_material(work: Work) -> dict[str, Any]:
    """Without KeyMaterialId: the current material. Where there is nothing to delete, nothing changes.

    Doubtful: the answer for a key that never had material, here one without KeyMaterialId; and the code for an ID that
    the key does not have.
    """
    key = work.key
    material_id = work.parameters.get("KeyMaterialId", key.current_material.id if key.materials else None)
    if material_id is None:
        return {"KeyId": key.arn}
    material = next((one for one in key.all_materials if one.id == material_id), None)
    if material is None:
        raise KMSError("NotFoundException", f"Key material {material_id} is not associated with {key.arn}.")
    key.lose(material)
    return {"KeyId": key.arn, "KeyMaterialId": material.id}


def _expiry(asked: dict[str, Any], now: datetime) -> datetime | None:
    """When the material expires, None for never. KEY_MATERIAL_EXPIRES is the default (botocore shape
    ImportKeyMaterialRequest), so an import without either parameter is refused.
    """
    valid_to: datetime | None = asked.get("ValidTo")
    if asked.get("ExpirationModel", _EXPIRES) != _EXPIRES:
        if valid_to is not None:
            raise KMSError(
                "ValidationException",
                "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
            )
        return None
    if valid_to is None:
        raise KMSError(
            "ValidationException", "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
        )
    if not now < valid_to <= now + _LATEST_EXPIRY:
        raise KMSError(
            "ValidationException", "The validTo date must be in the future, and at most 365 days from the request."
        )
    return valid_to


def _unwrapped(work: Work) -> bytes:
    """The material as the caller had it. A wrong length gets IncorrectKeyMaterialException, whose description fits
    ("does not meet expectations"); no such answer of AWS is recorded.
    """
    parameters = store_of(work.key.account, work.key.region, work.now).import_parameters.get(
        work.parameters["ImportToken"]
    )
    if parameters is None or parameters.key_id != work.key.id:
        raise KMSError("InvalidImportTokenException", f"The import token is not one that KMS made for {work.key.arn}.")
    if work.now >= parameters.valid_to:
        raise KMSError("ExpiredImportTokenException", f"The import token expired at {parameters.valid_to:%FT%TZ}.")
    secret = unwrap(parameters.algorithm, parameters.private_key, work.parameters["EncryptedKeyMaterial"])
    if secret is None:
        raise KMSError("InvalidCiphertextException")
    if len(secret) != _MATERIAL_BYTES:
        raise KMSError(
            "IncorrectKeyMaterialException",
            f"Key material for a SYMMETRIC_DEFAULT key has {_MATERIAL_BYTES} bytes. This one has {len(secret)}.",
        )
    return secret


def _material_id(key: Key, secret: bytes) -> str:
    """Computed from key ID and material, as botocore (shape ImportKeyMaterialRequest) says of AWS; how is ours."""
    return hashlib.sha256(f"kms-katas key material {key.id} ".encode() + secret).hexdigest()


def _new_material(work: Work, material_id: str) -> KeyMaterial:
    """The first material of a key becomes its current one; a later one waits for an on-demand rotation."""
    key = work.key
    if any(one.id == material_id for one in key.all_materials):
        raise KMSError("IncorrectKeyMaterialException", f"This key material is already associated with {key.arn}.")
    if key.pending_material is not None:
        raise KMSError(
            "KMSInvalidStateException",
            f"New key material (id: {material_id}) cannot be imported into KMS key {key.id}, because another key "
            f"material (id: {key.pending_material.id}) is pending rotation.",
        )
    material = KeyMaterial(material_id, setting.current.randomness.bytes(16), None)
    if key.materials:
        key.pending_material = material
    else:
        store_of(key.account, key.region, work.now).add_material(key, material)
    return material


def _known_material(key: Key, material_id: str, asked: dict[str, Any]) -> KeyMaterial:
    material = next((one for one in key.all_materials if one.id == material_id), None)
    if material is None or asked.get("KeyMaterialId", material_id) != material_id:
        raise KMSError(
            "IncorrectKeyMaterialException",
            f"This is not the key material that was imported into {key.arn} before.",
        )
    return material
