"""The keys and aliases of one account in one Region, kept inside moto's own store so that mock_aws resets them.

Holds no permission rule. The methods with parameters like moto's are what moto's other services call (EBS, DynamoDB,
SES, RDS and CloudFormation make or look up keys, the Resource Groups Tagging API lists and changes tags).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import chain
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from moto.core.base_backend import BaseBackend
from moto.core.exceptions import JsonRESTError
from moto.core.resource_tagging import TaggedResource
from moto.kms.models import KmsBackend, kms_backends

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.aws_managed import PREDEFINED, make_aws_managed
from kms_katas.lab.kms.custom_stores import CustomStore
from kms_katas.lab.kms.default_policy import default_key_policy
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.grants import Grant
from kms_katas.lab.kms.key_pairs import PrivateKey, key_pair
from kms_katas.lab.kms.keys import Alias, Family, Key, KeyMaterial, new_material
from kms_katas.lab.kms.schedule import looks_due, next_due
from kms_katas.lab.kms.specs import ENCRYPT, SYMMETRIC
from kms_katas.lab.kms.stack import StackAlias, StackKey


@dataclass(frozen=True, slots=True)
class ImportParameters:
    """What an import token stands for. `private_key` is the secret half of the wrapping key that went with it."""

    key_id: str
    algorithm: str
    private_key: RSAPrivateKey = field(repr=False)
    valid_to: datetime


class KeyStore(KmsBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        BaseBackend.__init__(self, region_name, account_id)
        self.keys: dict[str, Key] = {}  # type: ignore[assignment]  # moto has its own Key here
        self.aliases: dict[str, Alias] = {}
        self.past_aliases: list[Alias] = []
        """What an alias was before it was changed or deleted."""
        self.by_locator: dict[bytes, tuple[Key, KeyMaterial]] = {}
        self.buried: set[bytes] = set()
        """Locators of deleted keys: their ciphertexts are well formed and yet no key opens them."""
        self.import_parameters: dict[bytes, ImportParameters] = {}
        """By import token."""
        self.rsa_moduli: set[int] = set()
        """Of the RSA key pairs made here, KMS keys and data key pairs: no two keys of one account share one."""
        self.grant_tokens: dict[str, tuple[Key, Grant]] = {}
        self.custom_stores: dict[str, CustomStore] = {}
        self._agenda: list[tuple[datetime, str]] = []
        """A heap of when to look at which key again. An entry that is too early does no harm."""
        self._on_agenda: dict[str, datetime] = {}
        """The earliest entry of each key that has one."""

    def new_key(
        self,
        now: datetime,
        policy: str | None = None,
        description: str = "",
        origin: str = "AWS_KMS",
        key_id: str | None = None,
        spec: str = SYMMETRIC,
        usage: str = ENCRYPT,
        multi_region: bool = False,
        kind: type[Key] = Key,
    ) -> Key:
        """A key with material, or one of origin EXTERNAL that waits for it. Without `key_id` its ID is random."""
        randomness = setting.current.randomness
        key_id = key_id or (f"mrk-{randomness.uuid().replace('-', '')}" if multi_region else randomness.uuid())
        text = policy or default_key_policy(self.partition, self.account_id)
        arn = self._key_arn(key_id)
        key = kind(key_id, self.account_id, self.region_name, arn, now, [], text, description, origin=origin)
        key.spec, key.usage = spec, usage
        if multi_region:
            key.family = Family(key, {self.region_name: key})
        self.keys[key_id] = key
        if origin == "EXTERNAL":
            key.state = "PendingImport"
        else:
            self.add_material(key, new_material(randomness, spec))
        return key

    def new_replica(self, primary: Key, now: datetime, policy: str | None, description: str) -> Key:
        """A key in this store's Region that shares the primary's material; of imported material it has the IDs alone
        (botocore op:ReplicateKey).
        """
        assert primary.family is not None
        text = policy or default_key_policy(self.partition, self.account_id)
        key = Key(
            primary.id,
            self.account_id,
            self.region_name,
            self._key_arn(primary.id),
            now,
            [],
            text,
            description,
            state="Creating",
            spec=primary.spec,
            usage=primary.usage,
            origin=primary.origin,
            family=primary.family,
            settling_since=now,
        )
        primary.family.members[self.region_name] = self.keys[key.id] = key
        for material in primary.materials:
            self.add_material(key, _as_shared(primary, material))
        if primary.pending_material is not None:
            key.pending_material = _as_shared(primary, primary.pending_material)
        return key

    def _key_arn(self, key_id: str) -> str:
        return f"arn:{self.partition}:kms:{self.region_name}:{self.account_id}:key/{key_id}"

    def holding(self, key: Key) -> "KeyStore":
        """The store of a key that is related to one of this store's."""
        return self if key.region == self.region_name else cast(KeyStore, kms_backends[key.account][key.region])

    def add_material(self, key: Key, material: KeyMaterial) -> None:
        """Makes it the key's current material; what the older ones encrypted still opens."""
        key.materials.append(material)
        self.by_locator[material.locator] = (key, material)

    def private_key(self, key: Key) -> PrivateKey:
        """The private key of an asymmetric KMS key of this store, made when it is first asked for.

        Related multi-Region keys share the material, so the first to be asked makes it for all.
        """
        material = key.current_material
        assert material.secret is not None  # the key's state saw to it
        if material.pair is None:
            material.pair = key_pair(key.spec, material.secret, self.rsa_moduli)
        return material.pair

    def forget(self, key: Key) -> None:
        """Takes back a key that a refused CreateKey or ReplicateKey made."""
        self._remove(key)
        for material in key.materials:
            del self.by_locator[material.locator]

    def alias_arn(self, name: str) -> str:
        return f"arn:{self.partition}:kms:{self.region_name}:{self.account_id}:{name}"

    def new_alias(self, name: str, key: Key, now: datetime, kind: type[Alias] = Alias) -> Alias:
        self.aliases[name] = kind(name, self.alias_arn(name), key.id, now, now)
        return self.aliases[name]

    def retarget_alias(self, alias: Alias, key: Key, now: datetime) -> None:
        self.past_aliases.append(replace(alias, until=now))
        alias.key_id, alias.updated = key.id, now

    def drop_alias(self, alias: Alias, now: datetime) -> None:
        self.past_aliases.append(replace(self.aliases.pop(alias.name), until=now))

    def aliases_of(self, key: Key) -> tuple[str, ...]:
        return tuple(alias.name for alias in self.aliases.values() if alias.key_id == key.id)

    def aliases_at(self, key: Key, time: datetime) -> tuple[str, ...]:
        """The names that pointed to the key then."""
        return tuple(
            alias.name
            for alias in chain(self.past_aliases, self.aliases.values())
            if alias.key_id == key.id and alias.updated <= time and (alias.until is None or alias.until > time)
        )

    def catch_up(self, now: datetime) -> None:
        """All that time alone has done to the keys until now, for each key, with those related to it in other Regions,
        in the order in which it fell due.

        It looks only at keys that may have something due, for a store can hold thousands: see `keep_in_view`.
        """
        for store in self.custom_stores.values():
            store.catch_up(now)
        places = []
        while self._agenda and self._agenda[0][0] <= now:
            date, key_id = heappop(self._agenda)
            if self._on_agenda.get(key_id) == date:
                del self._on_agenda[key_id]
                places.append(key_id)
        for key in [self.keys[key_id] for key_id in places if key_id in self.keys]:
            while key.id in self.keys and (due := next_due(key, now)) is not None:
                subject, event = due
                event.happen(self.holding(subject), subject)
            self.keep_in_view(key)  # the related ones stay on the agendas of their own stores

    def keep_in_view(self, key: Key) -> None:
        """To be called whenever anything has happened to a key of this store or to one related to it: whatever time
        alone will do to it is then found when it falls due.
        """
        date = looks_due(key) if key.id in self.keys else None
        if date is not None and (key.id not in self._on_agenda or date < self._on_agenda[key.id]):
            self._on_agenda[key.id] = date
            heappush(self._agenda, (date, key.id))

    def bury(self, key: Key) -> None:
        """Deletes the key, and its aliases and grants with it."""
        self._remove(key)
        for name in self.aliases_of(key):
            del self.aliases[name]
        for material in key.all_materials:
            self.by_locator.pop(material.locator, None)
            self.buried.add(material.locator)
        for grant in key.grants.values():
            for token in grant.tokens:
                del self.grant_tokens[token]

    def _remove(self, key: Key) -> None:
        del self.keys[key.id]
        if key.family is not None:
            del key.family.members[key.region]

    # What moto's other services call. Their types name moto's own Key.

    def alias_exists(self, alias_name: str) -> bool:
        return alias_name in self.aliases

    def create_key(  # type: ignore[override]
        self, policy: Any, *kind: Any, description: str | None = None, tags: Any = None, **more: Any
    ) -> Key:
        """A key made by another service of moto's: symmetric encryption is all that those ask for. `policy` is text,
        a document, or empty.
        """
        text = policy if isinstance(policy, str) else json.dumps(policy or None)
        key = self.new_key(setting.now(), text if policy else None, description or "", kind=StackKey)
        # Templates have Key and Value; what moto itself reads there is TagKey and TagValue.
        key.tags = {tag.get("Key", tag.get("TagKey")): tag.get("Value", tag.get("TagValue")) for tag in tags or ()}
        return key

    def create_alias(self, target_key_id: str, alias_name: str) -> Alias:  # type: ignore[override]
        key = self.describe_key(target_key_id)
        alias = self.new_alias(alias_name, key, setting.now(), StackAlias)
        if alias_name.startswith("alias/aws/"):
            make_aws_managed(key, alias_name, self.partition, setting.now())
            self.keep_in_view(key)
        return alias

    def update_alias(self, target_key_id: str, alias_name: str) -> Alias:  # type: ignore[override]
        alias = self.aliases[alias_name]
        self.retarget_alias(alias, self.describe_key(target_key_id), setting.now())
        return alias

    def delete_alias(self, alias_name: str) -> None:
        if alias_name in self.aliases:
            self.drop_alias(self.aliases[alias_name], setting.now())

    def delete_key(self, key_id: str) -> None:
        """What becomes of a key whose stack is deleted: it is scheduled for deletion (CloudFormation, AWS::KMS::Key,
        PendingWindowInDays, 30 by default), where moto's own is gone at once.
        """
        key = self.keys.get(key_id)
        if key is not None and key.deletion_date is None:
            key.state, key.deletion_date = "PendingDeletion", setting.now() + timedelta(days=30)
            self.keep_in_view(key)

    def describe_key(self, key_id: str) -> Key:  # type: ignore[override]
        """The key named by ID, ARN, alias or alias ARN; a predefined alias gets its AWS managed key when first named.

        Raises KeyError when there is none; moto's callers expect an exception.
        """
        self.catch_up(setting.now())
        name = key_id.split(":", 5)[5] if key_id.startswith("arn:") else key_id
        if name.startswith("alias/"):
            if name in PREDEFINED and name not in self.aliases:
                self.create_alias(self.new_key(setting.now()).id, name)
            return self.keys[self.aliases[name].key_id]
        return self.keys[name.removeprefix("key/")]

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        for key in self.keys.values():
            yield TaggedResource(arn=key.arn, tags=dict(key.tags), resource_type="kms:key")

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        key = self._tagged(arn)
        key.retag(key.tags | tags, setting.now())

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        key = self._tagged(arn)
        key.retag({name: value for name, value in key.tags.items() if name not in tag_keys}, setting.now())

    def _tagged(self, arn: str) -> Key:
        try:
            return self.describe_key(arn)
        except KeyError:
            raise JsonRESTError("NotFoundException", f"Key '{arn}' does not exist") from None


def _as_shared(primary: Key, material: KeyMaterial) -> KeyMaterial:
    """A key's material as its replica has it. What KMS made is the same thing in every Region."""
    return replace(material, secret=None, valid_to=None, pair=None) if primary.origin == "EXTERNAL" else material


def store_of(account: str, region: str, now: datetime) -> KeyStore:
    """The store of one account and Region as it stands at `now`.

    Raises KMSError for a Region that AWS does not have.
    """
    try:
        store = cast(KeyStore, kms_backends[account][region])
    except KeyError:
        raise KMSError("UnknownEndpoint", f"AWS KMS has no Region {region!r} that the lab knows.") from None
    store.catch_up(now)
    return store


def keep_in_view(key: Key) -> None:
    """The same as the method, for the key and all that are related to it."""
    for one in key.related:
        cast(KeyStore, kms_backends[one.account][one.region]).keep_in_view(one)


def catch_up_everywhere(now: datetime) -> None:
    """In every store that has been used."""
    for account, region, _ in list(kms_backends.iter_backends()):
        store_of(account, region, now)


def stores_in(region: str, now: datetime) -> list[KeyStore]:
    """Every account's store in this Region that has been used."""
    accounts = [account for account, name, _ in kms_backends.iter_backends() if name == region]
    return [store_of(account, region, now) for account in accounts]


def ever_known(locator: bytes) -> bool:
    """Whether some key of this AWS, in any Region, deleted or not, has or had this material."""
    stores = [cast(KeyStore, store) for _, _, store in kms_backends.iter_backends()]
    return any(locator in store.by_locator or locator in store.buried for store in stores)
