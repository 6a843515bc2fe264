"""What the record of KMS calls says of data keys, and a KMS that gives back others or stops half-way. Not for judging:
a check does.
"""

import base64
import json
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from kms_katas.grading.fresh import Fresh
from kms_katas.grading.tampering import spelling_of
from kms_katas.lab import Call, Lab

_PAIRS = ("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext")
WRAPS = ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "Encrypt", *_PAIRS)
"""The operations that give a wrapped key."""


def wrapped_key_of(call: Call) -> bytes | None:
    """The ciphertext of a data key, or of the private key of a data key pair, that KMS gave in this call."""
    field = "PrivateKeyCiphertextBlob" if call.operation in _PAIRS else "CiphertextBlob"
    return (call.response or {}).get(field) if call.operation in WRAPS else None


def data_key_of(call: Call) -> bytes | None:
    """The plaintext data key in a call that made, wrapped or opened one."""
    if call.response is None or call.operation not in (*WRAPS, "Decrypt"):
        return None
    field = "PrivateKeyPlaintext" if call.operation in _PAIRS else "Plaintext"
    found: bytes | None = (call.parameters if call.operation == "Encrypt" else call.response).get(field)
    return found


def data_key_length(call: Call) -> int:
    """The bytes of the data key that a call wrapped. Of a pair: the least that its private key has."""
    if call.operation in _PAIRS:
        return 32
    if call.operation == "Encrypt":
        return len(call.parameters["Plaintext"])
    asked: int | None = call.parameters.get("NumberOfBytes")
    return asked or {"AES_128": 16, "AES_256": 32}[call.parameters["KeySpec"]]


def spelling_of_data_key(calls: Iterable[Call], stored: bytes) -> str | None:
    """In which spelling of `spelling_of` a plaintext data key of these calls stands in `stored`, or None."""
    found = [(key, _public_key_of(key)) for key in map(data_key_of, calls) if key and len(key) >= 16]
    parts = (part for key, public in found for part in (key, key[:32], key[-32:]) if part not in public)
    return next(filter(None, (spelling_of(part, stored, whole=True) for part in parts)), None)


def _public_key_of(data_key: bytes) -> bytes:
    """Of a private key in DER its public key: that stands in it too, mostly at its end, and is no secret. Else b""."""
    try:
        private = load_der_private_key(data_key, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return b""
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def was_sent(secret: bytes, calls: Iterable[Call]) -> bool:
    """Whether a part of `secret` stands in what AWS was sent, in any of the spellings of `spelling_of`."""
    return spelling_of(secret, b"\n".join(_flat(call.parameters) for call in calls), whole=False) is not None


def kms_with_another_data_key(send: Callable[[Any], Any], fresh: Fresh) -> Callable[[Any], Any]:
    """The lab's `send`, but Decrypt gives back other bytes of the same length."""

    def sent(request: Any) -> Any:
        response = send(request)
        content = json.loads(response.content)
        if "Plaintext" not in content or not str(request.headers.get("X-Amz-Target", "")).endswith(".Decrypt"):
            return response
        length = len(base64.b64decode(content["Plaintext"]))
        content["Plaintext"] = base64.b64encode(fresh.bytes(length)).decode()
        return SimpleNamespace(
            status_code=response.status_code, headers=response.headers, content=json.dumps(content).encode()
        )

    return sent


def kms_that_disables(lab: Lab, key: str, *, after: str) -> Callable[[Any], Any]:
    """The lab's `send`, but `key`, of the home account, is disabled once KMS has carried out one request of the
    operation `after`.
    """
    send = lab.send
    done: list[bool] = []

    def sent(request: Any) -> Any:
        response = send(request)
        if not done and lab.calls[-1].operation == after and lab.calls[-1].response is not None:
            done.append(True)
            lab.home.switch_key(key, on=False)
        return response

    return sent


def _flat(value: Any) -> bytes:
    """All text and bytes in a value, one after the other."""
    if isinstance(value, dict):
        return b"\n".join(_flat(part) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple)):
        return b"\n".join(map(_flat, value))
    return value if isinstance(value, bytes) else str(value).encode()
