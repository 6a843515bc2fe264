"""The AWS Encryption SDK for Python and for JavaScript on a served lab: what one seals the other opens."""

import base64
import secrets
from collections.abc import Callable

import pytest

from .conftest import HERE, Client, Served

pytestmark = pytest.mark.system

LANGUAGES = ["python", "javascript"]


@pytest.fixture
def sdk(python_client: Callable[..., Client], node_client: Callable[[str], Client]) -> dict[str, Client]:
    return {
        "python": python_client("encryption-sdk", HERE / "python" / "seal_or_open.py"),
        "javascript": node_client("seal_or_open.cjs"),
    }


@pytest.fixture
def key(node_client: Callable[[str], Client], admin: dict[str, str]) -> str:
    return str(node_client("kms.cjs").json("createKey", "{}", env=admin)["KeyMetadata"]["Arn"])


@pytest.mark.parametrize("opens", LANGUAGES)
@pytest.mark.parametrize("seals", LANGUAGES)
def test_what_one_seals_the_other_opens(
    sdk: dict[str, Client], key: str, admin: dict[str, str], seals: str, opens: str
) -> None:
    text, owner = base64.b64encode(secrets.token_bytes(100)).decode(), secrets.token_hex(4)
    sealed = sdk[seals].json("seal", key, text, f'{{"owner": "{owner}"}}', env=admin)["bytes"]
    opened = sdk[opens].json("open", key, sealed, env=admin)
    assert opened["bytes"] == text
    assert opened["context"]["owner"] == owner


@pytest.mark.parametrize("opens", LANGUAGES)
def test_who_may_not_decrypt_opens_nothing(
    sdk: dict[str, Client], key: str, served: Served, admin: dict[str, str], bob: dict[str, str], opens: str
) -> None:
    sealed = sdk["python"].json("seal", key, base64.b64encode(b"a secret").decode(), "{}", env=admin)["bytes"]
    done = sdk[opens].run("open", key, sealed, env=bob)
    assert b"error" in done.stdout
    assert f"{bob_arn(served)} is not authorized to perform: kms:Decrypt".encode() in done.stdout + done.stderr


def bob_arn(served: Served) -> str:
    return next(one["arn"] for one in served.said["principals"] if one["arn"].endswith("/bob"))
