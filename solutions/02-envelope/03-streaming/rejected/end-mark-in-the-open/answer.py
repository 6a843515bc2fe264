"""A byte before each chunk says whether more follows. The number is in the nonce, the byte in nothing."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 64 * 1024
MORE, LAST = b"M", b"L"


def _read(source, size):
    data = b""
    while len(data) < size and (part := source.read(size - len(data))):
        data += part
    return data


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    aead, number, chunk = AESGCM(made["Plaintext"]), 0, _read(source, CHUNK)
    while following := _read(source, CHUNK):
        sink.write(MORE + aead.encrypt(number.to_bytes(12, "big"), chunk, None))
        number, chunk = number + 1, following
    sink.write(LAST + aead.encrypt(number.to_bytes(12, "big"), chunk, None))
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    aead, number, mark = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]), 0, MORE
    while mark == MORE:
        mark = source.read(1)
        sink.write(aead.decrypt(number.to_bytes(12, "big"), _read(source, CHUNK + 16), None))
        number += 1
    if mark != LAST or source.read(1):
        raise ValueError("the end is missing, or something follows it")
