"""What AssumeRole is asked to make: its parameters read and held against AWS's limits, and the terms of the session
that come of them. Not for whether the caller may: sts.py asks.

The texts on tags and on the packed size are those of reports of real errors. Not documented, and so uncertain here: in
which order AWS finds several faults, the code for a policy of more than 2,048 characters, and how it packs.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from botocore.model import ServiceModel

from kms_katas.lab.aws_session import LOADER
from kms_katas.lab.callers import Caller, with_tags
from kms_katas.lab.kms.request import counted, faults_in
from kms_katas.lab.sessions import SessionTerms
from kms_katas.lab.stored_policies import managed_policy
from kms_katas.policy import PolicyError, parse_document

AN_HOUR = 3600
"""In seconds: the default session, and the longest of a role that is assumed by a role (STS API, DurationSeconds)."""

_HALF_A_DAY = 12 * AN_HOUR
"""In seconds: the default session of a user (STS API, GetSessionToken)."""

_PLAINTEXT, _ARNS, _TAGS = 2048, 10, 50
"""The limits of STS: characters of the session policies together, managed ones, tags (STS API, AssumeRole)."""

_PACKED = 2048
"""Bytes that stand for the packed size allowed: the lab's own figure, for AWS publishes neither format nor limit."""

_NOT_HERE = {"ProvidedContexts": "trusted contexts"}
"""Parameters that change what a session may do: half obeyed, they would make a session that may more."""

_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:.+", re.ASCII)
_TAG_KEY = re.compile(r"[\w .:/=+\-@]{1,128}")
_TAG_VALUE = re.compile(r"[\w .:/=+\-@]{0,256}")


class Refusal(Exception):
    """An answer of STS that is an error."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class AskedSession:
    """`tags` are those of the request, `inherited` those that the caller's own session passes on. `transitive` names
    the tags that this session passes on. `source_identity` is the one asked for or inherited.
    """

    role_arn: str
    name: str
    duration: int
    external_id: str | None = None
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    inherited: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    mfa: tuple[str, str] | None = None
    """Serial number of the device, and its code."""

    @property
    def all_tags(self) -> Mapping[str, str]:
        return with_tags(self.inherited, self.tags)

    @property
    def packed_percent(self) -> int | None:
        """How much of the packed size is used; None for a session without policies and tags."""
        said = [self.policy or "", *self.policy_arns, *(text for pair in self.all_tags.items() for text in pair)]
        if not any(said):
            return None
        return -(-100 * len(zlib.compress("\0".join(said).encode(), 9)) // _PACKED)

    def terms(self, role_id: str, now: datetime) -> SessionTerms:
        """A session of a role never counts as made with MFA, also where a code was given: the code is for the trust
        policy alone (IAM guide, "Configuring MFA-protected API access").
        """
        passing = frozenset(name.lower() for name in (*self.inherited, *self.transitive))
        return SessionTerms(now, role_id, self.policy, self.policy_arns, self.all_tags, passing, self.source_identity)


def read_assume_role(asked: Mapping[str, str], caller: Caller) -> AskedSession:
    """From the parameters of the query protocol, where lists are numbered members. Raises Refusal."""
    names = ("RoleArn", "RoleSessionName", "ExternalId", "Policy", "SourceIdentity", "SerialNumber", "TokenCode")
    given: dict[str, Any] = {name: asked[name] for name in names if name in asked}
    given["DurationSeconds"] = _duration(asked.get("DurationSeconds", str(AN_HOUR)))
    given["TransitiveTagKeys"] = None  # its pattern is one that Python cannot read; see _read_tags
    faults = faults_in(given, _input_shape("AssumeRole"))
    arns = tuple(members(asked, "PolicyArns", "arn"))
    transitive = tuple(members(asked, "TransitiveTagKeys"))
    tags = list(zip(members(asked, "Tags", "Key"), members(asked, "Tags", "Value"), strict=False))
    policy = asked.get("Policy")
    faults += _too_much("policyArns", len(arns), _ARNS)
    faults += _too_much("tags", len(tags), _TAGS)
    faults += _too_much("transitiveTagKeys", len(transitive), _TAGS)
    faults += _too_much("policy", len(policy or "") + sum(map(len, arns)), _PLAINTEXT)
    if faults:
        raise Refusal("ValidationError", counted(faults))
    if not _ARN.fullmatch(asked["RoleArn"]):
        raise Refusal("ValidationError", "Request ARN is invalid")
    missing = next((what for name, what in _NOT_HERE.items() if any(one.startswith(f"{name}.") for one in asked)), None)
    if missing is not None:
        sentence = f"AssumeRole with {missing} works on AWS, but the lab does not have it yet."
        raise Refusal("UnsupportedOperationException", sentence)
    inherited = inherited_tags(caller)
    session = AskedSession(
        asked["RoleArn"],
        asked["RoleSessionName"],
        given["DurationSeconds"],
        asked.get("ExternalId"),
        policy,
        arns,
        _read_tags(tags, transitive, inherited),
        inherited,
        transitive,
        _source_identity(asked, caller),
        _mfa(asked),
    )
    _require_sound_policies(session)
    if (percent := session.packed_percent or 0) > 100:
        text = f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
        raise Refusal("PackedPolicyTooLarge", text)
    return session


def read_get_session_token(asked: Mapping[str, str]) -> tuple[int, tuple[str, str] | None]:
    """The duration in seconds, and serial number and code of an MFA device. Raises Refusal."""
    given: dict[str, Any] = {name: asked[name] for name in ("SerialNumber", "TokenCode") if name in asked}
    given["DurationSeconds"] = duration = _duration(asked.get("DurationSeconds", str(_HALF_A_DAY)))
    if faults := faults_in(given, _input_shape("GetSessionToken")):
        raise Refusal("ValidationError", counted(faults))
    return duration, _mfa(asked)


def members(asked: Mapping[str, str], name: str, part: str = "") -> list[str]:
    """The values of "Name.member.1.part", in the order of their numbers."""
    found = {}
    for parameter, value in asked.items():
        if place := re.fullmatch(rf"{name}\.member\.([0-9]{{1,4}}){re.escape('.' + part) if part else ''}", parameter):
            found[int(place[1])] = value
    return [found[number] for number in sorted(found)]


def _duration(text: str) -> int:
    """Code and forms recorded on 2026-09-12 (radkawar/stackd, testdata/aws/sts/query_inputs.json); the text is ours."""
    if not re.fullmatch(r"[+-]?[0-9]{1,12}", text, re.ASCII) or int(text) >= 2**31:
        raise Refusal("MalformedInput", "DurationSeconds must be a whole number of seconds.")
    return int(text)


def _mfa(asked: Mapping[str, str]) -> tuple[str, str] | None:
    """Serial number and code. One without the other is no MFA: what a policy then asks for is missing."""
    if "SerialNumber" in asked and "TokenCode" in asked:
        return asked["SerialNumber"], asked["TokenCode"]
    return None


def _too_much(what: str, size: int, most: int) -> list[str]:
    """AWS's text for it, without the value: it would be as long as what it refuses."""
    rule = f"Member must have length less than or equal to {most}"
    return [f"Value at '{what}' failed to satisfy constraint: {rule}"] if size > most else []


def inherited_tags(caller: Caller) -> dict[str, str]:
    """Those that the caller's own session passes on."""
    terms = caller.session
    if terms is None:
        return {}
    return {name: value for name, value in terms.tags.items() if name.lower() in terms.transitive}


def _read_tags(
    tags: list[tuple[str, str]], transitive: tuple[str, ...], inherited: Mapping[str, str]
) -> dict[str, str]:
    passed = {name.lower() for name in inherited}
    seen: dict[str, str] = {}
    for key, value in tags:
        if not _TAG_KEY.fullmatch(key) or not _TAG_VALUE.fullmatch(value) or key.lower().startswith("aws:"):
            sentence = f"The session tag {key!r} has a key or a value that no tag can have."
            raise Refusal("ValidationError", sentence)
        if key.lower() in {one.lower() for one in seen}:
            sentence = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
            raise Refusal("InvalidParameterValue", sentence)
        if key.lower() in passed:
            raise Refusal(
                "InvalidParameterValue",
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key"
                " from the calling session.",
            )
        seen[key] = value
    if any(name.lower() not in {one.lower() for one in seen} for name in transitive):
        sentence = "The specified transitive tag key must be included in the requested tags."
        raise Refusal("InvalidParameterValue", sentence)
    return seen


def _source_identity(asked: Mapping[str, str], caller: Caller) -> str:
    """Once set it stays through a chain of roles, and nobody changes it (IAM guide, "Monitor and control actions taken
    with assumed roles"); the words for who tries are ours.
    """
    inherited = caller.session.source_identity if caller.session is not None else ""
    wanted = asked.get("SourceIdentity", inherited)
    if inherited and wanted != inherited:
        sentence = f"The source identity of this session is {inherited}, and it cannot be changed in a chain of roles."
        raise Refusal("AccessDenied", sentence, 403)
    return wanted


def _require_sound_policies(session: AskedSession) -> None:
    """The sentences are ours, but for the code."""
    if session.policy is not None:
        try:
            document = parse_document(session.policy)
        except PolicyError as error:
            raise Refusal("MalformedPolicyDocument", f"The session policy cannot be used. {error}") from None
        if "Principal" in (text := str(document)) and ("'Principal'" in text or "'NotPrincipal'" in text):
            raise Refusal("MalformedPolicyDocument", "A session policy names no Principal: it is the session's own.")
    account = session.role_arn.split(":")[4]
    unknown = next((arn for arn in session.policy_arns if managed_policy(account, arn) is None), None)
    if unknown is not None:
        where = f"in account {account}, where the role is"
        raise Refusal("ValidationError", f"There is no policy {unknown} {where}: a session policy must be there.")


@cache
def _input_shape(operation: str) -> Any:
    model = ServiceModel(LOADER.load_service_model("sts", "service-2"), "sts")
    return model.operation_model(operation).input_shape
