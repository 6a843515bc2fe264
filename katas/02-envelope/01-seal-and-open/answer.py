"""envelope/seal-and-open: encrypt a payload of any size with a data key of its own, and open it again."""


def seal(kms, key_id: str, payload: bytes) -> dict:
    """Seal `payload` under the KMS key `key_id`: {"wrapped_key": bytes, "body": bytes}."""
    # TODO 1: encrypt the payload here, with a data key that only this payload uses
    wrapped_key = b""
    body = payload
    return {"wrapped_key": wrapped_key, "body": body}


def open_sealed(kms, sealed: dict) -> bytes:
    """The payload that `seal` sealed. Raises an exception when `wrapped_key` or `body` was altered."""
    # TODO 2: get the data key back, open the body, refuse what was altered
    return sealed["body"]
