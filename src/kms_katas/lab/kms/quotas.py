"""Request quotas: how many requests a second an account may make in a Region, and when KMS throttles.

Off unless a lab asks for them (`Lab.quotas`). Not for quotas of resources, such as aliases per key: the operations have
those. Source of names and figures: the developer guide's pages "Request quotas" (as of 2026; figures of the Regions
outside China) and "Throttling requests".

Each quota holds for one whole second of the lab's clock: "AWS KMS throttles all subsequent requests in that second".
AWS does not say what a request counts that is throttled itself, or refused for another reason. Here a throttled one
counts nothing, and one that is malformed or names no key counts nothing either; one that is denied counts. Nor does AWS
say what ReEncrypt counts between keys of two kinds: here each kind once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.specs import KEY_SPECS, USAGE_OF
from kms_katas.lab.kms.work import Work

_SYMMETRIC = {
    **dict.fromkeys(("us-east-1", "us-west-2", "eu-west-1"), 100_000),
    **dict.fromkeys(("us-east-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1"), 20_000),
    **dict.fromkeys(("eu-central-1", "eu-west-2"), 20_000),
}
"""Region -> figure, where it is more than that of the table below."""

_OF_ONE_OPERATION: Mapping[int, tuple[str, ...]] = {
    1: ("GetParametersForImport",),
    5: (
        *("CancelKeyDeletion", "CreateAlias", "CreateKey", "DescribeCustomKeyStores", "DisableKey"),
        *("DisableKeyRotation", "EnableKey", "GetKeyLastUsage", "ReplicateKey", "RotateKeyOnDemand", "UntagResource"),
        *("UpdateAlias", "UpdateKeyDescription", "UpdatePrimaryRegion", "ConnectCustomKeyStore"),
        *("CreateCustomKeyStore", "DeleteCustomKeyStore", "DisconnectCustomKeyStore", "UpdateCustomKeyStore"),
    ),
    10: ("TagResource",),
    15: (
        *("DeleteAlias", "DeleteImportedKeyMaterial", "EnableKeyRotation", "ImportKeyMaterial", "PutKeyPolicy"),
        "ScheduleKeyDeletion",
    ),
    50: ("CreateGrant", "RetireGrant", "RevokeGrant"),
    100: ("ListGrants", "ListKeyPolicies", "ListKeyRotations", "ListRetirableGrants"),
    500: ("ListAliases", "ListKeys"),
    1_000: ("GetKeyPolicy", "GetKeyRotationStatus"),
    2_000: ("DescribeKey", "GetPublicKey", "ListResourceTags"),
}
"""Figure -> the operations that have a quota of their own."""

_STORE = "custom key store"

DEFAULTS: Mapping[str, int] = {
    "symmetric": 10_000,
    "RSA": 1_000,
    "ECC": 1_000,
    "ML-DSA": 1_000,
    _STORE: 1_800,
    "GenerateDataKeyPair (RSA_2048)": 20,
    "GenerateDataKeyPair (RSA_3072)": 4,
    "GenerateDataKeyPair (RSA_4096)": 1,
    **{f"GenerateDataKeyPair ({spec})": 100 for spec, kind in KEY_SPECS.items() if kind.family in ("EC", "ED25519")},
    **{operation: figure for figure, operations in _OF_ONE_OPERATION.items() for operation in operations},
}
"""Quota -> requests a second. The first four are each shared by the cryptographic operations on keys of that kind; the
one of custom key stores holds for each store, whoever calls. For ML-KEM keys the page has none."""

_OF_FAMILY = {
    **dict.fromkeys(("AES", "HMAC"), "symmetric"),
    **dict.fromkeys(("EC", "ED25519", "SM2"), "ECC"),
    "RSA": "RSA",
    "ML_DSA": "ML-DSA",
}


@dataclass(frozen=True)
class Quotas:
    """AWS's default quotas, with other figures for those in `changed`: `Quotas({"symmetric": 5})`.

    The names are those of DEFAULTS, figures are whole requests a second. Raises ValueError for anything else.
    """

    changed: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, figure in self.changed.items():
            if name not in DEFAULTS:
                raise ValueError(
                    f"AWS KMS has no request quota named {name!r}. Encrypt, Decrypt, GenerateDataKey and the other "
                    f"cryptographic operations share one for each kind of key. Take one of {', '.join(DEFAULTS)}."
                )
            if type(figure) is not int or figure < 0:
                raise ValueError(
                    f"The quota {name!r} is a whole number of requests a second, and {figure!r} is not. Give 0 or more."
                )

    def per_second(self, name: str, region: str) -> int:
        """The figure in one Region."""
        if name == "symmetric" and name not in self.changed:
            return _SYMMETRIC.get(region, DEFAULTS[name])
        return self.changed.get(name, DEFAULTS[name])


class Meter:
    """Counts the requests of the present second against `quotas`."""

    def __init__(self, quotas: Quotas) -> None:
        self.quotas = quotas
        self._second = 0
        self._used: Counter[tuple[str, ...]] = Counter()

    def admit(self, work: Work) -> None:
        """Counts the request where every quota has room for it. Raises ThrottlingException where one has not."""
        second = int(work.now.timestamp())
        if second != self._second:
            self._second, self._used = second, Counter()
        asked = Counter(dict(_counts(work)))
        for (name, region, *whose), requests in asked.items():
            if self._used[name, region, *whose] + requests > self.quotas.per_second(name, region):
                raise KMSError(
                    "ThrottlingException",
                    "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
                )
        self._used.update(asked)


def _counts(work: Work) -> Iterator[tuple[tuple[str, ...], int]]:
    """What a request counts as: (quota, Region, account or custom key store) and how many requests. The account is the
    caller's, whosever the key is.
    """
    operation, asked, here = work.operation, work.parameters, work.region
    if operation.startswith("GenerateDataKeyPair"):
        name = f"GenerateDataKeyPair ({asked['KeyPairSpec']})"
        if name in DEFAULTS:
            yield (name, here, work.account), 1
    elif operation == "GenerateRandom" or operation in USAGE_OF:
        # Another account's key that is not there: as if it were the most usual one.
        families = [KEY_SPECS[key.spec].family for key in work.target.keys] or ["AES"]
        for name in {_OF_FAMILY[family] for family in families if family in _OF_FAMILY}:
            yield (name, here, work.account), 1
        stores = {key.custom_store.id for key in work.target.keys if key.custom_store is not None}
        for store in stores | {asked[name] for name in ("CustomKeyStoreId",) if name in asked}:
            yield (_STORE, here, store), 1
    else:
        yield (operation, here, work.account), 1
        if operation == "ReplicateKey":
            # One of the two is a dry run, as the page says.
            yield ("CreateKey", asked["ReplicaRegion"], work.account), 2
        if operation == "UpdatePrimaryRegion" and asked["PrimaryRegion"] != here:
            yield (operation, asked["PrimaryRegion"], work.account), 1
