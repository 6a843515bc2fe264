"""CreateAlias, UpdateAlias, DeleteAlias, ListAliases.

The rules on alias names stand where targets are found, since they come before authorization.
"""

from typing import Any

from kms_katas.lab.kms.aws_managed import PREDEFINED
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.keys import Alias, Key
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.paging import page
from kms_katas.lab.kms.specs import KEY_SPECS
from kms_katas.lab.kms.targets import find_key
from kms_katas.lab.kms.work import Work

_MOST_ALIASES_OF_A_KEY = 50  # developer guide, resource quotas


def create_alias(work: Work) -> dict[str, Any]:
    store = store_of(work.account, work.region, work.now)
    name = work.parameters["AliasName"]
    if name in store.aliases:
        raise KMSError("AlreadyExistsException", f"An alias with the name {store.alias_arn(name)} already exists")
    _require_room(work)
    store.new_alias(name, work.key, work.now)
    return {}


def update_alias(work: Work) -> dict[str, Any]:
    alias = _alias(work)
    if alias.key_id != work.key.id:
        _require_room(work)
        _require_same_type(store_of(work.account, work.region, work.now).keys[alias.key_id], work.key)
    store_of(work.account, work.region, work.now).retarget_alias(alias, work.key, work.now)
    return {}


def delete_alias(work: Work) -> dict[str, Any]:
    store_of(work.account, work.region, work.now).drop_alias(_alias(work), work.now)
    return {}


def list_aliases(work: Work) -> dict[str, Any]:
    """Also the predefined aliases that have no key yet (aws_managed.py)."""
    store = store_of(work.account, work.region, work.now)
    aliases = list(store.aliases.values())
    if "KeyId" in work.parameters:
        key, _ = find_key(work, work.parameters["KeyId"], aliases_too=False)
        if key.account != work.account:
            raise KMSError("NotFoundException", f"Key '{key.arn}' does not exist")
        aliases = [alias for alias in aliases if alias.key_id == key.id]
    entries = {alias.name: _entry(alias) for alias in aliases}
    if "KeyId" not in work.parameters:
        without_key = {name: {"AliasName": name, "AliasArn": store.alias_arn(name)} for name in PREDEFINED}
        entries = without_key | entries
    return page(entries, work.parameters, "Aliases", 50, 100)


def _entry(alias: Alias) -> dict[str, Any]:
    return {
        "AliasName": alias.name,
        "AliasArn": alias.arn,
        "TargetKeyId": alias.key_id,
        "CreationDate": alias.created,
        "LastUpdatedDate": alias.updated,
    }


def _alias(work: Work) -> Alias:
    assert work.target.alias is not None
    return work.target.alias


def _require_same_type(current: Key, new: Key) -> None:
    """Both symmetric, both asymmetric or both HMAC keys, and of one usage (botocore op:UpdateAlias). Neither code nor
    text of AWS is recorded.
    """
    if (current.usage, KEY_SPECS[current.spec].has_public_key) != (new.usage, KEY_SPECS[new.spec].has_public_key):
        raise KMSError(
            "ValidationException",
            f"The current key of the alias is of KeySpec {current.spec} and KeyUsage {current.usage}, the new key of "
            f"{new.spec} and {new.usage}: they must be of the same type and usage.",
        )


def _require_room(work: Work) -> None:
    store = store_of(work.account, work.region, work.now)
    if work.key.account != work.account:
        raise KMSError("NotFoundException", f"Key '{work.key.arn}' does not exist")  # only where nothing is enforced
    usage = len(store.aliases_of(work.key))
    if usage >= _MOST_ALIASES_OF_A_KEY:
        # AWS's sentence, from a log of 2024 (scylla-cluster-tests, issue 7611).
        raise KMSError(
            "LimitExceededException",
            f"Aliases per key quota for this account in this region is {_MOST_ALIASES_OF_A_KEY}, "
            f"current usage is {usage}.",
        )
