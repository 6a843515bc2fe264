"""KMS keys, their material and aliases, as the engine stores them. No rule on who may do what with them lives here."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kms_katas.lab.randomness import Randomness


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """One version of a key's secret.

    `locator` stands for key and version inside a ciphertext and tells a reader nothing.
    """

    id: str
    locator: bytes
    secret: bytes = field(repr=False)
    created: datetime


def new_material(randomness: Randomness, now: datetime) -> KeyMaterial:
    """Fresh AES-256 material.

    AWS documents the ID as 64 hexadecimal digits (botocore shape BackingKeyIdType), not how it comes about.
    """
    return KeyMaterial(randomness.bytes(32).hex(), randomness.bytes(16), randomness.bytes(32), now)


@dataclass(eq=False)
class Key:
    """A KMS key. The last entry of `materials` is the current one."""

    id: str
    account: str
    region: str
    arn: str
    created: datetime
    materials: list[KeyMaterial]
    policy: str
    description: str = ""
    state: str = "Enabled"
    tags: dict[str, str] = field(default_factory=dict)
    manager: str = "CUSTOMER"
    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    origin: str = "AWS_KMS"
    multi_region: bool = False
    deletion_date: datetime | None = None

    @property
    def current_material(self) -> KeyMaterial:
        return self.materials[-1]

    def metadata(self) -> dict[str, Any]:
        """The KeyMetadata of CreateKey and DescribeKey (botocore shape KeyMetadata)."""
        found = {
            "AWSAccountId": self.account,
            "KeyId": self.id,
            "Arn": self.arn,
            "CreationDate": self.created,
            "Enabled": self.state == "Enabled",
            "Description": self.description,
            "KeyUsage": self.usage,
            "KeyState": self.state,
            "Origin": self.origin,
            "KeyManager": self.manager,
            "CustomerMasterKeySpec": self.spec,
            "KeySpec": self.spec,
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "MultiRegion": self.multi_region,
            "CurrentKeyMaterialId": self.current_material.id,
        }
        if self.deletion_date is not None:
            found["DeletionDate"] = self.deletion_date
        return found


@dataclass(eq=False)
class Alias:
    """A name for a key in one account and Region. `name` begins with `alias/`."""

    name: str
    arn: str
    key_id: str
    created: datetime
    updated: datetime
