"""The condition keys that a request to any AWS service carries. Those of one service alone are with that service."""

from datetime import datetime

from kms_katas.lab.callers import Caller

Context = dict[str, str | tuple[str, ...]]

SOURCE_ADDRESS = "192.0.2.10"
"""Whence the lab's requests seem to come: an address set aside for documentation (RFC 5737)."""


def global_keys(caller: Caller, region: str, user_agent: str, now: datetime) -> Context:
    """The aws: keys, but for those that follow from the principal: `decide` derives them.

    Not there, as on AWS without an organization and without MFA: aws:PrincipalOrgID and, for long-term access keys,
    aws:MultiFactorAuthPresent (IAM reference, global condition context keys).
    """
    context: Context = {
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": region,
        "aws:SecureTransport": "true",
        "aws:SourceIp": SOURCE_ADDRESS,
        "aws:UserAgent": user_agent,
        "aws:ViaAWSService": "false",
        "aws:userid": caller.user_id,
    }
    if caller.kind == "AssumedRole":
        # The key is there in requests with temporary credentials alone; no session of the lab was made with MFA.
        context["aws:MultiFactorAuthPresent"] = "false"
    return context
