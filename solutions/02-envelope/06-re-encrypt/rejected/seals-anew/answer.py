"""envelope/re-encrypt: opens every body and seals it under a data key of the new KMS key."""

import os

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def move(kms, old_key_id: str, new_key_id: str, items: list) -> dict:
    """Bring the items under the old key under the new one: {"items": list, "moved": [], "elsewhere": [], "failed": []}.

    The lists but the first hold names.
    """
    done = {"items": [], "moved": [], "elsewhere": [], "failed": []}
    for item in items:
        context, body = item["context"], item["body"]
        try:
            old = kms.decrypt(CiphertextBlob=item["wrapped_key"], KeyId=old_key_id, EncryptionContext=context)
            new = kms.generate_data_key(KeyId=new_key_id, KeySpec="AES_256", EncryptionContext=context)
        except ClientError as error:
            done["items"].append(item)
            done["elsewhere" if _code(error) == "IncorrectKeyException" else "failed"].append(item["name"])
            continue
        payload = AESGCM(old["Plaintext"]).decrypt(body[:12], body[12:], None)
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(new["Plaintext"]).encrypt(nonce, payload, None)
        done["items"].append({**item, "wrapped_key": new["CiphertextBlob"], "body": sealed})
        done["moved"].append(item["name"])
    return done


def protected_by(kms, key_id: str, items: list) -> dict:
    """The names of the items by whether `key_id` protects them: {"yes": [], "no": [], "unknown": []}."""
    told = {"yes": [], "no": [], "unknown": []}
    meaning = {"DryRunOperationException": "yes", "IncorrectKeyException": "no"}
    for item in items:
        try:
            kms.re_encrypt(
                CiphertextBlob=item["wrapped_key"],
                SourceKeyId=key_id,
                SourceEncryptionContext=item["context"],
                DestinationKeyId=key_id,
                DryRun=True,
            )
        except ClientError as error:
            told[meaning.get(_code(error), "unknown")].append(item["name"])
    return told


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]
