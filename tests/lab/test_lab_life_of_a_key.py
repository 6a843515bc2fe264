"""Keys through any sequence of events, against a model of a few lines: which calls work, and what still opens.

The machine knows states as words and materials as a count; ciphertexts, their formats and errors' texts are for others.
"""

import secrets
from typing import Any

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kms_katas.lab import Lab

DAY = 86400


class KeyModel:
    """What should be true of one key."""

    def __init__(self, arn: str, imported: bool) -> None:
        self.arn = arn
        self.imported = imported
        self.state = "PendingImport" if imported else "Enabled"
        self.secret = secrets.token_bytes(32)
        self.expires: int | None = None
        self.deleted_at: int | None = None
        self.has_material = not imported

    def after_deletion_is_cancelled(self) -> str:
        return "Disabled" if self.has_material else "PendingImport"

    def pass_time(self, now: int) -> None:
        if self.expires is not None and self.expires <= now and self.has_material:
            self.has_material, self.expires = False, None
            if self.state != "PendingDeletion":
                self.state = "PendingImport"
        if self.deleted_at is not None and self.deleted_at <= now:
            self.state = "gone"


class LifeOfKeys(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.lab = Lab()
        self.lab.__enter__()
        self.kms = self.lab.home.admin.client("kms")
        self.now = 0
        self.keys: list[KeyModel] = []
        self.sealed: list[tuple[KeyModel, bytes, bytes, dict[str, str]]] = []

    def teardown(self) -> None:
        self.lab.__exit__(None, None, None)

    def error(self, operation: str, **request: Any) -> str | None:
        """The error code of a call, None where it works."""
        try:
            self.answer = getattr(self.kms, operation)(**request)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return None

    def any_key(self, data: st.DataObject) -> KeyModel:
        return data.draw(st.sampled_from(self.keys))

    def refusal(self, key: KeyModel) -> str | None:
        """What a key answers to whoever wants to use it."""
        return {
            "Enabled": None,
            "Disabled": "DisabledException",
            "PendingDeletion": "KMSInvalidStateException",
            "PendingImport": "KMSInvalidStateException",
            "gone": "NotFoundException",
        }[key.state]

    @precondition(lambda self: len(self.keys) < 4)
    @rule(imported=st.booleans())
    def create(self, imported: bool) -> None:
        made = self.kms.create_key(Origin="EXTERNAL" if imported else "AWS_KMS")["KeyMetadata"]
        self.keys.append(KeyModel(made["Arn"], imported))

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), context=st.dictionaries(st.text("ab", min_size=1, max_size=2), st.text(max_size=3)))
    def encrypt(self, data: st.DataObject, context: dict[str, str]) -> None:
        key, plaintext = self.any_key(data), secrets.token_bytes(8)
        code = self.error("encrypt", KeyId=key.arn, Plaintext=plaintext, EncryptionContext=context)
        assert code == self.refusal(key)
        if code is None:
            self.sealed.append((key, self.answer["CiphertextBlob"], plaintext, context))

    @precondition(lambda self: self.sealed)
    @rule(data=st.data())
    def reencrypt(self, data: st.DataObject) -> None:
        (source, blob, plaintext, context), destination = data.draw(st.sampled_from(self.sealed)), self.any_key(data)
        code = self.error(
            "re_encrypt", CiphertextBlob=blob, SourceEncryptionContext=context, DestinationKeyId=destination.arn
        )
        if source.state == "gone":
            assert code in ("AccessDeniedException", "NotFoundException")
        elif destination.state == "gone":
            assert code == "NotFoundException"
        else:
            assert code == (self.refusal(source) or self.refusal(destination))
        if code is None:
            self.sealed.append((destination, self.answer["CiphertextBlob"], plaintext, {}))

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def disable(self, data: st.DataObject) -> None:
        key = self.any_key(data)
        code = self.error("disable_key", KeyId=key.arn)
        assert code == (None if key.state in ("Enabled", "Disabled") else self.refusal(key))
        if code is None:
            key.state = "Disabled"

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def enable(self, data: st.DataObject) -> None:
        key = self.any_key(data)
        code = self.error("enable_key", KeyId=key.arn)
        assert code == (None if key.state in ("Enabled", "Disabled") else self.refusal(key))
        if code is None:
            key.state = "Enabled"

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def rotate(self, data: st.DataObject) -> None:
        key = self.any_key(data)
        code = self.error("rotate_key_on_demand", KeyId=key.arn)
        if key.imported and key.state == "Enabled":
            assert code == "KMSInvalidStateException"  # no new material waits for it
        else:
            assert code in (self.refusal(key), "ConflictException", "LimitExceededException")
        self.lab.clock.advance(seconds=1)
        self.now += 1

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), on=st.booleans())
    def schedule_rotation(self, data: st.DataObject, on: bool) -> None:
        key = self.any_key(data)
        code = self.error(f"{'enable' if on else 'disable'}_key_rotation", KeyId=key.arn)
        foreign = key.imported and key.state != "gone"
        assert code == ("UnsupportedOperationException" if foreign else self.refusal(key))

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), days=st.integers(7, 30))
    def schedule_deletion(self, data: st.DataObject, days: int) -> None:
        key = self.any_key(data)
        code = self.error("schedule_key_deletion", KeyId=key.arn, PendingWindowInDays=days)
        assert code == (self.refusal(key) if key.state in ("PendingDeletion", "gone") else None)
        if code is None:
            key.state, key.deleted_at = "PendingDeletion", self.now + days * DAY

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def cancel_deletion(self, data: st.DataObject) -> None:
        key = self.any_key(data)
        code = self.error("cancel_key_deletion", KeyId=key.arn)
        if key.state == "PendingDeletion":
            assert code is None
            key.state, key.deleted_at = key.after_deletion_is_cancelled(), None
        else:
            assert code == ("NotFoundException" if key.state == "gone" else "KMSInvalidStateException")

    @precondition(lambda self: any(key.imported for key in self.keys))
    @rule(data=st.data(), days=st.none() | st.integers(1, 60))
    def import_material(self, data: st.DataObject, days: int | None) -> None:
        """Always the same bytes for one key; `days` until they expire."""
        key = data.draw(st.sampled_from([key for key in self.keys if key.imported]))
        wrapping = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
        code = self.error("get_parameters_for_import", KeyId=key.arn, **wrapping)
        assert code == (self.refusal(key) if key.state in ("PendingDeletion", "gone") else None)
        if code is not None:
            return
        token = self.answer["ImportToken"]
        public: Any = serialization.load_der_public_key(self.answer["PublicKey"])
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        request: dict[str, Any] = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
        if days is not None:
            until = int(self.lab.clock.now().timestamp()) + days * DAY
            request = {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": until}
        self.kms.import_key_material(
            KeyId=key.arn, ImportToken=token, EncryptedKeyMaterial=public.encrypt(key.secret, oaep), **request
        )
        key.state, key.has_material = "Enabled", True
        key.expires = None if days is None else self.now + days * DAY

    @precondition(lambda self: any(key.imported for key in self.keys))
    @rule(data=st.data())
    def delete_material(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([key for key in self.keys if key.imported]))
        code = self.error("delete_imported_key_material", KeyId=key.arn)
        assert code == ("NotFoundException" if key.state == "gone" else None)
        if code is None and key.has_material:
            key.has_material, key.expires = False, None
            key.state = "PendingImport" if key.state != "PendingDeletion" else key.state

    @rule(days=st.integers(1, 400))
    def wait(self, days: int) -> None:
        # Half a day more, so that no date falls on the second that is looked at.
        seconds = days * DAY + DAY // 2
        self.lab.clock.advance(seconds=seconds)
        self.now += seconds
        for key in self.keys:
            key.pass_time(self.now)

    @invariant()
    def every_key_is_in_the_state_of_the_model(self) -> None:
        for key in self.keys:
            code = self.error("describe_key", KeyId=key.arn)
            seen = "gone" if code == "NotFoundException" else self.answer["KeyMetadata"]["KeyState"]
            assert seen == key.state

    @invariant()
    def every_ciphertext_opens_while_its_key_is_enabled_and_never_else(self) -> None:
        for key, blob, plaintext, context in self.sealed[-6:]:
            code = self.error("decrypt", CiphertextBlob=blob, EncryptionContext=context)
            if key.state == "gone":
                assert code in ("AccessDeniedException", "NotFoundException")
                continue
            assert code == self.refusal(key)
            if code is None:
                assert self.answer["Plaintext"] == plaintext
                assert self.error("decrypt", CiphertextBlob=blob, EncryptionContext={"other": "context"}) == (
                    "InvalidCiphertextException"
                )


TestLifeOfKeys = LifeOfKeys.TestCase
TestLifeOfKeys.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
