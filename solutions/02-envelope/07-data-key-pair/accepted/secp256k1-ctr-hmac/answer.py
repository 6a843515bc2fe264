"""ECDH on secp256k1, X9.63 key derivation into a cipher key and a MAC key, AES-CTR, HMAC over all that is stored.

The ephemeral key goes along as DER, with its length in front.
"""

import struct

from cryptography.hazmat.primitives import constant_time, hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)


class Box:
    """Two keys of one message."""

    def __init__(self, secret, header):
        both = X963KDF(hashes.SHA512(), 64, header).derive(secret)
        self.cipher = Cipher(algorithms.AES(both[:32]), modes.CTR(bytes(16)))
        self.mac_key, self.header = both[32:], header

    def tag(self, text):
        mac = hmac.HMAC(self.mac_key, hashes.SHA256())
        mac.update(self.header + text)
        return mac.finalize()

    def close(self, payload):
        text = self.cipher.encryptor().update(payload)
        return self.header + self.tag(text) + text

    def open(self, tag, text):
        if not constant_time.bytes_eq(tag, self.tag(text)):
            raise ValueError("not sealed for this camera, or altered")
        return self.cipher.decryptor().update(text)


def enrol(kms, key_id, device_id):
    pair = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="ECC_SECG_P256K1", EncryptionContext={"camera": device_id, "kind": "recording"}
    )
    return {"public_key": pair["PublicKey"], "wrapped_private_key": pair["PrivateKeyCiphertextBlob"]}


def seal_offline(public_key, payload):
    device = load_der_public_key(public_key)
    ephemeral = ec.generate_private_key(ec.SECP256K1())
    der = ephemeral.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Box(ephemeral.exchange(ec.ECDH(), device), struct.pack(">H", len(der)) + der).close(payload)


def open_sealed(kms, wrapped_private_key, device_id, message):
    if len(message) < 2:
        raise ValueError("too short")
    size = 2 + struct.unpack(">H", message[:2])[0]
    header, tag, text = message[:size], message[size : size + 32], message[size + 32 :]
    context = {"camera": device_id, "kind": "recording"}
    der = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext=context)["Plaintext"]
    private_key = load_der_private_key(der, None)
    return Box(private_key.exchange(ec.ECDH(), load_der_public_key(header[2:])), header).open(tag, text)
