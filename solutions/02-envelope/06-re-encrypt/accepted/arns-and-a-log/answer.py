"""envelope/re-encrypt: asks for the ARNs first, tells in a log what it found elsewhere, and gives tuples back."""

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def move(kms, old_key_id: str, new_key_id: str, items: list) -> dict:
    """Bring the items under the old key under the new one: {"items": list, "moved": [], "elsewhere": [], "failed": []}.

    The lists but the first hold names.
    """
    old, new = (_arn(kms, key_id) for key_id in (old_key_id, new_key_id))
    archive, moved, elsewhere, failed = [], [], [], []
    for item in items:
        came, error = _re_encrypt(kms, item, old, new)
        if came is not None and came["SourceKeyId"] == old and came["KeyId"] == new:
            archive.append({name: came["CiphertextBlob"] if name == "wrapped_key" else item[name] for name in item})
            moved.append(item["name"])
            continue
        archive.append(item)
        if error == "IncorrectKeyException":
            _, again = _re_encrypt(kms, item, new, new, dry=True)
            print(item["name"], "was moved before" if again == "DryRunOperationException" else "is not ours")
            elsewhere.append(item["name"])
        else:
            print(item["name"], "refused:", error)
            failed.append(item["name"])
    return {"items": tuple(archive), "moved": tuple(moved), "elsewhere": tuple(elsewhere), "failed": tuple(failed)}


def protected_by(kms, key_id: str, items: list) -> dict:
    """The names of the items by whether `key_id` protects them: {"yes": [], "no": [], "unknown": []}."""
    mine = boto3.client("kms")
    yes, no, unknown = [], [], []
    for item in items:
        _, error = _re_encrypt(mine, item, key_id, key_id, dry=True)
        (yes if error == "DryRunOperationException" else no if error == "IncorrectKeyException" else unknown).append(
            item["name"]
        )
    return {"yes": yes, "no": no, "unknown": unknown}


def _arn(kms, key_id):
    return kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"]


def _re_encrypt(kms, item, source, destination, dry=False):
    """The answer and None, or None and the code of the error."""
    context = item["context"]
    try:
        return kms.re_encrypt(
            CiphertextBlob=item["wrapped_key"],
            SourceKeyId=source,
            SourceEncryptionContext=context,
            SourceEncryptionAlgorithm="SYMMETRIC_DEFAULT",
            DestinationKeyId=destination,
            DestinationEncryptionContext=context,
            DestinationEncryptionAlgorithm="SYMMETRIC_DEFAULT",
            DryRun=dry,
        ), None
    except ClientError as error:
        return None, error.response["Error"]["Code"]
    except BotoCoreError as error:
        return None, type(error).__name__
