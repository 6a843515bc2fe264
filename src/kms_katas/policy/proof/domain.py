"""Which requests exist: the permissions on a key, which condition keys a request for one can carry, and of what type.

What is written here are the axioms of a proof; whatever is not, is taken to be free. Not the search for a request.
Sources: Service Authorization Reference (2026-09-26) and the KMS guide, "AWS KMS condition keys"; for aws: keys the IAM
reference, "AWS global condition context keys".

Left free, since no source settles it: tags on a root user; aws:PrincipalOrgID and other aws: keys on an AWS service.
Taken to be independent of each other: aws:ViaAWSService and kms:ViaService, aws:CurrentTime and aws:EpochTime. So a
counterexample can show a request of a kind that AWS may never see; what is proved stays true without it.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

KeyType = Literal["text", "bool", "number", "date", "address"]


def _permissions(names: str) -> tuple[str, ...]:
    return tuple("kms:" + name for name in names.split())


PERMISSIONS = _permissions(
    "Decrypt Encrypt GenerateDataKey DescribeKey CreateGrant PutKeyPolicy ScheduleKeyDeletion ReEncryptFrom ReEncryptTo"
    " GenerateDataKeyWithoutPlaintext GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext Sign Verify GenerateMac"
    " VerifyMac GetPublicKey DeriveSharedSecret Encapsulate Decapsulate GetKeyPolicy DisableKey EnableKey"
    " CancelKeyDeletion ListGrants RevokeGrant RetireGrant EnableKeyRotation DisableKeyRotation GetKeyRotationStatus"
    " RotateKeyOnDemand ListKeyRotations GetKeyLastUsage TagResource UntagResource ListResourceTags CreateAlias"
    " UpdateAlias DeleteAlias UpdateKeyDescription ListKeyPolicies GetParametersForImport ImportKeyMaterial"
    " DeleteImportedKeyMaterial ReplicateKey UpdatePrimaryRegion"
)
"""Every permission on a key, those that people know best first: a counterexample takes the first that will do.

kms:SynchronizeMultiRegionKey is left out: no principal of a customer ever asks for it.
"""

_CONTEXT = _permissions(
    "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair"
    " GenerateDataKeyPairWithoutPlaintext CreateGrant"
)
_ENCLAVE = _permissions("Decrypt DeriveSharedSecret GenerateDataKey GenerateDataKeyPair")

PAIR = "kms:encryptioncontext:"
"""How the name of a condition key on one pair of the encryption context begins, in lower case."""
PAIR_NAMES = "kms:encryptioncontextkeys"
TAG = "aws:principaltag/"

# Condition key in lower case, or how it begins -> the permissions whose requests can have it.
_ONLY_WITH: dict[str, tuple[str, ...]] = {
    PAIR: _CONTEXT,
    PAIR_NAMES: _CONTEXT,
    "kms:bypasspolicylockoutsafetycheck": _permissions("PutKeyPolicy"),
    "kms:datakeypairspec": _permissions("GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext"),
    "kms:encryptionalgorithm": _CONTEXT[:-1],
    "kms:expirationmodel": _permissions("ImportKeyMaterial"),
    "kms:grantconstraintsourcearn": _permissions("CreateGrant"),
    "kms:grantconstrainttype": _permissions("CreateGrant RetireGrant"),
    "kms:grantisforawsresource": _permissions("CreateGrant ListGrants RevokeGrant"),
    "kms:grantoperations": _permissions("CreateGrant"),
    "kms:granteeprincipal": _permissions("CreateGrant"),
    "kms:granteeserviceprincipal": _permissions("CreateGrant"),
    "kms:keyagreementalgorithm": _permissions("DeriveSharedSecret"),
    "kms:macalgorithm": _permissions("GenerateMac VerifyMac"),
    "kms:messagetype": _permissions("Sign Verify"),
    "kms:policyname": _permissions("GetKeyPolicy PutKeyPolicy"),
    "kms:primaryregion": _permissions("UpdatePrimaryRegion"),
    "kms:reencryptonsamekey": _permissions("ReEncryptFrom ReEncryptTo"),
    "kms:recipientattestation:": _ENCLAVE,
    "kms:replicaregion": _permissions("ReplicateKey"),
    "kms:requestalias": _permissions(
        "Decrypt DeriveSharedSecret DescribeKey Encrypt GenerateDataKey GenerateDataKeyPair GenerateMac GetPublicKey"
        " GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo Sign Verify"
        " VerifyMac Encapsulate Decapsulate"
    ),
    "kms:retiringprincipal": _permissions("CreateGrant"),
    "kms:retiringserviceprincipal": _permissions("CreateGrant"),
    "kms:rotationperiodindays": _permissions("EnableKeyRotation"),
    "kms:schedulekeydeletionpendingwindowindays": _permissions("ScheduleKeyDeletion"),
    "kms:signingalgorithm": _permissions("Sign Verify"),
    "kms:trailingdayswithoutkeyusage": _permissions("DisableKey ScheduleKeyDeletion"),
    "kms:validto": _permissions("ImportKeyMaterial"),
    "kms:wrappingalgorithm": _permissions("GetParametersForImport"),
    "kms:wrappingkeyspec": _permissions("GetParametersForImport"),
    "aws:requesttag/": _permissions("TagResource"),
    "aws:tagkeys": _permissions("TagResource UntagResource"),
    # With every permission on a key.
    "kms:viaservice": PERMISSIONS,
    "kms:calleraccount": PERMISSIONS,
    "kms:keyorigin": PERMISSIONS,
    "kms:keyspec": PERMISSIONS,
    "kms:keyusage": PERMISSIONS,
    "kms:multiregion": PERMISSIONS,
    "kms:multiregionkeytype": PERMISSIONS,
    "kms:resourcealiases": PERMISSIONS,
    "kms:customermasterkeyspec": (),
    "kms:customermasterkeyusage": (),
}

# In every request on a key. The properties are those of the key itself.
_ALWAYS = frozenset(
    {
        "kms:keyorigin",
        "kms:keyspec",
        "kms:keyusage",
        "kms:multiregion",
        "aws:currenttime",
        "aws:epochtime",
        "aws:viaawsservice",
        "aws:securetransport",
    }
)

_SEVERAL_VALUES = frozenset(
    {
        "kms:encryptioncontextkeys",
        "kms:grantoperations",
        "kms:resourcealiases",
        "aws:tagkeys",
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:principalservicenameslist",
    }
)

_TYPES: dict[str, KeyType] = {
    "kms:bypasspolicylockoutsafetycheck": "bool",
    "kms:grantisforawsresource": "bool",
    "kms:multiregion": "bool",
    "kms:reencryptonsamekey": "bool",
    "aws:multifactorauthpresent": "bool",
    "aws:viaawsservice": "bool",
    "aws:securetransport": "bool",
    "aws:principalisawsservice": "bool",
    "kms:rotationperiodindays": "number",
    "kms:schedulekeydeletionpendingwindowindays": "number",
    "kms:trailingdayswithoutkeyusage": "number",
    "aws:multifactorauthage": "number",
    "aws:epochtime": "number",
    "kms:validto": "date",
    "aws:currenttime": "date",
    "aws:tokenissuetime": "date",
    "aws:sourceip": "address",
    "aws:vpcsourceip": "address",
}

_LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z
# The periods are those that EnableKeyRotation and ScheduleKeyDeletion accept (KMS API reference).
_RANGES: dict[str, tuple[int, int]] = {
    "kms:rotationperiodindays": (90, 2560),
    "kms:schedulekeydeletionpendingwindowindays": (7, 30),
    "kms:trailingdayswithoutkeyusage": (0, 36500),
    "aws:multifactorauthage": (0, 129600),
}

# Values that a person would expect under a key. They are looked at first, so that an example reads like a real request.
_USUAL: dict[str, tuple[str, ...]] = {
    "kms:viaservice": tuple(
        f"{service}.{region}.amazonaws.com"
        for region in ("us-east-1", "us-west-2", "eu-west-1")
        for service in ("s3", "ec2", "rds", "secretsmanager", "dynamodb", "lambda")
    ),
    "kms:grantoperations": tuple(
        name.removeprefix("kms:") for name in (*PERMISSIONS[:4], *_permissions("CreateGrant RetireGrant Sign Verify"))
    ),
    "kms:keyspec": ("SYMMETRIC_DEFAULT", "RSA_2048", "ECC_NIST_P256", "HMAC_256"),
    "kms:keyusage": ("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),
    "kms:keyorigin": ("AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"),
    "kms:encryptionalgorithm": ("SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"),
    "kms:signingalgorithm": ("ECDSA_SHA_256", "RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"),
    "kms:macalgorithm": ("HMAC_SHA_256", "HMAC_SHA_512"),
    "kms:messagetype": ("RAW", "DIGEST"),
    "kms:requestalias": ("alias/app", "alias/other"),
    "kms:resourcealiases": ("alias/app", "alias/other"),
    "kms:granteeprincipal": ("arn:aws:iam::111122223333:role/anyone", "arn:aws:iam::444455556666:role/anyone"),
    "kms:retiringprincipal": ("arn:aws:iam::111122223333:role/anyone",),
    "kms:grantconstrainttype": ("EncryptionContextSubset", "EncryptionContextEquals"),
    "kms:multiregionkeytype": ("PRIMARY", "REPLICA"),
    "aws:principalorgid": ("o-exampleorgid", "o-anotherorg"),
    "aws:sourcevpc": ("vpc-0abc1234", "vpc-0def5678"),
    "aws:sourcevpce": ("vpce-0abc1234", "vpce-0def5678"),
    "aws:sourceaccount": ("444455556666", "999988887777"),
    "aws:sourcearn": ("arn:aws:s3:::anything", "arn:aws:sns:us-east-1:444455556666:anything"),
    "aws:sourceip": ("192.0.2.44", "198.51.100.7", "203.0.113.9", "10.0.0.5", "2001:db8::1"),
    "aws:vpcsourceip": ("10.0.0.5", "172.16.0.5", "192.0.2.44"),
    "aws:currenttime": ("2026-06-01T12:00:00Z", "2030-01-01T00:00:00Z"),
    "aws:epochtime": ("1780315200", "1893456000"),
    "aws:requestedregion": ("us-east-1", "us-west-2", "eu-west-1"),
}
_REST = ("other", "another")


class ConditionKey(NamedTuple):
    """One condition key, as far as a proof needs to know it. `name` is in lower case; `range` holds whole numbers."""

    name: str
    type: KeyType
    several: bool
    always: bool
    range: tuple[int, int]
    usual: tuple[str, ...]
    permissions: frozenset[str]


@lru_cache(maxsize=1024)
def condition_key(name: str) -> ConditionKey:
    """What is known of a key, by its lower-case name. A key of no kind that KMS has occurs in no request."""
    prefix = next((known for known in _ONLY_WITH if known[-1] in ":/" and name.startswith(known)), name)
    unknown = () if name.startswith("kms:") else PERMISSIONS
    return ConditionKey(
        name,
        _TYPES.get(name, "text"),
        name in _SEVERAL_VALUES,
        name in _ALWAYS,
        _RANGES.get(name, (0, _LAST_SECOND)),
        _USUAL.get(name, _REST),
        frozenset(_ONLY_WITH.get(prefix, unknown)),
    )


def of_principal(name: str) -> bool:
    """Whether the key follows from who calls, or from the key that is asked for, so that no caller can choose it.

    The tags of a principal are not among them: any user and any session can have any.
    """
    return name in _OF_PRINCIPAL


_OF_PRINCIPAL = frozenset(
    {
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principaltype",
        "aws:principalisawsservice",
        "aws:principalservicename",
        "aws:username",
        "aws:resourceaccount",
        "aws:securetransport",
        "kms:calleraccount",
    }
)
