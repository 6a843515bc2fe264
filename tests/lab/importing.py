"""What a caller of AWS does to bring key material into a KMS key, straight from the RFCs. It tests nothing."""

import os
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding

FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
NEW = {"ImportType": "NEW_KEY_MATERIAL"}


def wrap(public_key: bytes, algorithm: str, material: bytes) -> bytes:
    public: Any = serialization.load_der_public_key(public_key)
    digest = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    if algorithm.startswith("RSAES"):
        return bytes(public.encrypt(material, oaep))
    ephemeral = os.urandom(32)
    return bytes(public.encrypt(ephemeral, oaep)) + aes_key_wrap_with_padding(ephemeral, material)


def parameters(kms: Any, key: str, algorithm: str = "RSAES_OAEP_SHA_256", spec: str = "RSA_2048") -> Any:
    return kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)


def ready(kms: Any, key: str, material: bytes, algorithm: str = "RSAES_OAEP_SHA_256", **wrapping: str) -> Any:
    """What an import of `material` into this key asks for: the key's name, a token and the wrapped material."""
    found = parameters(kms, key, algorithm, **wrapping)
    blob = wrap(found["PublicKey"], algorithm, material)
    return {"KeyId": key, "ImportToken": found["ImportToken"], "EncryptedKeyMaterial": blob}


def put(kms: Any, key: str, material: bytes, algorithm: str = "RSAES_OAEP_SHA_256", **asked: Any) -> Any:
    """Imports `material`, never expiring unless told otherwise."""
    asked = asked if "ValidTo" in asked else FOREVER | asked
    return kms.import_key_material(**ready(kms, key, material, algorithm), **asked)


def state(kms: Any, key: str) -> str:
    found: str = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    return found
