"""GetKeyPolicy, PutKeyPolicy, ListKeyPolicies, and what KMS asks of a key policy before it takes it.

What a policy allows is the policy room's matter.
"""

from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.authorization import may_put_key_policy
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.key_policy_check import fault_in_key_policy
from kms_katas.lab.kms.keys import Key
from kms_katas.lab.kms.paging import page
from kms_katas.lab.kms.work import Work
from kms_katas.policy import PolicyError, parse_document
from kms_katas.policy.document import KEY_POLICY_BYTES


def get_key_policy(work: Work) -> dict[str, Any]:
    name = work.parameters.get("PolicyName", "default")
    if name != "default":
        raise KMSError("NotFoundException", "No such policy exists")
    return {"Policy": work.key.policy, "PolicyName": name}


def put_key_policy(work: Work) -> dict[str, Any]:
    name = work.parameters.get("PolicyName", "default")
    if name == "AWS_RAM":
        raise KMSError("ValidationException", "The AWS_RAM policy can only be managed by the RAM service.")
    if name != "default":
        # Doubtful: neither the code nor the text is documented for any other name.
        raise KMSError(
            "ValidationException", f"The only policy name that PutKeyPolicy takes is default. It was {name}."
        )
    require_sound_policy(work, work.key, work.parameters["Policy"])
    work.key.policy = work.parameters["Policy"]
    return {}


def list_key_policies(work: Work) -> dict[str, Any]:
    """Doubtful: the code for a bad Marker, since the model lists no InvalidMarkerException for this operation."""
    return page({"default": "default"}, work.parameters, "PolicyNames", 100, 1000)


def require_sound_policy(work: Work, key: Key, text: str) -> None:
    """Raises LimitExceededException, and MalformedPolicyDocumentException for bad JSON, principals that do not exist
    and a lockout.
    """
    if len(text.encode()) > KEY_POLICY_BYTES:
        raise KMSError("LimitExceededException", f"The key policy is larger than {KEY_POLICY_BYTES} bytes.")
    try:
        document = parse_document(text)
    except PolicyError as problem:
        raise KMSError("MalformedPolicyDocumentException", str(problem)) from None
    fault = fault_in_key_policy(document)
    if fault is not None:
        raise KMSError("MalformedPolicyDocumentException", fault)
    bypass = work.parameters.get("BypassPolicyLockoutSafetyCheck", False)
    if setting.current.enforce and not bypass and not may_put_key_policy(work, key, document):
        raise KMSError(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )
