"""ReEncrypt: from one ciphertext to another inside KMS, with two keys or twice with the same, for symmetric keys."""

from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.ciphertext import seal
from kms_katas.lab.kms.operations.crypto import opened, require_symmetric_algorithm
from kms_katas.lab.kms.work import Work


def re_encrypt(work: Work) -> dict[str, Any]:
    """The new ciphertext is always under the current material of the destination key, also where both keys are one."""
    asked, source, destination = work.parameters, work.target.source, work.key
    assert source is not None
    require_symmetric_algorithm(source, asked.get("SourceEncryptionAlgorithm"))
    require_symmetric_algorithm(destination, asked.get("DestinationEncryptionAlgorithm"))
    material, plaintext = opened(work, source, asked.get("SourceEncryptionContext", {}))
    current = destination.current_material
    context = asked.get("DestinationEncryptionContext", {})
    return {
        "CiphertextBlob": seal(current, plaintext, context, setting.current.randomness),
        "SourceKeyId": source.arn,
        "KeyId": destination.arn,
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "SourceKeyMaterialId": material.id,
        "DestinationKeyMaterialId": current.id,
    }


def rehearse_re_encrypt(work: Work) -> None:
    """A dry run looks at the ciphertext too, unless DryRunModifiers says not to (botocore shape ReEncryptRequest)."""
    if "IGNORE_CIPHERTEXT" not in work.parameters.get("DryRunModifiers", ()):
        re_encrypt(work)
