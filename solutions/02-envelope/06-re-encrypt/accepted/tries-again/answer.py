"""envelope/re-encrypt: asks again where KMS gave no answer about the key, after a pause, on a copy of the archive."""

import copy
import time

from botocore.exceptions import ClientError


def move(kms, old_key_id: str, new_key_id: str, items: list) -> dict:
    """Bring the items under the old key under the new one: {"items": list, "moved": [], "elsewhere": [], "failed": []}.

    The lists but the first hold names.
    """
    archive = copy.deepcopy(items)
    report = {"moved": [], "elsewhere": [], "failed": []}
    for item in archive:
        answer, code = persist(
            kms.re_encrypt,
            CiphertextBlob=item["wrapped_key"],
            SourceKeyId=old_key_id,
            DestinationKeyId=new_key_id,
            SourceEncryptionContext=item["context"],
            DestinationEncryptionContext=item["context"],
        )
        if answer:
            item["wrapped_key"] = answer["CiphertextBlob"]
        place = "moved" if answer else "elsewhere" if code == "IncorrectKeyException" else "failed"
        report[place] += [item["name"]]
    return dict(report, items=archive)


def protected_by(kms, key_id: str, items: list) -> dict:
    """The names of the items by whether `key_id` protects them: {"yes": [], "no": [], "unknown": []}."""
    codes = {
        item["name"]: persist(
            kms.re_encrypt,
            CiphertextBlob=item["wrapped_key"],
            SourceKeyId=key_id,
            SourceEncryptionContext=item["context"],
            DestinationKeyId=key_id,
            DryRun=True,
        )[1]
        for item in items
    }
    yes = [name for name, code in codes.items() if code == "DryRunOperationException"]
    no = [name for name, code in codes.items() if code == "IncorrectKeyException"]
    return {"yes": yes, "no": no, "unknown": [name for name in codes if name not in yes + no]}


def persist(ask, **request):
    code = ""
    for pause in (0, 1, 5):
        time.sleep(pause)
        try:
            return ask(**request), ""
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("IncorrectKeyException", "DryRunOperationException"):
                break
    return None, code
