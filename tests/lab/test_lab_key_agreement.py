"""DeriveSharedSecret: two parties, one of them outside KMS, come to the same secret; and what is refused."""

import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

CURVES: dict[str, tuple[Any, int]] = {
    "ECC_NIST_P256": (ec.SECP256R1(), 32),
    "ECC_NIST_P384": (ec.SECP384R1(), 48),
    "ECC_NIST_P521": (ec.SECP521R1(), 66),
}


def agreer(kms: Any, spec: str) -> str:
    arn: str = kms.create_key(KeySpec=spec, KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["Arn"]
    return arn


def der(public: Any) -> bytes:
    return bytes(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def derive(kms: Any, key: str, public: bytes, **more: Any) -> Any:
    return kms.derive_shared_secret(KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=public, **more)


@pytest.mark.parametrize("spec", CURVES)
def test_both_sides_come_to_the_same_secret(kms: Any, spec: str) -> None:
    key, (curve, size) = agreer(kms, spec), CURVES[spec]
    peer = ec.generate_private_key(curve)
    ours: Any = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    answer = derive(kms, key, der(peer.public_key()))
    assert answer["SharedSecret"] == peer.exchange(ec.ECDH(), ours)
    assert len(answer["SharedSecret"]) == size
    assert (answer["KeyId"], answer["KeyAgreementAlgorithm"], answer["KeyOrigin"]) == (key, "ECDH", "AWS_KMS")


@pytest.mark.parametrize("spec", CURVES)
def test_two_kms_keys_agree(kms: Any, spec: str) -> None:
    one, other = agreer(kms, spec), agreer(kms, spec)
    public = {key: kms.get_public_key(KeyId=key) for key in (one, other)}
    assert public[one]["KeyAgreementAlgorithms"] == ["ECDH"]
    here = derive(kms, one, public[other]["PublicKey"])["SharedSecret"]
    assert here == derive(kms, other, public[one]["PublicKey"])["SharedSecret"]


@pytest.mark.parametrize("dry", [False, True])
def test_what_is_no_public_key_of_the_curve_is_refused_without_a_text(kms: Any, refused: Any, dry: bool) -> None:
    key = agreer(kms, "ECC_NIST_P256")
    good = der(ec.generate_private_key(ec.SECP256R1()).public_key())
    off_the_curve = good[:-1] + bytes([good[-1] ^ 1])
    others = [der(ec.generate_private_key(curve).public_key()) for curve in (ec.SECP384R1(), ec.SECP256K1())]
    rsa_key = der(rsa.generate_private_key(65537, 2048).public_key())
    for bad in [off_the_curve, good[:-1], b"x", os.urandom(91), rsa_key, *others]:
        with refused("ValidationException", ""):
            derive(kms, key, bad, DryRun=dry)
    with refused("DryRunOperationException"):
        derive(kms, key, good, DryRun=True)


def test_an_unknown_agreement_algorithm_is_named(raw: Any, kms: Any) -> None:
    _, answer = raw(
        "DeriveSharedSecret",
        {"KeyId": agreer(kms, "ECC_NIST_P256"), "KeyAgreementAlgorithm": "INVALID", "PublicKey": "eA=="},
    )
    assert answer["message"] == (
        "1 validation error detected: Value 'INVALID' at 'keyAgreementAlgorithm' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ECDH]"
    )
