"""KMS's permissions and the condition keys of requests, from data: which there are, of what type, which for what.

For lint and proof. A decision needs none of it: there the request says what keys it has.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

KeyType = Literal["String", "ARN", "Bool", "Numeric", "Date", "IPAddress"]


@dataclass(frozen=True)
class Permission:
    """One kms: action. `resources` holds "key", "alias" or both, and is empty for those that take only Resource "*";
    `keys` the lower-case names of the kms: keys, and of the aws: keys about tags, that a request for it can have.
    """

    name: str
    resources: tuple[str, ...]
    keys: frozenset[str]

    @property
    def on_a_key(self) -> bool:
        """Whether a key policy has a say."""
        return "key" in self.resources


@dataclass(frozen=True)
class ConditionKey:
    """`name` as AWS writes it, without the part that authors choose; `many` if a request can have several values."""

    name: str
    type: KeyType
    many: bool


@cache
def permissions() -> Mapping[str, Permission]:
    """Every permission of KMS by its lower-case name with prefix, such as "kms:decrypt"."""
    return {
        f"kms:{name.lower()}": Permission(
            f"kms:{name}", tuple(entry["resources"]), frozenset(key.lower() for key in entry["keys"])
        )
        for name, entry in _table()["permissions"].items()
    }


def condition_key(name: str) -> ConditionKey | None:
    """The kms: or aws: condition key that `name` names, in any case, with or without a chosen part; None if AWS has no
    such key."""
    return _keys().get(_general(name))


def may_occur(key: str, permission: Permission) -> bool:
    """Whether a request for the permission can have the condition key. Keys of other services than KMS always may."""
    general = _general(key)
    return general in permission.keys or (general not in _of_kms() and not general.startswith("kms:"))


IN_EVERY_REQUEST = frozenset(
    {
        *("aws:currenttime", "aws:epochtime", "aws:securetransport", "aws:viaawsservice"),
        *("kms:keyorigin", "kms:keyspec", "kms:keyusage", "kms:multiregion"),
    }
)
"""The condition keys, lower-case, that every request on a key has, whoever asks (IAM user guide, "AWS global condition
context keys", Availability); the kms: ones are properties of the key itself."""


def condition_keys() -> list[ConditionKey]:
    """All condition keys that the tables know."""
    return list(_keys().values())


def _general(name: str) -> str:
    lower = name.lower()
    for start in _CHOSEN:
        if lower.startswith(start) and len(lower) > len(start):
            return start
    return lower


_CHOSEN = ("kms:encryptioncontext:", "aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")

# The condition keys of every service (IAM user guide, "AWS global condition context keys"). Names and types were
# compared on 2026-11-22 with an old copy of that page, in awsdocs/iam-user-guide. Doubtful are the types of keys that
# it lacks: AssumedRoot, ChatbotSourceArn, FederatedProvider, PrincipalIsAWSService, SourceIdentity, SourceOwner,
# SourceVpcArn, and those that begin with CalledViaAWSMCP, Ec2Instance, PrincipalServiceName, ResourceAccount,
# ResourceOrg, SourceOrg, ViaAWSMCP and Vpce.
_GLOBAL: dict[KeyType, str] = {
    "String": (
        "aws:CalledViaFirst aws:CalledViaLast aws:Ec2InstanceSourceVpc aws:FederatedProvider aws:PrincipalAccount"
        " aws:PrincipalOrgID aws:PrincipalServiceName aws:PrincipalTag/ aws:PrincipalType aws:RequestedRegion"
        " aws:ResourceAccount aws:ResourceOrgID aws:SourceAccount aws:SourceIdentity aws:SourceOrgID aws:SourceOwner"
        " aws:SourceVpc aws:SourceVpce aws:UserAgent aws:VpceAccount aws:VpceOrgID aws:referer aws:userid aws:username"
    ),
    "ARN": "aws:ChatbotSourceArn aws:PrincipalArn aws:SourceArn aws:SourceVpcArn",
    "Bool": (
        "aws:AssumedRoot aws:MultiFactorAuthPresent aws:PrincipalIsAWSService aws:SecureTransport aws:ViaAWSMCPService"
        " aws:ViaAWSService"
    ),
    "Numeric": "aws:MultiFactorAuthAge",
    "Date": "aws:CurrentTime aws:EpochTime aws:TokenIssueTime",
    "IPAddress": "aws:Ec2InstanceSourcePrivateIPv4 aws:SourceIp aws:VpcSourceIp",
}
_GLOBAL_OF_MANY_VALUES = (
    "aws:CalledVia aws:CalledViaAWSMCP aws:PrincipalOrgPaths aws:PrincipalServiceNamesList aws:ResourceOrgPaths"
    " aws:SourceOrgPaths aws:VpceOrgPaths"
)


@cache
def _keys() -> Mapping[str, ConditionKey]:
    keys = [ConditionKey(name, type, False) for type, names in _GLOBAL.items() for name in names.split()]
    keys += [ConditionKey(name, "String", True) for name in _GLOBAL_OF_MANY_VALUES.split()]
    for name, type in _table()["keys"].items():
        many = type.startswith("ArrayOf")
        keys.append(ConditionKey(name, type.removeprefix("ArrayOf"), many))
    return {key.name.lower(): key for key in keys}


@cache
def _of_kms() -> frozenset[str]:
    return frozenset(name.lower() for name in _table()["keys"])


@cache
def _table() -> Any:
    return json.loads(Path(__file__).with_name("kms_table.json").read_text("utf-8"))
