"""GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial, for symmetric keys of origin EXTERNAL.

Codes and texts are recorded from AWS, most of them by the project stackd, which published its recordings of 2026-09-12
(testdata/aws/kms/imports*.json); ours is what this file calls so or doubtful. In the text for a second pending material
that recording has the key ARN, an older one the key ID, as here.
AWS's own event of an expiry (DeleteExpiredKeyMaterial in CloudTrail) is not in `lab.trail` yet.
"""

import hashlib
from dataclasses import replace
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
    """Each call gives another wrapping key. Raises ValidationException for wrapping that is not offered; that SM2 gets
    the text of RSAES_PKCS1_V1_5 outside China is a guess.

    Doubtful: RSA_AES_KEY_WRAP. The same text is recorded for it with a symmetric key, and the lab takes it.
    """
    spec, algorithm = work.parameters["WrappingKeySpec"], work.parameters["WrappingAlgorithm"]
    sm2 = "SM2" in (spec, algorithm.removesuffix("PKE"))
    if sm2 and work.region.startswith("cn-"):
        raise not_in_the_lab("Wrapping with SM2")
    if sm2 or algorithm == "RSAES_PKCS1_V1_5":
        raise KMSError(
            "ValidationException",
            f"Wrapping algorithm {algorithm} and wrapping key spec {spec} cannot be used to import a "
            f"{work.key.spec} key.",
        )
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
    """The key becomes Enabled when none of its materials is missing any more, also when it was Disabled (recorded for
    material that comes again; for new material, botocore op:ImportKeyMaterial).

    A token may come again until it expires (recorded after a refused import and after one that succeeded).
    """
    asked, key = work.parameters, work.key
    _require_a_replicas_share(key, asked)
    valid_to = _expiry(asked, work.now)
    kind = asked.get("ImportType", "EXISTING_KEY_MATERIAL" if key.materials else _NEW)
    if kind == _NEW and "KeyMaterialId" in asked:
        raise KMSError(
            "ValidationException", "Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType."
        )
    secret = _unwrapped(work)
    material_id = _material_id(key, secret)
    material = _new_material(work, material_id) if kind == _NEW else _known_material(key, material_id, asked)
    material.secret, material.valid_to = secret, valid_to
    if "KeyMaterialDescription" in asked:
        for one in _everywhere(key, material):
            one.description = asked["KeyMaterialDescription"]
    if key.state in ("PendingImport", "Disabled") and key.is_complete:
        key.state = "Enabled"
    return {"KeyId": key.arn, "KeyMaterialId": material.id}


def _require_a_replicas_share(key: Key, asked: dict[str, Any]) -> None:
    """A replica takes the primary's materials, and nothing else. Which of its two sentences comes first is a guess."""
    if not key.is_replica:
        return
    if "KeyMaterialDescription" in asked:
        raise KMSError(
            "ValidationException", "Key material description can only be specified on primary Multi-Region keys"
        )
    if asked.get("ImportType") == _NEW:
        raise KMSError(
            "ValidationException",
            "Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys",
        )


def _everywhere(key: Key, material: KeyMaterial) -> list[KeyMaterial]:
    """The same material in each related key."""
    return [one for related in key.related for one in related.all_materials if one.id == material.id]


def delete_imported_key_material(work: Work) -> dict[str, Any]:
    """Without KeyMaterialId: the current material. Where there is nothing to delete, nothing changes; the answer for a
    key that never had material has no KeyMaterialId.
    """
    key = work.key
    material_id = work.parameters.get("KeyMaterialId", key.current_material.id if key.materials else None)
    if material_id is None:
        return {"KeyId": key.arn}
    material = next((one for one in key.all_materials if one.id == material_id), None)
    if material is None:
        raise KMSError(
            "ValidationException",
            f"Key material (id: {material_id}) has never been imported into KMS key {key.arn}.",
        )
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
    if valid_to <= now:
        raise KMSError("ValidationException", "ValidTo must be in the future")
    if valid_to > now + _LATEST_EXPIRY:  # botocore: "the maximum value is 365 days from the request date"
        raise KMSError("ValidationException", "ValidTo must be less than 365 days in the future")
    return valid_to.replace(microsecond=0)


def _unwrapped(work: Work) -> bytes:
    """The material as the caller had it. What does not come off and what has a wrong length get the same error. The
    text for an expired token is ours.
    """
    parameters = store_of(work.key.account, work.key.region, work.now).import_parameters.get(
        work.parameters["ImportToken"]
    )
    if parameters is None or parameters.key_id != work.key.id:
        raise KMSError("InvalidImportTokenException")
    if work.now >= parameters.valid_to:
        raise KMSError("ExpiredImportTokenException", f"The import token expired at {parameters.valid_to:%FT%TZ}.")
    secret = unwrap(parameters.algorithm, parameters.private_key, work.parameters["EncryptedKeyMaterial"])
    if secret is None or len(secret) != _MATERIAL_BYTES:
        raise KMSError("InvalidCiphertextException")
    return secret


def _material_id(key: Key, secret: bytes) -> str:
    """Computed from key ID and material, as botocore (shape ImportKeyMaterialRequest) says of AWS; how is ours."""
    return hashlib.sha256(f"kms-katas key material {key.id} ".encode() + secret).hexdigest()


def _new_material(work: Work, material_id: str) -> KeyMaterial:
    """The first material of a key becomes its current one; a later one waits for an on-demand rotation, and in each
    replica for its import.
    """
    key = work.key
    if any(one.id == material_id for one in key.all_materials):
        raise KMSError(
            "IncorrectKeyMaterialException",
            f"Key material (id: {material_id}) being imported as NEW_KEY_MATERIAL is already associated with KMS key "
            f"{key.arn}.",
        )
    if key.pending_material is not None:
        raise KMSError(
            "KMSInvalidStateException",
            f"New key material (id: {material_id}) cannot be imported into KMS key {key.id}, because another key "
            f"material (id: {key.pending_material.id}) is pending rotation.",
        )
    material = KeyMaterial(material_id, setting.current.randomness.bytes(16), None)
    if key.materials:
        for one in key.related:
            one.pending_material = material if one is key else replace(material)
    else:
        store_of(key.account, key.region, work.now).add_material(key, material)
    return material


def _known_material(key: Key, material_id: str, asked: dict[str, Any]) -> KeyMaterial:
    """Any of the key's materials. Doubtful: whether AWS takes another than the current one without KeyMaterialId."""
    material = next((one for one in key.all_materials if one.id == material_id), None)
    if material is None or asked.get("KeyMaterialId", material_id) != material_id:
        expected = asked.get("KeyMaterialId", key.current_material.id if key.materials else "none")
        raise KMSError(
            "IncorrectKeyMaterialException",
            f"Imported key material does not have the expected identifier ({expected}).",
        )
    return material
