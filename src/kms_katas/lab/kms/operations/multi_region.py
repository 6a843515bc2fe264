"""ReplicateKey and UpdatePrimaryRegion.

What related keys share, and how rotation reaches all of them: keys.py and schedule.py. "Recorded" means here: in
answers of AWS that the project stackd recorded on 2026-09-12 and published (testdata/aws/kms/multi_region.json,
imports_multi_region.json and imports_rotation_replica.json).

Simplified: every Region of the partition counts as enabled for the account; the service-linked role of multi-Region
keys is taken to exist, so that nobody needs iam:CreateServiceLinkedRole.
"""

from typing import Any

from moto.kms.models import kms_backends
from moto.utilities.utils import get_partition

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.keys import Key
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.operations.policies import require_sound_policy
from kms_katas.lab.kms.operations.tags import require_sound_tags
from kms_katas.lab.kms.states import require_state_of
from kms_katas.lab.kms.work import Work


def replicate_key(work: Work) -> dict[str, Any]:
    """The replica is Creating until a moment has passed. Codes and texts recorded; which of several faults AWS names
    first is not. That a single-Region key gets the sentence of a replica is a guess.
    """
    asked, primary = work.parameters, work.key
    if primary.family is None or primary.is_replica:
        raise KMSError("UnsupportedOperationException", f"{primary.arn} is not a multi-region primary key.")
    region = asked["ReplicaRegion"]
    _require_replica_region(primary, region)
    _require_region_up(region)
    if region in primary.family.members:
        raise KMSError(
            "AlreadyExistsException", "You can create only one replica of each primary key in each AWS Region."
        )
    tags = {tag["TagKey"]: tag["TagValue"] for tag in asked.get("Tags", ())}
    require_sound_tags(asked.get("Tags", ()), len(tags))
    store = store_of(primary.account, region, work.now)
    replica = store.new_replica(primary, work.now, asked.get("Policy"), asked.get("Description", ""))
    replica.tags = tags
    if "Policy" in asked:
        try:
            require_sound_policy(work, replica, asked["Policy"])
        except KMSError:
            store.forget(replica)
            raise
    answer: dict[str, Any] = {"ReplicaKeyMetadata": replica.metadata(), "ReplicaPolicy": replica.policy}
    if tags:
        answer["ReplicaTags"] = asked["Tags"]
    return answer


def _require_replica_region(primary: Key, region: str) -> None:
    if region == primary.region:
        raise KMSError("ValidationException", f"{region} cannot have a replica because it contains the primary.")
    if get_partition(region) != get_partition(primary.region):
        raise KMSError(
            "ValidationException",
            "The replica key Region must be in the same AWS partition as the primary key Region.",
        )
    if region not in kms_backends[primary.account]:
        raise KMSError(
            "ValidationException",
            f"Region {region} is not a valid Region or multi-Region keys are not supported in Region {region}.",
        )


def _require_region_up(region: str) -> None:
    """The code is in the lists of errors of both operations, as one to retry. AWS's text for it is not recorded."""
    if region in setting.current.regions_down:
        raise KMSError("KMSInternalException", f"KMS in {region} cannot be reached.", 500)


def update_primary_region(work: Work) -> dict[str, Any]:
    """Both keys are Updating until a moment has passed. Naming the Region of the primary changes nothing (recorded).

    That a single-Region key gets UnsupportedOperationException is a guess from the list of errors.
    """
    primary, region = work.key, work.parameters["PrimaryRegion"]
    if primary.family is None:
        raise KMSError("UnsupportedOperationException", f"{primary.arn} is not a multi-Region primary key.")
    if primary.is_replica:
        raise KMSError("KMSInvalidStateException", f"{primary.arn} is not a multi-Region primary key.")
    replica = primary.family.members.get(region)
    if replica is None:
        raise KMSError("ValidationException", f"{primary.id} does not have a replica key in the specified Region.")
    if replica is primary:
        return {}
    _require_region_up(region)
    require_state_of(replica, work.operation)
    primary.family.primary = replica
    replica.rotation_period, primary.rotation_period = primary.rotation_period, None
    replica.next_rotation, primary.next_rotation = primary.next_rotation, None
    replica.on_demand_since, primary.on_demand_since = primary.on_demand_since, None
    for key in (primary, replica):
        key.state, key.settling_since = "Updating", work.now
    return {}
