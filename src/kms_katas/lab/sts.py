"""AssumeRole, GetSessionToken and GetCallerIdentity, asked and answered as AWS does; they stand before moto's STS.

Only where enforcement is on. `Role.session` and `Principal.mfa_session` in accounts.py do not come through here. What
moto would answer with made-up credentials is refused.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse

from kms_katas.lab.callers import PARTITION, Caller, find_credential
from kms_katas.lab.documents import documents_about, principal_of
from kms_katas.lab.kms import setting
from kms_katas.lab.mfa import is_right_code, is_users_device
from kms_katas.lab.network import in_force
from kms_katas.lab.request_keys import Context, global_keys
from kms_katas.lab.session_request import AN_HOUR, AskedSession, Refusal, read_assume_role, read_get_session_token
from kms_katas.lab.sessions import new_role_session, new_user_session
from kms_katas.lab.stored_policies import named_policy
from kms_katas.lab.sts_trail import log_request
from kms_katas.policy import Decision, Request, decide_assume_role, denial_message

_SIGNED_BY = re.compile(r"Credential=([^/,\s]+)/[0-9]{8}/([^/,\s]+)/")

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""An answer that quoted one of these would reach the caller as botocore's ResponseParserError."""

_ABSENT = ("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "GetFederationToken")
"""moto would give a session of any role, or credentials that belong to nobody."""


def dispatch(request: Any, full_url: str, headers: Any) -> Any:
    """What moto calls for each request to STS: (status, headers, body)."""
    asked = request.values  # the parameters of the query protocol; lists as their numbered members
    action = asked.get("Action")
    if not setting.current.enforce or action not in (*_ANSWERS, *_ABSENT):
        return TokenResponse.dispatch(request, full_url, headers)
    return _answered(action, headers, asked)


@setting.one_at_a_time
def _answered(action: str, headers: Any, asked: Mapping[str, str]) -> tuple[int, dict[str, str], str]:
    request_id = setting.current.randomness.uuid()
    try:
        if action in _ABSENT:
            sentence = f"{action} works on AWS, but the lab does not have it yet."
            raise Refusal("UnsupportedOperationException", sentence)
        signed = _SIGNED_BY.search(_text(headers.get("Authorization")))
        caller = _identified(signed[1] if signed else "", _text(headers.get("X-Amz-Security-Token")) or None)
        origin = (signed[2] if signed else "us-east-1", _text(headers.get("User-Agent")))
        try:
            result = _ANSWERS[action](caller, asked, origin, request_id)
        except Refusal as refusal:
            log_request(action, caller, asked, origin, request_id, refusal)
            raise
        log_request(action, caller, asked, origin, request_id, result)
        return _response(action, result, request_id)
    except Refusal as refusal:
        return _error(refusal, request_id)
    except Exception as fault:
        sentence = f"The lab failed inside {action} ({type(fault).__name__}). This is a fault of the lab, not yours."
        return _error(Refusal("InternalFailure", sentence, 500), request_id)


def _identified(access_key_id: str, session_token: str | None) -> Caller:
    credential = find_credential(access_key_id)
    if credential is None or not credential.active or credential.session_token != session_token:
        raise Refusal("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
    if credential.expires is not None and credential.expires <= setting.now():
        raise Refusal("ExpiredToken", "The security token included in the request is expired", 403)
    return credential.principal


def _caller_identity(caller: Caller, asked: Mapping[str, str], origin: tuple[str, str], request_id: str) -> "_Result":
    """Needs no permission, and no Deny can take it away (STS API reference, GetCallerIdentity)."""
    return {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account}


def _assume_role(caller: Caller, asked: Mapping[str, str], origin: tuple[str, str], request_id: str) -> "_Result":
    """Who calls came first and the role's longest session comes last, so that a stranger learns nothing; AWS documents
    no order.
    """
    session = read_assume_role(asked, caller)
    with_mfa = _mfa_time(caller, session.mfa) is not None
    for decision in _decisions(caller, session, origin, with_mfa):
        if not decision.allowed:
            if setting.current.denied is not None:
                setting.current.denied(request_id, decision)
            raise Refusal("AccessDenied", denial_message(decision), 403)
    role = _role(session.role_arn)
    _require_duration(session.duration, caller, role)
    terms = session.terms(role.id, setting.now())
    made = new_role_session(role, session.name, session.duration, terms)
    result: _Result = {
        "Credentials": _credentials(made.access_key_id, made.secret_access_key, made.session_token, made.expiration),
        "AssumedRoleUser": {"AssumedRoleId": made.user_id, "Arn": made.arn},
    }
    if session.packed_percent is not None:
        result["PackedPolicySize"] = str(session.packed_percent)
    if session.source_identity:
        result["SourceIdentity"] = session.source_identity
    return result


def _session_token(caller: Caller, asked: Mapping[str, str], origin: tuple[str, str], request_id: str) -> "_Result":
    """Needs no permission (STS API reference, GetSessionToken). The text for a session that asks is seen in reports."""
    if caller.session is not None or caller.kind == "AssumedRole":
        raise Refusal("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
    duration, mfa = read_get_session_token(asked)
    if caller.kind == "Root":
        duration = min(duration, AN_HOUR)
    key, session = new_user_session(caller.entity, caller.account, duration, setting.now(), _mfa_time(caller, mfa))
    return {"Credentials": _credentials(key.access_key_id, key.secret_access_key, session.token, session.expires)}


_Result = dict[str, str | dict[str, str]]

_ANSWERS = {
    "AssumeRole": _assume_role,
    "GetSessionToken": _session_token,
    "GetCallerIdentity": _caller_identity,
}


def _mfa_time(caller: Caller, mfa: tuple[str, str] | None) -> datetime | None:
    """The two texts are those of reports of real errors."""
    if mfa is None:
        return None
    serial_number, code = mfa
    if not is_users_device(caller, serial_number):
        text = (
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is"
            " valid and associated with this user."
        )
        raise Refusal("AccessDenied", text, 403)
    if not is_right_code(caller, serial_number, code, setting.now()):
        raise Refusal("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ", 403)
    return setting.now()


def _decisions(caller: Caller, session: AskedSession, origin: tuple[str, str], with_mfa: bool) -> Iterator[Decision]:
    """On each permission that the request needs, in turn: tags need one of their own, a source identity too, also those
    that a session inherits (IAM guide, "Pass session tags in AWS STS", "Monitor and control actions taken with assumed
    roles").
    """
    role = _role(session.role_arn)
    trust = None if role is None else named_policy("trust policy", role.assume_role_policy_document)
    documents = documents_about(caller, session.role_arn.split(":")[4], replace(in_force.get(), endpoint=None))
    context = _context(caller, session, origin, with_mfa)
    actions = ["sts:AssumeRole"]
    if session.all_tags:
        actions.append("sts:TagSession")
    if session.source_identity:
        actions.append("sts:SetSourceIdentity")
    for action in actions:
        request = Request(principal_of(caller), action, session.role_arn, context)
        yield decide_assume_role(request, trust, documents.identity, documents)


def _context(caller: Caller, session: AskedSession, origin: tuple[str, str], with_mfa: bool) -> Context:
    """Whether the tags that a session inherits are in aws:RequestTag is told by example only (IAM guide, "Chaining
    roles with session tags"); here they are. An endpoint of the lab is one of KMS, so none is between.
    """
    route = replace(in_force.get(), endpoint=None)
    context = global_keys(caller, *origin, setting.now(), route, session.role_arn.split(":")[4])
    context["sts:RoleSessionName"] = session.name
    if session.external_id is not None:
        context["sts:ExternalId"] = session.external_id
    if session.source_identity:
        context["sts:SourceIdentity"] = session.source_identity
    if session.all_tags:
        context |= {f"aws:RequestTag/{name}": value for name, value in session.all_tags.items()}
        context["aws:TagKeys"] = tuple(session.all_tags)
    if session.transitive:
        context["sts:TransitiveTagKeys"] = session.transitive
    if with_mfa:
        context |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
    return context


def _require_duration(duration: int, caller: Caller, role: Any) -> None:
    """The two texts are those of reports of real errors (2018 to 2025)."""
    if duration > int(role.max_session_duration or AN_HOUR):
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise Refusal("ValidationError", text)
    if caller.kind == "AssumedRole" and duration > AN_HOUR:
        text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        raise Refusal("ValidationError", text)


def _role(arn: str) -> Any:
    """moto's role, or None. An account that nothing was made in yet has no store, and asking would make one."""
    account = arn.split(":")[4]
    if account not in iam_backends:
        return None
    return next((role for role in iam_backends[account][PARTITION].roles.values() if role.arn == arn), None)


def _credentials(access_key_id: str, secret: str, token: str, expires: datetime) -> dict[str, str]:
    return {
        "AccessKeyId": access_key_id,
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _response(action: str, result: _Result, request_id: str) -> tuple[int, dict[str, str], str]:
    body = (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{_xml(result)}'
        f"</{action}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    )
    return 200, {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, body


def _xml(value: Mapping[str, Any] | str) -> str:
    if isinstance(value, str):
        return escape(value)
    return "".join(f"<{name}>{_xml(one)}</{name}>" for name, one in value.items())


def _error(refusal: Refusal, request_id: str) -> tuple[int, dict[str, str], str]:
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
