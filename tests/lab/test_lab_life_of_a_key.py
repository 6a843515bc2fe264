"""Keys in two Regions through any sequence of events, against a model: which calls work, who may, what still opens.

The model (model_of_keys.py) knows no policy but that of grants, and no ciphertext formats or error texts: those are for
other tests.
"""

import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test
from machine_of_keys import KeyMachine, has_keys
from model_of_keys import DAY, QUIET, REGIONS, FamilyModel, Member
from moto.kms.models import kms_backends

from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.schedule import next_due

CONTEXTS = st.dictionaries(st.text("ab", min_size=1, max_size=2), st.text(max_size=3), max_size=2)
DAYS_OF_MATERIAL = st.none() | st.integers(1, 60)


class LifeOfKeys(KeyMachine):
    # Life

    @initialize()
    def begin_with_related_keys(self) -> None:
        for imported in (False, True):
            self.create(imported, True, REGIONS[0])
        for family in self.families:
            if family.imported:
                self.bring(family, family.primary, 0, 30)
            self.make_replica(family, family.primary, REGIONS[1])
            self.seal(family, family.primary, {})

    @precondition(lambda self: len(self.families) < 4)
    @rule(imported=st.booleans(), multi_region=st.booleans(), region=st.sampled_from(REGIONS))
    def create(self, imported: bool, multi_region: bool, region: str) -> None:
        origin = "EXTERNAL" if imported else "AWS_KMS"
        assert self.error(region, "create_key", Origin=origin, MultiRegion=multi_region) is None
        key = Member(self.answer["KeyMetadata"]["Arn"], region, "PendingImport" if imported else "Enabled")
        family = FamilyModel(imported, multi_region, key, {region: key}, [] if imported else [0])
        self.families.append(family)
        self.keys.append((family, key))

    @has_keys
    @rule(data=st.data(), on=st.booleans())
    def switch(self, data: st.DataObject, on: bool) -> None:
        family, key = self.any_key(data)
        code = self.error(key.region, "enable_key" if on else "disable_key", KeyId=key.arn)
        assert code == (None if key.state == "Disabled" else key.refusal)
        if code is None:
            key.state = "Enabled" if on else "Disabled"
            if on and key is family.primary:
                family.enabled_again(self.now)

    @has_keys
    @rule(data=st.data(), days=st.integers(7, 30))
    def schedule_deletion(self, data: st.DataObject, days: int) -> None:
        self.doom(*self.any_key(data), days)

    def doom(self, family: FamilyModel, key: Member, days: int) -> None:
        code = self.error(key.region, "schedule_key_deletion", KeyId=key.arn, PendingWindowInDays=days)
        assert code == (key.refusal if key.is_doomed else None)
        if code is None and key is family.primary and len(family.members) > 1:
            key.state, key.window = "PendingReplicaDeletion", days
        elif code is None:
            key.state, key.deleted_at = "PendingDeletion", self.now + days * DAY

    @precondition(lambda self: any(key.is_doomed for _, key in self.keys))
    @rule(data=st.data())
    def cancel_deletion(self, data: st.DataObject) -> None:
        family, key = data.draw(st.sampled_from([pair for pair in self.keys if pair[1].is_doomed]))
        code = self.error(key.region, "cancel_key_deletion", KeyId=key.arn)
        assert code == ("NotFoundException" if key.state == "gone" else None)
        if code is None:
            key.state = "Disabled" if family.is_complete(key) else "PendingImport"
            key.deleted_at = key.window = None

    @rule(days=st.sampled_from([0, 0, 0, 3, 3, 12, 12, 35, 100, 400]))
    def wait(self, days: int) -> None:
        self.pass_time(days * DAY + DAY // 2)

    # Related keys

    @has_keys
    @rule(data=st.data(), region=st.sampled_from(REGIONS))
    def replicate(self, data: st.DataObject, region: str) -> None:
        self.make_replica(*self.any_key(data, primary=True), region)

    def make_replica(self, family: FamilyModel, key: Member, region: str) -> None:
        code = self.error(key.region, "replicate_key", KeyId=key.arn, ReplicaRegion=region)
        if key.refusal is not None:
            assert code == key.refusal
        elif not family.multi_region or key is not family.primary:
            assert code == "UnsupportedOperationException"
        elif region == key.region:
            assert code == "ValidationException"
        elif region in family.members:  # also one that is pending deletion
            assert code == "AlreadyExistsException"
        else:
            assert code is None
            arn = self.answer["ReplicaKeyMetadata"]["Arn"]
            family.members[region] = replica = Member(arn, region, "PendingImport" if family.imported else "Enabled")
            # The old replica of this Region had the same ARN: what is asked of it is asked of the new one.
            self.keys = [pair for pair in self.keys if pair[1].arn != arn] + [(family, replica)]
        self.pass_time(1)

    @precondition(lambda self: any(key is not family.primary for family, key in self.keys))
    @rule(data=st.data(), days=st.integers(7, 30))
    def replace_a_replica(self, data: st.DataObject, days: int) -> None:
        """Not before the old one is gone."""
        family, key = data.draw(st.sampled_from([pair for pair in self.keys if pair[1] is not pair[0].primary]))
        if not key.is_doomed:
            self.doom(family, key, days)
        self.make_replica(family, family.primary, key.region)

    @has_keys
    @rule(data=st.data(), region=st.sampled_from(REGIONS))
    def move_primary(self, data: st.DataObject, region: str) -> None:
        family, key = self.any_key(data, primary=True)
        code = self.error(key.region, "update_primary_region", KeyId=key.arn, PrimaryRegion=region)
        other = family.members.get(region)
        if key.refusal is not None:
            assert code == key.refusal
        elif not family.multi_region:
            assert code == "UnsupportedOperationException"
        elif key is not family.primary:
            assert code == "KMSInvalidStateException"
        elif other is None:
            assert code == "ValidationException"
        else:
            assert code == other.refusal
            if code is None:
                family.primary = other
        self.pass_time(1)

    # Rotation

    @has_keys
    @rule(data=st.data(), period=st.none() | st.integers(90, 200))
    def schedule_rotation(self, data: st.DataObject, period: int | None) -> None:
        family, key = self.any_key(data, primary=True)
        if period is None:
            code = self.error(key.region, "disable_key_rotation", KeyId=key.arn)
        else:
            code = self.error(key.region, "enable_key_rotation", KeyId=key.arn, RotationPeriodInDays=period)
        unsuited = key.state != "gone" and (family.imported or key is not family.primary)
        assert code == ("UnsupportedOperationException" if unsuited else key.refusal)
        if code is None and period is None:
            family.period = family.next_rotation = None
        elif code is None and period is not None and family.period != period * DAY:
            family.period, family.next_rotation = period * DAY, self.now + period * DAY

    @has_keys
    @rule(data=st.data())
    def rotate(self, data: st.DataObject) -> None:
        family, key = self.any_key(data, primary=True)
        code = self.error(key.region, "rotate_key_on_demand", KeyId=key.arn)
        if key.state != "gone" and key is not family.primary:
            assert code == "UnsupportedOperationException"
        elif key.refusal is not None:
            assert code == key.refusal
        elif family.next_rotation is not None and family.next_rotation - self.now <= QUIET:
            assert code == "ConflictException"
        elif family.on_demand == 25:
            assert code == "LimitExceededException"
        elif family.imported and any(family.pending not in member.has for member in family.members.values()):
            assert code == "KMSInvalidStateException"  # also where none is pending
        else:
            assert code is None
            family.rotate(self.now)
            family.on_demand += 1
        self.pass_time(1)

    # Import

    @precondition(lambda self: any(family.imported for family, _ in self.keys))
    @rule(data=st.data(), new=st.booleans(), days=DAYS_OF_MATERIAL)
    def import_material(self, data: st.DataObject, new: bool, days: int | None) -> None:
        family, key = data.draw(st.sampled_from([pair for pair in self.keys if pair[0].imported]))
        known = [*family.materials, *([] if family.pending is None else [family.pending])]
        fresh = not known or (new and key is family.primary)
        self.bring(family, key, len(family.secrets) if fresh else data.draw(st.sampled_from(known)), days)

    def bring(self, family: FamilyModel, key: Member, number: int, days: int | None) -> None:
        """Imports the material of this number, a new one where there is none yet."""
        wrapping = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
        code = self.error(key.region, "get_parameters_for_import", KeyId=key.arn, **wrapping)
        assert code == (key.refusal if key.is_doomed else None)
        new = number == len(family.secrets)
        if code is not None or (new and key is not family.primary):
            return
        secret = secrets.token_bytes(32) if new else family.secrets[number]
        public: Any = serialization.load_der_public_key(self.answer["PublicKey"])
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        request: dict[str, Any] = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
        if days is not None:
            until = int(self.lab.clock.now().timestamp()) + days * DAY
            request = {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": until}
        request["ImportType"] = "NEW_KEY_MATERIAL" if new else "EXISTING_KEY_MATERIAL"
        token, wrapped = self.answer["ImportToken"], public.encrypt(secret, oaep)
        code = self.error(
            key.region, "import_key_material", KeyId=key.arn, ImportToken=token, EncryptedKeyMaterial=wrapped, **request
        )
        if new and family.pending is not None:
            assert code == "KMSInvalidStateException"
            return
        assert code is None
        if new:
            family.secrets.append(secret)
            if family.materials:
                family.pending = number
            else:
                family.materials.append(number)
        key.has.add(number)
        key.ends.pop(number, None)
        if days is not None:
            key.ends[number] = self.now + days * DAY
        if key.state in ("PendingImport", "Disabled") and family.is_complete(key):
            key.state = "Enabled"

    @precondition(lambda self: any(family.imported for family, _ in self.keys))
    @rule(data=st.data())
    def delete_material(self, data: st.DataObject) -> None:
        """The current one."""
        family, key = data.draw(st.sampled_from([pair for pair in self.keys if pair[0].imported]))
        code = self.error(key.region, "delete_imported_key_material", KeyId=key.arn)
        assert code == ("NotFoundException" if key.state == "gone" else None)
        if code is None and family.materials:
            family.lose(key, family.materials[-1])

    # Use

    @has_keys
    @rule(data=st.data(), context=CONTEXTS)
    def encrypt(self, data: st.DataObject, context: dict[str, str]) -> None:
        self.seal(*self.any_key(data), context)

    def seal(self, family: FamilyModel, key: Member, context: dict[str, str]) -> None:
        plaintext = secrets.token_bytes(8)
        code = self.error(key.region, "encrypt", KeyId=key.arn, Plaintext=plaintext, EncryptionContext=context)
        assert code == key.refusal
        if code is None:
            self.keep(family, self.answer["CiphertextBlob"], plaintext, context)

    @precondition(lambda self: self.sealed)
    @rule(data=st.data())
    def reencrypt(self, data: st.DataObject) -> None:
        sealed, (family, key) = data.draw(st.sampled_from(list(self.sealed.values()))), self.any_key(data)
        request = {"CiphertextBlob": sealed.blob, "SourceEncryptionContext": sealed.context}
        code = self.error(key.region, "re_encrypt", DestinationKeyId=key.arn, **request)
        source = sealed.family.members.get(key.region)
        if source is None:
            assert code in ("AccessDeniedException", "NotFoundException")
        elif key.state == "gone":
            assert code == "NotFoundException"
        else:
            assert code == (source.refusal or key.refusal)
        if code is None:
            self.keep(family, self.answer["CiphertextBlob"], sealed.plaintext, {})

    # What always holds

    @invariant()
    def every_key_is_as_the_model_has_it(self) -> None:
        for family, key in self.keys:
            code = self.error(key.region, "describe_key", KeyId=key.arn)
            seen = "gone" if code == "NotFoundException" else self.answer["KeyMetadata"]["KeyState"]
            assert seen == key.state
            if seen == "gone":
                continue
            found = self.answer["KeyMetadata"].get("MultiRegionConfiguration")
            if found is not None:
                assert found["PrimaryKey"]["Arn"] == family.primary.arn
                assert {one["Arn"] for one in found["ReplicaKeys"]} == {
                    one.arn for one in family.members.values() if one is not family.primary
                }
            assert self.error(key.region, "list_key_rotations", KeyId=key.arn) is None
            assert len(self.answer["Rotations"]) == family.rotations

    @invariant()
    def every_ciphertext_opens_wherever_its_key_is_enabled_and_nowhere_else(self) -> None:
        for sealed in list(self.sealed.values())[-4:]:
            for region in REGIONS:
                key, request = sealed.family.members.get(region), {"CiphertextBlob": sealed.blob}
                code = self.error(region, "decrypt", EncryptionContext=sealed.context, **request)
                if key is None:
                    assert code in ("AccessDeniedException", "NotFoundException")
                    continue
                assert code == key.refusal
                if code is None:
                    assert self.answer["Plaintext"] == sealed.plaintext
                    wrong = self.error(region, "decrypt", EncryptionContext={"other": "context"}, **request)
                    assert wrong == "InvalidCiphertextException"

    @invariant()
    def nothing_that_is_due_was_left_undone(self) -> None:
        """The stores look at few of their keys; this looks at each."""
        now = self.lab.clock.now()
        for account, region, _ in kms_backends.iter_backends():
            assert not [key for key in store_of(account, region, now).keys.values() if next_due(key, now)]


def thorough(examples: int, steps: int, *more: Phase) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.reuse, Phase.generate, *more),
    )


class TestLifeOfKeys(LifeOfKeys.TestCase):
    # As many as KATA_EXAMPLES leaves of 30; not shrunk: that takes minutes.
    settings = thorough(max(1, 3 * settings.default.max_examples // 10), 25)


@pytest.mark.nightly
def test_life_of_keys_at_length() -> None:
    run_state_machine_as_test(LifeOfKeys, settings=thorough(1000, 60, Phase.shrink))
