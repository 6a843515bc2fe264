"""What is wrong with a key policy document as KMS sees it before it looks at what the policy allows. Other services ask
here who is named in the policies of their resources.

Kept to what is certain.
"""

import re
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms import setting
from kms_katas.policy.document import Document, statements

_INVALID_PRINCIPALS = "Policy contains a statement with one or more invalid principals."
_OVERLY_PERMISSIVE = (
    "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches "
    "requests without the specified [encryption context or tag] or with an unspecified [encryption context or tag]. To "
    "fix, remove ForAllValues."
)
"""As the guide prints it, brackets too. Doubtful: the code, which it does not say; it may be this first word."""
_IAM_ENTITY = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):(root|(user|role)/.+)")
_SESSION = re.compile(r"arn:aws[a-z-]*:sts::([0-9]{12}):(assumed-role/[^/]+/.+|federated-user/.+)")


def fault_in_key_policy(document: Document) -> str | None:
    """AWS's text (or a sentence of ours where AWS's is not known) for the first fault, or None."""
    for index, statement in enumerate(statements(document)):
        principal = statement.get("Principal", statement.get("NotPrincipal"))
        if principal is None:
            which = f"Statement {index + 1} of the key policy ({document.statement_place(index)})"
            return f"{which} names no principal: each statement needs a Principal."
        if principal != "*" and not _is_sound(principal):
            return _INVALID_PRINCIPALS
        for operator, block in statement.get("Condition", {}).items():
            if operator.lower().startswith("forallvalues:") and any(map(_has_one_value, block)):
                return _OVERLY_PERMISSIVE
    return None


def _has_one_value(key: str) -> bool:
    """Whether it is one of the keys that the KMS guide names in its warning ("AWS KMS condition keys", on set
    operators). Doubtful: what KMS does with ForAllValues on its other keys of one value; here it takes them.
    """
    return key.lower().startswith(("kms:encryptioncontext:", "aws:requesttag/"))


def names_somebody_unknown(document: Document) -> bool:
    """Whether a Principal of a bucket's, queue's, topic's or secret's policy is none: a user or role that is not there,
    or no form of a principal. Only where permissions are enforced.
    """
    if not setting.current.enforce:
        return False
    named = [one["Principal"] for one in statements(document) if isinstance(one.get("Principal"), dict)]
    return not all(_is_sound(one) for one in named if "CanonicalUser" not in one)  # which S3 alone has


def _is_sound(principal: Any) -> bool:
    if not isinstance(principal, dict) or not principal:
        return False
    for kind, values in principal.items():
        if values == []:
            return False
        for value in values if isinstance(values, list) else [values]:
            if kind not in ("AWS", "Service", "Federated") or not isinstance(value, str):
                return False
            if kind == "AWS" and not _exists(value):
                return False
    return True


def _exists(value: str) -> bool:
    """Accounts that the lab has not seen may exist, and whom they hold nobody knows; users and roles of the lab's own
    accounts must exist.
    """
    if value == "*" or re.fullmatch("[0-9]{12}", value):
        return True
    if "*" in value or "?" in value:
        return False
    if _SESSION.fullmatch(value):
        return True
    entity = _IAM_ENTITY.fullmatch(value)
    if entity is None:
        return False
    account, _, kind = entity.groups()
    if not setting.current.enforce or kind is None or account not in iam_backends:
        return True
    backend = iam_backends[account][PARTITION]
    if account == DEFAULT_ACCOUNT_ID and not (backend.users or backend.roles):
        return True  # moto itself opens this account's store when any request to IAM or STS passes
    found = backend.users.values() if kind == "user" else backend.roles.values()
    return any(one.arn == value for one in found)
