"""The AWS calls of an answer as evidence for its learner: what was called on which key, what came of it, no secret."""

from collections.abc import Iterable
from typing import Any

from kms_katas.grading.show import show, show_text
from kms_katas.kit import KmsCall
from kms_katas.lab import Call

MAX_SHOWN = 50
_TOLD = (
    *("KeySpec", "KeyPairSpec", "NumberOfBytes", "EncryptionContext", "PendingWindowInDays"),
    *("RotationPeriodInDays", "IncludeKeyMaterial", "SourceEncryptionContext", "DestinationEncryptionContext"),
    *("DryRun", "DryRunModifiers"),
    *("Origin", "WrappingKeySpec", "WrappingAlgorithm", "ExpirationModel", "ValidTo", "ImportType"),
)


def evidence(calls: Iterable[Call]) -> tuple[KmsCall, ...]:
    """The first MAX_SHOWN calls."""
    return tuple(_shown(call) for call in list(calls)[:MAX_SHOWN])


def _shown(call: Call) -> KmsCall:
    parameters = call.parameters or {}
    names = ("KeyId", "DestinationKeyId", "TargetKeyId", "AliasName")
    target = next((parameters[name] for name in names if parameters.get(name)), "")
    # The name is what the answer wrote into a header: any text at all, unless it is an operation.
    operation = show_text(call.operation, 60)
    return KmsCall(operation, show_text(target, 120), call.error_code or "ok", ", ".join(_details(parameters)))


def _details(parameters: dict[str, Any]) -> Iterable[str]:
    for name in ("Plaintext", "CiphertextBlob", "EncryptedKeyMaterial"):
        if name in parameters:
            yield f"{name} of {len(parameters[name])} bytes"
    if "SourceKeyId" in parameters:
        yield f"SourceKeyId {show_text(parameters['SourceKeyId'], 120)}"
    for name in _TOLD:
        if name in parameters:
            yield f"{name} {show(parameters[name], 80)}"
