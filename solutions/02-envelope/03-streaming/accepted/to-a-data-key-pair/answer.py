"""A data key pair for each stream: the wrapped key is its private key, and both public keys stand in the header."""

from itertools import count

from cryptography.hazmat.primitives.asymmetric.ec import ECDH, SECP256R1, EllipticCurvePublicKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

CHUNK, POINT, TAG = 64 * 1024, 65, 16


def seal_stream(kms, key_id, source, sink):
    pair = kms.generate_data_key_pair(KeyId=key_id, KeyPairSpec="ECC_NIST_P256")
    receiver, own = load_der_public_key(pair["PublicKey"]), generate_private_key(SECP256R1())
    header = _point(receiver) + _point(own.public_key())
    cipher = _cipher(own, receiver, header)
    sink.write(header)
    for nonce, chunk in _numbered(source, CHUNK):
        sink.write(cipher.encrypt(nonce, chunk, header))
    return pair["PrivateKeyCiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    private = load_der_private_key(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"], None)
    header = _read(source, 2 * POINT)
    if header[:POINT] != _point(private.public_key()):
        raise ValueError("a stream for another key pair")
    sender = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), header[POINT:])
    cipher = _cipher(private, sender, header)
    for nonce, chunk in _numbered(source, CHUNK + TAG):
        sink.write(cipher.decrypt(nonce, chunk, header))


def _point(public):
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _cipher(private, public, header):
    return AESGCM(HKDF(SHA256(), 32, None, b"stream" + header).derive(private.exchange(ECDH(), public)))


def _numbered(source, size):
    """Each chunk with its nonce: its number, and whether it is the last. There is always a last one."""
    chunk = _read(source, size)
    for number in count():
        following = _read(source, size)
        yield number.to_bytes(11, "big") + bytes([not following]), chunk
        if not following:
            return
        chunk = following


def _read(source, size):
    parts = []
    while size and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
