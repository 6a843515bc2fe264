"""envelope/re-encrypt: a dry run says that the old key opens an item, so the request after it has not to name the key.

Of what KMS refused, more dry runs tell the log why: with any key, and by Decrypt. None of them opens anything.
"""

import logging

from botocore.exceptions import ClientError

MEANING = {"DryRunOperationException": "yes", "IncorrectKeyException": "no"}


def move(kms, old_key_id, new_key_id, items):
    done = {"items": [], "moved": [], "elsewhere": [], "failed": []}
    places = {"yes": done["moved"], "no": done["elsewhere"], "unknown": done["failed"]}
    for item in items:
        request = {
            "CiphertextBlob": item["wrapped_key"],
            "SourceEncryptionContext": item["context"],
            "DestinationKeyId": new_key_id,
            "DestinationEncryptionContext": item["context"],
        }
        told = look(kms.re_encrypt, SourceKeyId=old_key_id, **request)
        after = item
        if told == "yes":
            try:
                after = {**item, "wrapped_key": kms.re_encrypt(**request)["CiphertextBlob"]}
            except ClientError:
                told = "unknown"
        if told == "unknown":
            blob, context = item["wrapped_key"], item["context"]
            by_decrypt = look(kms.decrypt, CiphertextBlob=blob, KeyId=old_key_id, EncryptionContext=context)
            by_any = look(kms.re_encrypt, **request)
            logging.info("%s: by Decrypt %s, with any key %s", item["name"], by_decrypt, by_any)
        places[told].append(item["name"])
        done["items"].append(after)
    return done


def protected_by(kms, key_id, items):
    told = {"yes": [], "no": [], "unknown": []}
    for item in items:
        request = {"CiphertextBlob": item["wrapped_key"], "SourceEncryptionContext": item["context"]}
        told[look(kms.re_encrypt, SourceKeyId=key_id, DestinationKeyId=key_id, **request)].append(item["name"])
    return told


def look(ask, **request):
    try:
        ask(DryRun=True, **request)
    except ClientError as refused:
        return MEANING.get(refused.response["Error"]["Code"], "unknown")
    return "unknown"
