"""What KMS tells of a key's rotations, and how one is asked for. It tests nothing."""

from typing import Any

from kms_katas.lab import Lab


def status(kms: Any, key: Any) -> dict[str, Any]:
    """GetKeyRotationStatus without its metadata."""
    found: dict[str, Any] = kms.get_key_rotation_status(KeyId=key["KeyId"])
    del found["ResponseMetadata"]
    return found


def materials(kms: Any, key: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kms.list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")[
        "Rotations"
    ]
    return found


def current(kms: Any, key: Any) -> str:
    found: str = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"]
    return found


def rotate(lab: Lab, kms: Any, key: Any) -> None:
    """On demand, and until it is done."""
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    lab.clock.advance(seconds=1)
