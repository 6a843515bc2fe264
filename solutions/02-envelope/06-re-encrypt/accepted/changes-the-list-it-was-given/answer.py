"""envelope/re-encrypt: a class that works on the archive itself, and keeps it in order by doing so."""

from botocore.exceptions import ClientError


class Mover:
    """One run over one archive."""

    def __init__(self, kms, source, destination):
        self.kms, self.source, self.destination = kms, source, destination
        self.report = {"moved": [], "elsewhere": [], "failed": []}

    def run(self, items):
        for item in items:
            self.report[self.attempt(item)].append(item["name"])
        return {"items": items} | self.report

    def attempt(self, item):
        try:
            item["wrapped_key"] = self.ask(item)["CiphertextBlob"]
        except ClientError as error:
            match error.response["Error"]["Code"]:
                case "IncorrectKeyException":
                    return "elsewhere"
                case _:
                    return "failed"
        return "moved"

    def ask(self, item, **more):
        contexts = dict.fromkeys(("SourceEncryptionContext", "DestinationEncryptionContext"), item["context"])
        keys = {"SourceKeyId": self.source, "DestinationKeyId": self.destination}
        return self.kms.re_encrypt(CiphertextBlob=item["wrapped_key"], **keys, **contexts, **more)


def move(kms, old_key_id: str, new_key_id: str, items: list) -> dict:
    """Bring the items under the old key under the new one: {"items": list, "moved": [], "elsewhere": [], "failed": []}.

    The lists but the first hold names.
    """
    return Mover(kms, old_key_id, new_key_id).run(items)


def protected_by(kms, key_id: str, items: list) -> dict:
    """The names of the items by whether `key_id` protects them: {"yes": [], "no": [], "unknown": []}."""
    looker, names = Mover(kms, key_id, key_id), {"yes": [], "no": [], "unknown": []}
    for item in items:
        try:
            looker.ask(item, DryRun=True)
            told = "unknown"
        except ClientError as error:
            said = error.response["Error"]["Code"].removesuffix("Exception")
            told = {"DryRunOperation": "yes", "IncorrectKey": "no"}.get(said, "unknown")
        names[told].append(item["name"])
    return names
