"""A new key for each body, wrapped here under the container's data key; JSON bodies; policies with conditions."""

import base64
import json
import secrets

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding, aes_key_wrap_with_padding


def prepare(kms, key_id, container_ids):
    result = {}
    for container_id in container_ids:
        context = {"container": container_id}
        made = kms.generate_data_key_without_plaintext(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
        result[container_id] = made["CiphertextBlob"]
    return result


def open_key(kms, key_id, container_id, wrapped_key):
    arn = kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"]
    context = {"container": container_id}
    return kms.decrypt(KeyId=arn, CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]


def fill(kms, key_id, container_id, wrapped_key, payload):
    once = secrets.token_bytes(32)
    fields = {
        "key": aes_key_wrap_with_padding(open_key(kms, key_id, container_id, wrapped_key), once),
        "text": ChaCha20Poly1305(once).encrypt(bytes(12), payload, container_id.encode()),
    }
    return json.dumps({name: base64.b85encode(value).decode() for name, value in fields.items()}).encode()


def read(kms, key_id, container_id, wrapped_key, body):
    fields = {name: base64.b85decode(value) for name, value in json.loads(body).items()}
    once = aes_key_unwrap_with_padding(open_key(kms, key_id, container_id, wrapped_key), fields["key"])
    return ChaCha20Poly1305(once).decrypt(bytes(12), fields["text"], container_id.encode())


def policies(key_arn):
    named = {"Null": {"kms:EncryptionContext:container": "false"}}
    alone = {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["container"]}} | named
    describe = {"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": key_arn}

    def policy(action):
        use = {"Effect": "Allow", "Action": [action], "Resource": key_arn, "Condition": alone}
        return {"Version": "2012-10-17", "Statement": [use, describe]}

    return {"portal": policy("kms:GenerateDataKeyWithoutPlaintext"), "worker": policy("kms:Decrypt")}
