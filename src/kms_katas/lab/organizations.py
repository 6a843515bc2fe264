"""The organization of an account: its policies by level, and the condition keys that tell of it.

All of it stands in moto's Organizations, whoever wrote it there: boto3, or `Lab.organization` (organization.py). moto's
Organizations is loaded by whoever uses it first; until then there is no organization.
"""

import sys
from collections.abc import Iterator
from typing import Any, Literal

from kms_katas.lab.stored_policies import named_policy
from kms_katas.policy import NamedPolicy

Levels = tuple[tuple[NamedPolicy, ...], ...]

_SCP, _RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


def scps_over(account: str) -> Levels:
    """The service control policies that reach the principals of an account, the root's level first; none for the
    management account and outside of an organization.
    """
    return _policies_over(account, _SCP)


def rcps_over(account: str) -> Levels:
    """The resource control policies that reach the resources of an account, by level."""
    return _policies_over(account, _RCP)


def organization_keys(
    whose: Literal["Principal", "Resource", "Source"], account: str | None
) -> dict[str, str | tuple[str, ...]]:
    """Such as aws:PrincipalOrgID and aws:PrincipalOrgPaths, where the account is in an organization (IAM reference,
    global condition context keys).
    """
    found = _place(account) if account is not None else None
    if found is None:
        return {}
    organization, levels = found
    return {f"aws:{whose}OrgID": organization.id, f"aws:{whose}OrgPaths": (_path(organization, levels),)}


def forget_members() -> None:
    """moto keeps the list of member accounts when it forgets everything else."""
    if (models := _models()) is not None:
        models.organizations_backends.master_accounts.clear()


def _policies_over(account: str, kind: str) -> Levels:
    found = _place(account)
    if found is None or account == found[0].master_account_id:
        return ()
    _, levels = found
    if not any(one["Type"] == kind for one in levels[0].policy_types):
        return ()  # the kind of policy is to be enabled at the root first (Organizations guide)
    return tuple(
        tuple(named_policy(one.name, one.content) for one in level.attached_policies if one.type == kind)
        for level in levels
    )


def _place(account: str) -> tuple[Any, list[Any]] | None:
    """moto's organization, and its objects from the root down to the account; None outside of an organization."""
    models = _models()
    if models is None or not models.organizations_backends:
        return None
    backends = models.organizations_backends
    management, partition = backends.master_accounts.get(account, (account, "aws"))
    if management not in backends:
        return None
    backend = backends[management][partition]
    member = next((one for one in backend.accounts if one.id == account), None)
    if backend.org is None or member is None:
        return None
    return backend.org, [*reversed(list(_above(backend, member))), member]


def _above(backend: Any, child: Any) -> Iterator[Any]:
    parents = {one.id: one for one in backend.ou}
    while (parent := parents.get(child.parent_id)) is not None:
        yield parent
        child = parent


def _path(organization: Any, levels: list[Any]) -> str:
    """As aws:PrincipalOrgPaths writes it: "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"."""
    return "/".join([organization.id, *(level.id for level in levels[:-1])]) + "/"


def _models() -> Any:
    return sys.modules.get("moto.organizations.models")
