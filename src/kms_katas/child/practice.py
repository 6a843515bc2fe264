"""A practice answer for a process that was forked ahead of need: what it touches first it copies, while nobody waits.

Not for judging: the lab does not hear of it, and the process is as new afterwards.
"""

import linecache
import sys

from kms_katas.child.answer import Answer
from kms_katas.child.bridge import Bridge

_PATH = "practice.py"
_SOURCE = """
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def practise(kms, key_id):
    AESGCM(bytes(32)).encrypt(bytes(12), b"practice", None)
    kms.encrypt(KeyId=key_id, Plaintext=b"practice")
    return [kms.decrypt(CiphertextBlob=b"practice"), kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")]
"""
_CLIENT = {
    "kind": "client",
    "service": "kms",
    "region": "us-east-1",
    "access_key_id": "practice",
    "secret_access_key": "practice",
    "session_token": "",
}


def practise(bridge: Bridge) -> None:
    """Load it and call it, with nobody at the other end of the bridge yet."""
    answer = Answer(bridge)
    answer.load(_SOURCE, _PATH)
    outcome = answer.call("practise", [{"$handle": _CLIENT}, "practice"], {"$dict": []})
    assert "done" in outcome, outcome
    del sys.modules["answer"], linecache.cache[_PATH]
    bridge.clients.start_over({})
