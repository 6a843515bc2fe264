"""envelope/re-encrypt: looks whether the key is enabled, and not at the items."""

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
            done["items"].append(item)
            done["elsewhere" if _code(error) == "IncorrectKeyException" else "failed"].append(item["name"])
        else:
            done["items"].append({**item, "wrapped_key": answer["CiphertextBlob"]})
            done["moved"].append(item["name"])
    return done


def protected_by(kms, key_id: str, items: list) -> dict:
    """The names of the items by whether `key_id` protects them: {"yes": [], "no": [], "unknown": []}."""
    names = [item["name"] for item in items]
    if kms.describe_key(KeyId=key_id)["KeyMetadata"]["Enabled"]:
        return {"yes": names, "no": [], "unknown": []}
    return {"yes": [], "no": [], "unknown": names}


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]
