"""The condition keys of a request: those that follow from the request itself, and those that the asker adds.

Not for comparing them with a policy: conditions.py does.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .decision import Request

# Lower-case name -> text (single-valued key) or a tuple with at least one text (multi-valued key). Names of condition
# keys compare without regard to case, also the part after kms:EncryptionContext: (KMS guide, "AWS KMS condition keys").
Context = Mapping[str, str | tuple[str, ...]]

_KMS_ARN = re.compile(r"arn:[^:]+:kms:[^:]*:([^:]*):(key|alias)/.+", re.ASCII)
_ROLE_ARN = re.compile(r"arn:[^:]+:iam::([^:]*):role/.+", re.ASCII)


@lru_cache(maxsize=4096)
def resource_account(resource: str) -> str | None:
    """The account that owns a key or an alias, from its ARN; None for "*" and for anything else."""
    found = _KMS_ARN.fullmatch(resource)
    return found[1] if found else None


@lru_cache(maxsize=4096)
def role_account(resource: str) -> str | None:
    """The account that owns a role, from its ARN; None for anything else."""
    found = _ROLE_ARN.fullmatch(resource)
    return found[1] if found else None


@lru_cache(maxsize=4096)
def is_key(resource: str) -> bool:
    """Whether a resource is a KMS key's ARN, so that a key policy has a say."""
    found = _KMS_ARN.fullmatch(resource)
    return found is not None and found[2] == "key"


@lru_cache(maxsize=4096)
def names_alias(resource: str) -> bool:
    """Whether a resource is an alias's ARN, which never stands for its key."""
    found = _KMS_ARN.fullmatch(resource)
    return found is not None and found[2] == "alias"


def condition_context(request: "Request") -> Context:
    """Every condition key of the request, by lower-case name; what the asker gave wins over what is derived.

    Of two given names that differ in case alone the last one counts; AWS does not document which.
    """
    context = _derived(request)
    for name, value in request.context.items():
        if value == ():
            context.pop(name.lower(), None)
        else:
            context[name.lower()] = value
    return context


def _derived(request: "Request") -> dict[str, str | tuple[str, ...]]:
    caller = request.principal
    owner = resource_account(request.resource)
    context: dict[str, str | tuple[str, ...]] = {"aws:securetransport": "true"}
    if account := request.owning_account:
        context["aws:resourceaccount"] = account
    if caller.kind == "Service":
        return context | {"aws:principalisawsservice": "true", "aws:principalservicename": caller.arn}
    context |= {
        "aws:principalisawsservice": "false",
        # The role with its path, not the session (IAM reference, aws:PrincipalArn).
        "aws:principalarn": caller.role_arn or caller.arn,
        "aws:principalaccount": caller.account,
        "aws:principaltype": caller.kind,
    }
    if caller.kind == "User":
        context["aws:username"] = caller.name
    if owner or "customkeystore" in request.action.lower():
        context["kms:calleraccount"] = caller.account
    for name, value in caller.tags.items():
        context[f"aws:principaltag/{name.lower()}"] = value
    return context
