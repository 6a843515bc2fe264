"""Leaves out the source when the old key is denied, in case another key opens it."""

from botocore.exceptions import ClientError


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
            moved = None
            if _code(error) == "AccessDeniedException":
                moved = _with_any_key(kms, new_key_id, item)
            if moved:
                done["items"].append({**item, "wrapped_key": moved})
                done["moved"].append(item["name"])
                continue
            done["items"].append(item)
            done["elsewhere" if _code(error) == "IncorrectKeyException" else "failed"].append(item["name"])
        else:
            done["items"].append({**item, "wrapped_key": answer["CiphertextBlob"]})
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


def _with_any_key(kms, new_key_id, item):
    try:
        return kms.re_encrypt(
            CiphertextBlob=item["wrapped_key"],
            SourceEncryptionContext=item["context"],
            DestinationKeyId=new_key_id,
            DestinationEncryptionContext=item["context"],
        )["CiphertextBlob"]
    except ClientError:
        return None
