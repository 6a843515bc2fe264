"""In which key state an operation works, as a table.

Source: the developer guide's page on key states (2023), footnotes as numbered there. The page lets KMS answer
DisabledException or KMSInvalidStateException for a key that is pending deletion (footnotes 2 and 3); recorded answers
show KMSInvalidStateException, and so does the lab. Rows for imports, replicas and custom key stores come with those.
"""

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.work import Work

_DISABLED = ("DisabledException", "{arn} is disabled.")  # footnote 1
_PENDING = ("KMSInvalidStateException", "{arn} is pending deletion.")  # footnote 3
_NOT_PENDING = ("KMSInvalidStateException", "{arn} is not pending deletion.")  # footnote 4

_USES = {"Disabled": _DISABLED, "PendingDeletion": _PENDING}
_CHANGES = {"PendingDeletion": _PENDING}

REFUSALS: dict[str, dict[str, tuple[str, str]]] = {
    "Encrypt": _USES,
    "Decrypt": _USES,
    "GenerateDataKey": _USES,
    "GenerateDataKeyWithoutPlaintext": _USES,
    "EnableKey": _CHANGES,
    "DisableKey": _CHANGES,
    "ScheduleKeyDeletion": _CHANGES,
    "CancelKeyDeletion": {"Enabled": _NOT_PENDING, "Disabled": _NOT_PENDING},
    "CreateAlias": _CHANGES,
    "UpdateAlias": _CHANGES,  # of the new key; the current one may be pending deletion (footnote 10)
    "TagResource": _CHANGES,
    "UntagResource": _CHANGES,
    "UpdateKeyDescription": _CHANGES,
}
"""Operation -> key state -> the error. What is not in the table works."""


def require_state(work: Work) -> None:
    """Raises the error that the table has for the target key's state."""
    key = work.target.key
    refusal = REFUSALS.get(work.operation, {}).get(key.state) if key is not None else None
    if refusal is not None and key is not None:
        code, text = refusal
        raise KMSError(code, text.format(arn=key.arn))
