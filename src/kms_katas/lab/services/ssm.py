"""Parameter Store of Systems Manager: who may, and how a SecureString lies. moto keeps parameters and calls no KMS.

Source: KMS guide, "How AWS Systems Manager Parameter Store uses AWS KMS". A standard parameter is encrypted by KMS
itself, an advanced one with a data key. Not for the rest of Systems Manager: that is moto's, for everybody.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto.ssm.models import Parameter, SimpleSystemManagerBackend, ssm_backends

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Answer, Permission, Refused, Service, ServiceCall
from kms_katas.lab.services.data_keys import asked_by, passed_on
from kms_katas.lab.services.keys_for_services import default_key
from kms_katas.lab.services.required import with_required
from kms_katas.policy import Decision, denial_message

_DEFAULT = "alias/aws/ssm"
_SEALED = "_kms_katas_sealed"
_A_SECRET = "/aws/reference/secretsmanager/"
_STANDARD, _ADVANCED = 4096, 8192


@dataclass(frozen=True, slots=True)
class Sealed:
    """The value of a SecureString. `blob` is what KMS made: the value itself, or the data key under which `payload`
    lies.
    """

    blob: bytes
    context: Mapping[str, str]
    payload: bytes = b""

    @property
    def text(self) -> str:
        """What a reader gets who does not ask for decryption. AWS's form for an advanced parameter is a message of the
        AWS Encryption SDK; this is not.
        """
        return base64.b64encode(self.blob + self.payload).decode()


def _is_arn(name: str) -> bool:
    return name.startswith("arn:") and name.count(":") > 4


def _arn(call: ServiceCall, name: str) -> str:
    if _is_arn(name):
        return name
    return f"arn:{PARTITION}:ssm:{call.region}:{call.caller.account}:parameter/{name.removeprefix('/')}"


def _names(call: ServiceCall) -> list[str]:
    """Without the version or label that a name may end with."""
    asked = call.parameters
    found = asked.get("Names") or [asked.get("Name") or asked.get("Path") or ""]
    return [name if _is_arn(name) else name.split(":")[0] for name in found]


def _needs(call: ServiceCall) -> Iterable[Permission]:
    asked, operation = call.parameters, call.operation
    context: dict[str, str | tuple[str, ...]] = {}
    if operation == "PutParameter":
        context["ssm:Overwrite"] = "true" if asked.get("Overwrite") else "false"
    if operation == "GetParametersByPath":
        context["ssm:Recursive"] = "true" if asked.get("Recursive") else "false"
    if operation == "DescribeParameters":
        yield Permission("ssm:DescribeParameters", "*")
        return
    backend = ssm_backends[call.caller.account][call.region]
    for name in _names(call):
        arn = _arn(call, name)
        tags = backend._resource_tags["Parameter"].get(backend._parameters.normalize_name(name), {})
        own = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
        yield Permission(f"ssm:{operation}", arn, arn.split(":")[4], None, {**context, **own})
        if operation == "PutParameter" and asked.get("Tags"):
            yield Permission("ssm:AddTagsToResource", arn, arn.split(":")[4], None, context)


def _versions(backend: SimpleSystemManagerBackend, name: str) -> list[Parameter]:
    """The oldest first."""
    parameters = backend._parameters
    return parameters.get(parameters.normalize_name(name)) or []


def _put(call: ServiceCall) -> Answer:
    """A SecureString whose key says no is not there: asked first, stored then."""
    asked, name = call.parameters, call.parameters["Name"]
    backend = ssm_backends[call.caller.account][call.region]
    before = next(reversed(_versions(backend, name)), None)
    if (asked.get("Type") or (before and before.parameter_type)) != "SecureString":
        return call.forward()
    if before is not None and not asked.get("Overwrite"):
        return call.forward()  # it exists already, and moto says so
    tier = asked.get("Tier") or (before and before.tier) or "Standard"
    value = asked.get("Value", "").encode()
    advanced = tier == "Advanced" or (tier == "Intelligent-Tiering" and len(value) > _STANDARD)
    _check_size(value, advanced)
    key = asked.get("KeyId") or _DEFAULT
    sealed = _sealed(call, key, value, advanced) if value else None
    answer = call.forward()
    if answer[0] < 300:
        stored = _versions(backend, name)[-1]
        stored.keyid = key
        stored.value = stored.encrypt(asked["Value"])
        setattr(stored, _SEALED, sealed)
    return answer


def _check_size(value: bytes, advanced: bool) -> None:
    """Both texts are seen in reports of real errors."""
    if len(value) <= (_ADVANCED if advanced else _STANDARD):
        return
    if advanced:
        sentence = "The specified parameter value is too large. Advanced-tier parameters support a maximum parameter "
        raise Refused("ValidationException", f"{sentence}value of {_ADVANCED} characters.")
    guide = "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
    raise Refused(
        "ValidationException",
        f"Standard tier parameters support a maximum parameter value of {_STANDARD} characters. To create a larger "
        f"parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see {guide}",
    )


def _sealed(call: ServiceCall, key: str, value: bytes, advanced: bool) -> Sealed:
    """A key named by ID or alias is one of the caller's account. Raises Refused."""
    name = default_key(call.caller.account, call.region, _DEFAULT) if key == _DEFAULT else key
    context = {"PARAMETER_ARN": _arn(call, call.parameters["Name"])}
    ask = asked_by(call)
    try:
        if not advanced:
            made = ask("Encrypt", {"KeyId": name, "Plaintext": value, "EncryptionContext": context})
            return Sealed(made["CiphertextBlob"], context)
        made = ask("GenerateDataKey", {"KeyId": name, "KeySpec": "AES_256", "EncryptionContext": context})
    except KMSError as error:
        raise _of_kms(error) from None
    nonce = setting.current.randomness.bytes(12)
    return Sealed(made["CiphertextBlob"], context, nonce + AESGCM(made["Plaintext"]).encrypt(nonce, value, None))


def _opened(call: ServiceCall, sealed: Sealed) -> str:
    """Raises Refused."""
    try:
        answer = asked_by(call)("Decrypt", {"CiphertextBlob": sealed.blob, "EncryptionContext": dict(sealed.context)})
    except KMSError as error:
        raise _of_kms(error) from None
    plaintext: bytes = answer["Plaintext"]
    if sealed.payload:
        plaintext = AESGCM(plaintext).decrypt(sealed.payload[:12], sealed.payload[12:], None)
    return plaintext.decode()


def _read(call: ServiceCall) -> Answer:
    """moto finds the parameters; the values of those that are sealed are put in here. Not documented is what AWS does
    where one of several may not be opened: here the whole request is refused.
    """
    for name in _names(call):
        if name.startswith(_A_SECRET):
            _read_secret(call, name)
    answer = call.forward()
    if answer[0] >= 300:
        return answer
    said = json.loads(answer[2])
    backend = ssm_backends[call.caller.account][call.region]
    for one in said["Parameters"] if "Parameters" in said else [said["Parameter"]]:
        versions = _versions(backend, one["Name"])
        stored = next((stored for stored in versions if stored.version == one["Version"]), None)
        sealed: Sealed | None = getattr(stored, _SEALED, None)
        if sealed is not None:
            one["Value"] = _opened(call, sealed) if call.parameters.get("WithDecryption") else sealed.text
    return answer[0], answer[1], json.dumps(said)


def _read_secret(call: ServiceCall, name: str) -> None:
    """A secret that is read through Parameter Store needs what reading it in Secrets Manager needs (Systems Manager
    guide, "Referencing AWS Secrets Manager secrets"). Raises Refused.
    """
    from kms_katas.lab.services.secretsmanager import value_for  # here, for moto's Secrets Manager is seldom needed

    if call.parameters.get("WithDecryption"):
        value_for(call, name.removeprefix(_A_SECRET))


def _of_kms(error: KMSError) -> Refused:
    """Seen in reports of real errors: the denial and a missing key; of the others the KMS guide says InvalidKeyId."""
    code = error.code if error.code in ("AccessDeniedException", "ThrottlingException") else "InvalidKeyId"
    return Refused(code, passed_on(error))


def _denied(decision: Decision) -> Refused:
    return Refused("AccessDeniedException", denial_message(decision))


FIDELITY = (
    (
        "SecureString",
        "Encrypt for a standard parameter, GenerateDataKey for an advanced one, Decrypt for each that is read with "
        "WithDecryption; the context is PARAMETER_ARN. Without WithDecryption comes the ciphertext in base64, which "
        "for a standard parameter kms:Decrypt opens.",
    ),
    ("An advanced SecureString, not decrypted", "AWS gives a message of the AWS Encryption SDK, the lab does not."),
    ("Parameters of other accounts", "None: sharing by AWS RAM is left out."),
    ("Permissions", "For parameters; the rest of Systems Manager lets everybody in."),
)
"""What -> how the lab has it."""

_READING = ("GetParameter", "GetParameterHistory", "GetParameters", "GetParametersByPath")
_OPERATIONS = (
    *_READING,
    *("DeleteParameter", "DeleteParameters", "DescribeParameters", "LabelParameterVersion", "PutParameter"),
    "UnlabelParameterVersion",
)

SERVICE = with_required(
    Service(
        permissions=dict.fromkeys(_OPERATIONS, _needs),
        answers={**dict.fromkeys(_READING, _read), "PutParameter": _put},
        denied=_denied,
    )
)
