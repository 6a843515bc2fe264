"""AssumeRole with its trust policy: stands before moto's STS, says no as AWS does, and leaves the rest to moto.

Only where enforcement is on. It makes no session: moto does, after a yes. `Role.session` in accounts.py does not come
through here. GetCallerIdentity is answered here, since moto knows neither root users nor refused credentials, and what
moto would answer with made-up credentials is refused.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ServiceModel
from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse

from kms_katas.lab.aws_session import LOADER
from kms_katas.lab.callers import PARTITION, Caller, find_credential, identity_policies, stored_policy
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.request import counted, faults_in
from kms_katas.lab.request_keys import global_keys
from kms_katas.policy import Decision, Principal, Request, decide_assume_role, denial_message

_SIGNED_BY = re.compile(r"Credential=([^/,\s]+)/[0-9]{8}/([^/,\s]+)/")
_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:.+", re.ASCII)

_AN_HOUR = 3600
"""In seconds: the default session, and the longest of a role that is assumed by a role (STS API, DurationSeconds)."""

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""An answer that quoted one of these would reach the caller as botocore's ResponseParserError."""

_NOT_HERE = {
    "Policy": "a session policy",
    "PolicyArns": "session policies",
    "Tags": "session tags",
    "TransitiveTagKeys": "session tags",
    "SerialNumber": "an MFA device",
    "TokenCode": "an MFA code",
    "SourceIdentity": "a source identity",
    "ProvidedContexts": "trusted contexts",
}
"""Parameters of AssumeRole that change what a session may do: half obeyed, they would make a session that may more."""


_ABSENT = ("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "GetSessionToken", "GetFederationToken")
"""moto would give a session of any role, or credentials that belong to nobody."""


class _Refusal(Exception):
    """An answer of STS that is an error."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def dispatch(request: Any, full_url: str, headers: Any) -> Any:
    """What moto calls for each request to STS: (status, headers, body)."""
    asked = request.values  # the parameters of the query protocol; lists as their numbered members
    action = asked.get("Action")
    if not setting.current.enforce or action not in ("AssumeRole", "GetCallerIdentity", *_ABSENT):
        return TokenResponse.dispatch(request, full_url, headers)
    return _answered(action, request, full_url, headers, asked)


@setting.one_at_a_time
def _answered(action: str, request: Any, full_url: str, headers: Any, asked: Mapping[str, str]) -> Any:
    request_id = setting.current.randomness.uuid()
    try:
        if action in _ABSENT:
            sentence = f"{action} works on AWS, but the lab does not have it yet."
            raise _Refusal("UnsupportedOperationException", sentence)
        signed = _SIGNED_BY.search(_text(headers.get("Authorization")))
        caller = _identified(signed[1] if signed else "", _text(headers.get("X-Amz-Security-Token")) or None)
        if action == "GetCallerIdentity":
            return _caller_identity(caller, request_id)
        _require_permission(caller, asked, headers, signed[2] if signed else "us-east-1", request_id)
    except _Refusal as refusal:
        return _error(refusal, request_id)
    except Exception as fault:
        sentence = f"The lab failed inside {action} ({type(fault).__name__}). This is a fault of the lab, not yours."
        return _error(_Refusal("InternalFailure", sentence, 500), request_id)
    return TokenResponse.dispatch(request, full_url, headers)


def _caller_identity(caller: Caller, request_id: str) -> tuple[int, dict[str, str], str]:
    """Needs no permission, and no Deny can take it away (STS API reference, GetCallerIdentity)."""
    parts = {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account}
    body = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts.items())
        + f"</GetCallerIdentityResult><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>"
    )
    return 200, {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, body


def _require_permission(
    caller: Caller, asked: Mapping[str, str], headers: Mapping[str, Any], region: str, request_id: str
) -> None:
    """Raises a _Refusal, or lets the request go on to moto.

    Who calls came first and the role's longest session comes last, so that a stranger learns nothing; AWS documents no
    order.
    """
    duration = _checked(asked)
    decision = _decided(caller, asked, region, _text(headers.get("User-Agent")))
    if not decision.allowed:
        if setting.current.denied is not None:
            setting.current.denied(request_id, decision)
        raise _Refusal("AccessDenied", denial_message(decision), 403)
    _require_duration(duration, caller, asked["RoleArn"])


def _identified(access_key_id: str, session_token: str | None) -> Caller:
    credential = find_credential(access_key_id)
    if credential is None or not credential.active or credential.session_token != session_token:
        raise _Refusal("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
    if credential.expires is not None and credential.expires <= setting.now():
        raise _Refusal("ExpiredToken", "The security token included in the request is expired", 403)
    return credential.principal


def _checked(asked: Mapping[str, str]) -> int:
    """The duration in seconds, once the parameters have the form that botocore's model of STS gives them."""
    given: dict[str, Any] = {
        name: asked[name] for name in ("RoleArn", "RoleSessionName", "ExternalId") if name in asked
    }
    duration = asked.get("DurationSeconds", str(_AN_HOUR))
    if not re.fullmatch(r"-?[0-9]{1,9}", duration):
        raise _Refusal("ValidationError", "DurationSeconds must be a whole number of seconds.")
    given["DurationSeconds"] = int(duration)
    faults = faults_in(given, _input_shape())
    if faults:
        raise _Refusal("ValidationError", counted(faults))
    if not _ARN.fullmatch(asked["RoleArn"]):
        raise _Refusal("ValidationError", "Request ARN is invalid")
    missing = next(
        (what for name, what in _NOT_HERE.items() if any(one.partition(".")[0] == name for one in asked)), None
    )
    if missing is not None:
        sentence = f"AssumeRole with {missing} works on AWS, but the lab does not have it yet."
        raise _Refusal("UnsupportedOperationException", sentence)
    return int(duration)


@cache
def _input_shape() -> Any:
    model = ServiceModel(LOADER.load_service_model("sts", "service-2"), "sts")
    return model.operation_model("AssumeRole").input_shape


def _decided(caller: Caller, asked: Mapping[str, str], region: str, user_agent: str) -> Decision:
    role = _role(asked["RoleArn"])
    trust = None if role is None else stored_policy("trust policy", role.assume_role_policy_document)
    context = global_keys(caller, region, user_agent, setting.now())
    context["sts:RoleSessionName"] = asked["RoleSessionName"]
    if "ExternalId" in asked:
        context["sts:ExternalId"] = asked["ExternalId"]
    return decide_assume_role(
        Request(Principal(caller.arn, caller.role_arn), "sts:AssumeRole", asked["RoleArn"], context),
        trust,
        tuple(identity_policies(caller)),
    )


def _require_duration(duration: int, caller: Caller, role_arn: str) -> None:
    """The two texts are those of reports of real errors (2018 to 2025)."""
    role = _role(role_arn)
    if duration > int(role.max_session_duration or _AN_HOUR):
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise _Refusal("ValidationError", text)
    if caller.kind == "AssumedRole" and duration > _AN_HOUR:
        text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        raise _Refusal("ValidationError", text)


def _role(arn: str) -> Any:
    """moto's role, or None. An account that nothing was made in yet has no store, and asking would make one."""
    account = arn.split(":")[4]
    if account not in iam_backends:
        return None
    return next((role for role in iam_backends[account][PARTITION].roles.values() if role.arn == arn), None)


def _error(refusal: _Refusal, request_id: str) -> tuple[int, dict[str, str], str]:
    kind = "Sender" if refusal.status < 500 else "Receiver"
    text = escape(_NOT_IN_XML.sub("\ufffd", refusal.message))
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<Error><Type>{kind}</Type><Code>{refusal.code}</Code><Message>{text}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return refusal.status, {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, body


def _text(value: str | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
