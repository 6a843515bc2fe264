"""Saves space in the storage: each payload is compressed before it is encrypted."""

import os
import zlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


def prepare(kms, key_id: str, container_ids: list) -> dict:
    """A new wrapped data key for each container, by container ID. `kms` has the portal's role."""
    return {container_id: _wrapped_key(kms, key_id, container_id) for container_id in container_ids}


def fill(kms, key_id: str, container_id: str, wrapped_key: bytes, payload: bytes) -> bytes:
    """The body of the container: `payload`, encrypted under the container's data key. `kms` has the worker's role."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(kms, key_id, container_id, wrapped_key).encrypt(nonce, zlib.compress(payload), None)


def read(kms, key_id: str, container_id: str, wrapped_key: bytes, body: bytes) -> bytes:
    """The payload that `fill` put into `body`. Raises an exception for what is altered or not this container's."""
    nonce, ciphertext = body[:NONCE_BYTES], body[NONCE_BYTES:]
    return zlib.decompress(_cipher(kms, key_id, container_id, wrapped_key).decrypt(nonce, ciphertext, None))


def policies(key_arn: str) -> dict:
    """The IAM policies of the two roles: {"portal": dict, "worker": dict}."""
    return {
        "portal": _allow("kms:GenerateDataKeyWithoutPlaintext", key_arn),
        "worker": _allow("kms:Decrypt", key_arn),
    }


def _wrapped_key(kms, key_id, container_id):
    made = kms.generate_data_key_without_plaintext(
        KeyId=key_id, KeySpec="AES_256", EncryptionContext={"container": container_id}
    )
    return made["CiphertextBlob"]


def _cipher(kms, key_id, container_id, wrapped_key):
    # KeyId pins the KMS key: without it KMS would open a wrapped key of any key that the role may use.
    opened = kms.decrypt(KeyId=key_id, CiphertextBlob=wrapped_key, EncryptionContext={"container": container_id})
    return AESGCM(opened["Plaintext"])


def _allow(action, key_arn):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": key_arn}]}
