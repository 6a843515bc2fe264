"""GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial, for keys of origin EXTERNAL.

Only a symmetric encryption key can have several materials; the answers for the others name no material. HMAC keys take
as many bytes as their spec says, asymmetric ones a private key in PKCS#8.

Codes and texts are recorded from AWS, most of them by the project stackd, which published its recordings of 2026-09-12
(testdata/aws/kms/imports*.json); ours is what this file calls so or doubtful. In the text for a second pending material
that recording has the key ARN, as here; an older one has a placeholder, which may stand for the ARN or the ID.
"""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError, not_in_the_lab
from kms_katas.lab.kms.key_pairs import PrivateKey, private_bytes, public_bytes, read_private_key
from kms_katas.lab.kms.keys import Key, KeyMaterial
from kms_katas.lab.kms.models import ImportParameters, store_of
from kms_katas.lab.kms.specs import KEY_SPECS
from kms_katas.lab.kms.work import Work
from kms_katas.lab.kms.wrapping import new_wrapping_key, unwrap

_PARAMETERS_LAST = timedelta(hours=24)
_LATEST_EXPIRY = timedelta(days=365)
_EXPIRES = "KEY_MATERIAL_EXPIRES"
_NEW = "NEW_KEY_MATERIAL"


def get_parameters_for_import(work: Work) -> dict[str, Any]:
    """Each call gives another wrapping key. Raises ValidationException for wrapping that is not offered for a symmetric
    key: recorded for RSAES_PKCS1_V1_5 and for RSA_AES_KEY_WRAP_SHA_256. That RSA_AES_KEY_WRAP_SHA_1 fares as its
    sister is an inference; that SM2 outside China gets this text is a guess.
    """
    spec, algorithm = work.parameters["WrappingKeySpec"], work.parameters["WrappingAlgorithm"]
    sm2 = "SM2" in (spec, algorithm.removesuffix("PKE"))
    if sm2 and work.region.startswith("cn-"):
        raise not_in_the_lab("Wrapping with SM2")
    if sm2 or algorithm == "RSAES_PKCS1_V1_5" or not _may_wrap(algorithm, spec, work.key.spec):
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
    _refuse_what_only_symmetric_keys_have(asked, key)
    _require_a_replicas_share(key, asked)
    valid_to = _expiry(asked, work.now)
    kind = asked.get("ImportType", "EXISTING_KEY_MATERIAL" if key.materials else _NEW)
    if kind == _NEW and "KeyMaterialId" in asked:
        raise KMSError(
            "ValidationException", "Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType."
        )
    secret, pair = _unwrapped(work)
    material_id = _material_id(key, secret)
    material = _new_material(work, material_id) if kind == _NEW else _known_material(key, material_id, asked)
    material.secret, material.pair, material.valid_to = secret, pair, valid_to
    if "KeyMaterialDescription" in asked:
        for one in _everywhere(key, material):
            one.description = asked["KeyMaterialDescription"]
    if key.state in ("PendingImport", "Disabled") and key.is_complete:
        key.state = "Enabled"
    return _answer(key, material)


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
    return _answer(key, material)


def _answer(key: Key, material: KeyMaterial) -> dict[str, Any]:
    return {"KeyId": key.arn} | ({"KeyMaterialId": material.id} if key.is_symmetric_encryption_key else {})


def _may_wrap(algorithm: str, wrapping_spec: str, spec: str) -> bool:
    """botocore shape GetParametersForImportRequest: no RSA private key without an AES key between, and no P-521
    one under RSA of 2048 bits. The refusal is recorded for RSA_4096. Symmetric material goes without that key between:
    recorded for RSA_AES_KEY_WRAP_SHA_256 with RSA_2048 (stackd, imports.json), taken for all.
    """
    if KEY_SPECS[spec].family == KEY_SPECS["SYMMETRIC_DEFAULT"].family:
        return algorithm.startswith("RSAES_OAEP_")
    too_large = KEY_SPECS[spec].family == "RSA" or (spec == "ECC_NIST_P521" and wrapping_spec == "RSA_2048")
    return not (algorithm.startswith("RSAES_OAEP_") and too_large)


def _refuse_what_only_symmetric_keys_have(asked: dict[str, Any], key: Key) -> None:
    for name in ("ImportType", "KeyMaterialId", "KeyMaterialDescription"):
        if name in asked and not key.is_symmetric_encryption_key:
            parameter = name[0].lower() + name[1:]
            raise KMSError(
                "ValidationException", f"Input parameter {parameter} cannot be used with {key.spec} imported keys."
            )


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


def _unwrapped(work: Work) -> tuple[bytes, PrivateKey | None]:
    """The material, and the key pair for an asymmetric key. What does not come off and what has a wrong length get the
    same error, and so does here a private key of another spec. The text for an expired token is ours.
    """
    parameters = store_of(work.key.account, work.key.region, work.now).import_parameters.get(
        work.parameters["ImportToken"]
    )
    if parameters is None or parameters.key_id != work.key.id:
        raise KMSError("InvalidImportTokenException")
    if work.now >= parameters.valid_to:
        raise KMSError("ExpiredImportTokenException", f"The import token expired at {parameters.valid_to:%FT%TZ}.")
    secret = unwrap(parameters.algorithm, parameters.private_key, work.parameters["EncryptedKeyMaterial"])
    spec = KEY_SPECS[work.key.spec]
    if secret is None or (not spec.has_public_key and len(secret) * 8 != spec.bits):
        raise KMSError("InvalidCiphertextException")
    if not spec.has_public_key:
        return secret, None
    pair = read_private_key(work.key.spec, secret)
    if pair is None:
        raise KMSError("InvalidCiphertextException")
    # In one form: the same key in another encoding is the same material (recorded with BER, see key_pairs.py).
    return private_bytes(pair), pair


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
            f"New key material (id: {material_id}) cannot be imported into KMS key {key.arn}, because another key "
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
    """Any of the key's materials, also without KeyMaterialId: recorded of a replica, with older and with pending
    material (imports_multi_region.json).
    """
    material = next((one for one in key.all_materials if one.id == material_id), None)
    if material is None or asked.get("KeyMaterialId", material_id) != material_id:
        expected = asked.get("KeyMaterialId", key.current_material.id if key.materials else "none")
        raise KMSError(
            "IncorrectKeyMaterialException",
            f"Imported key material does not have the expected identifier ({expected}).",
        )
    return material
