"""Notes what it moved, and answers from its notes instead of asking KMS."""

from botocore.exceptions import ClientError

_moved = {}


def move(kms, old_key_id: str, new_key_id: str, items: list) -> dict:
    """Bring the items under the old key under the new one: {"items": list, "moved": [], "elsewhere": [], "failed": []}.

    The lists but the first hold names.
    """
    done = {"items": [], "moved": [], "elsewhere": [], "failed": []}
    for item in items:
        try:
            answer = kms.re_encrypt(
                CiphertextBlob=item["wrapped_key"],
                SourceKeyId=old_key_id,
                SourceEncryptionContext=item["context"],
                DestinationKeyId=new_key_id,
                DestinationEncryptionContext=item["context"],
            )
        except ClientError as error:
            done["items"].append(item)
            done["elsewhere" if _code(error) == "IncorrectKeyException" else "failed"].append(item["name"])
        else:
            done["items"].append({**item, "wrapped_key": answer["CiphertextBlob"]})
            done["moved"].append(item["name"])
            _moved[answer["CiphertextBlob"]] = new_key_id
    return done


def protected_by(kms, key_id: str, items: list) -> dict:
    """The names of the items by whether `key_id` protects them: {"yes": [], "no": [], "unknown": []}."""
    told = {"yes": [], "no": [], "unknown": []}
    meaning = {"DryRunOperationException": "yes", "IncorrectKeyException": "no"}
    for item in items:
        if item["wrapped_key"] in _moved:
            told["yes" if _moved[item["wrapped_key"]] == key_id else "no"].append(item["name"])
            continue
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
