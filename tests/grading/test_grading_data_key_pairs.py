"""What the record says of data key pairs, and what the bytes of a key hold."""

import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from kms_katas.grading import Rejected
from kms_katas.grading.data_key_pairs import (
    context_of,
    holds_private_key,
    is_public_pem,
    kind_of,
    private_key_of,
    public_key_of,
    same_public_key,
)
from kms_katas.grading.fields import expect_bytes_fields
from kms_katas.lab import Lab

CONTEXT = {"device": "one"}


@pytest.fixture
def lab():
    with Lab(seed=1) as opened:
        yield opened


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.fixture
def make(lab, kms):
    key = lab.home.create_key()
    return lambda spec, **more: kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec=spec, **more)


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P384", "ML_KEM_768", "ML_KEM_512"])
def test_a_pair_is_found_in_the_record(lab, make, spec):
    pair, other = make(spec, EncryptionContext=CONTEXT), make("ECC_NIST_P256")
    wrapped = pair["PrivateKeyCiphertextBlob"]
    assert public_key_of(wrapped, lab.calls) == pair["PublicKey"] != other["PublicKey"]
    assert context_of(wrapped, lab.calls) == CONTEXT
    assert context_of(other["PrivateKeyCiphertextBlob"], lab.calls) == {}
    private_key = private_key_of(wrapped, CONTEXT, lab)
    if spec == "ML_KEM_512":
        assert private_key is None
    else:
        public = private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert public == pair["PublicKey"]


def test_a_private_key_that_was_reencrypted_is_of_the_same_pair(lab, kms, make):
    pair = make("ECC_NIST_P256")
    other = lab.home.create_key()
    blob = pair["PrivateKeyCiphertextBlob"]
    again = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other, DestinationEncryptionContext=CONTEXT)
    assert public_key_of(again["CiphertextBlob"], lab.calls) == pair["PublicKey"]
    assert context_of(again["CiphertextBlob"], lab.calls) == CONTEXT


def test_other_bytes_are_of_no_pair(lab, make):
    make("ECC_NIST_P256")
    blob = os.urandom(100)
    assert public_key_of(blob, lab.calls) is None
    assert private_key_of(blob, {}, lab) is None


def test_a_private_key_is_seen_in_the_clear(lab, kms):
    key = lab.home.create_key()
    pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ML_KEM_512")
    assert holds_private_key(b"x" + pair["PrivateKeyPlaintext"], lab.calls)
    assert not holds_private_key(pair["PrivateKeyCiphertextBlob"], lab.calls)
    own = ec.generate_private_key(ec.SECP256R1())
    for encoding in (Encoding.DER, Encoding.PEM):
        assert holds_private_key(own.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption()), ())
        assert not holds_private_key(own.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo), ())


def test_public_keys_are_compared_as_keys():
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert same_public_key(der, der)
    assert not same_public_key(other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), der)
    assert not same_public_key(pem, der)
    assert is_public_pem(pem)
    assert not is_public_pem(der)


@pytest.mark.parametrize(("spec", "header"), [("ECC_NIST_P256", 65), ("RSA_3072", 384), ("ML_KEM_1024", 1568)])
def test_a_kind_knows_what_stands_in_front_of_a_message(make, spec, header):
    assert header in kind_of(make(spec)["PublicKey"]).headers


@pytest.mark.parametrize("before", [0, 1, 20])
def test_of_a_message_the_point_that_is_seen_in_it_counts(make, before):
    kind = kind_of(make("ECC_NIST_P384")["PublicKey"])
    ephemeral = ec.generate_private_key(ec.SECP384R1()).public_key()
    point = ephemeral.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert kind.headers_of(bytes(before) + point + os.urandom(200)) == (0, before + len(point))
    short = ephemeral.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    assert kind.headers_of(short + bytes(200)) == (0, len(short))
    assert kind.headers_of(bytes(300)) == kind.headers


def test_a_kind_knows_rsa_and_what_only_signs(make):
    assert kind_of(make("RSA_2048")["PublicKey"]).rsa_bytes == 256
    assert kind_of(make("ECC_NIST_EDWARDS25519")["PublicKey"]).signs_only
    assert kind_of(os.urandom(50)) == kind_of(b"")


@pytest.mark.parametrize(
    "result", [None, {}, {"a": b""}, {"a": b"1", "b": b"2", "c": b"3"}, {"a": b"1", "b": "text"}, {"a": b"1", "b": b""}]
)
def test_a_result_of_another_form_is_refused(result):
    expect_bytes_fields("f", {"a": b"1", "b": b"2"}, "a", "b")
    with pytest.raises(Rejected):
        expect_bytes_fields("f", result, "a", "b")
