"""envelope/re-encrypt: dry runs sort the archive first, then only what is under the old key is touched."""

from botocore.exceptions import ClientError

ANSWERS = {"DryRunOperationException": "yes", "IncorrectKeyException": "no"}


def move(kms, old_key_id: str, new_key_id: str, items: list) -> dict:
    """Bring the items under the old key under the new one: {"items": list, "moved": [], "elsewhere": [], "failed": []}.

    The lists but the first hold names.
    """
    told = protected_by(kms, old_key_id, items)
    moved, failed = {}, list(told["unknown"])
    for item in items:
        if item["name"] in told["yes"]:
            request = {"CiphertextBlob": item["wrapped_key"], "SourceKeyId": old_key_id, "DestinationKeyId": new_key_id}
            if item["context"]:
                request |= {side + "EncryptionContext": item["context"] for side in ("Source", "Destination")}
            try:
                moved[item["name"]] = kms.re_encrypt(**request)["CiphertextBlob"]
            except ClientError:
                failed.append(item["name"])
    archive = [item | {"wrapped_key": moved.get(item["name"], item["wrapped_key"])} for item in items]
    return {"items": archive, "moved": list(moved), "elsewhere": told["no"], "failed": failed}


def protected_by(kms, key_id: str, items: list) -> dict:
    """The names of the items by whether `key_id` protects them: {"yes": [], "no": [], "unknown": []}."""
    answers = {item["name"]: _ask(kms, key_id, item) for item in items}
    return {kind: [name for name, told in answers.items() if told == kind] for kind in ("yes", "no", "unknown")}


def _ask(kms, key_id, item):
    both = {"SourceEncryptionContext": item["context"], "DestinationEncryptionContext": item["context"]}
    try:
        kms.re_encrypt(
            CiphertextBlob=item["wrapped_key"], SourceKeyId=key_id, DestinationKeyId=key_id, DryRun=True, **both
        )
    except ClientError as refused:
        return ANSWERS.get(refused.response["Error"]["Code"], "unknown")
    return "unknown"
