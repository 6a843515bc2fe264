"""The S3 Encryption Client for Python on a served lab: S3 stores what KMS's key alone opens."""

import base64
import secrets
from collections.abc import Callable

import pytest

from .conftest import HERE, Client

pytestmark = pytest.mark.system


def test_an_object_is_sealed_on_its_way_and_opened_on_its_way_back(
    python_client: Callable[..., Client], admin: dict[str, str]
) -> None:
    aws = python_client("aws-cli", "-m", "awscli")
    key = aws.json("kms", "create-key", env=admin)["KeyMetadata"]["Arn"]
    text = secrets.token_bytes(1000)
    client = python_client("s3-encryption", HERE / "python" / "put_and_get.py")
    bucket = f"bucket-{secrets.token_hex(6)}"
    seen = client.json(bucket, "a folder/an object", key, base64.b64encode(text).decode(), env=admin)
    assert base64.b64decode(seen["opened"]) == text
    assert base64.b64decode(seen["stored"]) != text
    assert seen["notes"]
