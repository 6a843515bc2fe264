"""In which key state an operation works, as a table.

Source: the developer guide's page on key states (2023), footnotes as numbered there. The page lets KMS answer
DisabledException or KMSInvalidStateException for a key that is pending deletion (footnotes 2 and 3); recorded answers
show KMSInvalidStateException, and so does the lab. The origin of the key, and that it is a replica, go before its
state, so that a key pending deletion gets the refusal of its kind ("8 or 9" in the page).

GetKeyRotationStatus and ListKeyRotations answer in every state, for AWS_KMS and EXTERNAL. The page still refuses the
first for EXTERNAL keys, which could not be rotated then; today's page on on-demand rotation shows what it answers for a
key that has no automatic rotation.
"""

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.keys import Key
from kms_katas.lab.kms.work import Work

_DISABLED = ("DisabledException", "{arn} is disabled.")  # footnote 1
_PENDING = ("KMSInvalidStateException", "{arn} is pending deletion.")  # footnote 3
_NOT_PENDING = ("KMSInvalidStateException", "{arn} is not pending deletion.")  # footnote 4

_NO_MATERIAL = ("KMSInvalidStateException", "{arn} is pending import.")  # footnote 5
_UNAVAILABLE = ("KMSInvalidStateException", "{arn} is unavailable.")  # footnote 11

_WAITING = ("KMSInvalidStateException", "{arn} is pending replica deletion.")  # footnote 3, recorded
_CREATING = ("KMSInvalidStateException", "{arn} is creating.")  # footnote 14
_UPDATING = ("KMSInvalidStateException", "{arn} is updating.")  # footnote 15

_CHANGES = {"PendingDeletion": _PENDING, "PendingReplicaDeletion": _WAITING}  # footnote 8 for imports
_USES = _CHANGES | {
    "Unavailable": _UNAVAILABLE,
    "Disabled": _DISABLED,
    "PendingImport": _NO_MATERIAL,
    "Creating": _CREATING,
}
_UNSETTLED = {"Creating": _CREATING, "Updating": _UPDATING}
_SWITCHES = _CHANGES | _UNSETTLED | {"PendingImport": _NO_MATERIAL}

ORIGINS: dict[str, tuple[str, ...]] = {
    "GetParametersForImport": ("EXTERNAL",),
    "ImportKeyMaterial": ("EXTERNAL",),
    "DeleteImportedKeyMaterial": ("EXTERNAL",),
    "EnableKeyRotation": ("AWS_KMS",),
    "DisableKeyRotation": ("AWS_KMS",),
    "GetKeyRotationStatus": ("AWS_KMS", "EXTERNAL"),
    "RotateKeyOnDemand": ("AWS_KMS", "EXTERNAL"),
    "GenerateDataKeyPair": ("AWS_KMS", "EXTERNAL"),  # not from a custom key store (botocore)
    "GenerateDataKeyPairWithoutPlaintext": ("AWS_KMS", "EXTERNAL"),
}
"""Operation -> the origins of a key that it works for (footnotes 6, 7 and 9)."""

PRIMARY_ONLY = frozenset({"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"})
"""Operations that a replica key refuses: recorded, see operations/multi_region.py. ReplicateKey and UpdatePrimaryRegion
say it themselves, in other words."""

REFUSALS: dict[str, dict[str, tuple[str, str]]] = {
    "Encrypt": _USES,
    "Decrypt": _USES,
    "ReEncrypt": _USES,  # of both keys; which one AWS looks at first is not documented, here the source
    "GenerateDataKey": _USES,
    "GenerateDataKeyWithoutPlaintext": _USES,
    "EnableKeyRotation": _USES,
    "DisableKeyRotation": _USES,
    "RotateKeyOnDemand": _USES,  # not in the page; from its list of errors, and the recorded DisabledException
    "EnableKey": _SWITCHES,
    "DisableKey": _SWITCHES,
    "ScheduleKeyDeletion": _CHANGES | {"Updating": _UPDATING},
    "CancelKeyDeletion": dict.fromkeys(
        ("Enabled", "Disabled", "PendingImport", "Creating", "Updating", "Unavailable"), _NOT_PENDING
    ),
    "ReplicateKey": _USES | {"Updating": _UPDATING},
    "UpdatePrimaryRegion": _USES,  # of both keys: the operation asks for the replica itself
    "GetParametersForImport": _CHANGES | _UNSETTLED,
    "ImportKeyMaterial": _CHANGES | {"Creating": _CREATING},
    "DeleteImportedKeyMaterial": _UNSETTLED,
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
        if key.origin not in ORIGINS.get(work.operation, (key.origin,)):
            sentence = f"{key.arn} origin is {key.origin} which is not valid for this operation."
            raise KMSError("UnsupportedOperationException", sentence)
        if key.is_replica and work.operation in PRIMARY_ONLY:
            sentence = f"{key.arn} is a multi-region replica key which is not valid for {work.operation}."
            raise KMSError("UnsupportedOperationException", sentence)
        require_state_of(key, work.operation)


def require_state_of(key: Key, operation: str) -> None:
    """Raises the error that the table has for the state of this key."""
    refusal = REFUSALS.get(operation, {}).get(key.shown_state)
    if refusal is not None:
        code, text = refusal
        raise KMSError(code, text.format(arn=key.arn))
