"""ChaCha20-Poly1305 over chunks as they come in, of any size; each is bound to the tag of the one before it."""

import os

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

MORE, END = b"\x01", b"\x02"


def _key(kms, wrapped):
    return ChaCha20Poly1305(kms.decrypt(CiphertextBlob=wrapped, EncryptionContext={"kind": "dump"})["Plaintext"])


def seal_stream(kms, key_id, source, sink):
    wrapped = kms.generate_data_key_without_plaintext(
        KeyId=key_id, KeySpec="AES_256", EncryptionContext={"kind": "dump"}
    )["CiphertextBlob"]
    aead, before = _key(kms, wrapped), wrapped

    def put(kind, content):
        nonlocal before
        nonce = os.urandom(12)
        text = aead.encrypt(nonce, content, kind + before)
        sink.write(kind + len(text).to_bytes(3, "little"))
        sink.write(nonce)
        sink.write(text)
        before = text[-16:]

    while content := source.read(100_000):
        put(MORE, content)
    put(END, b"")
    return wrapped


def open_stream(kms, wrapped_key, source, sink):
    aead, before, kind = _key(kms, wrapped_key), wrapped_key, MORE

    def take(size):
        data = b""
        while len(data) < size:
            part = source.read(size - len(data))
            if not part:
                raise EOFError("cut off")
            data += part
        return data

    while kind == MORE:
        kind = take(1)
        size = int.from_bytes(take(3), "little")
        nonce = take(12)
        text = take(min(size, 200_000))
        sink.write(aead.decrypt(nonce, text, kind + before))
        before = text[-16:]
    if kind != END or source.read(1) != b"":
        raise ValueError("not the end")
