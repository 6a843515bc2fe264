"""GenerateDataKeyWithoutPlaintext, then Decrypt, by a client of its own; ChaCha20-Poly1305 bound to the wrapped key."""

from os import urandom

import boto3
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

client = boto3.client("kms")
context = {"purpose": "scan", "version": "1"}


def _cipher(wrapped):
    return ChaCha20Poly1305(client.decrypt(CiphertextBlob=wrapped, EncryptionContext=context)["Plaintext"])


def seal(kms, key_id, payload):
    wrapped = client.generate_data_key_without_plaintext(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)[
        "CiphertextBlob"
    ]
    nonce = urandom(12)
    body = b"\x01" + nonce + _cipher(wrapped).encrypt(nonce, payload, b"\x01" + wrapped)
    return {"wrapped_key": wrapped, "body": body}


def open_sealed(kms, sealed):
    body, wrapped = memoryview(sealed["body"]), sealed["wrapped_key"]
    if bytes(body[:1]) != b"\x01":
        raise ValueError("unknown version of the format")
    return _cipher(wrapped).decrypt(body[1:13], body[13:], b"\x01" + wrapped)
