"""A key for each chunk, derived from the one data key, its number and whether it is the last; the nonce is zero."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

CHUNK = 128 * 1000


def _cipher(data_key, number, last):
    info = f"chunk {number}{' last' if last else ''}".encode()
    return AESGCM(HKDFExpand(algorithm=SHA256(), length=32, info=info).derive(data_key))


def _fill(source, buffer):
    view, filled = memoryview(buffer), 0
    while filled < len(view) and (got := source.readinto(view[filled:])):
        filled += got
    return bytes(view[:filled])


def seal_stream(kms, key_id, source, sink):
    response = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    buffer, number, full = bytearray(CHUNK), 0, True
    while full:  # a short chunk, be it an empty one, always comes last
        chunk = _fill(source, buffer)
        full = len(chunk) == CHUNK
        sink.write(_cipher(response["Plaintext"], number, not full).encrypt(bytes(12), chunk, None))
        number += 1
    return response["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    data_key = kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"]
    buffer, number, full = bytearray(CHUNK + 16), 0, True
    while full:
        sealed = _fill(source, buffer)
        full = len(sealed) == len(buffer)
        sink.write(_cipher(data_key, number, not full).decrypt(bytes(12), sealed, None))
        number += 1
    if source.read(1):
        raise ValueError("bytes after the last chunk")
