"""Rotations of any kind among whatever else happens to a key, in any order."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, precondition, rule
from rotating import current, materials, status

from kms_katas.lab import Lab


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
