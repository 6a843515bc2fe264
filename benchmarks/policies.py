"""Twelve realistic key policies for benchmarks/prove.py: each as intended, rewritten to say the same, and with a
mistake that a reviewer could miss. All of our own writing.
"""

from typing import Any

HOME, PARTNER = "111122223333", "444455556666"
KEY = f"arn:aws:kms:eu-west-1:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
Document = dict[str, Any]

_USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
_USE_SPELLED = [
    *("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:DescribeKey"),
    *("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
    *("kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext"),
]
_ADMINISTER = [
    *("kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*"),
    *("kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource"),
    *("kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"),
]


def _role(name: str, account: str = HOME) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def _allow(principal: Any, actions: Any, condition: Document | None = None, effect: str = "Allow") -> Document:
    named = principal if principal == "*" or isinstance(principal, dict) else {"AWS": principal}
    made = {"Effect": effect, "Principal": named, "Action": actions, "Resource": "*"}
    return made | ({"Condition": condition} if condition else {})


def _deny(principal: Any, actions: Any, condition: Document | None = None) -> Document:
    return _allow(principal, actions, condition, "Deny")


def _policy(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


_DELEGATE = _allow(f"arn:aws:iam::{HOME}:root", "kms:*")
_ADMINS = _allow(_role("KeyAdmin"), _ADMINISTER)
_BY_AWS = {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def _large(faulty: bool = False, rewritten: bool = False) -> Document:
    """25 statements, 12 roles, each with its tenant, Region of service and stage."""
    body = [_DELEGATE]
    for number in range(12):
        tenant, stage = f"t{number:02}-*", "prod" if number % 2 else ["prod", "stage"]
        via = f"{'s3' if number % 3 else 'dynamodb'}.eu-*.amazonaws.com"
        equals = {"kms:EncryptionContext:stage": stage}
        like = {"kms:EncryptionContext:tenant": tenant, "kms:ViaService": via}
        if faulty and number == 7:
            del like["kms:ViaService"]
        names = [_role(f"tenant-{number:02}")]
        uses = _allow(names, ["kms:Decrypt", "kms:GenerateDataKey*"], {"StringEquals": equals, "StringLike": like})
        sees = _allow(names, "kms:DescribeKey", {"StringNotLike": {"aws:SourceVpce": f"vpce-{number}*"}})
        body += [sees, uses] if rewritten else [uses, sees]
    return _policy(*(reversed(body) if rewritten else body))


POLICIES: dict[str, tuple[Document, Document, Document]] = {
    "console default, another account": (
        _policy(
            _DELEGATE, _ADMINS, _allow([_role("app"), PARTNER], _USE), _allow(_role("app"), "kms:CreateGrant", _BY_AWS)
        ),
        _policy(
            _allow(_role("app"), "kms:CreateGrant", _BY_AWS),
            _allow(PARTNER, _USE_SPELLED),
            _allow(_role("app"), _USE_SPELLED),
            _ADMINS,
            _allow(HOME, "kms:*"),
        ),
        _policy(_DELEGATE, _ADMINS, _allow([_role("app"), PARTNER], [*_USE, "kms:CreateGrant"])),
    ),
    "kms:ViaService with wildcards": (
        _policy(
            _DELEGATE,
            _allow(_role("app"), _USE, {"StringLike": {"kms:ViaService": ["s3.*.amazonaws.com", "sqs.eu-*"]}}),
        ),
        _policy(
            _DELEGATE,
            _allow(_role("app"), _USE, {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}),
            _allow(_role("app"), _USE_SPELLED, {"StringLike": {"kms:ViaService": "sqs.eu-*"}}),
        ),
        _policy(
            _DELEGATE, _allow(_role("app"), _USE, {"StringLike": {"kms:ViaService": ["s3*.amazonaws.com", "sqs.eu-*"]}})
        ),
    ),
    "encryption context, pair and names": (
        _policy(
            _DELEGATE,
            _allow(
                _role("app"),
                "kms:Decrypt",
                {
                    "StringEquals": {"kms:EncryptionContext:app": "orders"},
                    "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["app", "stage"]},
                },
            ),
        ),
        _policy(
            _DELEGATE,
            _allow(
                _role("app"),
                "KMS:Decrypt",
                {
                    "StringLike": {"kms:encryptioncontext:app": "orders"},
                    "ForAllValues:StringLike": {"kms:EncryptionContextKeys": ["stage", "app"]},
                    "Null": {"kms:EncryptionContextKeys": "false"},
                },
            ),
        ),
        _policy(
            _DELEGATE, _allow(_role("app"), "kms:Decrypt", {"StringLike": {"kms:EncryptionContext:app": "orders*"}})
        ),
    ),
    "rotation and deletion periods": (
        _policy(
            _DELEGATE,
            _allow(
                _role("KeyAdmin"),
                "kms:EnableKeyRotation",
                {"NumericLessThanEquals": {"kms:RotationPeriodInDays": "365"}},
            ),
            _deny(
                "*",
                "kms:ScheduleKeyDeletion",
                {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}},
            ),
        ),
        _policy(
            _DELEGATE,
            _allow(
                _role("KeyAdmin"), "kms:EnableKeyRotation", {"NumericLessThan": {"kms:RotationPeriodInDays": "366"}}
            ),
            _deny(
                "*",
                "kms:ScheduleKeyDeletion",
                {"NumericLessThanEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": "29"}},
            ),
        ),
        _policy(
            _DELEGATE,
            _allow(_role("KeyAdmin"), "kms:EnableKeyRotation"),
            _deny(
                "*",
                "kms:ScheduleKeyDeletion",
                {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "29"}},
            ),
        ),
    ),
    "grants of few operations, to workers": (
        _policy(
            _DELEGATE,
            _allow(
                _role("dispatcher"),
                "kms:CreateGrant",
                {
                    "ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt", "GenerateDataKey"]},
                    "StringLike": {"kms:GranteePrincipal": _role("worker-*")},
                    "Null": {"kms:GrantOperations": "false"},
                },
            ),
        ),
        _policy(
            _DELEGATE,
            *(
                _allow(
                    _role("dispatcher"),
                    "kms:CreateGrant",
                    {
                        "ForAllValues:StringEquals": {"kms:GrantOperations": ["GenerateDataKey", "Decrypt"]},
                        "ForAnyValue:StringEquals": {"kms:GrantOperations": ["GenerateDataKey", "Decrypt"]},
                        "StringLike": {"kms:GranteePrincipal": _role("worker-" + rest)},
                    },
                )
                for rest in ("", "?*")
            ),
        ),
        _policy(
            _DELEGATE,
            _allow(
                _role("dispatcher"),
                "kms:CreateGrant",
                {
                    "ForAnyValue:StringEquals": {"kms:GrantOperations": ["Decrypt", "GenerateDataKey"]},
                    "StringLike": {"kms:GranteePrincipal": _role("worker*")},
                },
            ),
        ),
    ),
    "an organisation, and a fence around it": (
        _policy(
            _DELEGATE,
            _allow("*", ["kms:Decrypt", "kms:DescribeKey"], {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        ),
        _policy(
            _DELEGATE,
            _allow("*", "kms:DescribeKey", {"StringEquals": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5"]}}),
            _allow({"AWS": "*"}, "KMS:decrypt", {"StringEquals": {"aws:principalorgid": "o-a1b2c3d4e5"}}),
        ),
        _policy(
            _DELEGATE,
            _allow(
                "*",
                ["kms:Decrypt", "kms:DescribeKey"],
                {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
            ),
        ),
    ),
    "only through one endpoint": (
        _policy(
            _DELEGATE,
            _allow(_role("app"), _USE),
            _deny(_role("app"), _USE, {"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}),
        ),
        _policy(
            _DELEGATE,
            _allow(_role("app"), _USE_SPELLED),
            _deny(
                _role("app"), _USE_SPELLED, {"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}
            ),
        ),
        _policy(
            _DELEGATE,
            _allow(_role("app"), _USE),
            _deny(
                _role("app"),
                _USE,
                {"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}, "Null": {"aws:SourceVpce": "false"}},
            ),
        ),
    ),
    "a service, for trails of one account": (
        _policy(
            _DELEGATE,
            _allow(
                {"Service": "cloudtrail.amazonaws.com"},
                "kms:GenerateDataKey*",
                {
                    "ArnLike": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{HOME}:trail/*"},
                    "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{HOME}:trail/*"},
                },
            ),
        ),
        _policy(
            _DELEGATE,
            _allow(
                {"Service": "cloudtrail.amazonaws.com"},
                "kms:GenerateDataKey*",
                {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{HOME}:trail/*"}},
            ),
            _deny(
                {"Service": "cloudtrail.amazonaws.com"},
                "kms:*",
                {"ArnNotLike": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{HOME}:trail/*"}},
            ),
        ),
        _policy(
            _DELEGATE,
            _allow(
                {"Service": "cloudtrail.amazonaws.com"},
                "kms:GenerateDataKey*",
                {"StringLike": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{HOME}:*"}},
            ),
        ),
    ),
    "patterns on aws:PrincipalArn, break-glass": (
        _policy(
            _DELEGATE,
            _allow(
                "*",
                _USE,
                {
                    "StringEquals": {"aws:PrincipalAccount": HOME},
                    "ArnLike": {"aws:PrincipalArn": [_role("svc-*"), _role("batch/*")]},
                },
            ),
            _deny(
                "*", ["kms:PutKeyPolicy", "kms:Schedule*"], {"ArnNotLike": {"aws:PrincipalArn": _role("BreakGlass")}}
            ),
        ),
        _policy(
            _DELEGATE,
            _allow("*", _USE, {"ArnLike": {"aws:PrincipalArn": [_role("batch/*"), _role("svc-*")]}}),
            _deny(
                "*",
                ["kms:Schedule*", "kms:PutKeyPolicy"],
                {"StringNotEquals": {"aws:PrincipalArn": _role("BreakGlass")}},
            ),
        ),
        _policy(
            _DELEGATE,
            _allow("*", _USE, {"StringLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/svc-*", _role("batch/*")]}}),
            _deny("*", ["kms:PutKeyPolicy", "kms:Schedule*"], {"ArnNotLike": {"aws:PrincipalArn": _role("Break*")}}),
        ),
    ),
    "variables: name and team": (
        _policy(
            _DELEGATE,
            _allow(
                "*",
                ["kms:Encrypt", "kms:Decrypt"],
                {"StringEquals": {"kms:EncryptionContext:user": "${aws:username}", "kms:CallerAccount": HOME}},
            ),
            _allow(
                _role("team"),
                "kms:Decrypt",
                {"StringEquals": {"kms:EncryptionContext:team": "${aws:PrincipalTag/team}"}},
            ),
        ),
        _policy(
            _DELEGATE,
            _allow(
                "*",
                ["kms:Encrypt", "kms:Decrypt"],
                {
                    "StringLike": {"kms:EncryptionContext:user": "${aws:username}"},
                    "StringEquals": {"aws:PrincipalAccount": HOME},
                },
            ),
            _allow(
                _role("team"),
                "kms:Decrypt",
                {"StringEquals": {"kms:EncryptionContext:team": ["${aws:PrincipalTag/team}"]}},
            ),
        ),
        _policy(
            _DELEGATE,
            _allow(
                "*",
                ["kms:Encrypt", "kms:Decrypt"],
                {
                    "StringLike": {"kms:EncryptionContext:user": "${aws:username}*"},
                    "StringEquals": {"aws:PrincipalAccount": HOME},
                },
            ),
            _allow(
                _role("team"),
                "kms:Decrypt",
                {"StringEqualsIfExists": {"kms:EncryptionContext:team": "${aws:PrincipalTag/team}"}},
            ),
        ),
    ),
    "address, second factor and date": (
        _policy(
            _DELEGATE,
            _allow(
                _role("ops"),
                _USE,
                {
                    "IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/25"]},
                    "Bool": {"aws:MultiFactorAuthPresent": "true"},
                    "DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"},
                },
            ),
        ),
        _policy(
            _DELEGATE,
            _allow(
                _role("ops"),
                _USE,
                {
                    "IpAddress": {"aws:SourceIp": ["203.0.113.0/25", "203.0.113.128/25", "198.51.100.0/25"]},
                    "Bool": {"aws:MultiFactorAuthPresent": True},
                    "DateLessThanEquals": {"aws:CurrentTime": "2026-12-31T23:59:59Z"},
                },
            ),
        ),
        _policy(
            _DELEGATE,
            _allow(
                _role("ops"),
                _USE,
                {
                    "IpAddress": {"aws:SourceIp": ["203.0.112.0/23", "198.51.100.0/25"]},
                    "BoolIfExists": {"aws:MultiFactorAuthPresent": "true"},
                    "DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"},
                },
            ),
        ),
    ),
    "25 statements, 12 roles": (_large(), _large(rewritten=True), _large(faulty=True)),
}
"""Name -> (as intended, rewritten, faulty)."""

INFIXES = _policy(
    *(
        _allow(_role("app"), "kms:Decrypt", {"StringLike": {"kms:ViaService": f"*p{number:02}*"}})
        for number in range(10)
    )
)
"""Ten wildcards in the middle of texts on one key, the dearest thing that a few lines of policy can ask."""
