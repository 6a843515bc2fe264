"""ReEncrypt: from one ciphertext to another inside KMS, with two keys or twice with the same."""

from typing import Any

from kms_katas.lab.kms.operations.crypto import opened, require_use, sealed
from kms_katas.lab.kms.specs import SYMMETRIC
from kms_katas.lab.kms.work import Work


def re_encrypt(work: Work) -> dict[str, Any]:
    """The new ciphertext is always under the current material of the destination key, also where both keys are one.

    Only a symmetric key has a material ID in the answer (recorded, see operations/crypto.py). Doubtful: the name of the
    operation in the text for a key with another usage.
    """
    asked, source, destination = work.parameters, work.target.source, work.key
    assert source is not None
    from_algorithm = asked.get("SourceEncryptionAlgorithm", SYMMETRIC)
    to_algorithm = asked.get("DestinationEncryptionAlgorithm", SYMMETRIC)
    if from_algorithm != SYMMETRIC:
        require_use(work, source, from_algorithm)
    require_use(work, destination, to_algorithm)
    plaintext, opened_by = opened(work, source, from_algorithm, asked.get("SourceEncryptionContext", {}))
    context = asked.get("DestinationEncryptionContext", {})
    blob, sealed_by = sealed(work, destination, to_algorithm, plaintext, context)
    answer = {
        "CiphertextBlob": blob,
        "SourceKeyId": source.arn,
        "KeyId": destination.arn,
        "SourceEncryptionAlgorithm": from_algorithm,
        "DestinationEncryptionAlgorithm": to_algorithm,
    }
    materials = {"SourceKeyMaterialId": opened_by, "DestinationKeyMaterialId": sealed_by}
    return answer | {name: material_id for name, material_id in materials.items() if material_id is not None}


def rehearse_re_encrypt(work: Work) -> None:
    """A dry run looks at the ciphertext too, unless DryRunModifiers says not to (botocore shape ReEncryptRequest)."""
    if "IGNORE_CIPHERTEXT" not in work.parameters.get("DryRunModifiers", ()):
        re_encrypt(work)
