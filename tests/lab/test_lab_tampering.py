"""One changed bit in any region of what comes back to KMS: ciphertexts, import tokens, wrapped material."""

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from importing import ready

from kms_katas.lab import Lab

WHERE = st.floats(0, 1, exclude_max=True)
BIT = st.integers(0, 7)


def altered(data: bytes, where: float, bit: int) -> bytes:
    """The same bytes but for one bit, at this part of the length."""
    place = int(where * len(data))
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


@settings(max_examples=60, deadline=None)
@given(where=WHERE, bit=BIT, plaintext=st.binary(min_size=1, max_size=200))
def test_no_bit_of_a_ciphertext_can_change(where: float, bit: int, plaintext: bytes) -> None:
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
        source, destination = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
        blob = kms.encrypt(KeyId=source, Plaintext=plaintext)["CiphertextBlob"]
        for call in (
            lambda: kms.decrypt(CiphertextBlob=altered(blob, where, bit)),
            lambda: kms.decrypt(KeyId=source, CiphertextBlob=altered(blob, where, bit)),
            lambda: kms.re_encrypt(CiphertextBlob=altered(blob, where, bit), DestinationKeyId=destination),
        ):
            with pytest.raises(ClientError) as caught:
                call()
            assert caught.value.response["Error"]["Code"] == "InvalidCiphertextException"


@settings(max_examples=40, deadline=None)
@given(where=WHERE, bit=BIT, material=st.binary(min_size=32, max_size=32))
def test_no_bit_of_a_token_or_of_wrapped_material_can_change(where: float, bit: int, material: bytes) -> None:
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
        key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
        asked = ready(kms, key, material)
        wrapped = asked["EncryptedKeyMaterial"]
        for token, brought, code in (
            (altered(asked["ImportToken"], where, bit), wrapped, "InvalidImportTokenException"),
            (asked["ImportToken"], altered(wrapped, where, bit), "InvalidCiphertextException"),
        ):
            with pytest.raises(ClientError) as caught:
                kms.import_key_material(
                    KeyId=key,
                    ImportToken=token,
                    EncryptedKeyMaterial=brought,
                    ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
                )
            assert caught.value.response["Error"]["Code"] == code
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingImport"
