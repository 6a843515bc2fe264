"""CreateKey and the operations on a key's life: describe, list, enable, disable, delete.

Key policies and tags have modules of their own.
"""

from datetime import timedelta
from typing import Any

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.operations.custom_stores import store_for_new_key
from kms_katas.lab.kms.operations.policies import require_sound_policy
from kms_katas.lab.kms.operations.tags import require_sound_tags
from kms_katas.lab.kms.paging import page
from kms_katas.lab.kms.schedule import resume_rotation
from kms_katas.lab.kms.specs import ENCRYPT, KEY_SPECS, SYMMETRIC, require_spec_of_region
from kms_katas.lab.kms.work import Work

_MOST_KEYS = 100_000  # customer managed keys of an account in a Region, in whatever state (developer guide, quotas)


def create_key(work: Work) -> dict[str, Any]:
    asked = work.parameters
    _refuse_other_kinds(asked, work.region)
    custom_store = store_for_new_key(work)
    tags = {tag["TagKey"]: tag["TagValue"] for tag in asked.get("Tags", ())}
    require_sound_tags(asked.get("Tags", ()), len(tags))
    store = store_of(work.account, work.region, work.now)
    if len(store.keys) >= _MOST_KEYS and sum(key.manager == "CUSTOMER" for key in store.keys.values()) >= _MOST_KEYS:
        raise KMSError("LimitExceededException", f"The account has {_MOST_KEYS} KMS keys, the most in a Region.")
    origin = asked.get("Origin", "AWS_KMS")
    key = store.new_key(
        work.now,
        asked.get("Policy"),
        asked.get("Description", ""),
        origin,
        spec=asked.get("KeySpec", asked.get("CustomerMasterKeySpec", SYMMETRIC)),
        usage=asked.get("KeyUsage", ENCRYPT),
        multi_region=asked.get("MultiRegion", False),
    )
    key.tags = tags
    key.custom_store, key.xks_key_id = custom_store, asked.get("XksKeyId")
    if "Policy" in asked:
        try:
            require_sound_policy(work, key, asked["Policy"])
        except KMSError:
            store.forget(key)
            raise
    work.target = type(work.target)(key, checks=work.target.checks)
    return {"KeyMetadata": key.metadata()}


def _refuse_other_kinds(asked: dict[str, Any], region: str) -> None:
    """First what AWS refuses, then what only the lab refuses.

    Raises ValidationException and UnsupportedOperationException.
    """
    if "KeySpec" in asked and "CustomerMasterKeySpec" in asked:
        # The sentence as others quote it from AWS (grucloud; local-kms, functional tests).
        raise KMSError(
            "ValidationException",
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
            "CustomerMasterKeySpec is deprecated.",
        )
    spec = asked.get("KeySpec", asked.get("CustomerMasterKeySpec", SYMMETRIC))
    usage = asked.get("KeyUsage")
    if spec != SYMMETRIC and usage is None:
        raise KMSError(
            "ValidationException",
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        )
    if usage is not None and usage not in KEY_SPECS[spec].uses:
        raise KMSError("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    # Recorded for the three ML_DSA specs (stackd, imports_families.json), against the API text, which has import for
    # all types; taken for ML_KEM, which no recording shows.
    if asked.get("Origin") == "EXTERNAL" and KEY_SPECS[spec].family in ("ML_DSA", "ML_KEM"):
        raise KMSError("ValidationException", f"KeySpec {spec} is not supported for Origin EXTERNAL")
    require_spec_of_region(spec, region)


def describe_key(work: Work) -> dict[str, Any]:
    """An AWS managed key that its alias, such as alias/aws/s3, has to make first is made by targets.py."""
    return {"KeyMetadata": work.key.metadata()}


def list_keys(work: Work) -> dict[str, Any]:
    keys = store_of(work.account, work.region, work.now).keys
    if "SELF" not in work.parameters.get("ResourceOwners", ("SELF",)):
        keys = {}  # Nothing is shared through AWS RAM in the lab.
    return page(
        {key.id: {"KeyId": key.id, "KeyArn": key.arn} for key in keys.values()}, work.parameters, "Keys", 100, 1000
    )


def enable_key(work: Work) -> dict[str, Any]:
    # First the schedule: else the store would catch up with each date that the disabled key missed.
    resume_rotation(store_of(work.key.account, work.key.region, work.now), work.key, work.now)
    work.key.state = "Enabled"
    return {}


def disable_key(work: Work) -> dict[str, Any]:
    work.key.state = "Disabled"
    return {}


def schedule_key_deletion(work: Work) -> dict[str, Any]:
    days = work.parameters.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        # The model allows 1 to 365; its text says 7 to 30. The sentence is AWS's (kms-issuer, issue 8, a log of 2020).
        raise KMSError("ValidationException", "PendingWindowInDays must be between 7 and 30")
    key = work.key
    answer: dict[str, Any] = {"KeyId": key.arn, "PendingWindowInDays": days}
    if not key.is_replica and len(key.related) > 1:
        # The waiting period begins when the last replica is deleted (schedule.py).
        key.state, key.deletion_window = "PendingReplicaDeletion", days
    else:
        key.state = "PendingDeletion"
        key.deletion_date = answer["DeletionDate"] = work.now + timedelta(days=days)
    return answer | {"KeyState": key.state}


def cancel_key_deletion(work: Work) -> dict[str, Any]:
    """Leaves the key Disabled, never Enabled (botocore op:CancelKeyDeletion); one whose imported material is missing
    PendingImport (recorded, see operations/imports.py).
    """
    work.key.state = "Disabled" if work.key.is_complete else "PendingImport"
    work.key.deletion_date = work.key.deletion_window = None
    return {"KeyId": work.key.arn}


def update_key_description(work: Work) -> dict[str, Any]:
    work.key.description = work.parameters["Description"]
    return {}
