"""The body is JSON, its key is derived from a salt that KMS draws, and the policies deny whatever they do not allow."""

import base64
import json

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def prepare(kms, key_id, container_ids):
    def wrapped(container_id):
        context = {"container": container_id}
        return kms.generate_data_key_without_plaintext(KeyId=key_id, NumberOfBytes=32, EncryptionContext=context)

    return {container_id: wrapped(container_id)["CiphertextBlob"] for container_id in container_ids}


def fill(kms, key_id, container_id, wrapped_key, payload):
    salt = kms.generate_random(NumberOfBytes=32)["Plaintext"]
    aead = _aead(kms, key_id, container_id, wrapped_key, salt)
    return _written(salt, aead.encrypt(bytes(12), payload, salt))  # the key is new each time, so the nonce may be zero


def read(kms, key_id, container_id, wrapped_key, body):
    parts = json.loads(body)
    salt, sealed = (base64.b64decode(parts[name]) for name in ("salt", "sealed"))
    if _written(salt, sealed) != body:
        raise InvalidTag
    return _aead(kms, key_id, container_id, wrapped_key, salt).decrypt(bytes(12), sealed, salt)


def policies(key_arn):
    def only(action, *more):
        allow = {"Effect": "Allow", "Action": action, "Resource": [key_arn]}
        deny = {"Sid": "NothingElse", "Effect": "Deny", "NotAction": [action, "kms:GenerateRandom"], "Resource": "*"}
        return {"Version": "2012-10-17", "Statement": [allow, deny, *more]}

    random = {"Effect": "Allow", "Action": "kms:GenerateRandom", "Resource": "*"}
    return {"portal": only("kms:GenerateDataKeyWithout*"), "worker": only("kms:decrypt", random)}


def _aead(kms, key_id, container_id, wrapped_key, salt):
    context = {"container": container_id}
    opened = kms.decrypt(KeyId=key_id, CiphertextBlob=wrapped_key, EncryptionContext=context)
    return ChaCha20Poly1305(HKDF(hashes.SHA256(), 32, salt, container_id.encode()).derive(opened["Plaintext"]))


def _written(salt, sealed):
    parts = {"salt": base64.b64encode(salt).decode(), "sealed": base64.b64encode(sealed).decode()}
    return json.dumps(parts).encode()
