"""Both functions are methods of one object; the key is random bytes of KMS, wrapped with Encrypt; AES-GCM-SIV, base64.

It asks KMS once which key `key_id` means, so that an ID and an ARN share their data keys.
"""

import base64
import binascii
import os
import struct
import time
from types import SimpleNamespace

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV


class Archive:
    def __init__(self, clock):
        self.clock, self.arns, self.by_scope, self.by_blob = clock, {}, {}, {}

    def seal(self, kms, key_id, context, payload, limits):
        arn = self.arns.get(key_id) or self.arns.setdefault(key_id, self.arn(kms, key_id))
        line = self.by_scope.setdefault((arn, self.flat(context)), [])
        line[:] = [key for key in line if self.clock() < key.end and key.uses and key.room]
        for key in reversed(line):
            if len(payload) <= key.room:
                break
        else:
            key = self.make(kms, arn, context, limits)
            line.append(key)
        key.uses -= 1
        key.room -= len(payload)
        nonce = struct.pack(">I8s", key.uses, os.urandom(8))
        text = AESGCMSIV(key.plain).encrypt(nonce, payload, self.flat(context))
        return {"wrapped_key": key.blob, "body": base64.b85encode(nonce + text)}

    def open_sealed(self, kms, context, sealed, seconds):
        place = sealed["wrapped_key"] + self.flat(context)
        plain, end = self.by_blob.get(place, (b"", 0))
        if self.clock() >= end:
            end = self.clock() + seconds
            plain = kms.decrypt(CiphertextBlob=sealed["wrapped_key"], EncryptionContext=context)["Plaintext"]
            self.by_blob[place] = plain, end
        try:
            body = base64.b85decode(sealed["body"])
        except binascii.Error:
            raise ValueError("the body is not ours") from None
        return AESGCMSIV(plain).decrypt(body[:12], body[12:], self.flat(context))

    @staticmethod
    def arn(kms, key_id):
        return kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"]

    @staticmethod
    def make(kms, arn, context, limits):
        end = time.time() + limits["seconds"]
        plain = kms.generate_random(NumberOfBytes=32)["Plaintext"]
        blob = kms.encrypt(KeyId=arn, Plaintext=plain, EncryptionContext=context)["CiphertextBlob"]
        return SimpleNamespace(plain=plain, blob=blob, end=end, uses=limits["messages"], room=limits["bytes"])

    @staticmethod
    def flat(context):
        """Lengths in front, so that no two contexts run together to the same bytes."""
        parts = [part.encode() for pair in sorted(context.items()) for part in pair]
        return b"".join(struct.pack(">I", len(part)) + part for part in parts)


archive = Archive(time.time)
seal, open_sealed = archive.seal, archive.open_sealed
