"""envelope/data-key-pair: a camera seals without a network, and what opens its messages waits in KMS's care."""


def enrol(kms, key_id: str, device_id: str) -> dict:
    """A new key pair for `device_id`: {"public_key": bytes (DER), "wrapped_private_key": bytes}."""
    # TODO 1: get a key pair from KMS without ever holding its private key, bound to this device
    public_key = b""
    wrapped_private_key = b""
    return {"public_key": public_key, "wrapped_private_key": wrapped_private_key}


def seal_offline(public_key: bytes, payload: bytes) -> bytes:
    """`payload`, of any size, as a message that only the private key of `public_key` opens."""
    # TODO 2: seal the payload here, with the public key and no network
    return payload


def open_sealed(kms, wrapped_private_key: bytes, device_id: str, message: bytes) -> bytes:
    """The payload of a message of `device_id`. Raises an exception when anything was altered or does not match."""
    # TODO 3: get the private key with the help of KMS, open the message, refuse what was altered
    return message
