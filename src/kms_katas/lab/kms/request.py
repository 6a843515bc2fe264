"""From the JSON body of a request to checked parameters, over botocore's own model of KMS.

Knows the shapes, not the meaning. The texts are those of AWS's recorded ValidationExceptions; those of
SerializationException are the lab's own. Of KMS none is recorded for lists of plain values and for bytes that are not
sensitive; these follow other services of the same framework: a fault in a list shows the whole list and every rule of
its members (Lambda, CloudFormation; some services add "Member must not be null" to the rules), bytes show as a Java
buffer (Kinesis, Firehose). AWS tells several faults of one request in no documented order: here it is the model's order
of the parameters, and for one value enum, pattern, length.
"""

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from botocore.model import OperationModel, OperationNotFoundError, ServiceModel, Shape

from kms_katas.lab.aws_session import LOADER
from kms_katas.lab.kms.errors import KMSError

_SPOKEN_TYPES: dict[str, type] = {
    "string": str,
    "blob": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "structure": dict,
    "map": dict,
    "list": list,
}

_AS_WRITTEN = {str: "a string", bool: "a boolean", list: "an array", dict: "an object", type(None): "null"}
_WANTED = {"blob": "base64 in a string", "integer": "an integer", "long": "an integer"}

_RECORDED_ENUMS = {
    "KeySpec": (
        "RSA_2048, ECC_NIST_P384, ECC_NIST_P256, ECC_NIST_P521, HMAC_384, RSA_3072, ECC_SECG_P256K1, RSA_4096, "
        "SYMMETRIC_DEFAULT, HMAC_256, HMAC_224, HMAC_512"
    ),
    "KeyUsageType": "ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC",
    "MacAlgorithmSpec": "HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512",
}
"""Shape -> the values as AWS printed them, in April 2023. Newer values are taken and yet not in this text: what AWS
prints today is not recorded. For other shapes the values stand in botocore's order."""


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    return ServiceModel(LOADER.load_service_model("kms", "service-2"), "kms")


@cache
def operation_model(name: str) -> OperationModel | None:
    """The model of an operation, or None when KMS has none by this name."""
    try:
        return service_model().operation_model(name)
    except OperationNotFoundError:
        return None


@cache
def has_error(operation: str, code: str) -> bool:
    """Whether the model lists this error among those of the operation."""
    model = operation_model(operation)
    return model is not None and any(shape.name == code for shape in model.error_shapes)


def parse(operation: str, body: bytes) -> dict[str, Any]:
    """The parameters, blobs decoded.

    Raises KMSError (ValidationException, SerializationException, UnknownOperationException).
    """
    model = operation_model(operation)
    if model is None:
        raise KMSError("UnknownOperationException", f"KMS has no operation {operation!r}.")
    given = _json(body)
    faults: list[str] = []
    parsed = _read(given, model.input_shape, "", faults) if model.input_shape is not None else {}
    if faults:
        raise KMSError("ValidationException", counted(faults))
    result: dict[str, Any] = parsed
    return result


def faults_in(given: dict[str, Any], shape: Shape) -> list[str]:
    """What the model forbids in the parameters of another service that checks them as KMS does."""
    faults: list[str] = []
    _read(given, shape, "", faults)
    return faults


def require_types(body: bytes, shape: Shape | None) -> None:
    """That the JSON body of a request to another service has the types of its model, and no more than that.

    Raises KMSError (SerializationException).
    """
    if shape is not None:
        _read(_json(body), shape, "", [])


def counted(faults: list[str]) -> str:
    """AWS's one text for several faults."""
    return f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected: " + "; ".join(faults)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError):  # the second for thousands of brackets
        raise KMSError("SerializationException", "The body of the request is not JSON.") from None


def _read(given: Any, shape: Shape, path: str, faults: list[str]) -> Any:
    kind = shape.type_name
    expected = _SPOKEN_TYPES.get(kind)
    if expected is not None and (not isinstance(given, expected) or (expected is int and isinstance(given, bool))):
        wanted, found = _WANTED.get(kind) or _AS_WRITTEN[expected], _AS_WRITTEN.get(type(given), "a number")
        raise KMSError("SerializationException", f"{path or 'The body'} must be {wanted}, not {found}.")
    if kind == "structure":
        return _read_structure(given, shape, path, faults)
    if kind == "list":
        return _read_list(given, shape, path, faults)
    if kind == "map":
        for key in given:
            _require_unicode(key, path)
        return {key: _read(value, shape.value, f"{path}.{key}", faults) for key, value in given.items()}
    if kind == "blob":
        try:
            given = base64.b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            raise KMSError("SerializationException", f"{path} must be base64.") from None
        size = len(given)
        _measure(size, f"java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]", shape, path, faults, "length")
    elif kind == "timestamp":
        return _read_time(given, path)
    elif kind == "string":
        _read_string(given, shape, path, faults)
    elif kind in ("integer", "long"):
        _measure(given, given, shape, path, faults, "value")
    return given


def _read_list(given: list[Any], shape: Shape, path: str, faults: list[str]) -> list[Any]:
    """Members that are structures have faults of their own; of other members the list has the fault."""
    member = shape.member
    structures = member.type_name == "structure"
    in_members: list[str] = []
    found = [_read(one, member, f"{path}.{place}.member", in_members) for place, one in enumerate(given, 1)]
    shown = None if structures else f"[{', '.join(map(str, given))}]"
    _measure(len(given), shown, shape, path, faults, "length")
    if structures:
        faults += in_members
    elif in_members:
        rules = ", ".join(_rules(member))
        faults.append(_fault(f"Value '{shown}' at '{path}'", f"Member must satisfy constraint: [{rules}]"))
    return found


def _read_time(given: Any, path: str) -> datetime:
    """Seconds since 1970, as this protocol writes a time."""
    try:
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            return datetime.fromtimestamp(given, UTC)
    except (OverflowError, ValueError, OSError):
        pass
    raise KMSError("SerializationException", f"{path} must be a time in seconds since 1970.")


def _read_structure(given: dict[str, Any], shape: Shape, path: str, faults: list[str]) -> dict[str, Any]:
    required = shape.required_members
    found = {}
    for name, member in shape.members.items():
        value = given.get(name)
        if value is not None:
            found[name] = _read(value, member, _member_path(path, name), faults)
        elif name in required:
            faults.append(_fault(f"Value null at '{_member_path(path, name)}'", "Member must not be null"))
    return found


def _member_path(path: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name


def _require_unicode(text: str, path: str) -> None:
    """JSON can spell half of a surrogate pair, which is no character and has no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise KMSError("SerializationException", f"{path} holds half a surrogate pair, which is no text.") from None


def _read_string(given: str, shape: Shape, path: str, faults: list[str]) -> None:
    _require_unicode(given, path)
    if shape.enum and given not in shape.enum:
        faults.append(_fault(_where(given, shape, path), _enum_rule(shape)))
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, given, re.ASCII):
        rule = f"Member must satisfy regular expression pattern: {pattern}"
        faults.append(_fault(_where(given, shape, path), rule))
    _measure(len(given), given, shape, path, faults, "length")


def _enum_rule(shape: Shape) -> str:
    return f"Member must satisfy enum value set: [{_RECORDED_ENUMS.get(shape.name, ', '.join(shape.enum))}]"


def _rules(shape: Shape) -> list[str]:
    """All that the model asks of a string, in the order in which AWS lists it."""
    limits = {"max": "less", "min": "greater"}
    rules = [_limit(shape, word, limit, "length") for limit, word in limits.items() if limit in shape.metadata]
    if "pattern" in shape.metadata:
        rules.append(f"Member must satisfy regular expression pattern: {shape.metadata['pattern']}")
    return [*([_enum_rule(shape)] if shape.enum else []), *rules]


def _measure(size: int, shown: object, shape: Shape, path: str, faults: list[str], word: str) -> None:
    metadata = shape.metadata
    if size < metadata.get("min", size):
        faults.append(_fault(_where(shown, shape, path), _limit(shape, "greater", "min", word)))
    if size > metadata.get("max", size):
        faults.append(_fault(_where(shown, shape, path), _limit(shape, "less", "max", word)))


def _limit(shape: Shape, than: str, limit: str, word: str) -> str:
    return f"Member must have {word} {than} than or equal to {shape.metadata[limit]}"


def _where(shown: object, shape: Shape, path: str) -> str:
    """Sensitive values are not shown."""
    hidden = shown is None or shape.metadata.get("sensitive")
    return f"Value at '{path}'" if hidden else f"Value '{shown}' at '{path}'"


def _fault(where: str, rule: str) -> str:
    return f"{where} failed to satisfy constraint: {rule}"
