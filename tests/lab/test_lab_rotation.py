"""Rotation of material that KMS makes: when a key gets some, what opens afterwards, and what AWS tells about it.

For imported material: test_lab_import_rotation.py.
"""

import secrets
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rotating import current, materials, rotate, status

from kms_katas.lab import Lab

# Automatic rotation


def test_a_new_key_has_no_automatic_rotation(kms: Any, key: Any) -> None:
    assert status(kms, key) == {"KeyId": key["Arn"], "KeyRotationEnabled": False}


@pytest.mark.parametrize(("asked", "days"), [({}, 365), ({"RotationPeriodInDays": 90}, 90)])
def test_the_first_rotation_is_one_period_after_it_was_enabled(
    lab: Lab, kms: Any, key: Any, asked: Any, days: int
) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], **asked)
    date = lab.clock.now() + timedelta(days=days)
    assert status(kms, key) == {
        "KeyId": key["Arn"],
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": days,
        "NextRotationDate": date,
    }
    first = current(kms, key)
    lab.clock.advance(seconds=days * 86400 - 1)
    assert current(kms, key) == first
    lab.clock.advance(seconds=1)
    assert current(kms, key) != first
    assert status(kms, key)["NextRotationDate"] == date + timedelta(days=days)


@pytest.mark.parametrize("days", [89, 2561])
def test_a_period_has_90_to_2560_days(kms: Any, key: Any, raw: Any, days: int) -> None:
    code, answer = raw("EnableKeyRotation", {"KeyId": key["KeyId"], "RotationPeriodInDays": days})
    assert (code, answer["__type"]) == (400, "ValidationException")
    assert not status(kms, key)["KeyRotationEnabled"]


@settings(max_examples=20, deadline=None)
@given(period=st.integers(90, 2560), jump=st.integers(0, 8000))
def test_a_jump_of_the_clock_misses_no_rotation(period: int, jump: int) -> None:
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
        key = kms.create_key()["KeyMetadata"]
        kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=period)
        start = lab.clock.now()
        lab.clock.advance(days=jump)
        dates = [entry["RotationDate"] for entry in kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"]]
        assert dates == [start + timedelta(days=period * (done + 1)) for done in range(jump // period)]
        assert status(kms, key)["NextRotationDate"] > lab.clock.now()


@pytest.mark.parametrize("again", [{"RotationPeriodInDays": 200}, {}])
def test_the_same_period_and_none_change_nothing_while_rotation_is_enabled(
    lab: Lab, kms: Any, key: Any, again: dict[str, int]
) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=200)
    before = status(kms, key)
    lab.clock.advance(days=50)
    kms.enable_key_rotation(KeyId=key["KeyId"], **again)
    assert status(kms, key) == before
    kms.disable_key_rotation(KeyId=key["KeyId"])
    kms.enable_key_rotation(KeyId=key["KeyId"])
    assert status(kms, key)["RotationPeriodInDays"] == 365


def test_another_period_counts_from_the_call(lab: Lab, kms: Any, key: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=200)
    lab.clock.advance(days=50)
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    after = status(kms, key)
    assert after["RotationPeriodInDays"] == 90
    assert after["NextRotationDate"] == lab.clock.now() + timedelta(days=90)


def test_a_key_is_not_rotated_after_its_rotation_was_disabled(lab: Lab, kms: Any, key: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"])
    kms.disable_key_rotation(KeyId=key["KeyId"])
    assert status(kms, key) == {"KeyId": key["Arn"], "KeyRotationEnabled": False}
    lab.clock.advance(days=3000)
    assert len(materials(kms, key)) == 1


# What disabling and deletion do to a schedule


def test_a_disabled_key_keeps_its_status_and_is_not_rotated(lab: Lab, kms: Any, key: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"])
    kms.disable_key(KeyId=key["KeyId"])
    lab.clock.advance(days=1000)
    assert status(kms, key)["KeyRotationEnabled"]
    assert len(materials(kms, key)) == 1


def test_a_key_that_missed_its_date_is_rotated_once_when_it_is_enabled(lab: Lab, kms: Any, key: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=100)
    kms.disable_key(KeyId=key["KeyId"])
    lab.clock.advance(days=1000)
    kms.enable_key(KeyId=key["KeyId"])
    assert [entry.get("RotationDate") for entry in materials(kms, key)] == [None, lab.clock.now()]
    assert status(kms, key)["NextRotationDate"] == lab.clock.now() + timedelta(days=100)


def test_a_key_that_missed_no_date_goes_on_with_its_schedule(lab: Lab, kms: Any, key: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=100)
    date = status(kms, key)["NextRotationDate"]
    kms.disable_key(KeyId=key["KeyId"])
    lab.clock.advance(days=99)
    kms.enable_key(KeyId=key["KeyId"])
    assert len(materials(kms, key)) == 1 and status(kms, key)["NextRotationDate"] == date


def test_a_missed_date_is_not_made_up_where_the_material_is_newer_than_a_period(lab: Lab, kms: Any, key: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=100)
    date = status(kms, key)["NextRotationDate"]
    lab.clock.advance(days=90)
    rotate(lab, kms, key)
    kms.disable_key(KeyId=key["KeyId"])
    lab.clock.advance(days=20)
    kms.enable_key(KeyId=key["KeyId"])
    assert len(materials(kms, key)) == 2
    assert status(kms, key)["NextRotationDate"] == date + timedelta(days=100)


def test_enabling_an_enabled_key_rotates_nothing(lab: Lab, kms: Any, key: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"])
    kms.enable_key(KeyId=key["KeyId"])
    assert len(materials(kms, key)) == 1


def test_rotation_is_off_while_deletion_is_pending_and_comes_back(lab: Lab, kms: Any, key: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    before = status(kms, key)
    lab.clock.advance(days=80)
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    assert status(kms, key) == {"KeyId": key["Arn"], "KeyRotationEnabled": False}
    lab.clock.advance(days=20)
    assert len(materials(kms, key)) == 1
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    assert status(kms, key) == before
    kms.enable_key(KeyId=key["KeyId"])
    assert len(materials(kms, key)) == 2


# On demand


def test_an_on_demand_rotation_shows_until_it_is_done(lab: Lab, kms: Any, key: Any) -> None:
    began, first = lab.clock.now(), current(kms, key)
    assert kms.rotate_key_on_demand(KeyId=key["KeyId"])["KeyId"] == key["Arn"]
    assert status(kms, key)["OnDemandRotationStartDate"] == began
    assert current(kms, key) == first and len(materials(kms, key)) == 1
    lab.clock.advance(seconds=1)
    assert "OnDemandRotationStartDate" not in status(kms, key)
    assert current(kms, key) != first and len(materials(kms, key)) == 2


def test_what_was_encrypted_before_a_rotation_opens_and_names_its_material(lab: Lab, kms: Any, key: Any) -> None:
    plaintext, first = secrets.token_bytes(20), current(kms, key)
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=plaintext)["CiphertextBlob"]
    rotate(lab, kms, key)
    opened = kms.decrypt(CiphertextBlob=blob)
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (plaintext, first)
    made = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    assert made["KeyMaterialId"] == current(kms, key) != first


def test_an_on_demand_rotation_does_not_move_the_schedule(lab: Lab, kms: Any, key: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=730)
    before = status(kms, key)
    lab.clock.advance(days=726)
    rotate(lab, kms, key)
    assert status(kms, key) == before
    lab.clock.advance(days=4)
    assert [entry.get("RotationType") for entry in materials(kms, key)] == [None, "ON_DEMAND", "AUTOMATIC"]


def test_a_key_can_be_rotated_25_times_on_demand(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    lab.clock.advance(days=91)  # an automatic rotation, which does not count
    for _ in range(25):
        rotate(lab, kms, key)
    with refused(
        "LimitExceededException",
        "The on-demand rotations limit has been reached for the given keyId. "
        f"No more on-demand rotations can be performed for this key: {key['Arn']}",
    ):
        kms.rotate_key_on_demand(KeyId=key["KeyId"])
    assert len(materials(kms, key)) == 27


def test_a_request_while_a_rotation_is_in_progress_begins_no_other(lab: Lab, kms: Any, key: Any) -> None:
    lab.rotation_delay = timedelta(minutes=2)
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    before = status(kms, key)
    lab.clock.advance(minutes=1)
    assert kms.rotate_key_on_demand(KeyId=key["KeyId"])["KeyId"] == key["Arn"]
    assert status(kms, key) == before
    lab.clock.advance(minutes=5)
    assert [entry.get("RotationType") for entry in materials(kms, key)] == [None, "ON_DEMAND"]
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    lab.clock.advance(minutes=5)
    assert len(materials(kms, key)) == 3


def test_a_request_that_begins_no_rotation_uses_up_none(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    for _ in range(25):
        kms.rotate_key_on_demand(KeyId=key["KeyId"])
        rotate(lab, kms, key)
    with refused("LimitExceededException"):
        kms.rotate_key_on_demand(KeyId=key["KeyId"])


def test_an_automatic_rotation_that_is_due_refuses_also_while_one_on_demand_is_in_progress(
    lab: Lab, kms: Any, key: Any, refused: Any
) -> None:
    lab.rotation_delay = timedelta(minutes=2)
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    lab.clock.advance(minutes=90 * 24 * 60 - 21)
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    lab.clock.advance(minutes=1)
    with refused("ConflictException"):
        kms.rotate_key_on_demand(KeyId=key["KeyId"])


@pytest.mark.parametrize(("minutes", "conflict"), [(20, True), (21, False)])
def test_twenty_minutes_before_an_automatic_rotation_none_begins(
    lab: Lab, kms: Any, key: Any, refused: Any, minutes: int, conflict: bool
) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    lab.clock.advance(minutes=90 * 24 * 60 - minutes)
    if conflict:
        with refused("ConflictException"):
            kms.rotate_key_on_demand(KeyId=key["KeyId"])
    else:
        kms.rotate_key_on_demand(KeyId=key["KeyId"])


@pytest.mark.parametrize("end", ["disable_key", "disable_key_rotation", "schedule_key_deletion"])
def test_an_accepted_rotation_is_carried_out_whatever_comes_after(lab: Lab, kms: Any, key: Any, end: str) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"])
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    getattr(kms, end)(KeyId=key["KeyId"])
    lab.clock.advance(seconds=1)
    assert len(materials(kms, key)) == 2


# The list


def test_the_list_shows_rotations_unless_all_material_is_asked_for(lab: Lab, kms: Any, key: Any) -> None:
    first = current(kms, key)
    rotate(lab, kms, key)
    second = current(kms, key)
    date = materials(kms, key)[1]["RotationDate"]
    rotation = {
        "KeyId": key["Arn"],
        "KeyMaterialId": second,
        "KeyMaterialState": "CURRENT",
        "RotationDate": date,
        "RotationType": "ON_DEMAND",
    }
    assert kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"] == [rotation]
    assert materials(kms, key) == [
        {"KeyId": key["Arn"], "KeyMaterialId": first, "KeyMaterialState": "NON_CURRENT"},
        rotation,
    ]


def test_the_pages_of_the_list_are_the_list(lab: Lab, kms: Any, key: Any) -> None:
    for _ in range(5):
        rotate(lab, kms, key)
    pages = kms.get_paginator("list_key_rotations").paginate(KeyId=key["KeyId"], PaginationConfig={"PageSize": 2})
    shown = [entry for page in pages for entry in page["Rotations"]]
    assert shown == materials(kms, key)[1:]


# Who may, and what is logged


def test_only_the_status_is_told_across_accounts(lab: Lab, refused: Any) -> None:
    arn = lab.account("444455556666").create_key(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{lab.home.id}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    )
    kms = lab.home.admin.client("kms")
    assert kms.get_key_rotation_status(KeyId=arn)["KeyId"] == arn
    for operation in ("enable_key_rotation", "disable_key_rotation", "rotate_key_on_demand", "list_key_rotations"):
        with refused("AccessDeniedException"):
            getattr(kms, operation)(KeyId=arn)


def test_a_policy_can_limit_the_period(lab: Lab, key: Any, refused: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "kms:EnableKeyRotation",
        "Resource": "*",
        "Condition": {"NumericLessThanEquals": {"kms:RotationPeriodInDays": "364"}},
    }
    kms = lab.home.user("ann", policies={"p": {"Version": "2012-10-17", "Statement": [statement]}}).client("kms")
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=364)
    for asked in ({"RotationPeriodInDays": 365}, {}):
        with refused("AccessDeniedException"):
            kms.enable_key_rotation(KeyId=key["KeyId"], **asked)


@pytest.mark.parametrize(
    ("operation", "asked", "reads"),
    [
        ("EnableKeyRotation", {"RotationPeriodInDays": 90}, False),
        ("DisableKeyRotation", {}, False),
        ("RotateKeyOnDemand", {}, False),
        ("GetKeyRotationStatus", {}, True),
        ("ListKeyRotations", {"IncludeKeyMaterial": "ALL_KEY_MATERIAL"}, True),
    ],
)
def test_the_trail_tells_which_rotation_calls_change_a_key(
    lab: Lab, kms: Any, key: Any, operation: str, asked: dict[str, Any], reads: bool
) -> None:
    kms._make_api_call(operation, {"KeyId": key["KeyId"], **asked})
    event = lab.trail[-1]
    assert (event["eventName"], event["readOnly"]) == (operation, reads)
    shown = {name[0].lower() + name[1:]: value for name, value in asked.items()}
    assert event["requestParameters"] == {"keyId": key["KeyId"], **shown}
    assert event["responseElements"] == (None if reads else {"keyId": key["Arn"]})
