"""What AWS leaves open in a decision: how each point is decided here, and how else it could be read.

A decision is made once more under the other readings to see whether it rests on one of them (evaluate.py). The files
that match and decide ask for a reading where it makes a difference; no reading is in force otherwise.
"""

from collections.abc import Mapping
from typing import NamedTuple


class OpenPoint(NamedTuple):
    """What is open, as a sentence without its full stop, and the names of the other readings."""

    sentence: str
    readings: tuple[str, ...]


OPEN_POINTS: Mapping[str, OpenPoint] = {
    "grant-constraint-names": OpenPoint(
        "the API reference says that the names in a grant's constraint compare without regard to case, the developer"
        " guide that they compare exactly; here case does not count",
        ("constraint-names-with-case",),
    ),
    "session-policy-and-named-session": OpenPoint(
        "the IAM guide says that a session policy does not limit what a key policy gives to the session's own ARN or"
        " to everyone, and others have seen it limit that; here it does not",
        ("session-policy-limits-named-session",),
    ),
    "boundary-and-grant-to-user": OpenPoint(
        "AWS does not say whether a user's permissions boundary limits a grant to that user; here it does not, as it"
        " was recorded of a session",
        ("boundary-limits-grant-to-user",),
    ),
    "grant-to-account": OpenPoint(
        "AWS does not say what a grant to an account gives; here it lets the identity policies of that account decide",
        ("grant-to-account-is-enough", "grant-to-account-is-nothing"),
    ),
    "not-principal-without-account": OpenPoint(
        "AWS advises to list the account beside the caller in a NotPrincipal, and does not say what a Deny without it"
        " does; here it spares whoever is listed",
        ("not-principal-needs-account",),
    ),
    "account-beside-its-own-in-not-principal": OpenPoint(
        "AWS's example of a NotPrincipal that lists a user beside the user's account reads as if that user alone were"
        " spared; here the account stands for all its principals there, too",
        ("account-beside-its-own-spares-its-root",),
    ),
    "allow-with-not-principal": OpenPoint(
        "the IAM reference says that NotPrincipal with Allow is not supported; here it covers everyone who is not"
        " listed",
        ("allow-with-not-principal-is-nothing",),
    ),
    "multi-valued-without-qualifier": OpenPoint(
        "AWS does not say how a multi-valued key compares without ForAnyValue or ForAllValues; here such a condition"
        " never holds",
        ("multi-valued-as-any", "multi-valued-as-all"),
    ),
    "any-value-if-exists": OpenPoint(
        "AWS does not say whether ForAnyValue with ...IfExists holds where the key is absent; here it does",
        ("any-value-needs-one",),
    ),
    "grant-for-aws-resource-false": OpenPoint(
        "AWS does not say whether kms:GrantIsForAWSResource is false or absent in a call that no AWS service makes;"
        " here it is as the request says",
        ("grant-for-aws-resource-absent",),
    ),
    "wildcard-in-variable": OpenPoint(
        "AWS does not say whether a wildcard in the value of a policy variable counts; here it is plain text",
        ("variable-wildcards-count",),
    ),
    "tags-and-aliases-in-key-policy": OpenPoint(
        "AWS documents aws:ResourceTag and kms:ResourceAliases for identity policies only; here they are there for a"
        " key policy as well",
        ("no-tags-and-aliases-in-key-policy",),
    ),
    "federated-in-key-policy": OpenPoint(
        "AWS documents federated principals for role trust policies only; here they count in a key policy as well",
        ("federated-is-nothing-in-key-policy",),
    ),
}

Readings = frozenset[str]
"""The other readings in force: none in every decision that is given to anybody."""

NO_READINGS: Readings = frozenset()
