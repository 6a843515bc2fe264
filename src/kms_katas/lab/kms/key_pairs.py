"""The key pairs of asymmetric KMS keys and data key pairs: made from a seed, and in the forms in which KMS gives them.

Knows no KMS keys. A pair is made when it is first used, so CreateKey costs the same for every spec; equal seeds make
equal pairs. RSA comes from a pool of primes that everybody can read (rsa_pool.py): **these keys protect nothing**. When
the pool has no unused pair left, an RSA key is a fresh one, slower to make, which no seed repeats.
"""

from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from kms_katas.lab.kms.ml_kem_512 import MLKEM512PrivateKey
from kms_katas.lab.kms.rsa_pool import PUBLIC_EXPONENT, pooled_key
from kms_katas.lab.kms.specs import KEY_SPECS

MLDSAPrivateKey: TypeAlias = mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
MLKEMPrivateKey: TypeAlias = MLKEM512PrivateKey | mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey
PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | MLDSAPrivateKey | MLKEMPrivateKey
)

SEED_BYTES = 72
"""Enough for every spec: a P-521 scalar takes 66 bytes, and some more keep it evenly spread."""

CURVES: dict[str, ec.EllipticCurve] = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
_ML_DSA: dict[int, type[mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey]] = {
    44: mldsa.MLDSA44PrivateKey,
    65: mldsa.MLDSA65PrivateKey,
    87: mldsa.MLDSA87PrivateKey,
}
_ML_KEM: dict[int, type[MLKEMPrivateKey]] = {
    512: MLKEM512PrivateKey,
    768: mlkem.MLKEM768PrivateKey,
    1024: mlkem.MLKEM1024PrivateKey,
}


def key_pair(spec: str, seed: bytes, taken: set[int]) -> PrivateKey:
    """The pair of `spec` that follows from `seed`. Of RSA one whose modulus is not in `taken`, which learns it."""
    family, bits = KEY_SPECS[spec].family, KEY_SPECS[spec].bits
    if family == "RSA":
        key = pooled_key(bits, taken, int.from_bytes(seed)) or rsa.generate_private_key(PUBLIC_EXPONENT, bits)
        taken.add(key.public_key().public_numbers().n)
        return key
    if family == "EC":
        curve = CURVES[spec]
        return ec.derive_private_key(int.from_bytes(seed) % (curve.group_order - 1) + 1, curve)
    if family == "ED25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(seed[:32])
    if family == "ML_DSA":
        return _ML_DSA[bits].from_seed_bytes(seed[:32])
    assert family == "ML_KEM"  # SM2 was refused when the key was created
    return _ML_KEM[bits].from_seed_bytes(seed[:64])


def read_private_key(spec: str, data: bytes) -> PrivateKey | None:
    """The private key in this PKCS#8, as an import brings it; None when it is none of `spec`, RSA or elliptic curve.

    DER alone is read here. AWS takes RSA and ECC private keys in BER too, and not Ed25519 (recorded, stackd,
    imports_families.json).
    """
    try:
        key = load_der_private_key(data, None)
    except Exception:
        # The library has errors of several kinds for bytes that a stranger made.
        return None
    family, bits = KEY_SPECS[spec].family, KEY_SPECS[spec].bits
    if isinstance(key, rsa.RSAPrivateKey):
        return key if family == "RSA" and key.key_size == bits else None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key if family == "EC" and key.curve.name == CURVES[spec].name else None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key if family == "ED25519" else None
    return None


def public_bytes(key: PrivateKey) -> bytes:
    """DER, SubjectPublicKeyInfo (botocore shape GetPublicKeyResponse)."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def private_bytes(key: PrivateKey) -> bytes:
    """DER, PKCS#8 (botocore op:GenerateDataKeyPair). Of an elliptic curve the inner structure names the curve too, as
    the length of AWS's shows (recorded, testdata/aws/kms/ecc.json: 150 bytes for P-256).
    """
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    inner = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = public_bytes(key)
    algorithm = public[3 if public[1] & 0x80 else 2 :]
    algorithm = algorithm[: 2 + algorithm[1]]
    return _der(0x30, b"\x02\x01\x00" + algorithm + _der(0x04, inner))


def _der(tag: int, content: bytes) -> bytes:
    """For contents of less than 256 bytes."""
    size = bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])
    return bytes([tag]) + size + content
