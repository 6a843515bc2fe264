"""Auto Scaling: groups launch instances as their service-linked role, which needs the keys of their volumes.

moto keeps the groups. The role has no permission on customer managed keys: a key policy names it, or a grant that
somebody of the group's account makes for it (Auto Scaling guide, "Required AWS KMS key policy for use with encrypted
volumes"; re:Post, "kms-launch-ec2-instance"). It is there when the first group is, or when somebody makes it with
iam:CreateServiceLinkedRole, as a grant needs it before.
Doubtful: the text of the scaling activity, put together from reports of real errors, and code and text for a group that
names another role than one of the account's for Auto Scaling, which are the lab's own. AWS tries to launch again and
again; here a launch that fails is tried again only when the group's capacity is set.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.iam.models import iam_backends

from kms_katas.lab.callers import PARTITION, Caller
from kms_katas.lab.kms import setting
from kms_katas.lab.services.call import Answer, Permission, Refused, Service, ServiceCall
from kms_katas.lab.services.ebs_keys import end_grant, grant_of
from kms_katas.lab.services.ebs_store import answered, backend_of, lent, made_by, shared_snapshots
from kms_katas.lab.services.ec2_instances import launch
from kms_katas.lab.services.required import with_required
from kms_katas.policy import Decision, denial_message

FIDELITY = (
    (
        "Auto Scaling",
        "Groups launch as AWSServiceRoleForAutoScaling, or the role that CreateAutoScalingGroup names; without the "
        "keys the instances are terminated, the group stays empty and DescribeScalingActivities says why. Nothing is "
        "tried again until the capacity is set anew, and what moto launches when instances are terminated one by one "
        "has no keys.",
    ),
)
"""What -> how it behaves in the lab."""

_NAME = "autoscaling.amazonaws.com"
_ACTIVITIES, _ROLE = "_kms_katas_activities", "_kms_katas_role"


def _changes_capacity(call: ServiceCall) -> Answer:
    """Whatever may launch instances or end them."""
    ec2 = backend_of(call)
    _require_own_kind_of_role(call)
    if call.operation == "CreateAutoScalingGroup":
        _service_linked_role(call)
    granted = [volume for volume in ec2.volumes.values() if grant_of(volume) is not None]
    with lent(call, shared_snapshots(call)):
        answer, reservations = made_by(call.forward, ec2.reservations)
    group = autoscaling_backends[call.caller.account][call.region].autoscaling_groups.get(
        call.parameters["AutoScalingGroupName"]
    )
    if group is not None:
        if call.parameters.get("ServiceLinkedRoleARN"):
            setattr(group, _ROLE, call.parameters["ServiceLinkedRoleARN"])
        for instance in [one for reservation in reservations for one in reservation.instances]:
            _launch(call, group, instance)
    for volume in granted:
        if volume.attachment is None:
            end_grant(call, volume)
    return answer


def _require_own_kind_of_role(call: ServiceCall) -> None:
    """Raises Refused: a group that launched as any role would reach every key that this role reaches."""
    named = call.parameters.get("ServiceLinkedRoleARN")
    if setting.current.enforce and named and not named.startswith(_roles_of(call)):
        told = f"{named} is no service-linked role of this account for Auto Scaling."
        raise Refused("ValidationError", told)


def _roles_of(call: ServiceCall) -> str:
    """How the ARNs of the account's service-linked roles for Auto Scaling begin."""
    return f"arn:{PARTITION}:iam::{call.caller.account}:role/aws-service-role/{_NAME}/AWSServiceRoleForAutoScaling"


def _launch(call: ServiceCall, group: Any, instance: Any) -> None:
    as_role = replace(call, service="ec2", caller=_session(call, getattr(group, _ROLE, group.service_linked_role_arn)))
    launched = launch(as_role, instance)
    said = f"Launching a new EC2 instance: {instance.id}"
    activity = {
        "ActivityId": setting.current.randomness.uuid(),
        "AutoScalingGroupName": group.name,
        "Cause": f"At {call.now:%Y-%m-%dT%H:%M:%SZ} the capacity of the group was set.",
        "Description": said,
        "StartTime": call.now,
        "EndTime": call.now,
        "Progress": 100,
        "StatusCode": "Successful",
    }
    if not launched:
        group.instance_states = [one for one in group.instance_states if one.instance is not instance]
        reason = (
            "Instance became unhealthy while waiting for instance to be in InService state. "
            f"Termination Reason: {instance.state_reason.message}"
        )
        failed = {"StatusCode": "Cancelled", "StatusMessage": reason, "Description": f"{said}. Status Reason: {reason}"}
        activity |= failed
    setattr(group, _ACTIVITIES, [activity, *getattr(group, _ACTIVITIES, [])])


def _describe_activities(call: ServiceCall) -> Answer:
    """The latest first, of one group or of all."""
    wanted = call.parameters.get("AutoScalingGroupName")
    groups = autoscaling_backends[call.caller.account][call.region].autoscaling_groups.values()
    found = [
        activity
        for group in groups
        if wanted is None or wanted in (group.name, group.arn)
        for activity in getattr(group, _ACTIVITIES, [])
    ]
    ids = call.parameters.get("ActivityIds")
    return answered(call, {"Activities": [one for one in found if not ids or one["ActivityId"] in ids]})


def _service_linked_role(call: ServiceCall) -> Any:
    """The one of the account without a suffix, made where it is not there."""
    backend: Any = iam_backends[call.caller.account][PARTITION]
    found = _role(call, _roles_of(call))
    return found if found is not None else backend.create_service_linked_role(_NAME, "", "")


def _role(call: ServiceCall, arn: str) -> Any:
    roles = iam_backends[call.caller.account][PARTITION].roles.values()
    return next((one for one in roles if one.arn == arn), None)


def _session(call: ServiceCall, role_arn: str) -> Caller:
    """The role's session, "AutoScaling", as published logs have it. It has no policy that has a say about keys."""
    role = _role(call, role_arn)
    name = role_arn.rpartition("/")[2]
    return Caller(
        arn=f"arn:{PARTITION}:sts::{call.caller.account}:assumed-role/{name}/AutoScaling",
        account=call.caller.account,
        kind="AssumedRole",
        user_id=f"{role.id if role else 'AROAUNKNOWNROLE00000'}:AutoScaling",
        access_key_id="",
        role_arn=role_arn,
        entity=role,
    )


def _on_group(call: ServiceCall) -> Iterable[Permission]:
    name = call.parameters["AutoScalingGroupName"]
    group = autoscaling_backends[call.caller.account][call.region].autoscaling_groups.get(name)
    start = f"arn:{PARTITION}:autoscaling:{call.region}:{call.caller.account}:autoScalingGroup"
    arn = group.arn if group is not None else f"{start}:*:autoScalingGroupName/{name}"
    yield Permission(f"autoscaling:{call.operation}", arn, call.caller.account)


def _on_nothing(call: ServiceCall) -> Iterable[Permission]:
    yield Permission(f"autoscaling:{call.operation}", "*")


def _denied(decision: Decision) -> Refused:
    return Refused("AccessDenied", denial_message(decision), 403)


_LAUNCHING = ("CreateAutoScalingGroup", "DeleteAutoScalingGroup", "SetDesiredCapacity", "UpdateAutoScalingGroup")
_PERMISSIONS: dict[str, Callable[[ServiceCall], Iterable[Permission]]] = {
    **dict.fromkeys(_LAUNCHING, _on_group),
    **dict.fromkeys(
        ("DescribeAutoScalingGroups", "DescribeAutoScalingInstances", "DescribeScalingActivities"), _on_nothing
    ),
}

SERVICE = with_required(
    Service(
        permissions=_PERMISSIONS,
        answers={**dict.fromkeys(_LAUNCHING, _changes_capacity), "DescribeScalingActivities": _describe_activities},
        denied=_denied,
    )
)
