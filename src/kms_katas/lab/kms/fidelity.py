"""How far each operation of the engine goes, as data: what differs from AWS, and what is absent.

The page docs/reference/fidelity.md is made from this and from the tables of operations and key states. A test fails by
name for an operation that is in none of these tables. Not for caveats that hold for the lab as a whole: the page has
those itself.
"""

EXACT = ""

CAVEATS: dict[str, str] = {
    "CancelKeyDeletion": EXACT,
    "CreateAlias": "The code for a reserved or empty name (InvalidAliasNameException) follows from the API text; no "
    "recording shows it.",
    "CreateKey": "Symmetric encryption keys of one Region, of origin AWS_KMS or EXTERNAL. Any other kind answers "
    "UnsupportedOperationException.",
    "Decrypt": "Symmetric keys. Recipient (Nitro enclaves) is refused.",
    "DeleteAlias": EXACT,
    "DeleteImportedKeyMaterial": EXACT,
    "DescribeKey": "Which predefined aliases (alias/aws/...) an account has is not documented; the lab has 14.",
    "DisableKey": EXACT,
    "DisableKeyRotation": EXACT,
    "EnableKey": EXACT,
    "EnableKeyRotation": EXACT,
    "Encrypt": "Symmetric keys.",
    "GenerateDataKey": "Recipient (Nitro enclaves) is refused.",
    "GenerateDataKeyWithoutPlaintext": EXACT,
    "GenerateRandom": "Recipient and CustomKeyStoreId are refused.",
    "GetKeyPolicy": EXACT,
    "GetKeyRotationStatus": EXACT,
    "GetParametersForImport": "For symmetric keys. The wrapping keys come from primes that everybody can read. SM2 is "
    "refused in every Region.",
    "ImportKeyMaterial": "For symmetric keys. How the key material ID is computed is the lab's own.",
    "ListAliases": "Predefined aliases (alias/aws/...) that have no key yet are not listed.",
    "ListKeyPolicies": "The code for a bad Marker is a guess.",
    "ListKeyRotations": EXACT,
    "ListKeys": "Nothing is shared through AWS RAM, so ResourceOwners other than SELF gives an empty list.",
    "ListResourceTags": EXACT,
    "PutKeyPolicy": "Whether a principal exists is checked in the lab's own accounts only. Its texts for a malformed "
    "policy are the lab's, except those for principals and for the lockout.",
    "ReEncrypt": "Symmetric keys. Which of the two keys AWS looks at first is not documented; here it is the source.",
    "RotateKeyOnDemand": "The new material is current with the next call; AWS takes about two minutes.",
    "ScheduleKeyDeletion": "The key goes at its date to the second; AWS takes up to 24 hours longer.",
    "TagResource": "For tag 51 the code of CreateKey (TagException) is taken.",
    "UntagResource": EXACT,
    "UpdateAlias": EXACT,
    "UpdateKeyDescription": EXACT,
}
"""Operation -> what differs from AWS as far as that is known, in one sentence or two; EXACT where nothing does."""

ABSENT: frozenset[str] = frozenset(
    {
        "ConnectCustomKeyStore",
        "CreateCustomKeyStore",
        "CreateGrant",
        "Decapsulate",
        "DeleteCustomKeyStore",
        "DeriveSharedSecret",
        "DescribeCustomKeyStores",
        "DisconnectCustomKeyStore",
        "Encapsulate",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateMac",
        "GetKeyLastUsage",
        "GetPublicKey",
        "ListGrants",
        "ListRetirableGrants",
        "ReplicateKey",
        "RetireGrant",
        "RevokeGrant",
        "Sign",
        "UpdateCustomKeyStore",
        "UpdatePrimaryRegion",
        "Verify",
        "VerifyMac",
    }
)
"""Operations of KMS that the engine does not have. Their callers get UnsupportedOperationException and a sentence."""
