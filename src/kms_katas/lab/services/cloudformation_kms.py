"""The resource types of KMS in a stack: AWS::KMS::Key, AWS::KMS::ReplicaKey and AWS::KMS::Alias, as calls to KMS.

Which properties there are, which calls are made in which order and what becomes of their errors: the resource
providers that AWS published (aws-cloudformation/aws-cloudformation-resource-providers-kms) and the template reference.
Those have the text of KMS's error followed by service, status and request ID, as in reports of real events, but for a
denial, which says no more than the operation. Doubtful: whether today's providers still do the latter. Every text on
properties that are not in the schema is as in reports of other types.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.request import service_model
from kms_katas.lab.services.call import ServiceCall
from kms_katas.lab.services.keys_for_services import ask_kms

Properties = dict[str, Any]


class Failed(Exception):
    """A resource could not be made, changed or deleted; `reason` is what the event of the stack says."""

    def __init__(self, reason: str, kms_code: str = "") -> None:
        super().__init__(reason)
        self.reason, self.kms_code = reason, kms_code


@dataclass(frozen=True)
class Provider:
    """A resource provider at work on one resource, as the caller of `call`. `token` is in its answers."""

    call: ServiceCall
    token: str

    def ask(self, operation: str, asked: Mapping[str, Any], region: str | None = None) -> dict[str, Any]:
        """KMS's answer, from `region` or the stack's. Raises Failed."""
        try:
            return ask_kms(replace(self.call, region=region or self.call.region), operation, asked)
        except KMSError as error:
            raise self._of_kms(operation, error) from None

    def failed(self, code: str, message: str, kms_code: str = "") -> Failed:
        """As CloudFormation puts it what a provider says."""
        told = f'Resource handler returned message: "{message}" (RequestToken: {self.token}, HandlerErrorCode: {code})'
        return Failed(told, kms_code)

    def _of_kms(self, operation: str, error: KMSError) -> Failed:
        told = error.message or f"{operation} failed due to {error.code}"
        code = _CODES.get(error.code, "InvalidRequest")
        if error.code == "AccessDeniedException" and any(action in told for action in _ABOUT_TAGS):
            code = "UnauthorizedTaggingOperation"
        elif error.code in _SAID_SHORTLY:
            code, form = _SAID_SHORTLY[error.code]
            return self.failed(code, form.format(operation), error.code)
        status = f"Service: Kms, Status Code: {int(error.status)}, Request ID: {error.request_id}"
        return self.failed(code, f"{told} ({status}) (SDK Attempt Count: 1)", error.code)


@dataclass(eq=False)
class StackResource:
    """A resource of a stack, with the names that moto reads. `properties` are those in force."""

    cf_resource_type: str
    logical_resource_id: str
    physical_resource_id: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    properties: Properties = field(default_factory=dict)
    gone: bool = False

    def is_created(self) -> bool:
        return True

    def get_cfn_attribute(self, attribute_name: str) -> str:
        from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

        if attribute_name not in TYPES[self.cf_resource_type].attributes:
            raise UnformattedGetAttTemplateException()
        return self.attributes.get(attribute_name, "")


@dataclass(frozen=True)
class ResourceType:
    """`properties` with what each is: "text", "boolean", "number", "document", "tags", or the shape of KMS's model that
    has its values. A change of one of `replacing` makes a new resource; of one of `fixed` fails.
    """

    properties: Mapping[str, str]
    create: Callable[[StackResource, Properties, Provider], None]
    update: Callable[[StackResource, Properties, Properties, Provider], None]
    delete: Callable[[StackResource, Provider], None]
    required: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    replacing: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


def read_properties(kind: str, given: Mapping[str, Any], name: str, stack_tags: Mapping[str, str]) -> Properties:
    """The properties as values. Raises Failed for what the schema of the type does not take."""
    schema = TYPES[kind].properties
    faults = [f"#: extraneous key [{key}] is not permitted" for key in given if key not in schema]
    faults += [f"#: required key [{key}] not found" for key in TYPES[kind].required if key not in given]
    found: Properties = {}
    for key, value in given.items():
        if key in schema:
            try:
                found[key] = _value(schema[key], value)
            except ValueError as fault:
                faults.append(f"#/{key}: {fault}")
    if faults:
        listed = ", ".join(faults)
        raise Failed(f"Properties validation failed for resource {name} with message:\n[{listed}]")
    if "Tags" in schema:
        found["Tags"] = {**stack_tags, **found.get("Tags", {})}
    return found


def _value(kind: str, value: Any) -> Any:
    """Raises ValueError with what is wrong. A boolean or a number may be given as text."""
    if kind == "boolean":
        if str(value).lower() not in ("true", "false"):
            raise ValueError(f"expected type: Boolean, found: {_type_of(value)}")
        return str(value).lower() == "true"
    if kind == "number":
        if isinstance(value, bool) or not str(value).isdigit():
            raise ValueError(f"expected type: Integer, found: {_type_of(value)}")
        return int(value)
    if kind == "window":
        days: int = _value("number", value)
        if not 7 <= days <= 30:
            raise ValueError(f"{days} is not {'greater' if days < 7 else 'less'} or equal to {7 if days < 7 else 30}")
        return days
    if kind == "document":
        if not isinstance(value, dict | str):
            raise ValueError(f"expected type: JSONObject, found: {_type_of(value)}")
        return value if isinstance(value, str) else json.dumps(value) if value else ""
    if kind == "tags":
        tags = value if isinstance(value, list) else [None]
        if not all(isinstance(tag, dict) and {"Key", "Value"} == {*tag} for tag in tags):
            raise ValueError("each tag needs Key and Value")
        return {str(tag["Key"]): str(tag["Value"]) for tag in value}
    if isinstance(value, dict | list | bool):
        raise ValueError(f"expected type: String, found: {_type_of(value)}")
    if kind != "text" and value not in service_model().shape_for(kind).enum:
        raise ValueError(f"{value} is not a valid enum value")
    return str(value)


def _type_of(value: Any) -> str:
    return {dict: "JSONObject", list: "JSONArray", bool: "Boolean", int: "Integer"}.get(type(value), "String")


_CODES = {
    "AlreadyExistsException": "AlreadyExists",
    "LimitExceededException": "ServiceLimitExceeded",
    "NotFoundException": "NotFound",
}
_SAID_SHORTLY = {
    "AccessDeniedException": ("AccessDenied", "Access denied for operation '{}'."),
    "ThrottlingException": ("Throttling", "Rate exceeded for operation '{}'."),
    "KMSInternalException": (
        "ServiceInternalError",
        "Internal error reported from downstream service during operation '{}'.",
    ),
}
_ABOUT_TAGS = ("kms:TagResource", "kms:UntagResource", "kms:ListResourceTags")


def _create_key(made: StackResource, wanted: Properties, kms: Provider) -> None:
    _require_rotation_possible(wanted, kms)
    asked: dict[str, Any] = {"Description": wanted.get("Description", "")}
    names = ("KeySpec", "KeyUsage", "Origin", "MultiRegion", "BypassPolicyLockoutSafetyCheck")
    asked |= {name: wanted[name] for name in names if name in wanted}
    answer = kms.ask("CreateKey", asked | _policy_and_tags(wanted, "Policy"))["KeyMetadata"]
    _is_made(made, answer)
    if wanted.get("EnableKeyRotation"):
        kms.ask("EnableKeyRotation", _rotation(made, wanted))
    _disable_if_wanted(made, wanted, kms)


def _create_replica(made: StackResource, wanted: Properties, kms: Provider) -> None:
    """ReplicateKey is asked in the primary's Region, for the stack's."""
    primary = wanted["PrimaryKeyArn"]
    asked = {"KeyId": primary, "Description": wanted.get("Description", ""), "ReplicaRegion": kms.call.region}
    region = primary.split(":")[3] if primary.count(":") >= 5 else None
    answer = kms.ask("ReplicateKey", asked | _policy_and_tags(wanted, "Policy"), region=region)["ReplicaKeyMetadata"]
    _is_made(made, answer)
    _wait_until_there(answer["Arn"])
    _disable_if_wanted(made, wanted, kms)


def _wait_until_there(arn: str) -> None:
    """CloudFormation goes on when the replica is no longer Creating. No time passes in the lab meanwhile."""
    _, _, _, region, account, resource = arn.split(":")
    key = store_of(account, region, setting.now()).keys[resource.removeprefix("key/")]
    if key.settling_since is not None:
        key.settling_since -= timedelta(microseconds=1)
        store_of(account, region, setting.now())


def _is_made(made: StackResource, metadata: Mapping[str, Any]) -> None:
    made.physical_resource_id = metadata["KeyId"]
    made.attributes = {"Arn": metadata["Arn"], "KeyId": metadata["KeyId"]}


def _policy_and_tags(wanted: Properties, name: str) -> dict[str, Any]:
    asked: dict[str, Any] = {name: wanted["KeyPolicy"]} if wanted.get("KeyPolicy") else {}
    return asked | ({"Tags": _tags(wanted["Tags"])} if wanted["Tags"] else {})


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": name, "TagValue": value} for name, value in tags.items()]


def _rotation(made: StackResource, wanted: Properties) -> dict[str, Any]:
    days = {"RotationPeriodInDays": wanted["RotationPeriodInDays"]} if "RotationPeriodInDays" in wanted else {}
    return {"KeyId": made.physical_resource_id, **days}


def _disable_if_wanted(made: StackResource, wanted: Properties, kms: Provider) -> None:
    if not wanted.get("Enabled", True):
        kms.ask("DisableKey", {"KeyId": made.physical_resource_id})


def _invalid(kms: Provider, message: str) -> Failed:
    return kms.failed("InvalidRequest", f"Invalid request provided: {message}")


def _require_rotation_possible(wanted: Properties, kms: Provider) -> None:
    if wanted.get("EnableKeyRotation") and wanted.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
        raise _invalid(kms, "You cannot set the EnableKeyRotation property to true on asymmetric keys.")


def _update_key(made: StackResource, before: Properties, wanted: Properties, kms: Provider) -> None:
    """First to enabled, then rotation, then to disabled: rotation of a disabled key cannot be changed."""
    key = {"KeyId": made.physical_resource_id}
    was_on, is_on = before.get("Enabled", True), wanted.get("Enabled", True)
    rotated, rotates = before.get("EnableKeyRotation", False), wanted.get("EnableKeyRotation", False)
    _require_rotation_possible(wanted, kms)
    if not was_on and not is_on and rotated != rotates:
        raise _invalid(kms, "You cannot change the EnableKeyRotation property while the Enabled property is false.")
    if is_on and not was_on:
        kms.ask("EnableKey", key)
    period = "RotationPeriodInDays"
    if rotates and (not rotated or before.get(period) != wanted.get(period)):
        kms.ask("EnableKeyRotation", _rotation(made, wanted))
    elif rotated and not rotates:
        kms.ask("DisableKeyRotation", key)
    if was_on and not is_on:
        kms.ask("DisableKey", key)
    if before.get("Description", "") != wanted.get("Description", ""):
        kms.ask("UpdateKeyDescription", {**key, "Description": wanted.get("Description", "")})
    if wanted.get("KeyPolicy") and before.get("KeyPolicy") != wanted["KeyPolicy"]:
        bypass = {"BypassPolicyLockoutSafetyCheck": True} if wanted.get("BypassPolicyLockoutSafetyCheck") else {}
        kms.ask("PutKeyPolicy", {**key, "Policy": wanted["KeyPolicy"], **bypass})
    gone = [name for name in before["Tags"] if name not in wanted["Tags"]]
    if gone:
        kms.ask("UntagResource", {**key, "TagKeys": gone})
    new = {name: value for name, value in wanted["Tags"].items() if before["Tags"].get(name) != value}
    if new:
        kms.ask("TagResource", {**key, "Tags": _tags(new)})


def _delete_key(made: StackResource, kms: Provider) -> None:
    """The key waits for its deletion, 30 days if the template says nothing. One that waits already will do."""
    days = made.properties.get("PendingWindowInDays")
    asked = {"KeyId": made.physical_resource_id} | ({"PendingWindowInDays": days} if days is not None else {})
    _unless_done(kms, "ScheduleKeyDeletion", asked)


def _unless_done(kms: Provider, operation: str, asked: Mapping[str, Any]) -> None:
    try:
        kms.ask(operation, asked)
    except Failed as failed:
        if failed.kms_code not in ("KMSInvalidStateException", "NotFoundException"):
            raise


def _create_alias(made: StackResource, wanted: Properties, kms: Provider) -> None:
    kms.ask("CreateAlias", {"AliasName": wanted["AliasName"], "TargetKeyId": wanted["TargetKeyId"]})
    made.physical_resource_id = wanted["AliasName"]


def _update_alias(made: StackResource, before: Properties, wanted: Properties, kms: Provider) -> None:
    if before["TargetKeyId"] != wanted["TargetKeyId"]:
        kms.ask("UpdateAlias", {"AliasName": made.physical_resource_id, "TargetKeyId": wanted["TargetKeyId"]})


def _delete_alias(made: StackResource, kms: Provider) -> None:
    _unless_done(kms, "DeleteAlias", {"AliasName": made.physical_resource_id})


_OF_ANY_KEY = {
    "Description": "text",
    "Enabled": "boolean",
    "KeyPolicy": "document",
    "PendingWindowInDays": "window",
    "Tags": "tags",
}
TYPES: Mapping[str, ResourceType] = {
    "AWS::KMS::Key": ResourceType(
        {
            **_OF_ANY_KEY,
            "BypassPolicyLockoutSafetyCheck": "boolean",
            "EnableKeyRotation": "boolean",
            "KeySpec": "KeySpec",
            "KeyUsage": "KeyUsageType",
            "MultiRegion": "boolean",
            "Origin": "OriginType",
            "RotationPeriodInDays": "number",
        },
        _create_key,
        _update_key,
        _delete_key,
        attributes=("Arn", "KeyId"),
        fixed=("KeySpec", "KeyUsage", "MultiRegion", "Origin"),
    ),
    "AWS::KMS::ReplicaKey": ResourceType(
        {**_OF_ANY_KEY, "PrimaryKeyArn": "text"},
        _create_replica,
        _update_key,
        _delete_key,
        required=("PrimaryKeyArn", "KeyPolicy"),
        attributes=("Arn", "KeyId"),
        replacing=("PrimaryKeyArn",),
    ),
    "AWS::KMS::Alias": ResourceType(
        {"AliasName": "text", "TargetKeyId": "text"},
        _create_alias,
        _update_alias,
        _delete_alias,
        required=("AliasName", "TargetKeyId"),
        replacing=("AliasName",),
    ),
}
DEFAULTS = {
    "KeySpec": "SYMMETRIC_DEFAULT",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "MultiRegion": False,
    "Origin": "AWS_KMS",
}

FIDELITY = (
    (
        "AWS::KMS::Key, ReplicaKey and Alias",
        "All properties. The calls that AWS's resource providers make, in their order, as the caller or the stack's "
        "role, with `kms:ViaService`; in the trail like every call. They stand on what AWS published of the providers; "
        "what they do today may differ.",
    ),
    (
        "failures",
        "The stack is rolled back, and its events tell KMS's error as AWS puts it. One resource after the other, where "
        "AWS makes several at once. Everything is done when the request returns.",
    ),
    ("DeletionPolicy, UpdateReplacePolicy, OnFailure, RoleARN, change sets", "Have their effect."),
    (
        "other resource types",
        "moto's, as far as it has them, and without permissions. The status that DescribeStackResources gives each "
        "resource is the stack's; the events have each one's own.",
    ),
    (
        "templates",
        "JSON and YAML with the functions that moto resolves. Transforms, macros, stack policies, drift, hooks and "
        "import of resources are left out. Custom resources are refused. Stack sets are moto's. A nested stack that "
        "fails does not fail its parent. Templates in S3, and the parameters of Parameter Store that a template "
        "names, are read without permission; a SecureString is refused.",
    ),
)
"""What of the service is simulated, and how it behaves in the lab."""
