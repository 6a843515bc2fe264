"""Whole pages of 4 KiB, so that a short letter is as long as another; the filling is inside, behind a length."""

import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

PAGE, LENGTH = 4096, struct.Struct(">Q")


def seal(kms, key_id, payload):
    made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=32)
    pages = LENGTH.pack(len(payload)) + payload
    pages += bytes(-len(pages) % PAGE)
    nonce = os.urandom(12)
    body = nonce + ChaCha20Poly1305(made["Plaintext"]).encrypt(nonce, pages, None)
    return {"wrapped_key": made["CiphertextBlob"], "body": body}


def open_sealed(kms, sealed):
    data_key, body = kms.decrypt(CiphertextBlob=sealed["wrapped_key"])["Plaintext"], sealed["body"]
    pages = ChaCha20Poly1305(data_key).decrypt(body[:12], body[12:], None)
    (length,) = LENGTH.unpack_from(pages)
    return pages[LENGTH.size : LENGTH.size + length]
