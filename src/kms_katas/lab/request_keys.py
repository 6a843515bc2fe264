"""The condition keys that a request to any AWS service carries. Those of one service alone are with that service."""

from datetime import datetime

from kms_katas.lab.callers import Caller
from kms_katas.lab.network import DIRECT, Route
from kms_katas.lab.organizations import organization_keys

Context = dict[str, str | tuple[str, ...]]


def global_keys(
    caller: Caller, region: str, user_agent: str, now: datetime, route: Route = DIRECT, owner: str | None = None
) -> Context:
    """The aws: keys, but for those that follow from the principal: `decide` derives them. `owner` is the account of the
    resource, None for an operation on none.

    Each is there where AWS has it (IAM reference, global condition context keys): aws:SourceIp not through a VPC
    endpoint, aws:MultiFactorAuthPresent not for long-term access keys; of a service that acts as itself not the
    organization, but that of the resource for which it acts. Of its names aws:PrincipalServiceNamesList has the one by
    which it calls; AWS's has those for single Regions too. Not documented: what aws:SourceIp and the VPC keys are where
    a service calls, for somebody or as itself; here they are not there.
    """
    context: Context = {
        "aws:CurrentTime": f"{now.isoformat()[:19]}Z",
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": region,
        "aws:SecureTransport": "true",
        "aws:UserAgent": user_agent,
        "aws:ViaAWSService": "true" if route.via_service else "false",
        "aws:userid": caller.user_id,
    }
    if route.source_arn:
        context |= {"aws:SourceArn": route.source_arn, "aws:SourceAccount": route.source_account}
    if route.endpoint is not None:
        context |= _through(route)
    elif not route.via_service and caller.kind != "AWSService":
        context["aws:SourceIp"] = route.source_ip
    if caller.kind == "AssumedRole" or caller.session is not None:
        context |= _of_session(caller, now)
    if caller.kind == "AWSService":
        context["aws:PrincipalServiceNamesList"] = (caller.arn,)
    who: Context = organization_keys("Source" if caller.kind == "AWSService" else "Principal", caller.account)
    return context | who | organization_keys("Resource", owner)


def _through(route: Route) -> Context:
    assert route.endpoint is not None
    return {
        "aws:SourceVpc": route.endpoint.vpc,
        "aws:SourceVpce": route.endpoint.id,
        "aws:VpcSourceIp": route.source_ip,
    }


def _of_session(caller: Caller, now: datetime) -> Context:
    terms = caller.session
    context: Context = {"aws:MultiFactorAuthPresent": "true" if terms is not None and terms.with_mfa else "false"}
    if terms is None:
        return context
    context["aws:TokenIssueTime"] = terms.issued.strftime("%Y-%m-%dT%H:%M:%SZ")
    if terms.mfa_time is not None:
        context["aws:MultiFactorAuthAge"] = str(int((now - terms.mfa_time).total_seconds()))
    if terms.source_identity:
        context["aws:SourceIdentity"] = terms.source_identity
    return context
