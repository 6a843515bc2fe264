"""A practice answer for a process that was forked ahead of need: what it touches first it copies, while nobody waits.
And one with each library that takes long over its first use, for the process that all are forked from.

Not for judging: the lab does not hear of it, and the process is as new afterwards.
"""

import json
import linecache
import sys

from kms_katas.child.answer import Answer
from kms_katas.child.bridge import Bridge

_PATH = "practice.py"
_SOURCE = """
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def practise(kms, key_id):
    AESGCM(bytes(32)).encrypt(bytes(12), b"practice", None)
    kms.encrypt(KeyId=key_id, Plaintext=b"practice")
    return [kms.decrypt(CiphertextBlob=b"practice"), kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")]
"""
_CLIENT = {
    "kind": "client",
    "service": "kms",
    "region": "us-east-1",
    "access_key_id": "practice",
    "secret_access_key": "practice",
    "session_token": "",
}


PRACTICE_KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-4333-8444-555555555555"
PRACTICE_ANSWER = json.dumps(
    {"KeyId": PRACTICE_KEY, "Plaintext": "A" * 43 + "=", "CiphertextBlob": "cHJhY3RpY2U="}
).encode()
"""What KMS says to whatever it is asked, while nobody listens. The data key is of 32 bytes."""
_WITH = {
    "aws_encryption_sdk": """
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateAwsKmsKeyringInput
from aws_encryption_sdk import EncryptionSDKClient


def practise(kms, key_id):
    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    keyring = providers.create_aws_kms_keyring(CreateAwsKmsKeyringInput(kms_key_id=key_id, kms_client=kms))
    client, context = EncryptionSDKClient(), {"tenant": "practice"}
    message, _ = client.encrypt(source=b"practice", keyring=keyring, encryption_context=context)
    client.decrypt(source=message, keyring=keyring, encryption_context=context)
""",
    "s3_encryption": """
import boto3
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.materials.kms_keyring import KmsKeyring


def practise(kms, key_id):
    s3 = boto3.client("s3", "us-east-1", use_ssl=True)  # made anew: a ready one would be ready for nobody else
    s3 = S3EncryptionClient(s3, S3EncryptionClientConfig(keyring=KmsKeyring(kms, key_id)))
    s3.put_object(Bucket="practice", Key="practice", Body=b"practice")
    s3.get_object(Bucket="practice", Key="practice")["Body"].read()
""",
}
_ROUNDS = 2
"""More do not pay: nearly all of it is in the first."""


def practise_with(package: str, bridge: Bridge) -> None:
    """Seal and open with this library, if it is one of those above. To KMS there has to answer PRACTICE_ANSWER."""
    for _ in range(_ROUNDS if package in _WITH else 0):
        _run(_WITH[package], bridge)


def practise(bridge: Bridge) -> None:
    """Load it and call it, with nobody at the other end of the bridge yet."""
    _run(_SOURCE, bridge)


def _run(source: str, bridge: Bridge) -> None:
    bridge.clients.start_over(dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "practice"))
    answer = Answer(bridge)
    answer.load(source, _PATH)
    outcome = answer.call("practise", [{"$handle": _CLIENT}, PRACTICE_KEY], {"$dict": []})
    del sys.modules["answer"], linecache.cache[_PATH]
    bridge.clients.start_over({})
    assert "done" in outcome, outcome
