"""GenerateMac and VerifyMac."""

import base64
import hmac
import os
import secrets
from typing import Any

import pytest

BITS = (224, 256, 384, 512)


def mac_key(kms: Any, bits: int) -> str:
    arn: str = kms.create_key(KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    return arn


@pytest.mark.parametrize("bits", BITS)
def test_a_mac_has_the_length_of_its_hash_comes_again_and_verifies(kms: Any, bits: int) -> None:
    key, message = mac_key(kms, bits), os.urandom(secrets.randbelow(4096) + 1)
    asked = {"KeyId": key, "Message": message, "MacAlgorithm": f"HMAC_SHA_{bits}"}
    answer = kms.generate_mac(**asked)
    assert len(answer["Mac"]) * 8 == bits
    assert (answer["KeyId"], answer["MacAlgorithm"]) == (key, f"HMAC_SHA_{bits}")
    assert kms.generate_mac(**asked)["Mac"] == answer["Mac"]
    checked = kms.verify_mac(Mac=answer["Mac"], **asked)
    assert (checked["MacValid"], checked["KeyId"], checked["MacAlgorithm"]) == (True, key, f"HMAC_SHA_{bits}")


@pytest.mark.parametrize("bits", BITS)
def test_a_mac_of_anything_else_is_refused_without_a_text(kms: Any, refused: Any, bits: int) -> None:
    key, message = mac_key(kms, bits), os.urandom(30)
    asked = {"KeyId": key, "MacAlgorithm": f"HMAC_SHA_{bits}"}
    mac = kms.generate_mac(Message=message, **asked)["Mac"]
    of_another = kms.generate_mac(Message=message, **(asked | {"KeyId": mac_key(kms, bits)}))["Mac"]
    altered = [mac[:place] + bytes([mac[place] ^ 1]) + mac[place + 1 :] for place in range(len(mac))]
    for bad in [*altered, mac[:-1], mac + b"\0", b"x", of_another]:
        with refused("KMSInvalidMacException", ""):
            kms.verify_mac(Message=message, Mac=bad, DryRun=secrets.choice((True, False)), **asked)
    with refused("KMSInvalidMacException", ""):
        kms.verify_mac(Message=message + b"x", Mac=mac, **asked)


@pytest.mark.parametrize("algorithm", [f"HMAC_SHA_{bits}" for bits in BITS])
@pytest.mark.parametrize("bits", BITS)
def test_a_key_has_the_one_algorithm_of_its_spec(kms: Any, refused: Any, bits: int, algorithm: str) -> None:
    key = mac_key(kms, bits)
    if algorithm == f"HMAC_SHA_{bits}":
        with refused("DryRunOperationException"):
            kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm=algorithm, DryRun=True)
        return
    text = f"Algorithm {algorithm} is incompatible with key spec HMAC_{bits}."
    with refused("InvalidKeyUsageException", text):
        kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm=algorithm)
    with refused("InvalidKeyUsageException", text):
        kms.verify_mac(KeyId=key, Message=b"x", Mac=b"x", MacAlgorithm=algorithm, DryRun=True)


@pytest.mark.parametrize(("size", "rule"), [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")])
def test_a_message_has_1_to_4096_bytes(raw: Any, kms: Any, size: int, rule: str) -> None:
    message = base64.b64encode(bytes(size)).decode()
    status, answer = raw(
        "GenerateMac", {"KeyId": mac_key(kms, 256), "Message": message, "MacAlgorithm": "HMAC_SHA_256"}
    )
    fault = f"Value at 'message' failed to satisfy constraint: Member must have length {rule}"
    assert (status, answer["message"]) == (400, f"1 validation error detected: {fault}")


def test_two_keys_give_two_macs_and_a_plain_hash_is_neither(kms: Any) -> None:
    asked = {"Message": b"the same", "MacAlgorithm": "HMAC_SHA_256"}
    one, other = (kms.generate_mac(KeyId=mac_key(kms, 256), **asked)["Mac"] for _ in range(2))
    assert len({one, other, hmac.digest(b"", b"the same", "sha256")}) == 3
