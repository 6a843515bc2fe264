"""The ledger of data keys: what it lets pass and refuses, for an answer that does what a test tells it to do."""

import secrets
from types import SimpleNamespace
from typing import Any

import pytest

from kms_katas.grading.data_key_ledger import Ledger
from kms_katas.grading.expect import Rejected
from kms_katas.lab import Lab

LIMITS = {"messages": 3, "bytes": 100, "seconds": 60}


class Told:
    """An answer that seals under a new data key when `fresh`, else under the one before."""

    def __init__(self, lab: Lab) -> None:
        self._lab, self._kms = lab, lab.home.admin.client("kms")
        self.fresh, self.made = True, {"CiphertextBlob": b""}

    @property
    def calls(self) -> Any:
        return self._lab.calls

    def client(self) -> Any:
        return self._kms

    def call(self, function: str, kms: Any, key: str, context: Any, payload: bytes, limits: Any) -> Any:
        if self.fresh:
            self.made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context)
        return {"wrapped_key": self.made["CiphertextBlob"], "body": secrets.token_bytes(20)}


@pytest.fixture
def scene(lab: Lab) -> Any:
    told: Any = Told(lab)
    ledger, key, context = Ledger(told, lab, LIMITS), lab.home.create_key(), {"tenant": secrets.token_hex(4)}

    def seal(length: int, fresh: bool, key: str = key, context: dict[str, str] = context) -> Any:
        told.fresh = fresh
        return ledger.seal(key, context, bytes(length))

    return SimpleNamespace(seal=seal, lab=lab, context=context)


def test_a_key_may_be_used_up_to_each_limit(scene: Any) -> None:
    for length in (60, 40, 0):
        scene.seal(length, fresh=length == 60)
    scene.seal(1, fresh=True)
    scene.lab.clock.advance(seconds=59)
    scene.seal(1, fresh=False)
    scene.lab.clock.advance(seconds=1)
    scene.seal(1, fresh=True)
    scene.seal(100, fresh=True)
    scene.seal(101, fresh=True)


@pytest.mark.parametrize("first, more", [(1, [1, 1, 1]), (60, [41]), (101, [0]), (101, [1])])
def test_a_key_beyond_a_limit_is_refused(scene: Any, first: int, more: list[int]) -> None:
    scene.seal(first, fresh=True)
    for length in more[:-1]:
        scene.seal(length, fresh=False)
    with pytest.raises(Rejected):
        scene.seal(more[-1], fresh=False)


def test_a_key_that_is_too_old_is_refused(scene: Any) -> None:
    scene.seal(1, fresh=True)
    scene.lab.clock.advance(seconds=60)
    with pytest.raises(Rejected, match="seconds"):
        scene.seal(1, fresh=False)


@pytest.mark.parametrize("lengths", [[1], [1, 1], [60, 40]])
def test_a_key_replaced_before_a_limit_is_refused(scene: Any, lengths: list[int]) -> None:
    for number, length in enumerate(lengths):
        scene.seal(length, fresh=number == 0)
    with pytest.raises(Rejected, match="could still take"):
        scene.seal(0, fresh=True)


def test_a_key_of_another_context_or_kms_key_is_refused(scene: Any) -> None:
    scene.seal(1, fresh=True)
    with pytest.raises(Rejected, match="context"):
        scene.seal(1, fresh=False, context=scene.context | {"more": "x"})
    with pytest.raises(Rejected, match="KMS key"):
        scene.seal(1, fresh=False, key=scene.lab.home.create_key())
