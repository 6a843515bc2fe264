"""KMS keys, their material and aliases, as the engine stores them. No rule on who may do what with them lives here."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kms_katas.lab.kms.custom_stores import CustomStore
from kms_katas.lab.kms.grants import Grant
from kms_katas.lab.kms.key_pairs import SEED_BYTES, PrivateKey
from kms_katas.lab.kms.specs import ALGORITHM_LISTS, KEY_SPECS, SYMMETRIC
from kms_katas.lab.randomness import Randomness


@dataclass(eq=False, slots=True)
class KeyMaterial:
    """One version of a key's secret.

    `secret` is the key itself of symmetric and HMAC keys; of the others it is the seed of the key pair (key_pairs.py),
    and `pair` is the key pair once it was needed. `secret` is None while imported material is deleted or expired;
    `valid_to` stays when it expired.
    `locator` stands for key and version inside a ciphertext and tells a reader nothing. `rotated` and `rotation_type`
    (AUTOMATIC or ON_DEMAND) say when and how it became the current one; the first material has neither.
    """

    id: str
    locator: bytes
    secret: bytes | None = field(repr=False)
    rotated: datetime | None = None
    rotation_type: str | None = None
    valid_to: datetime | None = None
    description: str | None = None
    pair: PrivateKey | None = field(default=None, repr=False)


def new_material(randomness: Randomness, spec: str = SYMMETRIC) -> KeyMaterial:
    """Fresh material for a key of `spec`.

    AWS documents the ID as 64 hexadecimal digits (botocore shape BackingKeyIdType), not how it comes about.
    """
    size = SEED_BYTES if KEY_SPECS[spec].has_public_key else KEY_SPECS[spec].bits // 8
    return KeyMaterial(randomness.bytes(32).hex(), randomness.bytes(16), randomness.bytes(size))


@dataclass(frozen=True, slots=True)
class LastUse:
    """A successful cryptographic operation. `event_purpose` tells its events in several accounts' trails apart."""

    operation: str
    time: datetime
    request_id: str
    event_purpose: str


@dataclass(eq=False, slots=True)
class Family:
    """Related multi-Region keys: one ID, one material, one rotation; at most one key per Region, by Region."""

    primary: "Key"
    members: dict[str, "Key"]


@dataclass(eq=False)
class Key:
    """A KMS key. `materials` are those in use, the current one last; a key that waits for its first import has none.

    `pending_material` is imported and waits for an on-demand rotation. `rotation_period` is in days, None while
    automatic rotation is off; `next_rotation` goes with it. `on_demand_since` is set while an on-demand rotation is in
    progress. What time does to all of this: schedule.py. Of related multi-Region keys the primary alone has the
    rotation.

    `family` is None for a single-Region key. `settling_since` is set in the states Creating and Updating.
    `deletion_window`, in days, is set while a primary waits for its replicas to be deleted.
    """

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
    past_tags: list[tuple[datetime, dict[str, str]]] = field(default_factory=list, repr=False)
    """The tags before each change, with the time of the change, oldest first."""
    manager: str = "CUSTOMER"
    spec: str = SYMMETRIC
    usage: str = "ENCRYPT_DECRYPT"
    origin: str = "AWS_KMS"
    family: Family | None = None
    settling_since: datetime | None = None
    deletion_window: int | None = None
    deletion_date: datetime | None = None
    rotation_period: int | None = None
    next_rotation: datetime | None = None
    on_demand_since: datetime | None = None
    pending_material: KeyMaterial | None = None
    grants: dict[str, Grant] = field(default_factory=dict, repr=False)
    last_use: LastUse | None = None
    custom_store: CustomStore | None = None
    xks_key_id: str | None = None

    @property
    def shown_state(self) -> str:
        """The key state that AWS shows. While its custom key store is not connected a key is Unavailable; what it was,
        and what EnableKey and DisableKey make of it meanwhile, shows again afterwards. PendingDeletion shows all along
        (developer guide, key states, footnotes 12 and 13).
        """
        connected = self.custom_store is None or self.custom_store.connection == "CONNECTED"
        return self.state if connected or self.state == "PendingDeletion" else "Unavailable"

    @property
    def multi_region(self) -> bool:
        return self.family is not None

    @property
    def primary(self) -> "Key":
        """The key that rotates for it: the primary of its family, itself where it has none."""
        return self.family.primary if self.family is not None else self

    @property
    def is_replica(self) -> bool:
        return self.primary is not self

    @property
    def multi_region_type(self) -> str:
        return "REPLICA" if self.is_replica else "PRIMARY"

    @property
    def related(self) -> tuple["Key", ...]:
        """Every key with its material, itself among them."""
        return tuple(self.family.members.values()) if self.family is not None else (self,)

    @property
    def current_material(self) -> KeyMaterial:
        return self.materials[-1]

    @property
    def all_materials(self) -> tuple[KeyMaterial, ...]:
        return (*self.materials, *filter(None, (self.pending_material,)))

    @property
    def is_complete(self) -> bool:
        """Whether every material that it is bound to is there; one that waits for its rotation does not count."""
        return bool(self.materials) and all(material.secret is not None for material in self.materials)

    @property
    def is_symmetric_encryption_key(self) -> bool:
        return self.spec == SYMMETRIC

    @property
    def algorithms(self) -> dict[str, list[str]]:
        """The one list of algorithms of KeyMetadata and of GetPublicKey's answer, by the name that it has there."""
        return {ALGORITHM_LISTS[self.usage]: list(KEY_SPECS[self.spec].uses[self.usage])}

    def retag(self, tags: dict[str, str], now: datetime) -> None:
        self.past_tags.append((now, self.tags))
        self.tags = tags

    def tags_at(self, time: datetime) -> dict[str, str]:
        """The tags that it had then; before it was there, those that it was made with."""
        return next((tags for until, tags in self.past_tags if until > time), self.tags)

    def expire(self, material: KeyMaterial) -> None:
        """As `lose`, except that ListKeyRotations goes on telling the date (recorded, see operations/rotation.py)."""
        date = material.valid_to
        self.lose(material)
        material.valid_to = date

    def lose(self, material: KeyMaterial) -> None:
        """Imported material was deleted, or expired. The key waits for the same bytes again, also when it was Disabled
        (botocore op:DeleteImportedKeyMaterial); a pending material that is deleted is forgotten, and the state stays
        (developer guide, "Delete imported key material": not permanently associated). With a primary key's pending
        material, those of its replicas are forgotten; a replica that loses it waits for it again (both recorded, see
        operations/multi_region.py).
        """
        if material is self.pending_material and not self.is_replica:
            for key in self.related:
                key.pending_material = None
            return
        material.secret = material.valid_to = material.pair = None
        if material is not self.pending_material and self.state in ("Enabled", "Disabled"):
            self.state = "PendingImport"

    def metadata(self) -> dict[str, Any]:
        """The KeyMetadata of CreateKey and DescribeKey (botocore shape KeyMetadata).

        No ExpirationModel and no ValidTo while any material is missing: recorded (see operations/imports.py).
        """
        found = {
            "AWSAccountId": self.account,
            "KeyId": self.id,
            "Arn": self.arn,
            "CreationDate": self.created,
            "Enabled": self.shown_state == "Enabled",
            "Description": self.description,
            "KeyUsage": self.usage,
            "KeyState": self.shown_state,
            "Origin": self.origin,
            "KeyManager": self.manager,
            "CustomerMasterKeySpec": self.spec,
            "KeySpec": self.spec,
            **self.algorithms,
            "MultiRegion": self.multi_region,
        }
        if self.family is not None:
            found["MultiRegionConfiguration"] = self._multi_region_configuration(self.family)
        if self.custom_store is not None:
            found["CustomKeyStoreId"] = self.custom_store.id
            if "CloudHsmClusterId" in self.custom_store.settings:
                found["CloudHsmClusterId"] = self.custom_store.settings["CloudHsmClusterId"]
            if self.xks_key_id is not None:
                found["XksKeyConfiguration"] = {"Id": self.xks_key_id}
        # Keys in custom key stores have no CurrentKeyMaterialId (botocore shape KeyMetadata).
        elif self.materials and self.is_symmetric_encryption_key and self.state != "Creating":
            found["CurrentKeyMaterialId"] = self.current_material.id
        # While a replica is created, AWS shows the expiration model of its primary key (recorded; that ValidTo goes
        # with it is a guess).
        shown = self.primary if self.state == "Creating" else self
        if self.origin == "EXTERNAL" and shown.is_complete:
            ends = [material.valid_to for material in shown.materials if material.valid_to is not None]
            found["ExpirationModel"] = "KEY_MATERIAL_EXPIRES" if ends else "KEY_MATERIAL_DOES_NOT_EXPIRE"
            if ends:
                found["ValidTo"] = min(ends)
        if self.deletion_date is not None:
            found["DeletionDate"] = self.deletion_date
        if self.deletion_window is not None:
            found["PendingDeletionWindowInDays"] = self.deletion_window
        return found

    def _multi_region_configuration(self, family: Family) -> dict[str, Any]:
        def named(key: "Key") -> dict[str, str]:
            return {"Arn": key.arn, "Region": key.region}

        return {
            "MultiRegionKeyType": self.multi_region_type,
            "PrimaryKey": named(family.primary),
            "ReplicaKeys": [named(key) for _, key in sorted(family.members.items()) if key.is_replica],
        }


@dataclass(eq=False)
class Alias:
    """A name for a key in one account and Region. `name` begins with `alias/`.

    `updated` is when it began to point to its key, `until` when it ceased: None for an alias that is there.
    """

    name: str
    arn: str
    key_id: str
    created: datetime
    updated: datetime
    until: datetime | None = None
