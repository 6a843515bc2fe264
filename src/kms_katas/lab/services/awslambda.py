"""Lambda: the key that a function's environment variables lie under, and who may manage functions. moto keeps the
functions; whether it can run one is no matter of this module.

The caller needs kms:CreateGrant and kms:Encrypt to give a function variables under a key, and kms:Decrypt to see them
(Lambda guide, "Securing environment variables"); the function opens them with the grant, as its execution role. The
encryption context and the grantee are seen in published logs and error texts, the texts for a key that cannot be used
in such and in the guide. Doubtful: the operations and the constraint of the grant, the text where Encrypt is refused,
and whether a function without a key of its own still has aws/lambda, as here, or an AWS owned key ("an AWS owned key or
an AWS managed key", botocore, CreateFunctionRequest).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.iam.models import iam_backends
from werkzeug.exceptions import HTTPException

from kms_katas.lab.callers import PARTITION, Caller
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Answer, Permission, Refused, Service, ServiceCall
from kms_katas.lab.services.keys_for_services import ask_kms, default_key
from kms_katas.lab.services.required import with_required
from kms_katas.policy import Decision, denial_message

FIDELITY = (
    (
        "Environment variables of Lambda",
        "Encrypted as the caller when they, the key or the role change, with a grant for the execution role; decrypted "
        "as the caller where they are shown, else Environment.Error; opened with the grant by Invoke. Code, filter "
        "criteria, SnapStart and durable executions lie under no key.",
    ),
    (
        "Code of Lambda",
        "moto runs it in a container where it finds Docker, and there no isolation level holds it: give a kata Lambda "
        "only where Docker is out of reach.",
    ),
    (
        "Permissions of Lambda",
        "For making, changing, showing, invoking and deleting functions of the caller's own account. Function policies "
        "and iam:PassRole do not count.",
    ),
)
"""What -> how it behaves in the lab."""

_SEALED = "_kms_katas_sealed"
_MOST = 4096
_KMS_ERRORS = {
    "AccessDeniedException": ("KMSAccessDeniedException", "KMS access was denied"),
    "DisabledException": ("KMSDisabledException", "the KMS key used is disabled"),
    "KMSInvalidStateException": ("KMSInvalidStateException", "the state of the KMS key used is not valid for Decrypt"),
    "NotFoundException": ("KMSNotFoundException", "the KMS key was not found"),
}
"""What Invoke makes of KMS's codes (botocore, error shapes of Invoke)."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The variables of a function, encrypted, and the grant of its execution role."""

    key_arn: str
    blob: bytes = field(repr=False)
    grant_id: str
    function_arn: str

    @property
    def context(self) -> dict[str, str]:
        return {"aws:lambda:FunctionArn": self.function_arn}


def _function(call: ServiceCall, name: str | None = None) -> Any:
    """moto's; None where it has none."""
    backend = lambda_backends[call.caller.account][call.region]
    try:
        return backend.get_function(name or call.parameters["FunctionName"], call.parameters.get("Qualifier"))
    except HTTPException:
        return None


def _arn(call: ServiceCall) -> str:
    name: str = call.parameters.get("FunctionName") or "*"
    if name.startswith("arn:"):
        return name
    return f"arn:{PARTITION}:lambda:{call.region}:{call.caller.account}:function:{name.rpartition('function:')[2]}"


def _create(call: ServiceCall) -> Answer:
    asked = call.parameters
    variables = asked.get("Environment", {}).get("Variables")
    if not variables or _function(call) is not None:
        return call.forward()
    sealed = _sealed(call, variables, asked.get("KMSKeyArn"), asked["Role"])
    answer = call.forward()
    _keep(call, sealed)
    return answer


def _update(call: ServiceCall) -> Answer:
    asked, function = call.parameters, _function(call)
    if function is None or not {"Environment", "KMSKeyArn", "Role"} & asked.keys():
        return _shown(call)
    before: Sealed | None = getattr(function, _SEALED, None)
    variables = asked["Environment"].get("Variables", {}) if "Environment" in asked else function.environment_vars
    sealed = None
    if variables:
        if before is not None and "Environment" not in asked:
            try:
                _open(call, before)
            except KMSError as error:
                raise _of_configuring(error, "decrypt") from None
        key = asked.get("KMSKeyArn", function.kms_key_arn)
        sealed = _sealed(call, variables, key, asked.get("Role") or function.role)
    old = _execution(call, function.role, function.function_name)
    call.forward()
    if "KMSKeyArn" in asked:
        function.kms_key_arn = asked["KMSKeyArn"] or None  # moto does not change it
    setattr(function, _SEALED, sealed)
    if before is not None:
        with suppress(KMSError):
            ask_kms(replace(call, caller=old), "RetireGrant", {"KeyId": before.key_arn, "GrantId": before.grant_id})
    body = json.dumps(_with_variables(call, function.get_configuration(), sealed))
    return 200, {"Content-Type": "application/json"}, body


def _keep(call: ServiceCall, sealed: Sealed) -> None:
    function = _function(call)
    if function is not None:
        setattr(function, _SEALED, sealed)


def _sealed(call: ServiceCall, variables: Mapping[str, str], key: str | None, role: str) -> Sealed:
    """The variables under the key, as the caller asks for it. Raises Refused."""
    text = json.dumps(dict(variables)).encode()
    if len(text) > _MOST:
        # Reports have the variables after it, as "String measured".
        sentence = "Lambda was unable to configure your environment variables because the environment variables you "
        raise Refused("InvalidParameterValueException", f"{sentence}have provided exceeded the 4KB limit.")
    arn = _arn(call)
    key_id = key or default_key(call.caller.account, call.region, "alias/aws/lambda")
    name = arn.rpartition(":")[2]
    grant = {
        "KeyId": key_id,
        "GranteePrincipal": _execution(call, role, name).arn,
        "Operations": ["Decrypt", "RetireGrant"],
        "Constraints": {"EncryptionContextEquals": {"aws:lambda:FunctionArn": arn}},
    }
    try:
        grant_id = ask_kms(call, "CreateGrant", grant)["GrantId"]
    except KMSError as error:
        raise _of_configuring(error, "configure access to") from None
    asked = {"KeyId": key_id, "Plaintext": text, "EncryptionContext": {"aws:lambda:FunctionArn": arn}}
    try:
        made = ask_kms(call, "Encrypt", asked)
    except KMSError as error:
        raise _of_configuring(error, "encrypt") from None
    return Sealed(made["KeyId"], made["CiphertextBlob"], grant_id, arn)


def _of_configuring(error: KMSError, what: str) -> Refused:
    """Lambda's own words, and KMS's behind them."""
    behind = f"KMS Exception: {error.code} KMS Message: {error.message}"
    said = f"Lambda was unable to {what} your environment variables because the KMS"
    if error.code == "AccessDeniedException":
        return Refused(error.code, f"{said} access was denied. Please check your KMS permissions. {behind}", 403)
    if error.code == "DisabledException":
        reason = "key used is disabled"
    else:
        reason = "key is invalid for " + ("CreateGrant" if what == "configure access to" else what.capitalize())
    sentence = f"{said} {reason}. Please check your KMS key settings. {behind}"
    return Refused("InvalidParameterValueException", sentence)


def _shown(call: ServiceCall) -> Answer:
    """moto's answer, without the variables where the caller may not decrypt them."""
    status, headers, body = call.forward()
    if status >= 300:
        return status, headers, body
    told = json.loads(body)
    if call.operation == "GetFunction":
        told["Configuration"] = _with_own_variables(call, told["Configuration"])
    elif "Functions" in told:
        told["Functions"] = [_with_own_variables(call, one) for one in told["Functions"]]
    else:
        told = _with_own_variables(call, told)
    return status, headers, json.dumps(told)


def _with_own_variables(call: ServiceCall, configuration: dict[str, Any]) -> dict[str, Any]:
    function = _function(call, configuration["FunctionArn"])
    return _with_variables(call, configuration, getattr(function, _SEALED, None))


def _with_variables(call: ServiceCall, configuration: dict[str, Any], sealed: Sealed | None) -> dict[str, Any]:
    if sealed is None or "Environment" not in configuration:
        return configuration
    try:
        _open(call, sealed)
    except KMSError as error:
        message = _of_configuring(error, "decrypt").message
        return configuration | {"Environment": {"Error": {"ErrorCode": error.code, "Message": message}}}
    return configuration


def _open(call: ServiceCall, sealed: Sealed) -> None:
    """Raises KMSError."""
    ask_kms(call, "Decrypt", {"CiphertextBlob": sealed.blob, "EncryptionContext": sealed.context})


def _invoke(call: ServiceCall) -> Answer:
    """Raises Refused where the function cannot open its variables; moto runs it otherwise."""
    function = _function(call)
    sealed: Sealed | None = getattr(function, _SEALED, None)
    if sealed is not None and call.parameters.get("InvocationType") != "DryRun":
        try:
            _open(replace(call, caller=_execution(call, function.role, function.function_name)), sealed)
        except KMSError as error:
            code, reason = _KMS_ERRORS.get(error.code, ("KMSInvalidStateException", "KMS refused"))
            sentence = f"Lambda was unable to decrypt the environment variables because {reason}. "
            behind = f"KMS Exception: {error.code}KMS Message: {error.message}"
            raise Refused(code, f"{sentence}Please check the function's KMS key settings. {behind}", 502) from None
    return call.forward()


def _execution(call: ServiceCall, role_arn: str, function_name: str) -> Caller:
    """The session of the execution role in which the function runs; without policies where the role is gone."""
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    roles = iam_backends[account][PARTITION].roles.values()
    role = next((one for one in roles if one.arn == role_arn), None)
    return Caller(
        arn=f"arn:{PARTITION}:sts::{account}:assumed-role/{name}/{function_name}",
        account=account,
        kind="AssumedRole",
        user_id=f"{role.id if role else 'AROAUNKNOWNROLE00000'}:{function_name}",
        access_key_id="",
        role_arn=role_arn,
        entity=role,
    )


def _on_function(call: ServiceCall) -> Iterable[Permission]:
    action = {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"}.get(call.operation, call.operation)
    yield Permission(f"lambda:{action}", _arn(call), call.caller.account)


def _on_nothing(call: ServiceCall) -> Iterable[Permission]:
    yield Permission(f"lambda:{call.operation}", "*")


def _denied(decision: Decision) -> Refused:
    return Refused("AccessDeniedException", denial_message(decision), 403)


_PERMISSIONS: dict[str, Callable[[ServiceCall], Iterable[Permission]]] = {
    **dict.fromkeys(
        (
            *("CreateFunction", "DeleteFunction", "GetFunction", "GetFunctionConfiguration", "Invoke", "InvokeAsync"),
            *("UpdateFunctionCode", "UpdateFunctionConfiguration"),
        ),
        _on_function,
    ),
    "ListFunctions": _on_nothing,
}

SERVICE = with_required(
    Service(
        permissions=_PERMISSIONS,
        answers={
            "CreateFunction": _create,
            "GetFunction": _shown,
            "GetFunctionConfiguration": _shown,
            "Invoke": _invoke,
            "ListFunctions": _shown,
            "UpdateFunctionCode": _shown,
            "UpdateFunctionConfiguration": _update,
        },
        denied=_denied,
    )
)
