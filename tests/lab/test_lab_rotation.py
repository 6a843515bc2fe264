"""Rotation: when a key gets new material, what opens afterwards, and what AWS tells about it."""

import secrets
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, precondition, rule

from kms_katas.lab import Lab


def status(kms: Any, key: Any) -> dict[str, Any]:
    """GetKeyRotationStatus without its metadata."""
    found: dict[str, Any] = kms.get_key_rotation_status(KeyId=key["KeyId"])
    del found["ResponseMetadata"]
    return found


def materials(kms: Any, key: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kms.list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")[
        "Rotations"
    ]
    return found


def current(kms: Any, key: Any) -> str:
    found: str = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"]
    return found


def rotate(lab: Lab, kms: Any, key: Any) -> None:
    """On demand, and until it is done."""
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    lab.clock.advance(seconds=1)


def import_material(kms: Any, key: Any, **more: Any) -> str:
    """The ID of new random material for a key of origin EXTERNAL."""
    parameters = kms.get_parameters_for_import(
        KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    public: Any = serialization.load_der_public_key(parameters["PublicKey"])
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    asked = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE", "ImportType": "NEW_KEY_MATERIAL"} | more
    found: str = kms.import_key_material(
        KeyId=key["KeyId"],
        ImportToken=parameters["ImportToken"],
        EncryptedKeyMaterial=public.encrypt(secrets.token_bytes(32), oaep),
        **asked,
    )["KeyMaterialId"]
    return found


@pytest.fixture
def imported(kms: Any) -> dict[str, Any]:
    """A key of origin EXTERNAL with its first material."""
    found: dict[str, Any] = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
    import_material(kms, found)
    return found


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


@pytest.mark.parametrize("operation", ["enable_key_rotation", "disable_key_rotation"])
def test_imported_material_is_not_rotated_automatically(kms: Any, imported: Any, refused: Any, operation: str) -> None:
    with refused(
        "UnsupportedOperationException", f"{imported['Arn']} origin is EXTERNAL which is not valid for this operation."
    ):
        getattr(kms, operation)(KeyId=imported["KeyId"])


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


def test_a_second_request_for_imported_material_begins_no_other_rotation(lab: Lab, kms: Any, imported: Any) -> None:
    second = import_material(kms, imported)
    kms.rotate_key_on_demand(KeyId=imported["KeyId"])
    rotate(lab, kms, imported)
    assert current(kms, imported) == second and len(materials(kms, imported)) == 2


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


# Imported material


def test_imported_material_needs_new_material_before_a_rotation(kms: Any, imported: Any, refused: Any) -> None:
    with refused(
        "KMSInvalidStateException", f"No available key material pending rotation for the key: {imported['Arn']}."
    ):
        kms.rotate_key_on_demand(KeyId=imported["KeyId"])


def test_a_rotation_makes_the_pending_imported_material_current(lab: Lab, kms: Any, imported: Any) -> None:
    first = current(kms, imported)
    plaintext = secrets.token_bytes(20)
    blob = kms.encrypt(KeyId=imported["KeyId"], Plaintext=plaintext)["CiphertextBlob"]
    second = import_material(kms, imported)
    assert current(kms, imported) == first
    rotate(lab, kms, imported)
    assert current(kms, imported) == second
    opened = kms.decrypt(CiphertextBlob=blob)
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (plaintext, first)


def test_a_rotation_whose_imported_material_was_deleted_leaves_the_old_one(lab: Lab, kms: Any, imported: Any) -> None:
    first = current(kms, imported)
    second = import_material(kms, imported)
    kms.rotate_key_on_demand(KeyId=imported["KeyId"])
    kms.delete_imported_key_material(KeyId=imported["KeyId"], KeyMaterialId=second)
    lab.clock.advance(seconds=1)
    assert current(kms, imported) == first
    assert status(kms, imported) == {"KeyId": imported["Arn"], "KeyRotationEnabled": False}


def test_the_list_says_of_imported_material_whether_it_is_there_and_until_when(
    lab: Lab, kms: Any, imported: Any
) -> None:
    end = lab.clock.now() + timedelta(days=30)
    import_material(kms, imported)
    rotate(lab, kms, imported)
    import_material(
        kms,
        imported,
        ExpirationModel="KEY_MATERIAL_EXPIRES",
        ValidTo=end,
        KeyMaterialDescription="third",
    )
    first, second, third = materials(kms, imported)
    assert [entry["KeyMaterialState"] for entry in (first, second, third)] == [
        "NON_CURRENT",
        "CURRENT",
        "PENDING_ROTATION",
    ]
    assert {entry["ImportState"] for entry in (first, second, third)} == {"IMPORTED"}
    assert second["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE" and "ValidTo" not in second
    assert (third["ExpirationModel"], third["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", end)
    assert third["KeyMaterialDescription"] == "third"
    assert "RotationDate" in second and not {"RotationDate", "RotationType"} & (set(first) | set(third))
    kms.delete_imported_key_material(KeyId=imported["KeyId"], KeyMaterialId=first["KeyMaterialId"])
    assert [entry["ImportState"] for entry in materials(kms, imported)] == ["PENDING_IMPORT", "IMPORTED", "IMPORTED"]


def test_the_list_goes_on_telling_the_date_of_material_that_expired_until_it_is_deleted(
    lab: Lab, kms: Any, imported: Any
) -> None:
    end = lab.clock.now() + timedelta(days=1)
    import_material(kms, imported, ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=end)
    lab.clock.advance(days=2)
    rotate(lab, kms, imported)
    assert kms.describe_key(KeyId=imported["KeyId"])["KeyMetadata"]["KeyState"] == "PendingImport"
    expired = materials(kms, imported)[1]
    assert (expired["KeyMaterialState"], expired["ImportState"]) == ("CURRENT", "IMPORTED")
    assert (expired["ExpirationModel"], expired["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", end)
    kms.delete_imported_key_material(KeyId=imported["KeyId"])
    deleted = materials(kms, imported)[1]
    assert deleted["ImportState"] == "PENDING_IMPORT" and not {"ExpirationModel", "ValidTo"} & set(deleted)


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


# Any order of events


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens to a key, each ciphertext opens to its plaintext and names the material that was current."""

    blobs = Bundle("blobs")

    def __init__(self) -> None:
        super().__init__()
        self.lab = Lab()
        self.lab.__enter__()
        self.kms = self.lab.home.admin.client("kms")
        self.key = self.kms.create_key()["KeyMetadata"]
        self.enabled = True
        self.on_demand = 0
        self.previous: list[str] = [current(self.kms, self.key)]

    def teardown(self) -> None:
        self.lab.__exit__(None, None, None)

    @rule(target=blobs, plaintext=st.binary(min_size=1, max_size=40))
    @precondition(lambda self: self.enabled)
    def encrypt(self, plaintext: bytes) -> tuple[bytes, bytes, str]:
        blob = self.kms.encrypt(KeyId=self.key["KeyId"], Plaintext=plaintext)["CiphertextBlob"]
        return blob, plaintext, current(self.kms, self.key)

    @rule(target=blobs)
    @precondition(lambda self: self.enabled)
    def generate(self) -> tuple[bytes, bytes, str]:
        made = self.kms.generate_data_key(KeyId=self.key["KeyId"], KeySpec="AES_256")
        assert made["KeyMaterialId"] == current(self.kms, self.key)
        return made["CiphertextBlob"], made["Plaintext"], made["KeyMaterialId"]

    @rule(target=blobs, made=blobs)
    @precondition(lambda self: self.enabled)
    def re_encrypt(self, made: tuple[bytes, bytes, str]) -> tuple[bytes, bytes, str]:
        blob, plaintext, material = made
        answer = self.kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=self.key["KeyId"])
        assert answer["SourceKeyMaterialId"] == material
        return answer["CiphertextBlob"], plaintext, current(self.kms, self.key)

    @rule(made=blobs)
    @precondition(lambda self: self.enabled)
    def decrypt(self, made: tuple[bytes, bytes, str]) -> None:
        opened = self.kms.decrypt(CiphertextBlob=made[0])
        assert (opened["Plaintext"], opened["KeyMaterialId"]) == made[1:]

    @rule()
    @precondition(lambda self: self.enabled and self.on_demand < 25)
    def rotate(self) -> None:
        # A second too early for a rotation that is due automatically: let that pass.
        while (date := status(self.kms, self.key).get("NextRotationDate")) and self.soon(date):
            self.lab.clock.advance(minutes=20)
        self.on_demand += "OnDemandRotationStartDate" not in status(self.kms, self.key)
        self.kms.rotate_key_on_demand(KeyId=self.key["KeyId"])

    def soon(self, date: datetime) -> bool:
        return date - self.lab.clock.now() <= timedelta(minutes=20)

    @rule(days=st.integers(90, 2560))
    @precondition(lambda self: self.enabled)
    def enable_rotation(self, days: int) -> None:
        self.kms.enable_key_rotation(KeyId=self.key["KeyId"], RotationPeriodInDays=days)

    @rule()
    @precondition(lambda self: self.enabled)
    def disable_rotation(self) -> None:
        self.kms.disable_key_rotation(KeyId=self.key["KeyId"])

    @rule()
    def switch(self) -> None:
        self.enabled = not self.enabled
        (self.kms.enable_key if self.enabled else self.kms.disable_key)(KeyId=self.key["KeyId"])

    @rule(seconds=st.one_of(st.integers(0, 3), st.integers(0, 3000 * 86400)))
    def pass_time(self, seconds: int) -> None:
        self.lab.clock.advance(seconds=seconds)

    @rule()
    def materials_are_only_ever_added(self) -> None:
        found = materials(self.kms, self.key)
        ids = [entry["KeyMaterialId"] for entry in found]
        assert ids[: len(self.previous)] == self.previous and len(set(ids)) == len(ids)
        assert [entry["KeyMaterialState"] for entry in found] == ["NON_CURRENT"] * (len(ids) - 1) + ["CURRENT"]
        dates = [entry["RotationDate"] for entry in found[1:]]
        assert dates == sorted(dates)
        kinds = [entry["RotationType"] for entry in found[1:]]
        in_progress = "OnDemandRotationStartDate" in status(self.kms, self.key)
        assert kinds.count("ON_DEMAND") + in_progress == self.on_demand
        self.previous = ids


AnyOrder.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
test_every_ciphertext_opens_after_any_order_of_events = AnyOrder.TestCase
