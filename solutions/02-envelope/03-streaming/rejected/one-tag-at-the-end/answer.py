"""One AES-GCM encryption over the whole stream; its tag is the last thing that is read, when all is written."""

import os

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM

PART = 64 * 1024


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    nonce = os.urandom(12)
    encryptor = Cipher(AES256(made["Plaintext"]), GCM(nonce)).encryptor()
    sink.write(nonce)
    while part := source.read(PART):
        sink.write(encryptor.update(part))
    sink.write(encryptor.finalize() + encryptor.tag)
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    data_key = kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]
    nonce = b""
    while len(nonce) < 12 and (part := source.read(12 - len(nonce))):
        nonce += part
    decryptor = Cipher(AES256(data_key), GCM(nonce)).decryptor()
    held = b""
    while part := source.read(PART):
        held += part
        sink.write(decryptor.update(held[:-16]))
        held = held[-16:]
    decryptor.finalize_with_tag(held)
