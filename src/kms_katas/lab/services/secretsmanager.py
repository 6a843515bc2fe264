"""Secrets Manager: who may, and which KMS calls it makes for them. moto keeps secrets and versions and calls no KMS.

Source: Secrets Manager guide, "Secret encryption and decryption", "Authentication and access control" and "Access
secrets from a different account"; botocore's texts of the operations.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.key_policy_check import names_somebody_unknown
from kms_katas.lab.services.call import Answer, Permission, Refused, Service, ServiceCall, store_of
from kms_katas.lab.services.gate import require
from kms_katas.lab.services.required import with_required
from kms_katas.lab.services.secret_versions import (
    data_keys_of,
    key_of,
    new_version,
    open_version,
    refuse_strangers_the_default_key,
    under_new_key,
    validate,
)
from kms_katas.lab.stored_policies import named_policy
from kms_katas.policy import Decision, NamedPolicy, PolicyError, denial_message, parse_document

_ON_NO_SECRET = frozenset(["BatchGetSecretValue", "GetRandomPassword", "ListSecrets"])


@dataclass(frozen=True, slots=True)
class SecretAt:
    """`secret` is moto's, None where there is none. `name` is then what the request says."""

    account: str
    name: str
    secret: Any

    @property
    def arn(self) -> str:
        """A name that belongs to no secret stands for itself in AWS's denials (reports of real errors)."""
        return self.secret.arn if self.secret is not None else self.name

    @property
    def policy(self) -> NamedPolicy | None:
        text = getattr(self.secret, "policy", None)
        return named_policy(f"resource policy of {self.name}", text) if text else None


def _secret(call: ServiceCall) -> SecretAt:
    """A secret of another account has to be named by its whole ARN."""
    name = call.parameters.get("SecretId") or call.parameters.get("Name") or ""
    account = name.split(":")[4] if name.startswith("arn:") and name.count(":") > 5 else call.caller.account
    store = store_of(secretsmanager_backends, account, call.region)
    found = store.secrets.get(name) if store is not None else None
    if found is not None and account != call.caller.account and found.arn != name:
        found = None
    return SecretAt(account, name, found)


def _forward(call: ServiceCall) -> Answer:
    account = _secret(call).account
    return call.forward({"x-moto-account-id": account} if account != call.caller.account else None)


def _needs(call: ServiceCall) -> Iterable[Permission]:
    asked, operation = call.parameters, call.operation
    action = f"secretsmanager:{operation}"
    if operation in _ON_NO_SECRET:
        yield Permission(action, "*")
        if operation == "BatchGetSecretValue" and asked.get("Filters"):
            yield Permission("secretsmanager:ListSecrets", "*")
        return
    at = _secret(call)
    context: dict[str, str | tuple[str, ...]] = {}
    for tag in getattr(at.secret, "tags", None) or ():
        for prefix in ("aws", "secretsmanager"):
            context[f"{prefix}:ResourceTag/{tag['Key']}"] = tag.get("Value", "")
    for name in ("Description", "KmsKeyId", "Name", "SecretId", "VersionId", "VersionStage"):
        if asked.get(name):
            context[f"secretsmanager:{name}"] = asked[name]
    if operation == "GetSecretValue" and not asked.get("VersionId"):
        context.setdefault("secretsmanager:VersionStage", "AWSCURRENT")
    if operation != "CreateSecret":
        yield Permission(action, at.arn, at.account, at.policy, context)
        return
    # Six characters that AWS draws end the ARN; "?" fits every pattern that people write for them.
    arn = f"arn:{PARTITION}:secretsmanager:{call.region}:{call.caller.account}:secret:{at.name}-??????"
    for needed in (action, *(["secretsmanager:TagResource"] if asked.get("Tags") else [])):
        yield Permission(needed, arn, call.caller.account, None, context)


def _token(call: ServiceCall) -> str:
    """The new version's ID, which boto3 and the AWS CLI make up where nobody gives one. The text is seen in reports of
    real errors; the code is from memory.
    """
    token: str = call.parameters.get("ClientRequestToken") or ""
    if not token:
        raise Refused(
            "InvalidRequestException", "You must provide a ClientRequestToken value. We recommend a UUID-type value."
        )
    return token


def _has_value(call: ServiceCall) -> bool:
    return call.parameters.get("SecretString") is not None or call.parameters.get("SecretBinary") is not None


def _create(call: ServiceCall) -> Answer:
    """The ARN, which is in the encryption context, is moto's to make: so a secret that KMS refuses is taken back."""
    token, there = _token(call), _secret(call).secret is not None
    answer = call.forward()
    secret = _secret(call).secret
    if answer[0] >= 300 or there or not isinstance(secret, FakeSecret):
        return answer
    try:
        named = call.parameters.get("KmsKeyId")
        if named or _has_value(call):
            key = key_of(call, secret, named)
            validate(call, secret, key)
            if _has_value(call):
                data_keys_of(secret)[token] = new_version(call, secret, key, token)
    except Refused:
        backend = secretsmanager_backends[call.caller.account][call.region]
        backend.remove_regions_from_replication(secret.name, [one.region for one in secret.replicas])
        backend.secrets.pop(secret.name)
        raise
    return answer


def _change(call: ServiceCall) -> Answer:
    """PutSecretValue and UpdateSecret. A version that is there already is opened, to compare the values."""
    secret = _secret(call).secret
    if not isinstance(secret, FakeSecret) or secret.is_deleted():
        return _forward(call)
    named = call.parameters.get("KmsKeyId") if call.operation == "UpdateSecret" else None
    changes = named is not None and named != secret.kms_key_id
    data_keys = {}
    if changes or _has_value(call):
        key = key_of(call, secret, named if named is not None else secret.kms_key_id)
        if changes:
            validate(call, secret, key)
            data_keys = under_new_key(call, secret, key)
        if _has_value(call):
            token = _token(call)
            if token in secret.versions:
                open_version(call, secret, token)
            else:
                data_keys[token] = new_version(call, secret, key, token)
    answer = _forward(call)
    if answer[0] < 300:
        data_keys_of(secret).update(data_keys)
        secret.kms_key_id = secret.kms_key_id or None
    return answer


def _get(call: ServiceCall) -> Answer:
    answer = _forward(call)
    if answer[0] < 300:
        _open(call, json.loads(answer[2])["VersionId"])
    return answer


def _open(call: ServiceCall, version_id: str) -> None:
    """Raises Refused."""
    secret = _secret(call).secret
    if isinstance(secret, FakeSecret):
        refuse_strangers_the_default_key(call, secret, secret.kms_key_id)
        open_version(call, secret, version_id)


def value_for(call: ServiceCall, secret_id: str) -> dict[str, Any]:
    """What GetSecretValue would answer to the caller of another request. Raises Refused."""
    asked = replace(call, service="secretsmanager", operation="GetSecretValue", parameters={"SecretId": secret_id})
    if setting.current.enforce:
        for permission in _needs(asked):
            require(SERVICE, asked, permission)
    backend = secretsmanager_backends[_secret(asked).account][call.region]
    try:
        value = backend.get_secret_value(secret_id, "", "")
    except JsonRESTError as error:
        raise Refused(error.error_type, error.message, error.code) from None
    _open(asked, value["VersionId"])
    return value


def _move_label(call: ServiceCall) -> Answer:
    """moto goes on giving the version that was current before."""
    answer = _forward(call)
    secret = _secret(call).secret
    if answer[0] < 300 and isinstance(secret, FakeSecret):
        current = (one for one, version in secret.versions.items() if "AWSCURRENT" in version["version_stages"])
        secret.default_version_id = next(current, secret.default_version_id)
    return answer


def _get_batch(call: ServiceCall) -> Answer:
    """Each secret as with GetSecretValue; what is refused is an entry among the errors."""
    answer = call.forward()
    if answer[0] >= 300:
        return answer
    said = json.loads(answer[2])
    names = call.parameters.get("SecretIdList") or [value["ARN"] for value in said["SecretValues"]]
    said["SecretValues"], said["Errors"] = [], []
    for name in names:
        try:
            said["SecretValues"].append(value_for(call, name))
        except Refused as refused:
            said["Errors"].append({"SecretId": name, "ErrorCode": refused.code, "Message": refused.message})
    return answer[0], answer[1], json.dumps(said)


def _put_policy(call: ServiceCall) -> Answer:
    try:
        document = parse_document(call.parameters.get("ResourcePolicy", ""))
    except PolicyError as error:
        raise Refused("MalformedPolicyDocumentException", f"This resource policy is malformed: {error}") from None
    if names_somebody_unknown(document):  # the text is from memory
        text = "This resource policy contains an unsupported principal."
        raise Refused("MalformedPolicyDocumentException", text)
    return _forward(call)


def _denied(decision: Decision) -> Refused:
    return Refused("AccessDeniedException", denial_message(decision))


FIDELITY = (
    (
        "Creating and changing a secret",
        "GenerateDataKey for each new version, with SecretARN and SecretVersionId. Where a key is chosen, "
        "GenerateDataKey and Decrypt before, with RequestToValidateKeyAccess for the version.",
    ),
    ("Reading", "Decrypt for each secret; DescribeSecret asks for no key."),
    (
        "Another key",
        "Versions with the labels AWSCURRENT, AWSPENDING and AWSPREVIOUS can be opened with the new and the old key "
        "from then on, if the caller may decrypt with the old one and encrypt with the new one.",
    ),
    ("Rotation and replicas", "moto's; no key is asked for."),
    ("BlockPublicPolicy", "Not looked at."),
)
"""What -> how the lab has it."""

_OPERATIONS = (
    *("BatchGetSecretValue", "CancelRotateSecret", "CreateSecret", "DeleteResourcePolicy", "DeleteSecret"),
    *("DescribeSecret", "GetRandomPassword", "GetResourcePolicy", "GetSecretValue", "ListSecretVersionIds"),
    *("ListSecrets", "PutResourcePolicy", "PutSecretValue", "RemoveRegionsFromReplication"),
    *("ReplicateSecretToRegions", "RestoreSecret", "RotateSecret", "TagResource", "UntagResource", "UpdateSecret"),
    "UpdateSecretVersionStage",
)

SERVICE = with_required(
    Service(
        permissions=dict.fromkeys(_OPERATIONS, _needs),
        answers={
            **dict.fromkeys(_OPERATIONS, _forward),
            "BatchGetSecretValue": _get_batch,
            "CreateSecret": _create,
            "GetSecretValue": _get,
            "PutResourcePolicy": _put_policy,
            "PutSecretValue": _change,
            "UpdateSecret": _change,
            "UpdateSecretVersionStage": _move_label,
        },
        denied=_denied,
        reached_by_rcps=True,
    )
)
