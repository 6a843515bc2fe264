"""Messages of the AWS Encryption SDK by their published format: taken apart, opened with a data key, made.

For checks, which so do not load the package that an answer uses, and can make what it refuses to make. Not for wrapping
data keys: KMS does that. Source: "AWS Encryption SDK message format reference" and "AWS Encryption SDK algorithms
reference" in its developer guide; tests/grading/test_grading_sdk_messages.py holds it against the package itself.
"""

import base64
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

COMMITTING = frozenset({0x0478, 0x0578})
"""The algorithm suites that commit a message to its data key: version 2 of the format."""
UNCOMMITTED = 0x0178
"""AES-256-GCM with HKDF-SHA-256, unsigned: of version 1 of the format."""
KMS_PROVIDER = "aws-kms"
SIGNER = "aws-crypto-public-key"
"""The entry that the SDK adds to the encryption context of a signed message."""

_FRAME, _FINAL, _WHOLE = (b"AWSKMSEncryptionClient " + kind for kind in (b"Frame", b"Final Frame", b"Single Block"))
_LAST = 0xFFFFFFFF
_SIGNED = frozenset({0x0378, 0x0578})
_DERIVED_BY = {
    0x0078: None,
    UNCOMMITTED: hashes.SHA256,
    0x0378: hashes.SHA384,
    0x0478: hashes.SHA512,
    0x0578: hashes.SHA512,
}
"""The suites with a data key of 32 bytes, and the hash with which each derives its key from that."""
_KEY, _NONCE, _TAG = 32, 12, 16


class NoMessage(Exception):
    """These bytes are no message of the format, or not one that opens with this key; the sentence says why."""


@dataclass(frozen=True)
class WrappedKey:
    """An encrypted data key. For KMS, `provider` is KMS_PROVIDER and `info` the ARN of the KMS key."""

    provider: str
    info: str
    ciphertext: bytes


@dataclass(frozen=True)
class Message:
    """A message taken apart. Nothing in it is verified: `content_of` does that."""

    suite: int
    id: bytes
    context: dict[str, str]
    """The encryption context as the header holds it, the SDK's own entry included."""
    wrapped_keys: tuple[WrappedKey, ...]
    frame_bytes: int
    """0 for content in one block."""
    commitment: bytes
    header: bytes
    rest: bytes


def read_message(data: bytes) -> Message:
    """Raises NoMessage."""
    if data[:1] != b"\x02" and data[:2] != b"\x01\x80":
        raise NoMessage("it begins with neither 02, for version 2 of the format, nor 01 80, for version 1")
    version = data[0]
    reader = _Reader(data, 1 if version == 2 else 2)
    suite = reader.number(2)
    if suite not in _DERIVED_BY or (suite in COMMITTING) != (version == 2):
        raise NoMessage(f"version {version} of the format has no algorithm suite {suite:#06x} with a key of 256 bits")
    message_id = reader.take(32 if version == 2 else 16)
    context = _read_context(reader.field())
    keys = tuple(
        WrappedKey(_text(reader.field()), _text(reader.field()), reader.field()) for _ in range(reader.number(2))
    )
    kind = reader.number(1)
    if version == 1 and reader.take(5) != bytes([0, 0, 0, 0, _NONCE]):
        raise NoMessage("its header has something else where version 1 has the length of the IV")
    frame_bytes = reader.number(4)
    if kind not in (1, 2) or (kind == 1) != (frame_bytes == 0):
        raise NoMessage(f"its content type is {kind} and its frame length {frame_bytes}")
    commitment = reader.take(32) if version == 2 else b""
    return Message(suite, message_id, context, keys, frame_bytes, commitment, data[: reader.at], data[reader.at :])


def content_of(message: Message, data_key: bytes, left_out: Mapping[str, str] | None = None) -> bytes:
    """What a message holds, after all that a reader has to verify. Raises NoMessage.

    `left_out` are entries of the context that the writer authenticated and did not store.
    """
    key, commitment = _derived(message.suite, message.id, data_key)
    if commitment != message.commitment:
        raise NoMessage("it commits to another data key")
    cipher, reader = AESGCM(key), _Reader(message.rest)
    try:
        nonce = bytes(_NONCE) if message.suite in COMMITTING else reader.take(_NONCE)
        cipher.decrypt(nonce, reader.take(_TAG), message.header + _context(left_out or {}))
        content = b"".join(_opened(cipher, message, reader))
    except InvalidTag:
        raise NoMessage("its header or its content does not verify under its data key") from None
    signed = message.header + message.rest[: reader.at]
    if message.suite in _SIGNED:
        _verify(message.context.get(SIGNER, ""), reader.field(), signed)
    if reader.at != len(message.rest):
        raise NoMessage("bytes follow its end")
    return content


def make_message(
    content: bytes,
    data_key: bytes,
    wrapped_keys: Sequence[WrappedKey],
    context: Mapping[str, str],
    *,
    message_id: bytes,
) -> bytes:
    """An unsigned message of one frame, of at most 4,096 bytes.

    A `message_id` of 32 bytes makes one that commits to its data key, version 2; of 16 bytes an uncommitted one,
    version 1.
    """
    committed = len(message_id) == 32
    suite = 0x0478 if committed else UNCOMMITTED
    head = (b"\x02" if committed else b"\x01\x80") + struct.pack(">H", suite) + message_id
    keys = b"".join(_fields(key.provider.encode(), key.info.encode(), key.ciphertext) for key in wrapped_keys)
    head += _field(_context(context)) + struct.pack(">H", len(wrapped_keys)) + keys + b"\x02"
    head += b"" if committed else bytes(4) + bytes([_NONCE])
    head += struct.pack(">I", 4096)
    key, commitment = _derived(suite, message_id, data_key)
    cipher, nonce = AESGCM(key), bytes(_NONCE)
    head += commitment
    authentication = (b"" if committed else nonce) + cipher.encrypt(nonce, b"", head)
    first = (1).to_bytes(_NONCE, "big")
    body = struct.pack(">II", _LAST, 1) + first + struct.pack(">I", len(content))
    return head + authentication + body + cipher.encrypt(first, content, _about(message_id, _FINAL, 1, len(content)))


def _derived(suite: int, message_id: bytes, data_key: bytes) -> tuple[bytes, bytes]:
    """The key that encrypts, and the commitment; that is empty in version 1. Raises NoMessage for a key too short."""
    if len(data_key) != _KEY:
        raise NoMessage(f"its data key has {len(data_key)} bytes")
    named, derived_by = struct.pack(">H", suite), _DERIVED_BY[suite]
    if derived_by is None:
        return data_key, b""
    if suite not in COMMITTING:
        return HKDF(derived_by(), _KEY, None, named + message_id).derive(data_key), b""
    key = HKDF(derived_by(), _KEY, message_id, named + b"DERIVEKEY").derive(data_key)
    return key, HKDF(derived_by(), _KEY, message_id, b"COMMITKEY").derive(data_key)


def _opened(cipher: AESGCM, message: Message, reader: "_Reader") -> Iterator[bytes]:
    """The content, frame by frame. Raises InvalidTag and NoMessage."""
    if not message.frame_bytes:
        nonce, length = reader.take(_NONCE), reader.number(8)
        yield cipher.decrypt(nonce, reader.take(length + _TAG), _about(message.id, _WHOLE, 1, length))
        return
    expected = 1
    while True:
        number = reader.number(4)
        last = number == _LAST
        number = reader.number(4) if last else number
        nonce = reader.take(_NONCE)
        length = reader.number(4) if last else message.frame_bytes
        if number != expected or length > message.frame_bytes:
            raise NoMessage(f"frame {expected} is missing, or longer than the header says")
        yield cipher.decrypt(
            nonce, reader.take(length + _TAG), _about(message.id, _FINAL if last else _FRAME, number, length)
        )
        if last:
            return
        expected += 1


def _verify(public_key: str, signature: bytes, signed: bytes) -> None:
    try:
        point = base64.b64decode(public_key, validate=True)
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), point)
        key.verify(signature, signed, ec.ECDSA(hashes.SHA384()))
    except (ValueError, InvalidSignature):
        raise NoMessage("its signature does not verify") from None


def _about(message_id: bytes, kind: bytes, number: int, length: int) -> bytes:
    return message_id + kind + struct.pack(">IQ", number, length)


def _context(context: Mapping[str, str]) -> bytes:
    pairs = sorted((name.encode(), value.encode()) for name, value in context.items())
    count = struct.pack(">H", len(pairs)) if pairs else b""
    return count + b"".join(_fields(*pair) for pair in pairs)


def _read_context(data: bytes) -> dict[str, str]:
    reader, context = _Reader(data), {}
    for _ in range(reader.number(2) if data else 0):
        name, value = reader.field(), reader.field()
        try:
            context[name.decode()] = value.decode()
        except UnicodeDecodeError:
            raise NoMessage("its encryption context holds what is not UTF-8") from None
    if reader.at != len(data) or len(context) != (int.from_bytes(data[:2], "big")):
        raise NoMessage("its encryption context does not end where it says, or has a name twice")
    return context


def _text(data: bytes) -> str:
    """For KMS a text; other providers may have any bytes there."""
    return data.decode(errors="backslashreplace")


def _field(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def _fields(*parts: bytes) -> bytes:
    return b"".join(map(_field, parts))


class _Reader:
    """Bytes from the front. Each raises NoMessage where they end too early."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def take(self, length: int) -> bytes:
        piece = self.data[self.at : self.at + length]
        if len(piece) < length:
            raise NoMessage("it ends too early")
        self.at += length
        return piece

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "big")

    def field(self) -> bytes:
        return self.take(self.number(2))
