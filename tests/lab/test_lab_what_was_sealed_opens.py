"""Whatever happens to a key that is usable in the end: what it sealed before opens, what it signed before verifies."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from importing import NEW, put

from kms_katas.lab import Lab

THERE, BACK = "eu-west-1", "us-east-1"
CHANGES = ("rotate", "wait", "switch", "doom", "replicate", "move", "describe", "import")


class Changing:
    """A multi-Region key, and changes to it that leave it usable."""

    def __init__(self, lab: Lab, **kind: Any) -> None:
        self.lab, self.here = lab, BACK
        made = lab.home.admin.client("kms").create_key(MultiRegion=True, **kind)["KeyMetadata"]
        self.id, self.imported, self.replicated = made["KeyId"], made["Origin"] == "EXTERNAL", False

    @property
    def kms(self) -> Any:
        return self.lab.home.admin.client("kms", self.here)

    def bring(self, material: bytes) -> None:
        put(self.kms, self.id, material, **NEW)

    def change(self, what: str, number: int, symmetric: bool = True) -> None:
        if what == "rotate" and symmetric and not self.imported:
            self.kms.rotate_key_on_demand(KeyId=self.id)
        elif what == "import" and self.imported:
            self.bring(bytes([number]) * 32)
            self.kms.rotate_key_on_demand(KeyId=self.id)
        elif what == "wait":
            if symmetric and not self.imported:
                self.kms.enable_key_rotation(KeyId=self.id, RotationPeriodInDays=90)
            self.lab.clock.advance(days=100)
        elif what == "switch":
            self.kms.disable_key(KeyId=self.id)
            self.kms.enable_key(KeyId=self.id)
        elif what == "doom":
            self.kms.schedule_key_deletion(KeyId=self.id, PendingWindowInDays=7)
            self.lab.clock.advance(days=6)
            self.kms.cancel_key_deletion(KeyId=self.id)
            self.kms.enable_key(KeyId=self.id)
        elif what == "replicate" and not self.imported and not self.replicated:
            self.kms.replicate_key(KeyId=self.id, ReplicaRegion=THERE)
            self.replicated = True
        elif what == "move" and self.replicated:
            goal = THERE if self.here == BACK else BACK
            self.kms.update_primary_region(KeyId=self.id, PrimaryRegion=goal)
            self.here = goal
        elif what == "describe":
            self.kms.update_key_description(KeyId=self.id, Description="changed")
        self.lab.clock.advance(seconds=1)

    @property
    def everywhere(self) -> list[Any]:
        return [self.lab.home.admin.client("kms", region) for region in ([BACK, THERE] if self.replicated else [BACK])]


@settings(max_examples=40, deadline=None)
@given(changes=st.lists(st.sampled_from(CHANGES), min_size=1, max_size=10), imported=st.booleans())
def test_every_earlier_ciphertext_opens(changes: list[str], imported: bool) -> None:
    with Lab() as lab:
        key = Changing(lab, Origin="EXTERNAL" if imported else "AWS_KMS")
        if imported:
            key.bring(b"\xff" * 32)
        sealed = {}
        for number, what in enumerate(changes):
            sealed[key.kms.encrypt(KeyId=key.id, Plaintext=what.encode())["CiphertextBlob"]] = what.encode()
            key.change(what, number)
        for kms in key.everywhere:
            assert {blob: kms.decrypt(CiphertextBlob=blob)["Plaintext"] for blob in sealed} == sealed


@settings(max_examples=25, deadline=None)
@given(changes=st.lists(st.sampled_from(CHANGES), min_size=1, max_size=8))
def test_every_earlier_signature_and_mac_verifies(changes: list[str]) -> None:
    with Lab() as lab:
        signer = Changing(lab, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        tagger = Changing(lab, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        signed = {"KeyId": signer.id, "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
        tagged = {"KeyId": tagger.id, "Message": b"m", "MacAlgorithm": "HMAC_SHA_256"}
        signature, mac = signer.kms.sign(**signed)["Signature"], tagger.kms.generate_mac(**tagged)["Mac"]
        for number, what in enumerate(changes):
            signer.change(what, number, symmetric=False)
            tagger.change(what, number, symmetric=False)
        for kms in signer.everywhere:
            assert kms.verify(Signature=signature, **signed)["SignatureValid"]
        for kms in tagger.everywhere:
            assert kms.generate_mac(**tagged)["Mac"] == mac and kms.verify_mac(Mac=mac, **tagged)["MacValid"]
