"""Encrypt, Decrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom.

ReEncrypt and the data key pairs have modules of their own. RSA keys encrypt by RSAES-OAEP with one hash for both of its
places and without a label, so that what OpenSSL encrypts under the public key opens here. Codes and texts for them are
recorded (project stackd, 2026-09-12, testdata/aws/kms/rsa.json).
"""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from kms_katas.lab.kms import seeded_oaep, setting
from kms_katas.lab.kms.ciphertext import locator_of, open_sealed, seal
from kms_katas.lab.kms.errors import KMSError, not_in_the_lab
from kms_katas.lab.kms.keys import Key
from kms_katas.lab.kms.models import ever_known, store_of, stores_in
from kms_katas.lab.kms.operations.custom_stores import require_random_source
from kms_katas.lab.kms.specs import SYMMETRIC, largest_plaintext, require_algorithm, require_usage
from kms_katas.lab.kms.targets import INCORRECT_KEY
from kms_katas.lab.kms.work import Work
from kms_katas.lab.kms.wrapping import oaep

_OAEP = "RSAES_OAEP_"
_DATA_KEY_SIZES = {"AES_128": 16, "AES_256": 32}


def encrypt(work: Work) -> dict[str, Any]:
    asked = work.parameters
    algorithm = asked.get("EncryptionAlgorithm", SYMMETRIC)
    blob, work.material_id = sealed(work, work.key, algorithm, asked["Plaintext"], asked.get("EncryptionContext", {}))
    return {"CiphertextBlob": blob, "KeyId": work.key.arn, "EncryptionAlgorithm": algorithm}


def decrypt(work: Work) -> dict[str, Any]:
    asked = work.parameters
    refuse_recipient(work)
    algorithm = asked.get("EncryptionAlgorithm", SYMMETRIC)
    plaintext, material_id = opened(work, work.key, algorithm, asked.get("EncryptionContext", {}))
    answer = {"KeyId": work.key.arn, "Plaintext": plaintext, "EncryptionAlgorithm": algorithm}
    return answer if material_id is None else answer | {"KeyMaterialId": material_id}


def sealed(
    work: Work, key: Key, algorithm: str, plaintext: bytes, context: Mapping[str, str]
) -> tuple[bytes, str | None]:
    """The ciphertext, and the ID of the key material for a symmetric key.

    Raises InvalidKeyUsageException, and ValidationException for what RSA does not take.
    """
    require_use(work, key, algorithm)
    if algorithm == SYMMETRIC:
        material = key.current_material
        return seal(material, plaintext, context, setting.current.randomness), material.id
    _refuse_context(context)
    if len(plaintext) > (most := largest_plaintext(key.spec, algorithm)):
        raise KMSError(
            "ValidationException",
            f"Algorithm {algorithm} and key spec {key.spec} cannot encrypt data larger than {most} bytes.",
        )
    public, hash_name = _rsa_key(work, key).public_key(), algorithm.removeprefix(_OAEP)
    if setting.current.randomness.repeats:
        hash_name = hash_name.lower().replace("_", "")
        return seeded_oaep.seal(public, plaintext, hash_name, setting.current.randomness), None
    return public.encrypt(plaintext, oaep(hash_name)), None


def opened(work: Work, key: Key, algorithm: str, context: Mapping[str, str]) -> tuple[bytes, str | None]:
    """The plaintext of the request's ciphertext, and the ID of the material that sealed it, for a symmetric key.

    Raises IncorrectKeyException, and InvalidCiphertextException without a text for altered bytes and for another
    encryption context, as AWS does. By the symmetric algorithm, which is the default, the ciphertext says which key it
    wants before the kind of the named key counts: recorded for a key with another usage and for an RSA key.
    """
    blob = work.parameters["CiphertextBlob"]
    if algorithm != SYMMETRIC:
        require_use(work, key, algorithm)
        _refuse_context(context)
        try:
            return _rsa_key(work, key).decrypt(blob, oaep(algorithm.removeprefix(_OAEP))), None
        except ValueError:
            raise KMSError("InvalidCiphertextException") from None
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
    return plaintext, material.id


def require_use(work: Work, key: Key, algorithm: str) -> None:
    """Raises InvalidKeyUsageException when this key is not for this operation, or not by this algorithm."""
    require_usage(work.operation, key.arn, key.usage)
    require_algorithm(key.spec, key.usage, algorithm)


def require_symmetric(work: Work, what: str) -> None:
    """Raises InvalidKeyUsageException when this key cannot seal `what`, a data key or a data key pair.

    The text is recorded for pairs (testdata/aws/kms/rsa.json) and documented for data keys (Hadoop, S3A encryption,
    "Troubleshooting"). That another key usage is told first is taken from Encrypt.
    """
    require_usage(work.operation, work.key.arn, work.key.usage)
    if not work.key.is_symmetric_encryption_key:
        raise KMSError("InvalidKeyUsageException", f"You cannot generate a {what} with an asymmetric CMK")


def _refuse_context(context: Mapping[str, str]) -> None:
    if context:
        raise KMSError(
            "ValidationException",
            "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.",
        )


def _rsa_key(work: Work, key: Key) -> rsa.RSAPrivateKey:
    found = store_of(key.account, key.region, work.now).private_key(key)
    assert isinstance(found, rsa.RSAPrivateKey)
    return found


def rehearse_decrypt(work: Work) -> None:
    """A dry run looks at the ciphertext too, unless DryRunModifiers says not to (botocore shape DecryptRequest)."""
    if "IGNORE_CIPHERTEXT" not in work.parameters.get("DryRunModifiers", ()):
        decrypt(work)


def generate_data_key(work: Work) -> dict[str, Any]:
    refuse_recipient(work)
    plaintext = setting.current.randomness.bytes(_data_key_size(work))
    return _data_key(work, plaintext) | {"Plaintext": plaintext}


def generate_data_key_without_plaintext(work: Work) -> dict[str, Any]:
    return _data_key(work, setting.current.randomness.bytes(_data_key_size(work)))


def generate_random(work: Work) -> dict[str, Any]:
    refuse_recipient(work)
    if "CustomKeyStoreId" in work.parameters:
        require_random_source(work)
    if "NumberOfBytes" not in work.parameters:
        raise KMSError("ValidationException", "NumberOfBytes is required.")
    return {"Plaintext": setting.current.randomness.bytes(work.parameters["NumberOfBytes"])}


def _data_key(work: Work, plaintext: bytes) -> dict[str, Any]:
    require_symmetric(work, "data key")
    blob, material_id = sealed(work, work.key, SYMMETRIC, plaintext, work.parameters.get("EncryptionContext", {}))
    return {"CiphertextBlob": blob, "KeyId": work.key.arn, "KeyMaterialId": material_id}


def _data_key_size(work: Work) -> int:
    spec, size = work.parameters.get("KeySpec"), work.parameters.get("NumberOfBytes")
    if spec is not None and size is None:
        return _DATA_KEY_SIZES[spec]
    if size is not None and spec is None:
        return int(size)
    raise KMSError("ValidationException", "Please specify either number of bytes or key spec.")


def refuse_recipient(work: Work) -> None:
    if "Recipient" in work.parameters:
        raise not_in_the_lab("Recipient (an answer for a Nitro enclave)")
