"""rotation/on-demand: rotate a key's material now, wait until it is done, and show what came under which material."""


class NoRotationLeft(Exception):
    """The key has used up its on-demand rotations."""


def rotate_now(kms, key_id: str) -> dict:
    """Rotate on demand and wait until it is done: {"before": material ID, "after": material ID, "left": int}."""
    kms.rotate_key_on_demand(KeyId=key_id)
    # TODO 1: wait until the rotation is done, report the key material in place of the key, and mind the limit
    return {"before": key_id, "after": key_id, "left": 25}


def materials(kms, key_id: str, blobs: list) -> list:
    """For each ciphertext, in order: {"material": ID of the key material that made it, "current": bool}."""
    # TODO 2: ask KMS which key material made each ciphertext, and which one it uses today
    return [{"material": key_id, "current": True} for blob in blobs]
