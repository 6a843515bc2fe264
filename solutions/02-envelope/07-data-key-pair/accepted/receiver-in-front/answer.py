"""Text for a modem: who it is for, the x-coordinate alone of the ephemeral point, and AES-SIV under SHA-512 of all."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

CURVE = ec.SECP384R1()
END = b"."


def enrol(kms, key_id, device_id):
    kms.describe_key(KeyId=key_id)
    context = {"purpose": "recordings", "for": f"camera/{device_id}"}
    made = kms.generate_data_key_pair_without_plaintext(
        KeyId=key_id, KeyPairSpec="ECC_NIST_P384", EncryptionContext=context
    )
    return {"public_key": made["PublicKey"], "wrapped_private_key": made["PrivateKeyCiphertextBlob"]}


def _name(public_key):
    return base64.b64encode(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def _cipher(secret, name, x):
    return AESSIV(hashlib.sha512(b"\0\0\0\1" + secret + name.encode() + x).digest())


def seal_offline(public_key, payload):
    device = load_der_public_key(public_key)
    ephemeral = ec.generate_private_key(CURVE)
    x = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)[1:]
    name = _name(device)
    # AES-SIV of this package takes no empty text.
    body = _cipher(ephemeral.exchange(ec.ECDH(), device), name, x).encrypt(payload + END, None)
    return json.dumps({"for": name, "x": x.hex(), "body": base64.b85encode(body).decode()}).encode("ascii")


def open_sealed(kms, wrapped_private_key, device_id, message):
    context = {"purpose": "recordings", "for": f"camera/{device_id}"}
    der = kms.decrypt(CiphertextBlob=wrapped_private_key, EncryptionContext=context)["Plaintext"]
    private_key, parts = load_der_private_key(der, None), json.loads(message.decode("ascii"))
    name = _name(private_key.public_key())
    if parts["for"] != name:
        raise ValueError("for another camera")
    x = bytes.fromhex(parts["x"])
    # Both points with this x give the same secret.
    point = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, b"\x02" + x)
    text = _cipher(private_key.exchange(ec.ECDH(), point), name, x).decrypt(base64.b85decode(parts["body"]), None)
    return text[: -len(END)]
