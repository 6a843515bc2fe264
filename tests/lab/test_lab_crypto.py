"""Encrypt, Decrypt, the data keys and GenerateRandom: what comes back, and what is refused."""

import json
import os
import secrets
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.lab import Lab
from kms_katas.lab.kms.ciphertext import canonical

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
CONTEXTS = st.dictionaries(TEXTS, TEXTS, max_size=4)
INVALID_CIPHERTEXT = ("InvalidCiphertextException", "")


def test_decrypt_undoes_encrypt_for_every_plaintext_and_context() -> None:
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]

        @settings(max_examples=60, deadline=None)
        @given(plaintext=st.binary(min_size=1, max_size=4096), context=CONTEXTS)
        def holds(plaintext: bytes, context: dict[str, str]) -> None:
            sealed = kms.encrypt(KeyId=key_id, Plaintext=plaintext, EncryptionContext=context)
            back = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
            assert back["Plaintext"] == plaintext

        holds()


@given(one=CONTEXTS, other=CONTEXTS)
def test_two_contexts_have_one_canonical_form_only_if_they_are_equal(
    one: dict[str, str], other: dict[str, str]
) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


@given(context=CONTEXTS)
def test_the_order_of_a_context_does_not_matter(context: dict[str, str]) -> None:
    assert canonical(dict(reversed(context.items()))) == canonical(context)


def test_moving_a_letter_from_value_to_key_makes_another_context(kms: Any, key: Any, refused: Any) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"a": "bc"})["CiphertextBlob"]
    with refused(*INVALID_CIPHERTEXT):
        kms.decrypt(CiphertextBlob=blob, EncryptionContext={"ab": "c"})


@pytest.mark.parametrize(
    "given_context", [{}, {"Purpose": "test"}, {"purpose": "Test"}, {"purpose": "test", "more": "x"}]
)
def test_decrypt_needs_the_exact_context(kms: Any, key: Any, refused: Any, given_context: dict[str, str]) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"purpose": "test"})["CiphertextBlob"]
    with refused(*INVALID_CIPHERTEXT):
        kms.decrypt(CiphertextBlob=blob, EncryptionContext=given_context)


@pytest.mark.parametrize("named", [True, False])
def test_no_byte_of_a_ciphertext_can_change_unnoticed(kms: Any, key: Any, refused: Any, named: bool) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=secrets.token_bytes(20))["CiphertextBlob"]
    extra = {"KeyId": key["KeyId"]} if named else {}
    for place in range(len(blob)):
        altered = bytearray(blob)
        altered[place] ^= 1 << secrets.randbelow(8)
        with refused(*INVALID_CIPHERTEXT):
            kms.decrypt(CiphertextBlob=bytes(altered), **extra)


def test_a_ciphertext_cut_or_lengthened_is_refused(kms: Any, key: Any, refused: Any) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"some text")["CiphertextBlob"]
    for altered in (blob[:1], blob[:20], blob[:-1], blob[1:], blob + b"\0", secrets.token_bytes(len(blob))):
        with refused(*INVALID_CIPHERTEXT):
            kms.decrypt(CiphertextBlob=altered)


def test_a_ciphertext_shows_neither_key_nor_plaintext(kms: Any, key: Any) -> None:
    plaintext = secrets.token_hex(16).encode()
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=plaintext)["CiphertextBlob"]
    for readable in (key["KeyId"], key["KeyId"].replace("-", ""), key["CurrentKeyMaterialId"], key["AWSAccountId"]):
        assert readable.encode() not in blob
        if len(readable) % 2 == 0 and "-" not in readable:
            assert bytes.fromhex(readable) not in blob
    assert plaintext not in blob


def test_equal_plaintexts_have_different_ciphertexts(kms: Any, key: Any) -> None:
    blobs = {kms.encrypt(KeyId=key["KeyId"], Plaintext=b"same")["CiphertextBlob"] for _ in range(5)}
    assert len(blobs) == 5


def test_decrypt_with_another_key_is_refused(kms: Any, key: Any, refused: Any) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    text = "The key ID in the request does not identify a CMK that can perform this operation."
    with refused("IncorrectKeyException", text):
        kms.decrypt(CiphertextBlob=blob, KeyId=other)


def test_a_ciphertext_works_in_its_own_region_only(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    with refused("AccessDeniedException"):
        lab.home.admin.client("kms", region="eu-central-1").decrypt(CiphertextBlob=blob)


def test_a_ciphertext_dies_with_its_key(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    lab.clock.advance(days=7)
    with refused("AccessDeniedException"):
        kms.decrypt(CiphertextBlob=blob)


def test_every_answer_names_key_material_and_algorithm(kms: Any, key: Any) -> None:
    arn, material = key["Arn"], key["CurrentKeyMaterialId"]
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])
    for answer in (sealed, opened):
        assert answer["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    data_key = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    wrapped = kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], KeySpec="AES_256")
    for answer in (sealed, opened, data_key, wrapped):
        assert answer["KeyId"] == arn
    for answer in (opened, data_key, wrapped):  # EncryptResponse has no KeyMaterialId in the model
        assert answer["KeyMaterialId"] == material
    assert len(bytes.fromhex(material)) == 32


@pytest.mark.parametrize(
    ("asked", "size"), [({"KeySpec": "AES_128"}, 16), ({"KeySpec": "AES_256"}, 32), ({"NumberOfBytes": 1024}, 1024)]
)
def test_a_data_key_has_the_size_asked_for_and_decrypts_to_itself(kms: Any, key: Any, asked: Any, size: int) -> None:
    context = {"for": secrets.token_hex(4)}
    made = kms.generate_data_key(KeyId=key["KeyId"], EncryptionContext=context, **asked)
    assert len(made["Plaintext"]) == size
    assert (
        kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context)["Plaintext"] == made["Plaintext"]
    )


def test_a_data_key_without_plaintext_holds_back_the_plaintext_only(kms: Any, key: Any) -> None:
    made = kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], NumberOfBytes=24)
    assert "Plaintext" not in made
    assert len(kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"]) == 24


@pytest.mark.parametrize("asked", [{}, {"KeySpec": "AES_256", "NumberOfBytes": 32}])
def test_a_data_key_needs_either_a_spec_or_a_size(kms: Any, key: Any, refused: Any, asked: Any) -> None:
    with refused("ValidationException", "Please specify either number of bytes or key spec."):
        kms.generate_data_key(KeyId=key["KeyId"], **asked)


def test_an_rsa_algorithm_does_not_fit_a_symmetric_key(kms: Any, key: Any, refused: Any) -> None:
    text = "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT."
    with refused("InvalidKeyUsageException", text):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionAlgorithm="RSAES_OAEP_SHA_256")


@pytest.mark.parametrize("operation", ["encrypt", "generate_data_key", "generate_data_key_without_plaintext"])
def test_a_dry_run_does_nothing_and_says_so(lab: Lab, kms: Any, key: Any, refused: Any, operation: str) -> None:
    asked = {"Plaintext": b"x"} if operation == "encrypt" else {"KeySpec": "AES_256"}
    with refused("DryRunOperationException", "The request would have succeeded, but the DryRun option is set."):
        getattr(kms, operation)(KeyId=key["KeyId"], DryRun=True, **asked)
    assert lab.calls[-1].response is None


def test_a_dry_run_finds_what_the_run_would_find(kms: Any, key: Any, refused: Any) -> None:
    with refused("InvalidCiphertextException", ""):
        kms.decrypt(CiphertextBlob=secrets.token_bytes(80), KeyId=key["KeyId"], DryRun=True)
    with refused("ValidationException", "Please specify either number of bytes or key spec."):
        kms.generate_data_key(KeyId=key["KeyId"], DryRun=True)


def test_a_dry_run_of_decrypt_may_leave_out_the_ciphertext(kms: Any, key: Any, refused: Any) -> None:
    with refused("DryRunOperationException"):
        kms.decrypt(KeyId=key["KeyId"], DryRun=True, DryRunModifiers=["IGNORE_CIPHERTEXT"])
    with refused("ValidationException"):
        kms.decrypt(KeyId=key["KeyId"])


def test_random_bytes_come_in_the_number_asked_for(kms: Any) -> None:
    size = 1 + os.urandom(1)[0]
    assert len(kms.generate_random(NumberOfBytes=size)["Plaintext"]) == size


def test_random_bytes_need_a_number(kms: Any, refused: Any) -> None:
    with refused("ValidationException", "NumberOfBytes is required."):
        kms.generate_random()


def test_4096_bytes_are_the_most_to_encrypt(kms: Any, key: Any, refused: Any) -> None:
    kms.encrypt(KeyId=key["KeyId"], Plaintext=bytes(4096))
    text = (
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length less than or equal to 4096"
    )
    with refused("ValidationException", text):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=bytes(4097))


def test_decrypt_takes_the_bare_id_of_another_accounts_key(lab: Lab, kms: Any, key: Any, refused: Any) -> None:
    guest = lab.account("444455556666").admin.client("kms")
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    with refused("AccessDeniedException"):
        guest.decrypt(CiphertextBlob=blob, KeyId=key["KeyId"])
    open_to_guest = {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "kms:*", "Resource": "*"}
    policy = json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"])
    policy["Statement"].append(open_to_guest)
    kms.put_key_policy(KeyId=key["KeyId"], Policy=json.dumps(policy))
    assert guest.decrypt(CiphertextBlob=blob, KeyId=key["KeyId"])["KeyId"] == key["Arn"]
    with refused("NotFoundException"):  # not the key of this ciphertext, so an ID of the caller's own account
        guest.decrypt(CiphertextBlob=blob, KeyId=kms.create_key()["KeyMetadata"]["KeyId"])


@pytest.mark.parametrize("tokens", [1, 10])
def test_a_made_up_grant_token_is_invalid(kms: Any, key: Any, refused: Any, tokens: int) -> None:
    with refused("InvalidGrantTokenException"):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", GrantTokens=["t"] * tokens)


def test_ten_grant_tokens_are_the_most(kms: Any, key: Any, refused: Any) -> None:
    with refused("ValidationException"):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", GrantTokens=["t"] * 11)


def test_a_decrypt_without_a_ciphertext_is_wrong_before_its_key_is_looked_up(key: Any, raw: Any) -> None:
    fault = "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: "
    for asked in ({}, {"KeyId": "junk"}, {"KeyId": key["KeyId"], "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}):
        _, answer = raw("Decrypt", asked)
        assert answer["message"] == fault + "Member must not be null"
