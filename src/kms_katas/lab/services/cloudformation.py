"""CloudFormation: who may do what with a stack, and in whose name its resources are made.

KMS is asked as the caller, or as a session of the role that RoleARN names, which the stack keeps (CloudFormation guide,
"AWS CloudFormation service role"); either carries kms:ViaService, cloudformation.REGION.amazonaws.com. The developer
guide of KMS does not list CloudFormation for that key; a user's report says that it is there
(cloudformation-coverage-roadmap, issue 321), and CloudTrail shows the service as the source of such calls.
Needs moto[cloudformation], and loads as much of moto as that does. Stack sets are moto's alone.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.utils import get_stack_from_s3_url
from moto.iam.models import iam_backends

from kms_katas.lab.callers import PARTITION, Caller, find_credential
from kms_katas.lab.documents import documents_about
from kms_katas.lab.kms import setting
from kms_katas.lab.request_keys import Context, global_keys
from kms_katas.lab.services.call import Answer, Permission, Refused, Service, ServiceCall, remember_denial
from kms_katas.lab.services.cloudformation_stack import lab_stacks
from kms_katas.lab.services.cloudformation_template import PlainStack, parsed, stacks_are
from kms_katas.lab.sessions import SessionTerms, new_role_session
from kms_katas.lab.stored_policies import named_policy
from kms_katas.policy import Decision, Principal, Request, decide_assume_role, denial_message

_PRINCIPAL = "cloudformation.amazonaws.com"
_SESSION = "AWSCloudFormation"
_AN_HOUR = 3600


def _backend(call: ServiceCall) -> Any:
    return cloudformation_backends[call.caller.account][call.region]


def _stack(call: ServiceCall) -> Any:
    """moto's stack, by name or ID, None where there is none."""
    named = call.parameters.get("StackName")
    if named is None:
        return None
    return next((one for one in _backend(call).stacks.values() if named in (one.name, one.stack_id)), None)


def _arn(call: ServiceCall) -> str:
    """Of the stack that the request names, as policies see it; "*" where it names none."""
    name, stack = call.parameters.get("StackName"), _stack(call)
    if name is None or stack is not None:
        return "*" if stack is None else str(stack.stack_id)
    base = f"arn:{PARTITION}:cloudformation:{call.region}:{call.caller.account}:stack"
    return name if name.startswith("arn:") else f"{base}/{name}/*"


def _needs(action: str) -> Any:
    def needed(call: ServiceCall) -> Iterable[Permission]:
        arn = _arn(call)
        role = call.parameters.get("RoleARN")
        urls = (
            {"cloudformation:TemplateUrl": call.parameters["TemplateURL"]} if "TemplateURL" in call.parameters else {}
        )
        keys: Context = {**urls, **({"cloudformation:RoleArn": role} if role else {})}
        yield Permission(f"cloudformation:{action}", arn, call.caller.account, context=keys)
        if role:
            passed: Context = {"iam:PassedToService": _PRINCIPAL}
            yield Permission("iam:PassRole", role, call.caller.account, context=passed)

    return needed


def _checked(call: ServiceCall) -> None:
    """Reads the template before moto does. Raises Refused."""
    body = call.parameters.get("TemplateBody")
    if body is None and (url := call.parameters.get("TemplateURL")) is not None:
        try:
            body = get_stack_from_s3_url(url, call.caller.account, PARTITION)
        except Exception:
            raise Refused("ValidationError", "S3 error: The specified key does not exist.") from None
    if body is not None:
        parsed(body)


def _create_change_set(call: ServiceCall) -> Answer:
    _checked(call)
    with lab_stacks(call):
        return call.forward()


def _of_moto(call: ServiceCall) -> Answer:
    """Its answer. moto makes resources that a stack lacks when somebody looks at it, and a stack may be one."""
    _checked(call)
    with stacks_are(PlainStack):
        return call.forward()


@contextmanager
def _working(call: ServiceCall) -> Iterator[None]:
    """Inside, stacks work in the name of the caller, or of the stack's role."""
    _checked(call)
    stack = _stack(call)
    role = call.parameters.get("RoleARN") or getattr(stack, "role_arn", None)
    caller = _role_session(call, role) if role and setting.current.enforce else call.caller
    with lab_stacks(replace(call, caller=caller)):
        yield


def _role_session(call: ServiceCall, arn: str) -> Caller:
    """Raises Refused where CloudFormation may not assume the role: AWS's sentence, seen in reports of real errors."""
    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    if account != call.caller.account:
        raise Refused("ValidationError", f"Role {arn} is invalid or cannot be assumed")
    roles = iam_backends[account][PARTITION].roles.values()
    role = next((one for one in roles if one.arn == arn), None)
    trust = None if role is None else named_policy("trust policy", role.assume_role_policy_document)
    service = Caller(_PRINCIPAL, account, "AWSService", _PRINCIPAL, "")
    context = global_keys(service, call.region, call.user_agent, call.now, replace(call.route, endpoint=None), account)
    context["sts:RoleSessionName"] = _SESSION
    documents = documents_about(service, account, replace(call.route, endpoint=None))
    asked = Request(Principal(_PRINCIPAL), "sts:AssumeRole", arn, context)
    decision = decide_assume_role(asked, trust, (), documents)
    if role is None or not decision.allowed:
        remember_denial(call, decision)
        raise Refused("ValidationError", f"Role {arn} is invalid or cannot be assumed")
    made = new_role_session(role, _SESSION, _AN_HOUR, SessionTerms(call.now, role.id))
    credential = find_credential(made.access_key_id)
    assert credential is not None
    return credential.principal


def _create_stack(call: ServiceCall) -> Answer:
    _require_template(call)
    with _working(call):
        answer = call.forward()
    _put_away(call)
    return answer


def _require_template(call: ServiceCall) -> None:
    if not {"TemplateBody", "TemplateURL"} & call.parameters.keys():
        raise Refused("ValidationError", "Either Template URL or Template Body must be specified.")


def _update_stack(call: ServiceCall) -> Answer:
    if not call.parameters.get("UsePreviousTemplate"):
        _require_template(call)
    stack = _stack(call)
    if stack is None:
        raise Refused("ValidationError", f"Stack [{call.parameters.get('StackName')}] does not exist")
    if not stack.status.endswith(_UPDATABLE):
        told = f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        raise Refused("ValidationError", told)
    with _working(call):
        return call.forward()


_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def _delete_stack(call: ServiceCall) -> Answer:
    stack = _stack(call)
    if stack is not None and stack.enable_termination_protection:
        told = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        raise Refused("ValidationError", told)
    with _working(call):
        answer = call.forward()
    _put_away(call)
    return answer


def _put_away(call: ServiceCall) -> None:
    """moto keeps among the deleted stacks one that could not be, and among the others one that deleted itself."""
    backend = _backend(call)
    for stack in [one for one in backend.deleted_stacks.values() if one.status == "DELETE_FAILED"]:
        backend.stacks[stack.stack_id] = backend.deleted_stacks.pop(stack.stack_id)
    for stack in [one for one in backend.stacks.values() if one.status == "DELETE_COMPLETE"]:
        backend.deleted_stacks[stack.stack_id] = backend.stacks.pop(stack.stack_id)


def _execute_change_set(call: ServiceCall) -> Answer:
    """In the place of moto's, which knows no failure."""
    named, backend = call.parameters["ChangeSetName"], _backend(call)
    stacks = {one.stack_id: one for one in backend.stacks.values()}
    wanted = call.parameters.get("StackName")
    found = [one for one in backend.change_sets.values() if named in (one.change_set_id, one.change_set_name)]
    change = next((one for one in found if wanted in (None, one.stack_name, one.stack_id)), None)
    if change is None or change.stack_id not in stacks:
        raise Refused("ChangeSetNotFound", f"ChangeSet [{named}] does not exist", 404)
    if change.execution_status != "AVAILABLE":
        told = f"ChangeSet [{change.change_set_id}] cannot be executed in its current status of [{change.status}]"
        raise Refused("InvalidChangeSetStatus", told)
    stack = stacks[change.stack_id]
    call.parameters = {**call.parameters, "StackName": stack.name, "RoleARN": change.role_arn}
    with _working(call):
        if change.change_set_type == "CREATE":
            stack.template, stack.parameters = change.template, change.parameters
            stack._parse_template()
            stack.resource_map = stack._create_resource_map()
            stack.output_map = stack._create_output_map()
            stack.status = "CREATE_PENDING"
            stack._add_stack_event("CREATE_IN_PROGRESS", resource_status_reason="User Initiated")
            stack.create_resources()
        else:
            stack.update(change.template, change.role_arn, change.parameters, change.tags or None)
    change.execution_status = "EXECUTE_COMPLETE"
    result = "<ExecuteChangeSetResult/>"
    about = f"<ResponseMetadata><RequestId>{call.request_id}</RequestId></ResponseMetadata>"
    namespace = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
    body = f'<ExecuteChangeSetResponse xmlns="{namespace}">{result}{about}</ExecuteChangeSetResponse>'
    return 200, {"Content-Type": "text/xml", "x-amzn-RequestId": call.request_id}, body


def _denied(decision: Decision) -> Refused:
    return Refused("AccessDenied", denial_message(decision), 403)


_NEEDED = (
    *("CreateStack", "UpdateStack", "DeleteStack", "DescribeStacks", "DescribeStackEvents", "DescribeStackResource"),
    *("DescribeStackResources", "ListStackResources", "GetTemplate", "CreateChangeSet", "DescribeChangeSet"),
    *("ExecuteChangeSet", "DeleteChangeSet", "SetStackPolicy", "GetStackPolicy"),
    *("ListStacks", "ListExports", "ValidateTemplate", "GetTemplateSummary"),
)
_OF_STACK_SETS = (
    *("CreateStackSet", "UpdateStackSet", "DeleteStackSet"),
    *("CreateStackInstances", "UpdateStackInstances", "DeleteStackInstances"),
)

SERVICE = Service(
    permissions={operation: _needs(operation) for operation in _NEEDED},
    answers={
        **dict.fromkeys((*_NEEDED, *_OF_STACK_SETS), _of_moto),
        "CreateChangeSet": _create_change_set,
        "CreateStack": _create_stack,
        "UpdateStack": _update_stack,
        "DeleteStack": _delete_stack,
        "ExecuteChangeSet": _execute_change_set,
    },
    denied=_denied,
)
