"""A writer that seals, to be filled by shutil.copyfileobj; the opener reads 8 KiB at a time and writes in slices."""

import io
import shutil

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SIZE = 50_000
SLICE = 10_000


def _nonce(number):
    return number.to_bytes(12, "little")


class Sealer(io.RawIOBase):
    def __init__(self, data_key, out):
        self.aead, self.out, self.number, self.held = AESGCM(data_key), out, 0, bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.held += data
        while len(self.held) > SIZE:
            self._put(b"one of several")
        return len(data)

    def _put(self, label):
        self.out.write(memoryview(self.aead.encrypt(_nonce(self.number), bytes(self.held[:SIZE]), label)))
        del self.held[:SIZE]
        self.number += 1

    def close(self):
        if not self.closed:
            self._put(b"the end")
        super().close()


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, NumberOfBytes=16)
    with Sealer(made["Plaintext"], sink) as sealer:
        shutil.copyfileobj(source, sealer)
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    aead = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"])
    held, number, more = b"", 0, True
    while more or held:
        while more and len(held) <= SIZE + 16:
            part = source.read(8192)
            held, more = held + part, bool(part)
        sealed, held = held[: SIZE + 16], held[SIZE + 16 :]
        content = aead.decrypt(_nonce(number), sealed, b"one of several" if more or held else b"the end")
        for at in range(0, len(content), SLICE):
            sink.write(content[at : at + SLICE])
        number += 1
