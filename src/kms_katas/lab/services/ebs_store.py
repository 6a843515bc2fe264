"""moto's volumes, snapshots and instances of an account and a Region, and the snapshots that others share with it.

moto keeps each account's snapshots apart; here one account sees what another shares. Asks KMS nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.model import ServiceModel
from moto.core.serialize import SerializationContext, XFormedAttributePicker, get_serializer_class
from moto.core.utils import get_service_model
from moto.ec2.models import ec2_backends
from moto.ec2.responses._base_response import EC2BaseResponse

from kms_katas.lab.kms.models import store_of
from kms_katas.lab.services.call import Answer, Refused, ServiceCall


def backend_of(call: ServiceCall, region: str = "") -> Any:
    return ec2_backends[call.caller.account][region or call.region]


def snapshot_for(call: ServiceCall, snapshot_id: str | None, region: str = "") -> Any:
    """Of the caller's account, or of one that shares it with that account; None where there is none."""
    if not snapshot_id:
        return None
    own = backend_of(call, region).snapshots.get(snapshot_id)
    return own or next((one for one in shared_snapshots(call, region) if one.id == snapshot_id), None)


def source_snapshot(call: ServiceCall, snapshot_id: str | None, region: str = "") -> Any:
    """That to make something of. Raises Refused for a copy that failed (code and form seen in reports of others)."""
    found = snapshot_for(call, snapshot_id, region)
    if found is not None and found.status == "error":
        raise Refused("IncorrectState", "Snapshot is in invalid state - error")
    return found


def shared_snapshots(call: ServiceCall, region: str = "") -> list[Any]:
    account = call.caller.account
    return [
        snapshot
        for owner, regions in list(ec2_backends.items())
        if owner != account and (region or call.region) in regions
        for snapshot in list(regions[region or call.region].snapshots.values())
        if account in snapshot.create_volume_permission_userids or "all" in snapshot.create_volume_permission_groups
    ]


@contextmanager
def lent(call: ServiceCall, snapshots: list[Any], region: str = "") -> Iterator[None]:
    """Inside, moto finds these snapshots of other accounts in the caller's."""
    own = backend_of(call, region).snapshots
    strange = {one.id: one for one in snapshots if one is not None and one.id not in own}
    own.update(strange)
    try:
        yield
    finally:
        for snapshot_id in strange:
            del own[snapshot_id]


def made_by(forward: Callable[[], Answer], kept: dict[str, Any]) -> tuple[Answer, list[Any]]:
    """moto's answer, and what it put into `kept` meanwhile."""
    before = set(kept)
    answer = forward()
    return answer, [one for name, one in kept.items() if name not in before]


def answered(call: ServiceCall, result: object) -> Answer:
    """A result as moto's own answer to this operation, where moto has no such answer or has changed since."""
    model: ServiceModel = get_service_model(call.service)
    picker = XFormedAttributePicker(response_transformers=EC2BaseResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER)
    serializer = get_serializer_class(call.service, model.metadata["protocol"])(
        operation_model=model.operation_model(call.operation),
        context=SerializationContext(call.request_id),
        value_picker=picker,
    )
    said = serializer.serialize(result)
    return said["status_code"], said["headers"], said["body"]


def refuse_dry_run(call: ServiceCall) -> None:
    """Raises Refused, in EC2's words, where the request is only a trial."""
    if call.parameters.get("DryRun"):
        raise Refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)


def is_aws_managed(call: ServiceCall, key_arn: str) -> bool:
    _, _, _, region, account, name = key_arn.split(":", 5)
    key = store_of(account, region, call.now).keys.get(name.removeprefix("key/"))
    return key is not None and key.manager == "AWS"


def tags_of(resource: Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in resource.get_tags()}
