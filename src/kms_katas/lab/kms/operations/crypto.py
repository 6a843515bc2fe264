"""Encrypt, Decrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom, for symmetric encryption keys.

ReEncrypt has a module of its own.
"""

from collections.abc import Mapping
from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.ciphertext import locator_of, open_sealed, seal
from kms_katas.lab.kms.errors import KMSError, not_in_the_lab
from kms_katas.lab.kms.keys import Key, KeyMaterial
from kms_katas.lab.kms.models import ever_known, stores_in
from kms_katas.lab.kms.operations.custom_stores import require_random_source
from kms_katas.lab.kms.targets import INCORRECT_KEY
from kms_katas.lab.kms.work import Work

_DATA_KEY_SIZES = {"AES_128": 16, "AES_256": 32}


def encrypt(work: Work) -> dict[str, Any]:
    require_symmetric_algorithm(work.key, work.parameters.get("EncryptionAlgorithm"))
    work.material_id = work.key.current_material.id
    return {
        "CiphertextBlob": _blob(work, work.parameters["Plaintext"]),
        "KeyId": work.key.arn,
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }


def decrypt(work: Work) -> dict[str, Any]:
    require_symmetric_algorithm(work.key, work.parameters.get("EncryptionAlgorithm"))
    _refuse_recipient(work)
    material, plaintext = opened(work, work.key, work.parameters.get("EncryptionContext", {}))
    return {
        "KeyId": work.key.arn,
        "Plaintext": plaintext,
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "KeyMaterialId": material.id,
    }


def opened(work: Work, key: Key, context: Mapping[str, str]) -> tuple[KeyMaterial, bytes]:
    """The material that sealed the request's ciphertext, and the plaintext.

    Raises IncorrectKeyException, and InvalidCiphertextException without a text for altered bytes and for another
    encryption context, as AWS does.
    """
    blob = work.parameters["CiphertextBlob"]
    locator = locator_of(blob)
    known = [store.by_locator[locator] for store in stores_in(work.region, work.now) if locator in store.by_locator]
    if not known and (locator is None or not ever_known(locator)):
        raise KMSError("InvalidCiphertextException")
    if not known or known[0][0] is not key:
        raise KMSError("IncorrectKeyException", INCORRECT_KEY)
    material = known[0][1]
    plaintext = open_sealed(material, blob, context)
    if plaintext is None:
        raise KMSError("InvalidCiphertextException")
    return material, plaintext


def rehearse_decrypt(work: Work) -> None:
    """A dry run looks at the ciphertext too, unless DryRunModifiers says not to (botocore shape DecryptRequest)."""
    if "IGNORE_CIPHERTEXT" not in work.parameters.get("DryRunModifiers", ()):
        decrypt(work)


def generate_data_key(work: Work) -> dict[str, Any]:
    _refuse_recipient(work)
    plaintext = setting.current.randomness.bytes(_data_key_size(work))
    return _data_key(work, plaintext) | {"Plaintext": plaintext}


def generate_data_key_without_plaintext(work: Work) -> dict[str, Any]:
    return _data_key(work, setting.current.randomness.bytes(_data_key_size(work)))


def generate_random(work: Work) -> dict[str, Any]:
    _refuse_recipient(work)
    if "CustomKeyStoreId" in work.parameters:
        require_random_source(work)
    if "NumberOfBytes" not in work.parameters:
        raise KMSError("ValidationException", "NumberOfBytes is required.")
    return {"Plaintext": setting.current.randomness.bytes(work.parameters["NumberOfBytes"])}


def _data_key(work: Work, plaintext: bytes) -> dict[str, Any]:
    blob = _blob(work, plaintext)
    return {"CiphertextBlob": blob, "KeyId": work.key.arn, "KeyMaterialId": work.key.current_material.id}


def _blob(work: Work, plaintext: bytes) -> bytes:
    context = work.parameters.get("EncryptionContext", {})
    return seal(work.key.current_material, plaintext, context, setting.current.randomness)


def _data_key_size(work: Work) -> int:
    spec, size = work.parameters.get("KeySpec"), work.parameters.get("NumberOfBytes")
    if spec is not None and size is None:
        return _DATA_KEY_SIZES[spec]
    if size is not None and spec is None:
        return int(size)
    raise KMSError("ValidationException", "Please specify either number of bytes or key spec.")


def require_symmetric_algorithm(key: Key, algorithm: str | None) -> None:
    """None stands for the default."""
    if algorithm not in (None, "SYMMETRIC_DEFAULT"):
        raise KMSError("InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec {key.spec}.")


def _refuse_recipient(work: Work) -> None:
    if "Recipient" in work.parameters:
        raise not_in_the_lab("Recipient (an answer for a Nitro enclave)")
