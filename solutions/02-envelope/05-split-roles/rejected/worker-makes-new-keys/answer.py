"""The worker asks for a data key of its own, and stores its wrapped form in the body."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def prepare(kms, key_id, container_ids):
    return {
        container_id: kms.generate_data_key_without_plaintext(
            KeyId=key_id, KeySpec="AES_256", EncryptionContext={"container": container_id}
        )["CiphertextBlob"]
        for container_id in container_ids
    }


def fill(kms, key_id, container_id, wrapped_key, payload):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext={"container": container_id})
    nonce, blob = os.urandom(12), made["CiphertextBlob"]
    return len(blob).to_bytes(2, "big") + blob + nonce + AESGCM(made["Plaintext"]).encrypt(nonce, payload, None)


def read(kms, key_id, container_id, wrapped_key, body):
    end = 2 + int.from_bytes(body[:2], "big")
    opened = kms.decrypt(KeyId=key_id, CiphertextBlob=body[2:end], EncryptionContext={"container": container_id})
    return AESGCM(opened["Plaintext"]).decrypt(body[end : end + 12], body[end + 12 :], None)


def policies(key_arn):
    def allow(action):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": key_arn}]}

    return {"portal": allow("kms:GenerateDataKeyWithoutPlaintext"), "worker": allow("kms:Decrypt")}
