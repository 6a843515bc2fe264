"""imported/import-aes: bring key material of your own into a KMS key, renew it, and take it back."""

from datetime import datetime


def import_material(kms, key_id: str, material: bytes) -> str:
    """Import 32 bytes into the waiting KMS key, wrapped, with no date of expiry. The ID that KMS gives the material."""
    # TODO 1: refuse a wrong length, wrap the material under a key of KMS for this import, and hand it in
    return ""


def renew(kms, key_id: str, material: bytes, until: datetime) -> str:
    """Bring the same bytes again, to expire at `until`, while the KMS key works on. The ID of the material."""
    # TODO 2: import the material again; think of what KMS does when `material` is another key
    return ""


def withdraw(kms, key_id: str) -> None:
    """Take the material out of KMS now. The KMS key stays, and works again once the same bytes are imported."""
    # TODO 3: find the one operation that does this
