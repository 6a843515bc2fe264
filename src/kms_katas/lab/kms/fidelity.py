"""How far each operation of the engine goes, as data: what differs from AWS.

The page docs/reference/fidelity.md is made from this and from the tables of operations and key states. A test fails by
name for an operation that is in none of these tables. Not for caveats that hold for the lab as a whole: the page has
those itself.
"""

from kms_katas.lab.kms.aws_managed import PREDEFINED

EXACT = ""

_MADE_UP = (
    "Every CloudHSM cluster and every proxy that is named is there and answers, so a connection never fails. No text "
    "of AWS is recorded."
)
_PREDEFINED = (
    f"Which predefined aliases (alias/aws/...) an account has is not documented; the lab has {len(PREDEFINED)}."
)

CAVEATS: dict[str, str] = {
    "CancelKeyDeletion": EXACT,
    "ConnectCustomKeyStore": _MADE_UP,
    "CreateAlias": "The code for a reserved or empty name (InvalidAliasNameException) follows from the API text; no "
    "recording shows it.",
    "CreateCustomKeyStore": _MADE_UP,
    "CreateGrant": "Most texts of refused parameters are the lab's own.",
    "CreateKey": "SM2 keys are refused. That ML-KEM keys cannot have the Origin EXTERNAL is taken from ML-DSA, where "
    "it is recorded.",
    "Decapsulate": "Nothing of AWS is recorded.",
    "Decrypt": "Recipient (Nitro enclaves) is refused.",
    "DeleteAlias": EXACT,
    "DeleteCustomKeyStore": _MADE_UP,
    "DeleteImportedKeyMaterial": EXACT,
    "DeriveSharedSecret": "Recipient (Nitro enclaves) is refused.",
    "DescribeCustomKeyStores": _MADE_UP,
    "DescribeKey": _PREDEFINED,
    "DisableKey": EXACT,
    "DisableKeyRotation": EXACT,
    "DisconnectCustomKeyStore": _MADE_UP,
    "EnableKey": EXACT,
    "EnableKeyRotation": EXACT,
    "Encapsulate": "Nothing of AWS is recorded.",
    "Encrypt": EXACT,
    "GenerateDataKey": "Recipient (Nitro enclaves) is refused.",
    "GenerateDataKeyPair": "Recipient (Nitro enclaves) is refused.",
    "GenerateDataKeyPairWithoutPlaintext": EXACT,
    "GenerateDataKeyWithoutPlaintext": EXACT,
    "GenerateMac": EXACT,
    "GenerateRandom": "Recipient (Nitro enclaves) is refused.",
    "GetKeyLastUsage": "A use counts at once; AWS takes up to an hour.",
    "GetKeyPolicy": EXACT,
    "GetKeyRotationStatus": "True for an AWS managed key, as the API text says; a recording of a new one has false.",
    "GetParametersForImport": "The wrapping keys come from primes that everybody can read. SM2 is "
    "refused in every Region.",
    "ImportKeyMaterial": "How the key material ID is computed is the lab's own. Private keys are read in DER; AWS "
    "takes RSA and ECC keys in BER too.",
    "GetPublicKey": EXACT,
    "ListAliases": _PREDEFINED,
    "ListGrants": "For a grant ID that the key does not have the list is empty; AWS's answer is not known.",
    "ListKeyPolicies": "The code for a bad Marker is a guess.",
    "ListKeyRotations": EXACT,
    "ListKeys": "Nothing is shared through AWS RAM, so ResourceOwners other than SELF gives an empty list.",
    "ListResourceTags": EXACT,
    "ListRetirableGrants": EXACT,
    "PutKeyPolicy": "Whether a principal exists is checked in the lab's own accounts only. Its texts for a malformed "
    "policy are the lab's, except those for principals, for ForAllValues on a pair of the encryption context or a "
    "tag of the request, and for the lockout.",
    "ReEncrypt": "Which of the two keys AWS looks at first is not documented; here it is the source.",
    "ReplicateKey": "All Regions count as enabled, and the service-linked role of multi-Region keys is there.",
    "RetireGrant": "The errors for a bad token or grant ID have texts of the lab's own.",
    "RevokeGrant": "The error for a bad grant ID has a text of the lab's own.",
    "RotateKeyOnDemand": "It ends once time passes, or after `lab.rotation_delay`; recordings show about two minutes.",
    "ScheduleKeyDeletion": "The key goes at its date to the second; AWS takes up to 24 hours longer.",
    "Sign": EXACT,
    "TagResource": "For tag 51 the code of CreateKey (TagException) is taken.",
    "UntagResource": EXACT,
    "UpdateAlias": "The error for a key of another type or usage has code and text of the lab's own.",
    "UpdateCustomKeyStore": _MADE_UP,
    "UpdateKeyDescription": EXACT,
    "UpdatePrimaryRegion": "All Regions count as enabled, and the service-linked role of multi-Region keys is there.",
    "Verify": EXACT,
    "VerifyMac": EXACT,
}
"""Operation -> what differs from AWS as far as that is known, in one sentence or two; EXACT where nothing does."""
