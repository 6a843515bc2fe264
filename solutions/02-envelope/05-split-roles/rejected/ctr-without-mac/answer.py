"""AES-CTR alone, so changes go unnoticed."""

import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def prepare(kms, key_id, container_ids):
    return {
        container_id: kms.generate_data_key_without_plaintext(
            KeyId=key_id, KeySpec="AES_256", EncryptionContext={"container": container_id}
        )["CiphertextBlob"]
        for container_id in container_ids
    }


def _stream(kms, key_id, container_id, wrapped_key, start):
    opened = kms.decrypt(KeyId=key_id, CiphertextBlob=wrapped_key, EncryptionContext={"container": container_id})
    return Cipher(algorithms.AES(opened["Plaintext"]), modes.CTR(start)).encryptor()


def fill(kms, key_id, container_id, wrapped_key, payload):
    start = os.urandom(16)
    return start + _stream(kms, key_id, container_id, wrapped_key, start).update(payload)


def read(kms, key_id, container_id, wrapped_key, body):
    return _stream(kms, key_id, container_id, wrapped_key, body[:16]).update(body[16:])


def policies(key_arn):
    def allow(action):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": key_arn}]}

    return {"portal": allow("kms:GenerateDataKeyWithoutPlaintext"), "worker": allow("kms:Decrypt")}
