"""Whatever happens to an instance and its volumes, in whatever order: each open volume has one grant, and none is left
in the end.
"""

from typing import Any

from ec2_lab import encrypted, instance
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kms_katas.lab import Lab

STEPS = st.lists(st.tuples(st.sampled_from(["attach", "detach", "stop", "start"]), st.integers(0, 1)), max_size=8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_each_volume_of_a_running_instance_has_one_grant_and_no_other(lab: Lab, steps: list[tuple[str, int]]) -> None:
    ec2, kms, key = lab.home.admin.client("ec2"), lab.home.admin.client("kms"), lab.home.create_key()
    machine, volumes = instance(ec2), [encrypted(ec2, key), encrypted(ec2, key)]
    attached: set[str] = set()
    running = True
    for step, place in steps:
        volume = volumes[place]
        if step == "attach" and volume not in attached:
            attach_at(ec2, volume, machine, place)
            attached.add(volume)
        if step == "detach" and volume in attached:
            ec2.detach_volume(VolumeId=volume)
            attached.remove(volume)
        if step == "stop":
            ec2.stop_instances(InstanceIds=[machine])
            running = False
        if step == "start":
            ec2.start_instances(InstanceIds=[machine])
            running = True
        granted = [one["Constraints"]["EncryptionContextSubset"]["aws:ebs:id"] for one in grants(kms, key)]
        assert len(granted) == len(set(granted))
        assert set(granted) <= attached
        assert not running or set(granted) == attached

    ec2.terminate_instances(InstanceIds=[machine])
    assert grants(kms, key) == []


def attach_at(ec2: Any, volume: str, machine: str, place: int) -> None:
    ec2.attach_volume(VolumeId=volume, InstanceId=machine, Device=f"/dev/sd{'xy'[place]}")


def grants(kms: Any, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kms.list_grants(KeyId=key)["Grants"]
    return found
