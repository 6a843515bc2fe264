"""What CloudTrail would log of a request to STS: AssumeRole, GetSessionToken and GetCallerIdentity.

Shape: the IAM guide's examples ("Logging IAM and AWS STS API calls with CloudTrail"). A denied AssumeRole is in the
caller's account alone, as that page says. Never a secret access key, an MFA code or a session policy. Not documented:
which parameters a failed request still shows (here all that a request shows), and whether a policy is shown.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kms_katas.lab.callers import Caller
from kms_katas.lab.kms import setting
from kms_katas.lab.network import in_force
from kms_katas.lab.session_request import Refusal, inherited_tags, members
from kms_katas.lab.trail import LoggedCall, Resource, log_call, written_date

_SHOWN = ("RoleArn", "RoleSessionName", "ExternalId", "SourceIdentity", "SerialNumber")


def log_request(
    action: str,
    caller: Caller,
    asked: Mapping[str, str],
    origin: tuple[str, str],
    request_id: str,
    outcome: Mapping[str, Any] | Refusal,
) -> None:
    """`origin` is Region and user agent; `outcome` the result of the answer, or why there is none."""
    region, user_agent = origin
    refused = outcome if isinstance(outcome, Refusal) else None
    role = asked.get("RoleArn", "")
    known = action == "AssumeRole" and refused is None
    call = LoggedCall(
        caller,
        "sts.amazonaws.com",
        action,
        region,
        request_id,
        setting.now(),
        parameters=_parameters(asked, caller) or None,
        response=None if isinstance(outcome, Refusal) else _response(action, outcome),
        resources=(Resource(role.split(":")[4], "AWS::IAM::Role", role),) if known else (),
        error=None if refused is None else (refused.code, refused.message),
        read_only=True,
        source_ip=in_force.get().source_ip,
        user_agent=user_agent,
        host=f"sts.{region}.amazonaws.com",
    )
    log_call(call)


def _parameters(asked: Mapping[str, str], caller: Caller) -> dict[str, Any]:
    shown: dict[str, Any] = {name[0].lower() + name[1:]: asked[name] for name in _SHOWN if name in asked}
    if asked.get("DurationSeconds", "").isdecimal():
        shown["durationSeconds"] = int(asked["DurationSeconds"])
    if tags := list(zip(members(asked, "Tags", "Key"), members(asked, "Tags", "Value"), strict=False)):
        shown["tags"] = [{"key": key, "value": value} for key, value in tags]
    if transitive := members(asked, "TransitiveTagKeys"):
        shown["transitiveTagKeys"] = transitive
    if "RoleArn" in asked and (passed := inherited_tags(caller)):
        shown["incomingTransitiveTags"] = passed
    return shown


def _response(action: str, result: Mapping[str, Any]) -> dict[str, Any] | None:
    """The session token is there, as on AWS: without the secret access key it opens nothing."""
    if action == "GetCallerIdentity":
        return None
    made = result["Credentials"]
    expires = datetime.strptime(made["Expiration"], "%Y-%m-%dT%H:%M:%SZ")
    credentials = {
        "accessKeyId": made["AccessKeyId"],
        "sessionToken": made["SessionToken"],
        "expiration": written_date(expires),
    }
    shown: dict[str, Any] = {"credentials": credentials}
    if "AssumedRoleUser" in result:
        user = result["AssumedRoleUser"]
        shown["assumedRoleUser"] = {"assumedRoleId": user["AssumedRoleId"], "arn": user["Arn"]}
    if "PackedPolicySize" in result:
        shown["packedPolicySize"] = int(result["PackedPolicySize"])
    if "SourceIdentity" in result:
        shown["sourceIdentity"] = result["SourceIdentity"]
    return shown
