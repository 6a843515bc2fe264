"""A Region that is down: what fails, what goes on, and how multi-Region keys carry a secret over."""

import secrets
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab

HERE, THERE = "us-east-1", "eu-west-1"


@pytest.fixture
def pair(lab: Lab, kms: Any) -> tuple[str, Any]:
    """The ID of a multi-Region key with its primary in HERE and a replica in THERE, and the client of THERE."""
    key: str = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion=THERE)
    lab.clock.advance(minutes=1)
    return key, lab.home.admin.client("kms", region=THERE)


def primary_of(client: Any, key: str) -> str:
    region: str = client.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]["PrimaryKey"]["Region"]
    return region


def test_every_request_there_fails_and_nothing_is_done_or_logged(lab: Lab, kms: Any, key: Any) -> None:
    logged = len(lab.trail)
    lab.regions_down = {HERE}
    for ask in (lambda: kms.disable_key(KeyId=key["KeyId"]), kms.list_keys, kms.create_key):
        with pytest.raises(ClientError) as caught:
            ask()
        assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert len(lab.trail) == logged
    assert [call.error_code for call in lab.calls[-3:]] == ["ServiceUnavailable"] * 3
    lab.regions_down = ()
    assert [one["KeyId"] for one in kms.list_keys()["Keys"]] == [key["KeyId"]]
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_stranger_learns_nothing_there_either(lab: Lab, key: Any, refused: Any) -> None:
    lab.regions_down = {HERE}
    with refused("ServiceUnavailable"):
        lab.home.user("nobody").client("kms").describe_key(KeyId=key["Arn"])


def test_other_regions_go_on_and_several_may_be_down(lab: Lab, kms: Any, refused: Any) -> None:
    clients = {region: lab.home.admin.client("kms", region=region) for region in (HERE, THERE, "ap-south-1")}
    lab.regions_down = {HERE, THERE}
    assert lab.regions_down == {HERE, THERE}
    for region, client in clients.items():
        if region in lab.regions_down:
            with refused("ServiceUnavailable"):
                client.list_keys()
        else:
            client.list_keys()
    lab.regions_down = lab.regions_down - {HERE}
    kms.list_keys()


def test_other_services_of_that_region_are_down_with_it(lab: Lab) -> None:
    sessions = [lab.home.admin.client("sts", region=region) for region in (HERE, THERE)]
    lab.regions_down = {THERE}
    assert sessions[0].get_caller_identity()["Account"] == lab.home.id
    with pytest.raises(ClientError) as caught:
        sessions[1].get_caller_identity()
    assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert lab.home.admin.client("iam").list_users()["Users"]


def test_the_replica_opens_what_the_primary_sealed_while_the_primarys_region_is_down(
    lab: Lab, kms: Any, pair: tuple[str, Any]
) -> None:
    key, replicas = pair
    secret = secrets.token_bytes(20)
    blob = kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
    lab.regions_down = {HERE}
    assert replicas.decrypt(CiphertextBlob=blob)["Plaintext"] == secret
    sealed = replicas.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
    lab.regions_down = ()
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == secret


def test_a_single_region_key_is_out_of_reach(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    lab.regions_down = {HERE}
    with refused("AccessDeniedException"):
        lab.home.admin.client("kms", region=THERE).decrypt(CiphertextBlob=blob)


def test_the_replica_does_not_become_primary_while_the_primarys_region_is_down(
    lab: Lab, kms: Any, pair: tuple[str, Any], refused: Any
) -> None:
    key, replicas = pair
    lab.regions_down = {HERE}
    with refused("ServiceUnavailable"):
        kms.update_primary_region(KeyId=key, PrimaryRegion=THERE)
    with refused("KMSInvalidStateException"):
        replicas.update_primary_region(KeyId=key, PrimaryRegion=THERE)
    lab.regions_down = ()
    kms.update_primary_region(KeyId=key, PrimaryRegion=THERE)
    assert primary_of(replicas, key) == THERE


def test_no_key_moves_or_is_replicated_into_a_region_that_is_down(
    lab: Lab, kms: Any, pair: tuple[str, Any], refused: Any
) -> None:
    key, replicas = pair
    lab.regions_down = {THERE, "ap-south-1"}
    with refused("KMSInternalException") as caught:
        kms.update_primary_region(KeyId=key, PrimaryRegion=THERE)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    with refused("KMSInternalException"):
        kms.replicate_key(KeyId=key, ReplicaRegion="ap-south-1")
    assert primary_of(kms, key) == HERE
    lab.regions_down = ()
    assert primary_of(replicas, key) == HERE
    assert lab.home.admin.client("kms", region="ap-south-1").list_keys()["Keys"] == []


def test_time_passes_in_a_region_that_is_down(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    lab.regions_down = {HERE}
    lab.clock.advance(days=8)
    lab.regions_down = ()
    with refused("NotFoundException"):
        kms.describe_key(KeyId=key["KeyId"])


@pytest.mark.parametrize("regions", [{"us-east-9"}, "everywhere", {HERE, ""}])
def test_a_region_that_kms_has_not_is_refused_with_a_sentence(lab: Lab, regions: Any) -> None:
    with pytest.raises(ValueError, match="Region"):
        lab.regions_down = regions
    assert lab.regions_down == frozenset()


def test_one_region_may_be_given_by_its_name_alone(lab: Lab) -> None:
    lab.regions_down = HERE
    assert lab.regions_down == {HERE}


def test_the_next_lab_has_every_region() -> None:
    with Lab() as lab:
        lab.regions_down = {HERE}
    with Lab() as lab:
        assert lab.regions_down == frozenset() and lab.home.admin.client("kms").list_keys()["Keys"] == []
