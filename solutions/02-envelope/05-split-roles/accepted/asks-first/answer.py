"""Asks with DryRun whether it may, before it asks; resolves the ARN; AES-CCM bound to the wrapped key."""

import os

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESCCM


class NotAllowed(Exception):
    pass


def prepare(kms, key_id, container_ids):
    arn = kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"]
    requests = {
        name: {"KeyId": arn, "NumberOfBytes": 32, "EncryptionContext": {"container": name}} for name in container_ids
    }
    for request in requests.values():
        try:
            kms.generate_data_key_without_plaintext(DryRun=True, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "DryRunOperationException":
                raise NotAllowed(arn) from error
    made = {name: kms.generate_data_key_without_plaintext(**request) for name, request in requests.items()}
    return {name: answer["CiphertextBlob"] for name, answer in made.items()}


def _ccm(kms, key_id, container_id, wrapped_key):
    opened = kms.decrypt(
        KeyId=key_id,
        CiphertextBlob=wrapped_key,
        EncryptionContext={"container": container_id},
        EncryptionAlgorithm="SYMMETRIC_DEFAULT",
    )
    return AESCCM(opened["Plaintext"])


def fill(kms, key_id, container_id, wrapped_key, payload):
    nonce = os.urandom(11)  # 11 bytes leave 4 for the length: payloads up to 4 GB
    return b"\x02" + nonce + _ccm(kms, key_id, container_id, wrapped_key).encrypt(nonce, payload, b"\x02" + wrapped_key)


def read(kms, key_id, container_id, wrapped_key, body):
    if body[:1] != b"\x02":
        raise ValueError("unknown version of the body")
    return _ccm(kms, key_id, container_id, wrapped_key).decrypt(body[1:12], body[12:], b"\x02" + wrapped_key)


def policies(key_arn):
    def on_the_key(*actions):
        return {"Effect": "Allow", "Action": list(actions), "Resource": [key_arn]}

    files = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::evidence/*"}
    return {
        "portal": {
            "Version": "2012-10-17",
            "Statement": [on_the_key("kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"), files],
        },
        "worker": {"Version": "2012-10-17", "Statement": [on_the_key("kms:Decrypt"), files]},
    }
