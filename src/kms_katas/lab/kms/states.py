"""In which key state an operation works, as a table.

Source: the developer guide's page on key states (2023), footnotes as numbered there. The page lets KMS answer
DisabledException or KMSInvalidStateException for a key that is pending deletion (footnotes 2 and 3); recorded answers
show KMSInvalidStateException, and so does the lab. Rows for replicas and custom key stores come with those. The origin
of the key goes before its state, so that a key pending deletion gets the refusal of its kind ("8 or 9" in the page).

GetKeyRotationStatus and ListKeyRotations answer in every state and for both origins. The page still refuses the first
for EXTERNAL keys, which could not be rotated then; today's page on on-demand rotation shows what it answers for a key
that has no automatic rotation.
"""

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.work import Work

_DISABLED = ("DisabledException", "{arn} is disabled.")  # footnote 1
_PENDING = ("KMSInvalidStateException", "{arn} is pending deletion.")  # footnote 3
_NOT_PENDING = ("KMSInvalidStateException", "{arn} is not pending deletion.")  # footnote 4

_NO_MATERIAL = ("KMSInvalidStateException", "{arn} is pending import.")  # footnote 5

_USES = {"Disabled": _DISABLED, "PendingDeletion": _PENDING, "PendingImport": _NO_MATERIAL}
_CHANGES = {"PendingDeletion": _PENDING}  # footnote 8 for imports
_SWITCHES = _CHANGES | {"PendingImport": _NO_MATERIAL}

ORIGINS: dict[str, str] = {
    "GetParametersForImport": "EXTERNAL",
    "ImportKeyMaterial": "EXTERNAL",
    "DeleteImportedKeyMaterial": "EXTERNAL",
    "EnableKeyRotation": "AWS_KMS",
    "DisableKeyRotation": "AWS_KMS",
}
"""Operation -> the one origin of a key that it works for (footnotes 6, 7 and 9)."""

REFUSALS: dict[str, dict[str, tuple[str, str]]] = {
    "Encrypt": _USES,
    "Decrypt": _USES,
    "ReEncrypt": _USES,  # of both keys; which one AWS looks at first is not documented, here the source
    "GenerateDataKey": _USES,
    "GenerateDataKeyWithoutPlaintext": _USES,
    "EnableKeyRotation": _USES,
    "DisableKeyRotation": _USES,
    "RotateKeyOnDemand": _USES,  # not in the page; from its list of errors, and the recorded DisabledException
    "CreateGrant": _USES,  # ListGrants, RetireGrant and RevokeGrant work in every state
    "EnableKey": _SWITCHES,
    "DisableKey": _SWITCHES,
    "ScheduleKeyDeletion": _CHANGES,
    "CancelKeyDeletion": dict.fromkeys(("Enabled", "Disabled", "PendingImport"), _NOT_PENDING),
    "GetParametersForImport": _CHANGES,
    "ImportKeyMaterial": _CHANGES,
    "CreateAlias": _CHANGES,
    "UpdateAlias": _CHANGES,  # of the new key; the current one may be pending deletion (footnote 10)
    "TagResource": _CHANGES,
    "UntagResource": _CHANGES,
    "UpdateKeyDescription": _CHANGES,
}
"""Operation -> key state -> the error. What is not in the table works."""


def require_state(work: Work) -> None:
    """Raises the error that the tables have for the origin and state of a key that the request uses."""
    for key in work.target.keys:
        if ORIGINS.get(work.operation, key.origin) != key.origin:
            sentence = f"{key.arn} origin is {key.origin} which is not valid for this operation."
            raise KMSError("UnsupportedOperationException", sentence)
        refusal = REFUSALS.get(work.operation, {}).get(key.state)
        if refusal is not None:
            code, text = refusal
            raise KMSError(code, text.format(arn=key.arn))
