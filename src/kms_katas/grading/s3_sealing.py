"""Objects that are encrypted before S3 gets them: the program that opens them, and what S3 was given meanwhile.

Not for how an object lies in S3, nor for what S3 itself encrypts: see s3_objects.py.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kms_katas.grading.data_keys import data_key_of, spelling_of_data_key
from kms_katas.grading.expect import expect
from kms_katas.grading.fresh import Fresh
from kms_katas.grading.tampering import digest_in, flip, spelling_of
from kms_katas.lab import Call, Lab, Principal
from kms_katas.lab.aws_session import new_client

LET_THROUGH = (
    "Let the error of the library through, keep nothing from call to call, and never fall back to what lies in S3."
)
_COMPARE = "Compare x-amz-d with the commitment that follows from the data key, or let the library do it."
_AS_IT_COMES = "Leave the library's settings as they come: its legacy modes open what nobody has sealed."


def s3_encryption_client(who: Principal, key: str) -> Any:
    """The Amazon S3 Encryption Client as it comes, around clients of its own that act as `who`."""
    client, keyring, credentials = _library()
    keyring.kms_key_id = key
    for one in credentials:
        one.access_key, one.secret_key, one.token = who.access_key_id, who.secret_access_key, who.session_token
    return client


@cache
def _library() -> tuple[Any, Any, tuple[Any, Any]]:
    """The client, its keyring, and the credentials that its own two boto3 clients sign with.

    It changes the clients that it wraps, so they are none of a lab's.
    """
    from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
    from s3_encryption.materials.kms_keyring import KmsKeyring

    (s3, s3_signs), (kms, kms_signs) = (new_client(service, Lab.region) for service in ("s3", "kms"))
    keyring = KmsKeyring(kms, "")
    return S3EncryptionClient(s3, S3EncryptionClientConfig(keyring=keyring)), keyring, (s3_signs, kms_signs)


def own_data_keys(calls: Iterable[Call]) -> set[bytes | None]:
    """The data keys that somebody made without KMS, and had KMS encrypt."""
    made = (call for call in _of_the_format(calls) if call.operation == "Encrypt" and call.response is not None)
    return {data_key_of(call) for call in made}


def _of_the_format(calls: Iterable[Call]) -> list[Call]:
    """Those with the name in their context that the library demands. What else KMS encrypts is no data key."""
    return [call for call in calls if "aws:x-amz-cek-alg" in (call.parameters.get("EncryptionContext") or {})]


def expect_nothing_given_away(payload: bytes, calls: Sequence[Call], given: Iterable[tuple[str, bytes]]) -> None:
    """Neither the payload, nor a digest of it, nor the data key of these KMS calls stands in what S3 was `given`: the
    method of each request, and all that S3 got with it.
    """
    for method, text in given:
        spelling = spelling_of(payload, text, whole=False) if payload else None
        expect(
            spelling is None,
            f"S3 was given the payload ({spelling}). Server-side encryption begins and ends inside S3: it decrypts "
            "before it answers whoever may read the object and use the key.",
            expected="ciphertext, in every request to S3",
            next_step="Encrypt the payload in your own process, and give S3 only what comes out.",
            actual=f"the payload in a {method}",
        )
        digest = digest_in(payload, text) if payload else None
        expect(
            digest is None,
            "S3 was given a digest of the payload. Who guesses what it holds makes the digest of each guess, and sees "
            "which is right.",
            expected="nothing that is made from the payload without a key",
            next_step="Leave it out: the library refuses an altered object without it.",
            actual=f"its {digest} in a {method}",
        )
        spelling = spelling_of_data_key(_of_the_format(calls), text)
        expect(
            spelling is None,
            f"S3 was given the data key in the clear ({spelling}). Who reads it there opens the object, and never has "
            "to ask KMS.",
            expected="the data key only as KMS encrypted it, the CiphertextBlob",
            next_step="Keep the Plaintext of the data key in your process, and forget it when `put_sealed` returns.",
            actual=f"the data key in a {method}",
        )


def expect_other_keys(commitments: Sequence[str | None]) -> None:
    """Of each object its x-amz-d, which follows from data key and message ID, as the key of AES-GCM does.

    Source, also of the 28 bytes: key_derivation.py of amazon-s3-encryption-client-python 4.
    """
    expect(
        len(set(commitments)) == len(commitments),
        "Two objects were sealed under one data key with one message ID, so AES-GCM had one key and one nonce twice. "
        "Who has both objects learns how their payloads differ, and can forge others.",
        expected="another x-amz-d, the mark of data key and message ID, for each object",
        next_step="Draw 28 new random bytes for x-amz-i each time an object is sealed.",
        actual=f"one x-amz-d for {len(commitments)} objects",
    )


def altered_objects(
    body: bytes, metadata: Mapping[str, str], data_key: bytes, fresh: Fresh, *, by_library: bool
) -> Iterator[tuple[str, bytes, Mapping[str, str], str]]:
    """What was done to a sealed object, its bytes and its metadata since, and what helps.

    The library compares commitments by itself, and who does without it reads no older format: one of the two is tried.
    """
    yield "a bit of it changed", flip(body, fresh.integer(0, len(body) - 1)), metadata, LET_THROUGH
    yield "replaced by one in the clear", fresh.bytes(len(body)), {}, LET_THROUGH
    if by_library:
        yield "its metadata tell of AES-CBC now, which shows no change", *_cbc(metadata, data_key, fresh), _AS_IT_COMES
    else:
        yield "its x-amz-d changed", body, {**metadata, "x-amz-d": metadata["x-amz-i"]}, _COMPARE


def _cbc(metadata: Mapping[str, str], data_key: bytes, fresh: Fresh) -> tuple[bytes, Mapping[str, str]]:
    """An object in the library's version 2 under the same wrapped key, whose padding is right.

    An attacker without the data key gets there by trying: one of 256 bodies has a right padding.
    """
    iv = fresh.bytes(16)
    cipher = Cipher(algorithms.AES(data_key), modes.CBC(iv)).encryptor()
    said = {"x-amz-key-v2": metadata["x-amz-3"], "x-amz-wrap-alg": "kms+context", "x-amz-matdesc": metadata["x-amz-t"]}
    said |= {"x-amz-cek-alg": "AES/CBC/PKCS5Padding", "x-amz-iv": base64.b64encode(iv).decode()}
    return cipher.update(fresh.bytes(63) + b"\1") + cipher.finalize(), said
