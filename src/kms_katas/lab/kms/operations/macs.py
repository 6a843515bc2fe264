"""GenerateMac and VerifyMac. Codes and texts are recorded (project stackd, 2026-09-12, testdata/aws/kms/hmac.json)."""

import hmac
from typing import Any

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.specs import require_algorithm, require_usage
from kms_katas.lab.kms.work import Work


def generate_mac(work: Work) -> dict[str, Any]:
    return {"Mac": _mac(work), "MacAlgorithm": work.parameters["MacAlgorithm"], "KeyId": work.key.arn}


def verify_mac(work: Work) -> dict[str, Any]:
    """Raises KMSInvalidMacException without a text, also for a MAC of another length and in a dry run."""
    if not hmac.compare_digest(_mac(work), work.parameters["Mac"]):
        raise KMSError("KMSInvalidMacException")
    return {"KeyId": work.key.arn, "MacValid": True, "MacAlgorithm": work.parameters["MacAlgorithm"]}


def _mac(work: Work) -> bytes:
    key, algorithm = work.key, work.parameters["MacAlgorithm"]
    require_usage(work.operation, key.arn, key.usage)
    require_algorithm(key.spec, key.usage, algorithm)
    secret = key.current_material.secret
    assert secret is not None  # the key's state saw to it
    return hmac.digest(secret, work.parameters["Message"], algorithm.removeprefix("HMAC_").replace("_", ""))
