"""Which requests exist, as far as kms_table.py does not say it: the ranges of values, and which keys follow from whom.

What is written here are the axioms of a proof; whatever is not, is taken to be free. Not the search for a request.
Sources: Service Authorization Reference (2026-09-26) and the KMS guide, "AWS KMS condition keys"; for aws: keys the IAM
reference, "AWS global condition context keys".

Left free, since no source settles it: tags on a root user; aws:PrincipalOrgID and other aws: keys on an AWS service.
Taken to be independent of each other: aws:ViaAWSService and kms:ViaService, aws:CurrentTime and aws:EpochTime. So a
counterexample can show a request of a kind that AWS may never see; what is proved stays true without it.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

from .. import kms_table
from ..kms_table import IN_EVERY_REQUEST, may_occur, permissions

KeyType = Literal["text", "bool", "number", "date", "address"]


_FIRST = (
    *("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:PutKeyPolicy"),
    *("kms:ScheduleKeyDeletion", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKeyWithoutPlaintext"),
    *("kms:GenerateDataKeyPair", "kms:Sign", "kms:Verify", "kms:GenerateMac", "kms:VerifyMac", "kms:GetPublicKey"),
)
_NEVER_ASKED_FOR = "kms:SynchronizeMultiRegionKey"
"""No principal of a customer ever asks for it."""

PERMISSIONS = tuple(
    dict.fromkeys(
        (*_FIRST, *(one.name for one in permissions().values() if one.on_a_key and one.name != _NEVER_ASKED_FOR))
    )
)
"""Every permission on a key, those that people know best first: a counterexample takes the first that will do."""

PAIR = "kms:encryptioncontext:"
"""How the name of a condition key on one pair of the encryption context begins, in lower case."""
PAIR_NAMES = "kms:encryptioncontextkeys"
TAG = "aws:principaltag/"

_TYPES: dict[str, KeyType] = {"Bool": "bool", "Numeric": "number", "Date": "date", "IPAddress": "address"}
# Dates that requests hold as seconds since 1970: Numeric operators read those, and Date operators too. Of kms:ValidTo
# the KMS guide has an example with NumericLessThanEquals.
_OTHER_TYPES: dict[str, KeyType] = {"aws:epochtime": "number", "kms:validto": "number"}

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
    "kms:encryptioncontext:aws:s3:arn": ("arn:aws:s3:::a-bucket/an-object", "arn:aws:s3:::a-bucket"),
    "kms:grantoperations": tuple(
        one.removeprefix("kms:") for one in (*_FIRST[:5], "kms:RetireGrant", "kms:Sign", "kms:Verify")
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
    known = kms_table.condition_key(name)
    return ConditionKey(
        name,
        _OTHER_TYPES.get(name, _TYPES.get(known.type, "text") if known else "text"),
        known is not None and known.many,
        name in IN_EVERY_REQUEST,
        _RANGES.get(name, (0, _LAST_SECOND)),
        _USUAL.get(name, _REST),
        frozenset(one for one in PERMISSIONS if may_occur(name, permissions()[one.lower()])),
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
