"""In which key state an operation works, as a table, and for which origin of the key.

Source: the developer guide's page on key states (2023), footnotes as numbered there. The page lets KMS answer
DisabledException or KMSInvalidStateException for a key that is pending deletion (footnotes 2 and 3); recorded answers
show KMSInvalidStateException, and so does the lab. The origin of the key, and that it is a replica, go before its
state, so that a key pending deletion gets the refusal of its kind ("8 or 9" in the page).

GetKeyRotationStatus and ListKeyRotations answer in every state and for both origins of a key that KMS holds. The page
still refuses the first for EXTERNAL keys, which could not be rotated then; today's page on on-demand rotation shows
what it answers for a key that has no automatic rotation.
"""

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.keys import Key
from kms_katas.lab.kms.work import Work

_COLUMNS = ("Enabled", "Disabled", "PendingDeletion", "PendingImport", "Unavailable", "Creating", "Updating")

_FOOTNOTES: dict[str, tuple[str, str]] = {
    "1": ("DisabledException", "is disabled"),
    "3": ("KMSInvalidStateException", "is pending deletion"),  # of an import this is footnote 8
    "4": ("KMSInvalidStateException", "is not pending deletion"),
    "5": ("KMSInvalidStateException", "is pending import"),
    "11": ("KMSInvalidStateException", "is unavailable"),
    "14": ("KMSInvalidStateException", "is creating"),
    "15": ("KMSInvalidStateException", "is updating"),
}

# Operations, then one cell for each column: `.` works, a number is the footnote with the refusal. A row without a mark
# is the page's. Marked i: not in the page of 2023, inferred from the operation's list of errors (botocore). Cells of
# states that a key of the row cannot be in (the page's N/A) hold what the other keys get.
_TABLE = """
CancelKeyDeletion                                                                    4  4  .  4  4   4   4
CreateAlias UpdateAlias                                                              .  .  3  .  .   .   .
CreateGrant                                                                          .  1  3  5  .   14  .
Decrypt Encrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext            .  1  3  5  11  14  .
GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext                              .  1  3  5  11  14  .
GenerateMac VerifyMac Sign Verify                                                    .  1  3  5  11  14  .
GetPublicKey                                                                         .  .  3  5  11  14  .
i DeriveSharedSecret Encapsulate Decapsulate                                         .  1  3  5  11  14  .
DeleteImportedKeyMaterial                                                            .  .  .  .  .   14  15
DisableKey EnableKey                                                                 .  .  3  5  .   14  15
EnableKeyRotation DisableKeyRotation                                                 .  1  3  5  .   14  .
i RotateKeyOnDemand                                                                  .  1  3  5  .   14  .
GetParametersForImport                                                               .  .  3  .  .   14  15
ImportKeyMaterial                                                                    .  .  3  .  .   14  .
ReplicateKey                                                                         .  1  3  5  .   14  15
ScheduleKeyDeletion                                                                  .  .  3  .  .   .   15
TagResource UntagResource UpdateKeyDescription                                       .  .  3  .  .   .   .
UpdatePrimaryRegion                                                                  .  1  3  5  .   14  .
DescribeKey DeleteAlias GetKeyPolicy ListKeyPolicies PutKeyPolicy                    .  .  .  .  .   .   .
ListAliases ListGrants ListResourceTags RetireGrant RevokeGrant                      .  .  .  .  .   .   .
GetKeyRotationStatus                                                                 .  .  .  .  .   .   .
i ListKeyRotations GetKeyLastUsage                                                   .  .  .  .  .   .   .
"""
# UpdateAlias: of the new key; the current one may be pending deletion (footnote 10).
# ReEncrypt: of both keys; which one AWS looks at first is not documented, here the source.
# GetPublicKey of a disabled key works in recordings of every spec (stackd, 2026-09-12), against footnote 1 of the page.
# PendingImport of MACs, signatures and public keys: such keys could not be imported in 2023, so inferred too.

SYMMETRIC_ONLY = frozenset({"EnableKeyRotation", "RotateKeyOnDemand"})
"""Operations that other keys refuse without a text. DisableKeyRotation succeeds there and changes nothing: all three
recorded with an HMAC key (stackd, rotation.json) and taken for asymmetric keys too."""

PRIMARY_ONLY = frozenset({"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"})
"""Operations that a replica key refuses: recorded, see operations/multi_region.py. ReplicateKey and UpdatePrimaryRegion
say it themselves, in other words."""

ORIGINS: dict[str, tuple[str, ...]] = {
    "GetParametersForImport": ("EXTERNAL",),
    "ImportKeyMaterial": ("EXTERNAL",),
    "DeleteImportedKeyMaterial": ("EXTERNAL",),
    "EnableKeyRotation": ("AWS_KMS",),
    "DisableKeyRotation": ("AWS_KMS",),
    "GetKeyRotationStatus": ("AWS_KMS", "EXTERNAL"),
    "ListKeyRotations": ("AWS_KMS", "EXTERNAL"),
    "RotateKeyOnDemand": ("AWS_KMS", "EXTERNAL"),
    "GenerateDataKeyPair": ("AWS_KMS", "EXTERNAL"),  # not from a custom key store (botocore)
    "GenerateDataKeyPairWithoutPlaintext": ("AWS_KMS", "EXTERNAL"),
}
"""Operation -> the origins of a key that it works for (footnotes 6, 7 and 9). One that is not here works for all."""


def _rows() -> dict[str, dict[str, tuple[str, str]]]:
    rows: dict[str, dict[str, tuple[str, str]]] = {}
    for line in _TABLE.strip().splitlines():
        words = line.split()
        cells = dict(zip(_COLUMNS, words[-len(_COLUMNS) :], strict=True))
        cells["PendingReplicaDeletion"] = cells["PendingDeletion"]  # one column of the page
        refused = {state: _FOOTNOTES[note] for state, note in cells.items() if note != "."}
        if "PendingReplicaDeletion" in refused:
            code, text = refused["PendingReplicaDeletion"]
            refused["PendingReplicaDeletion"] = (code, text.replace("deletion", "replica deletion"))
        rows |= dict.fromkeys((word for word in words[: -len(_COLUMNS)] if word != "i"), refused)
    return rows


REFUSALS: dict[str, dict[str, tuple[str, str]]] = _rows()
"""Operation -> key state -> error code, and what AWS says of the key after its ARN. Every operation on a key has a row;
a state that is not in it works."""


def require_state(work: Work) -> None:
    """Raises the error that the tables have for the kind, origin and state of a key that the request uses."""
    for key in work.target.keys:
        if work.operation in SYMMETRIC_ONLY and not key.is_symmetric_encryption_key:
            raise KMSError("UnsupportedOperationException")
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
        raise KMSError(code, f"{key.arn} {text}.")
