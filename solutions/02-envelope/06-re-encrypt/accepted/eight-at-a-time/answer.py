"""envelope/re-encrypt: a pool of threads, and the errors by the classes of the client."""

from concurrent.futures import ThreadPoolExecutor


def move(kms, old_key_id: str, new_key_id: str, items: list) -> dict:
    """Bring the items under the old key under the new one: {"items": list, "moved": [], "elsewhere": [], "failed": []}.

    The lists but the first hold names.
    """

    def one(item):
        context = dict(item["context"])
        try:
            answer = kms.re_encrypt(
                CiphertextBlob=item["wrapped_key"],
                SourceKeyId=old_key_id,
                SourceEncryptionContext=context,
                DestinationKeyId=new_key_id,
                DestinationEncryptionContext=context,
            )
        except kms.exceptions.IncorrectKeyException:
            return "elsewhere", item
        except kms.exceptions.ClientError:
            return "failed", item
        return "moved", dict(item, wrapped_key=answer["CiphertextBlob"])

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, items))
    result = {"items": [item for _, item in outcomes]}
    for kind in ("moved", "elsewhere", "failed"):
        result[kind] = [item["name"] for came_of_it, item in outcomes if came_of_it == kind]
    return result


def protected_by(kms, key_id: str, items: list) -> dict:
    """The names of the items by whether `key_id` protects them: {"yes": [], "no": [], "unknown": []}."""

    def one(item):
        try:
            kms.re_encrypt(
                CiphertextBlob=item["wrapped_key"],
                SourceKeyId=key_id,
                SourceEncryptionContext=item["context"],
                DestinationKeyId=key_id,
                DestinationEncryptionContext=item["context"],
                DryRun=True,
            )
        except kms.exceptions.DryRunOperationException:
            return "yes"
        except kms.exceptions.IncorrectKeyException:
            return "no"
        except Exception:
            return "unknown"
        return "unknown"

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(one, items))
    return {
        kind: [item["name"] for item, answer in zip(items, told, strict=True) if answer == kind]
        for kind in ("yes", "no", "unknown")
    }
