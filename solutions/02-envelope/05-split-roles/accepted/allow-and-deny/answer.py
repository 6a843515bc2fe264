"""Policies that also deny all other permissions; AES-GCM-SIV with a random nonce behind the ciphertext."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV


def prepare(kms, key_id, container_ids):
    return {
        container_id: kms.generate_data_key_without_plaintext(
            KeyId=key_id, KeySpec="AES_256", EncryptionContext={"container": container_id}
        )["CiphertextBlob"]
        for container_id in container_ids
    }


def _siv(kms, key_id, name, wrapped_key):
    opened = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext={"container": name}, KeyId=key_id)
    return AESGCMSIV(opened["Plaintext"])


def fill(kms, key_id, container_id, wrapped_key, payload):
    siv = _siv(kms, key_id, container_id, wrapped_key)
    nonce = os.urandom(12)
    return b"".join((siv.encrypt(nonce, payload, b"v1" + container_id.encode()), nonce))


def read(kms, key_id, container_id, wrapped_key, body):
    siv = _siv(kms, key_id, container_id, wrapped_key)
    return siv.decrypt(body[-12:], body[:-12], b"v1" + container_id.encode())


def policies(key_arn):
    jobs = {"portal": "kms:GenerateDataKeyWithoutPlaintext", "worker": "kms:Decrypt"}
    documents = {}
    for role, job in jobs.items():
        documents[role] = {
            "Version": "2012-10-17",
            "Id": role,
            "Statement": [
                {"Sid": "Job", "Effect": "Allow", "Action": job, "Resource": key_arn},
                {"Sid": "NothingElse", "Effect": "Deny", "NotAction": [job, "s3:*"], "Resource": "*"},
                {"Sid": "NoOtherKey", "Effect": "Deny", "Action": "kms:*", "NotResource": key_arn},
            ],
        }
    return documents
