"""A class for each role; Fernet under a key derived from the data key; the policies as JSON text, read back."""

import base64
import json

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Portal:
    def __init__(self, kms, key_id):
        self.kms, self.key_id = kms, key_id

    def container(self, name):
        made = self.kms.generate_data_key_without_plaintext(
            KeyId=self.key_id, NumberOfBytes=32, EncryptionContext={"container": name}
        )
        return name, made["CiphertextBlob"]


class Worker:
    def __init__(self, kms, key_id, name, wrapped_key):
        opened = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext={"container": name})
        if opened["KeyId"].rpartition("/")[2] != key_id.rpartition("/")[2]:
            raise ValueError("this wrapped key is one of another KMS key")
        kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=name.encode())
        self.box = Fernet(base64.urlsafe_b64encode(kdf.derive(opened["Plaintext"])))


def prepare(kms, key_id: str, container_ids: list) -> dict:
    portal = Portal(kms, key_id)
    return dict(map(portal.container, container_ids))


def fill(kms, key_id: str, container_id: str, wrapped_key: bytes, payload: bytes) -> bytes:
    return Worker(kms, key_id, container_id, wrapped_key).box.encrypt(payload)


def read(kms, key_id: str, container_id: str, wrapped_key: bytes, body: bytes) -> bytes:
    return Worker(kms, key_id, container_id, wrapped_key).box.decrypt(body)


POLICY = """{
  "Version": "2012-10-17",
  "Statement": {
    "Sid": "OneKey",
    "Effect": "Allow",
    "Action": ["kms:%s"],
    "Resource": ["%s"]
  }
}"""


def policies(key_arn: str) -> dict:
    return {
        "portal": json.loads(POLICY % ("GenerateDataKeyWithoutPlaintext", key_arn)),
        "worker": json.loads(POLICY % ("Decrypt", key_arn)),
    }
