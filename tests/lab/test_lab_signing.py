"""Sign, Verify, GetPublicKey: what others verify, what KMS verifies of others, and what is refused."""

import base64
import hashlib
import os
import secrets
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.lab import Lab
from kms_katas.lab.kms import ed25519ph, ml_dsa_mu

HASHES: dict[str, Any] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
RSA_ALGORITHMS = [f"RSASSA_{padding}_SHA_{bits}" for padding in ("PKCS1_V1_5", "PSS") for bits in HASHES]
HASHED = (
    [(spec, algorithm) for spec in ("RSA_2048", "RSA_3072", "RSA_4096") for algorithm in RSA_ALGORITHMS]
    + [(f"ECC_NIST_P{curve}", f"ECDSA_SHA_{bits}") for curve, bits in ((256, 256), (384, 384), (521, 512))]
    + [("ECC_SECG_P256K1", "ECDSA_SHA_256")]
)
WHOLE = [("ECC_NIST_EDWARDS25519", "ED25519_SHA_512")] + [(f"ML_DSA_{n}", "ML_DSA_SHAKE_256") for n in (44, 65, 87)]
PREHASHED = ("ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512")


def signer(kms: Any, spec: str) -> str:
    arn: str = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    return arn


def public_key(kms: Any, key: str) -> Any:
    return load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])


def verify_outside(public: Any, algorithm: str, message: bytes, signature: bytes) -> None:
    """Raises InvalidSignature, as somebody without an AWS account would find out."""
    digest = HASHES.get(algorithm[-3:])
    if isinstance(public, rsa.RSAPublicKey):
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        public.verify(signature, message, pss if "PSS" in algorithm else padding.PKCS1v15(), digest)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, message, ec.ECDSA(digest))
    else:
        public.verify(signature, message)


def digest_of(algorithm: str, message: bytes) -> bytes:
    return hashlib.new(f"sha{algorithm[-3:]}", message).digest()


@pytest.mark.parametrize(("spec", "algorithm"), HASHED + WHOLE)
def test_what_kms_signs_verifies_here_and_outside(kms: Any, spec: str, algorithm: str) -> None:
    key, message = signer(kms, spec), os.urandom(secrets.randbelow(4096) + 1)
    signed = kms.sign(KeyId=key, Message=message, SigningAlgorithm=algorithm)
    assert (signed["KeyId"], signed["SigningAlgorithm"]) == (key, algorithm)
    verify_outside(public_key(kms, key), algorithm, message, signed["Signature"])
    with pytest.raises(InvalidSignature):
        verify_outside(public_key(kms, key), algorithm, message + b"x", signed["Signature"])
    checked = kms.verify(KeyId=key, Message=message, Signature=signed["Signature"], SigningAlgorithm=algorithm)
    assert checked["SignatureValid"] is True
    assert (checked["KeyId"], checked["SigningAlgorithm"]) == (key, algorithm)


@pytest.mark.parametrize(("spec", "algorithm"), HASHED)
def test_a_digest_is_not_hashed_again(kms: Any, spec: str, algorithm: str) -> None:
    key, message = signer(kms, spec), os.urandom(40)
    digest = digest_of(algorithm, message)
    of_digest = kms.sign(KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm=algorithm)["Signature"]
    of_message = kms.sign(KeyId=key, Message=message, SigningAlgorithm=algorithm)["Signature"]
    verify_outside(public_key(kms, key), algorithm, message, of_digest)
    kms.verify(KeyId=key, Message=message, Signature=of_digest, SigningAlgorithm=algorithm)
    kms.verify(KeyId=key, Message=digest, MessageType="DIGEST", Signature=of_message, SigningAlgorithm=algorithm)


@pytest.mark.parametrize("length", [0, 1, -1])
@pytest.mark.parametrize(("spec", "algorithm"), [*HASHED[:6], *HASHED[18:], PREHASHED])
def test_a_digest_has_the_length_of_its_hash(kms: Any, refused: Any, spec: str, algorithm: str, length: int) -> None:
    key = signer(kms, spec)
    digest = os.urandom(int(algorithm[-3:]) // 8 + length)
    if length == 0:
        kms.sign(KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm=algorithm)
        return
    for dry in (False, True):
        with refused("ValidationException", f"Digest is invalid length for algorithm {algorithm}."):
            kms.sign(KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm=algorithm, DryRun=dry)


@pytest.mark.parametrize(("spec", "algorithm"), [*HASHED[:6], *HASHED[18:], *WHOLE, PREHASHED])
def test_no_byte_of_a_signature_or_message_changes_unnoticed(kms: Any, refused: Any, spec: str, algorithm: str) -> None:
    key, message = signer(kms, spec), os.urandom(64)
    asked = {"KeyId": key, "SigningAlgorithm": algorithm}
    asked["MessageType"] = "DIGEST" if "PH" in algorithm else "RAW"
    signature = kms.sign(Message=message, **asked)["Signature"]
    places = {0, len(signature) - 1, *(secrets.randbelow(len(signature)) for _ in range(6))}
    altered = [signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :] for place in places]
    for bad in [*altered, signature[:-1], signature + b"\0", b"x"]:
        for dry in (False, True):
            with refused("KMSInvalidSignatureException", ""):
                kms.verify(Message=message, Signature=bad, DryRun=dry, **asked)
    place = secrets.randbelow(64)
    with refused("KMSInvalidSignatureException", ""):
        kms.verify(
            Message=message[:place] + bytes([message[place] ^ 1]) + message[place + 1 :], Signature=signature, **asked
        )
    other = signer(kms, spec)
    with refused("KMSInvalidSignatureException", ""):
        kms.verify(Message=message, Signature=signature, **(asked | {"KeyId": other}))
    with refused("DryRunOperationException"):
        kms.verify(Message=message, Signature=signature, DryRun=True, **asked)


def test_pss_has_a_salt_as_long_as_its_digest(kms: Any) -> None:
    key = signer(kms, "RSA_2048")
    signature = kms.sign(KeyId=key, Message=b"x", SigningAlgorithm="RSASSA_PSS_SHA_384")["Signature"]
    public = public_key(kms, key)
    public.verify(signature, b"x", padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384())
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"x", padding.PSS(padding.MGF1(hashes.SHA384()), 32), hashes.SHA384())


@pytest.mark.parametrize(
    ("spec", "algorithm"),
    [
        ("ECC_NIST_P256", "ECDSA_SHA_384"),
        ("ECC_NIST_P256", "RSASSA_PSS_SHA_256"),
        ("RSA_2048", "ECDSA_SHA_256"),
        ("ECC_NIST_EDWARDS25519", "ECDSA_SHA_512"),
        ("ML_DSA_44", "ED25519_SHA_512"),
        ("RSA_2048", "SM2DSA"),
    ],
)
def test_a_key_signs_by_its_own_algorithms_only(kms: Any, refused: Any, spec: str, algorithm: str) -> None:
    key = signer(kms, spec)
    text = f"Algorithm {algorithm} is incompatible with key spec {spec}."
    with refused("InvalidKeyUsageException", text):
        kms.sign(KeyId=key, Message=b"x", SigningAlgorithm=algorithm)
    with refused("InvalidKeyUsageException", text):
        kms.verify(KeyId=key, Message=b"x", Signature=b"x", SigningAlgorithm=algorithm, DryRun=True)


@pytest.mark.parametrize(
    ("spec", "algorithm", "message_type", "whose"),
    [
        ("ECC_NIST_P256", "ECDSA_SHA_256", "EXTERNAL_MU", "key spec ECC_NIST_P256"),
        ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "EXTERNAL_MU", "key spec ECC_NIST_EDWARDS25519"),
        ("ML_DSA_65", "ML_DSA_SHAKE_256", "DIGEST", "key spec ML_DSA_65"),
        ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "DIGEST", "algorithm ED25519_SHA_512"),
        ("ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512", "RAW", "algorithm ED25519_PH_SHA_512"),
    ],
)
def test_a_message_type_that_does_not_fit_is_refused(
    kms: Any, refused: Any, spec: str, algorithm: str, message_type: str, whose: str
) -> None:
    asked = {"KeyId": signer(kms, spec), "Message": os.urandom(64), "MessageType": message_type}
    text = f"Message type {message_type} is incompatible with {whose}."
    with refused("ValidationException", text):
        kms.sign(SigningAlgorithm=algorithm, **asked)
    with refused("ValidationException", text):
        kms.verify(SigningAlgorithm=algorithm, Signature=b"x", **asked)


def test_a_message_has_4096_bytes_at_most(kms: Any, refused: Any) -> None:
    text = (
        "1 validation error detected: Value at 'message' failed to satisfy constraint: "
        "Member must have length less than or equal to 4096"
    )
    with refused("ValidationException", text):
        kms.sign(KeyId=signer(kms, "RSA_2048"), Message=bytes(4097), SigningAlgorithm="RSASSA_PSS_SHA_256")


@pytest.mark.parametrize("spec", ["RSA_3072", "ECC_NIST_P384", "ECC_NIST_EDWARDS25519", "ML_DSA_44"])
def test_get_public_key_tells_what_the_key_is_for(kms: Any, spec: str) -> None:
    made = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    kms.create_alias(AliasName="alias/signer", TargetKeyId=made["KeyId"])
    answer = kms.get_public_key(KeyId="alias/signer")
    del answer["ResponseMetadata"]
    load_der_public_key(answer.pop("PublicKey"))
    assert answer == {
        "KeyId": made["Arn"],
        "KeySpec": spec,
        "CustomerMasterKeySpec": spec,
        "KeyUsage": "SIGN_VERIFY",
        "SigningAlgorithms": made["SigningAlgorithms"],
    }


def test_ecdsa_signs_twice_in_two_ways_unless_a_seed_repeats_it() -> None:
    asked = {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}

    def two(kms: Any) -> set[bytes]:
        key = signer(kms, "ECC_NIST_P256")
        return {kms.sign(KeyId=key, **asked)["Signature"] for _ in range(2)}

    with Lab() as lab:
        assert len(two(lab.home.admin.client("kms"))) == 2
    with Lab(seed=5) as lab:
        once = two(lab.home.admin.client("kms"))
    with Lab(seed=5) as lab:
        assert two(lab.home.admin.client("kms")) == once and len(once) == 1


def test_the_prehashed_form_is_the_one_of_rfc_8032() -> None:
    """Section 7.3, the one vector for Ed25519ph."""
    secret = bytes.fromhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42")
    expected = (
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    )
    assert ed25519ph.sign(secret, b"abc").hex() == expected


def test_the_prehashed_form_verifies_what_aws_signed() -> None:
    """Public key and signature recorded from AWS by the project stackd on 2026-09-12 (testdata/aws/kms/ecc.json). The
    message was a digest: AWS hashed it once more.
    """
    public = base64.b64decode("mnl5akZRr82aTm/SBYXqN0IqltQoLHdjrOKW7LIKU7A=")
    signature = base64.b64decode(
        "lRxoBfode2A1wa9SP+A30MmtzofGyeVULvcrrwOx8uYqWkic7PuGDT+ZzEJcYI6je4GNiIq29kgJTXk5kXJOAg=="
    )
    assert ed25519ph.verify(public, hashlib.sha512(b"stackd ECC interoperability").digest(), signature)


@settings(max_examples=25, deadline=None)
@given(secret=st.binary(min_size=32, max_size=32), message=st.binary(max_size=80), place=st.integers(0, 511))
def test_the_prehashed_form_verifies_its_own_and_nothing_altered(secret: bytes, message: bytes, place: int) -> None:
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    signature = ed25519ph.sign(secret, message)
    assert ed25519ph.verify(public, message, signature)
    number = int.from_bytes(signature) ^ 1 << place
    assert not ed25519ph.verify(public, message, number.to_bytes(64))
    assert not ed25519ph.verify(public, message + b"x", signature)


# ML-DSA from the message representative on


def mu_of(public: bytes, message: bytes) -> bytes:
    """FIPS 204, algorithms 2 and 7: the hash of the public key's hash, an empty context and the message."""
    return hashlib.shake_256(hashlib.shake_256(public).digest(64) + b"\0\0" + message).digest(64)


@pytest.mark.parametrize("spec", ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"])
def test_a_signature_of_mu_is_one_of_the_message(kms: Any, refused: Any, spec: str) -> None:
    key, message = signer(kms, spec), os.urandom(100)
    asked = {"KeyId": key, "SigningAlgorithm": "ML_DSA_SHAKE_256"}
    public = public_key(kms, key)
    mu = {"Message": mu_of(public.public_bytes_raw(), message), "MessageType": "EXTERNAL_MU"}
    of_mu = kms.sign(**asked, **mu)["Signature"]
    of_message = kms.sign(Message=message, **asked)["Signature"]
    public.verify(of_mu, message)
    assert kms.verify(Message=message, Signature=of_mu, **asked)["SignatureValid"]
    assert kms.verify(Signature=of_message, **asked, **mu)["SignatureValid"]
    assert kms.sign(**asked, **mu)["Signature"] != of_mu
    places = {0, len(of_mu) - 1, *(secrets.randbelow(len(of_mu)) for _ in range(5))}
    altered = [of_mu[:place] + bytes([of_mu[place] ^ 1]) + of_mu[place + 1 :] for place in places]
    for bad in [*altered, of_mu[:-1], of_mu + b"\0"]:
        with refused("KMSInvalidSignatureException", ""):
            kms.verify(Signature=bad, **asked, **mu)
    with refused("KMSInvalidSignatureException", ""):
        kms.verify(Signature=of_mu, **asked, **(mu | {"Message": os.urandom(64)}))


@pytest.mark.parametrize("size", [1, 63, 65])
def test_mu_has_64_bytes(kms: Any, refused: Any, size: int) -> None:
    key = signer(kms, "ML_DSA_44")
    with refused("ValidationException", "External Mu is invalid length for algorithm ML_DSA_SHAKE_256."):
        kms.sign(KeyId=key, Message=bytes(size), MessageType="EXTERNAL_MU", SigningAlgorithm="ML_DSA_SHAKE_256")


@settings(max_examples=15, deadline=None)
@given(
    number=st.sampled_from(sorted(ml_dsa_mu.SETS)),
    seed=st.binary(min_size=32, max_size=32),
    message=st.binary(max_size=40),
    chance=st.binary(min_size=32, max_size=32),
)
def test_from_mu_on_both_directions_agree_with_the_library(
    number: int, seed: bytes, message: bytes, chance: bytes
) -> None:
    key = getattr(mldsa, f"MLDSA{number}PrivateKey").from_seed_bytes(seed)
    public = key.public_key().public_bytes_raw()
    mu = mu_of(public, message)
    key.public_key().verify(ml_dsa_mu.sign(number, seed, mu, chance), message)
    assert ml_dsa_mu.verify(number, public, mu, key.sign(message))
    assert not ml_dsa_mu.verify(number, public, bytes(64), key.sign(message))
