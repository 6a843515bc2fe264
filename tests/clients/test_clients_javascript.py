"""The AWS SDK for JavaScript on a served lab."""

import base64
import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Client, Served

pytestmark = pytest.mark.system


@pytest.fixture
def kms(node_client: Callable[[str], Client]) -> Callable[..., Any]:
    """Calls an operation of KMS."""
    client = node_client("kms.cjs")
    return lambda operation, env, **asked: client.json(operation, json.dumps(asked), env=env)


@pytest.fixture
def key(kms: Callable[..., Any], admin: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = kms("createKey", admin)["KeyMetadata"]
    return found


def test_what_it_encrypts_it_decrypts(kms: Callable[..., Any], key: dict[str, Any], admin: dict[str, str]) -> None:
    text, context = base64.b64encode(secrets.token_bytes(20)).decode(), {"owner": secrets.token_hex(4)}
    sealed = kms("encrypt", admin, KeyId=key["KeyId"], Plaintext=text, EncryptionContext=context)["CiphertextBlob"]
    opened = kms("decrypt", admin, CiphertextBlob=sealed, EncryptionContext=context)
    assert (opened["Plaintext"], opened["KeyId"]) == (text, key["Arn"])
    assert kms("decrypt", admin, CiphertextBlob=sealed)["error"] == "InvalidCiphertextException"


def test_a_denial_is_told_in_the_words_of_aws(
    kms: Callable[..., Any], key: dict[str, Any], admin: dict[str, str], bob: dict[str, str]
) -> None:
    sealed = kms("encrypt", admin, KeyId=key["KeyId"], Plaintext="aGk=")["CiphertextBlob"]
    denied = kms("decrypt", bob, CiphertextBlob=sealed)
    assert denied["error"] == "AccessDeniedException"
    assert denied["message"] == (
        "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: kms:Decrypt on resource: "
        f"{key['Arn']} because no identity-based policy allows the kms:Decrypt action"
    )


def test_a_signature_with_another_secret_is_refused(
    kms: Callable[..., Any], served: Served, bob: dict[str, str]
) -> None:
    other = served.env(account="444455556666")["AWS_SECRET_ACCESS_KEY"]
    assert kms("listKeys", bob | {"AWS_SECRET_ACCESS_KEY": other})["error"] == "InvalidSignatureException"


def test_an_object_sent_in_chunks_comes_back_whole(node_client: Callable[[str], Client], admin: dict[str, str]) -> None:
    pieces = [secrets.token_bytes(size) for size in (1, 70_000, 3)]
    given = json.dumps([base64.b64encode(piece).decode() for piece in pieces])
    seen = node_client("s3_stream.cjs").json(f"bucket-{secrets.token_hex(6)}", "a folder/ä b", given, env=admin)
    assert base64.b64decode(seen["bytes"]) == b"".join(pieces)
