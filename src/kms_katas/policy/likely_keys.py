"""Which key a key policy may belong to, for whoever asks about a policy and names no key. It decides nothing."""

import re
from collections.abc import Mapping
from typing import Any

from .context import is_key
from .document import as_list, statements
from .match import names_in

_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
_PRINCIPAL = re.compile(r"(?:arn:(aws[a-z-]*):(?:iam|sts)::)?([0-9]{12})(:root)?(?::.*)?", re.ASCII | re.DOTALL)


def likely_keys(document: Mapping[str, Any]) -> tuple[str, ...]:
    """ARNs of keys, in the order of the text: those that a Resource names in full; else one made up for each account
    to which, as a whole, a statement allows every action, as the owner's statement in most policies does; else one for
    each account that has a principal in it. Empty where there is none of these.
    """
    written = statements(document)
    resources = (one for statement in written for one in as_list(statement.get("Resource", [])))
    keys = dict.fromkeys(one for one in resources if is_key(one) and not set(one) & set("*?$"))
    if keys:
        return tuple(keys)
    owners = _accounts(written, as_a_whole=True) or _accounts(written, as_a_whole=False)
    return tuple(f"arn:{partition}:kms:us-east-1:{account}:key/{_ID}" for account, partition in owners.items())


def _accounts(written: list[Any], as_a_whole: bool) -> dict[str, str]:
    """The accounts that principals belong to, with their partitions."""
    found: dict[str, str] = {}
    for statement in written:
        if as_a_whole and (statement["Effect"] != "Allow" or "kms:*" not in as_list(statement.get("Action", []))):
            continue
        for named in names_in(statement.get("Principal", ())):
            match = _PRINCIPAL.fullmatch(named)
            if match and (not as_a_whole or match[3] or named == match[2]):
                # A bare account number says nothing of the partition.
                found[match[2]] = match[1] or found.get(match[2], "aws")
    return found
