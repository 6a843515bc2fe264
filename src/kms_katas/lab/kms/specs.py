"""Which key specs KMS has, what each is for and by which algorithms, as one table. No keys, no cryptography.

Source: botocore shapes CreateKeyRequest, KeySpec, KeyUsageType, DataKeyPairSpec and the algorithm lists. Orders are
those of answers of AWS that the project stackd recorded on 2026-09-12 (testdata/aws/kms/{rsa,ecc,hmac,mldsa}.json);
KeyMetadata of ML-KEM keys is not recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kms_katas.lab.kms.errors import KMSError, not_in_the_lab

ENCRYPT = "ENCRYPT_DECRYPT"
SIGN = "SIGN_VERIFY"
MAC = "GENERATE_VERIFY_MAC"
AGREE = "KEY_AGREEMENT"
ENCAPSULATE = "ENCAPSULATE_DECAPSULATE"
SYMMETRIC = "SYMMETRIC_DEFAULT"

Family = Literal["AES", "RSA", "EC", "ED25519", "HMAC", "ML_DSA", "ML_KEM", "SM2"]

ALGORITHM_LISTS = {
    ENCRYPT: "EncryptionAlgorithms",
    SIGN: "SigningAlgorithms",
    MAC: "MacAlgorithms",
    AGREE: "KeyAgreementAlgorithms",
    ENCAPSULATE: "EncapsulationAlgorithms",
}
"""Key usage -> the member of KeyMetadata and of GetPublicKey's answer that lists the algorithms."""

USAGE_OF: dict[str, str] = (
    dict.fromkeys(("Encrypt", "Decrypt", "ReEncrypt"), ENCRYPT)
    | dict.fromkeys(("GenerateDataKey", "GenerateDataKeyWithoutPlaintext"), ENCRYPT)
    | dict.fromkeys(("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"), ENCRYPT)
    | dict.fromkeys(("Sign", "Verify"), SIGN)
    | dict.fromkeys(("GenerateMac", "VerifyMac"), MAC)
    | {"DeriveSharedSecret": AGREE, "Encapsulate": ENCAPSULATE, "Decapsulate": ENCAPSULATE}
)
"""Operation -> the key usage that it needs."""


@dataclass(frozen=True, slots=True)
class KeySpec:
    """`bits`: of an RSA modulus or of a secret key; the parameter set of ML-DSA and ML-KEM."""

    family: Family
    bits: int
    uses: Mapping[str, tuple[str, ...]]
    """Key usage -> algorithms."""
    pair: bool = False
    """GenerateDataKeyPair makes it too."""

    @property
    def has_public_key(self) -> bool:
        return self.family not in ("AES", "HMAC")


_OAEP = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
_RSA_SIGNING = tuple(f"RSASSA_{padding}_SHA_{bits}" for padding in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512))
_RSA = {ENCRYPT: _OAEP, SIGN: _RSA_SIGNING}
_ECDH = {AGREE: ("ECDH",)}
_KEM = {ENCAPSULATE: ("ML_KEM",)}
_ML_DSA = {SIGN: ("ML_DSA_SHAKE_256",)}

KEY_SPECS: dict[str, KeySpec] = {
    SYMMETRIC: KeySpec("AES", 256, {ENCRYPT: (SYMMETRIC,)}),
    "RSA_2048": KeySpec("RSA", 2048, _RSA, pair=True),
    "RSA_3072": KeySpec("RSA", 3072, _RSA, pair=True),
    "RSA_4096": KeySpec("RSA", 4096, _RSA, pair=True),
    "ECC_NIST_P256": KeySpec("EC", 256, {SIGN: ("ECDSA_SHA_256",)} | _ECDH, pair=True),
    "ECC_NIST_P384": KeySpec("EC", 384, {SIGN: ("ECDSA_SHA_384",)} | _ECDH, pair=True),
    "ECC_NIST_P521": KeySpec("EC", 521, {SIGN: ("ECDSA_SHA_512",)} | _ECDH, pair=True),
    "ECC_SECG_P256K1": KeySpec("EC", 256, {SIGN: ("ECDSA_SHA_256",)}, pair=True),
    "ECC_NIST_EDWARDS25519": KeySpec("ED25519", 255, {SIGN: ("ED25519_PH_SHA_512", "ED25519_SHA_512")}, pair=True),
    "HMAC_224": KeySpec("HMAC", 224, {MAC: ("HMAC_SHA_224",)}),
    "HMAC_256": KeySpec("HMAC", 256, {MAC: ("HMAC_SHA_256",)}),
    "HMAC_384": KeySpec("HMAC", 384, {MAC: ("HMAC_SHA_384",)}),
    "HMAC_512": KeySpec("HMAC", 512, {MAC: ("HMAC_SHA_512",)}),
    "ML_DSA_44": KeySpec("ML_DSA", 44, _ML_DSA),
    "ML_DSA_65": KeySpec("ML_DSA", 65, _ML_DSA),
    "ML_DSA_87": KeySpec("ML_DSA", 87, _ML_DSA),
    "ML_KEM_512": KeySpec("ML_KEM", 512, _KEM, pair=True),
    "ML_KEM_768": KeySpec("ML_KEM", 768, _KEM, pair=True),
    "ML_KEM_1024": KeySpec("ML_KEM", 1024, _KEM, pair=True),
    "SM2": KeySpec("SM2", 256, {ENCRYPT: ("SM2PKE",), SIGN: ("SM2DSA",)} | _ECDH, pair=True),
}

DIGEST_BITS = {"SHA_1": 160, "SHA_224": 224, "SHA_256": 256, "SHA_384": 384, "SHA_512": 512}


def largest_plaintext(spec: str, algorithm: str) -> int:
    """Bytes that RSAES-OAEP takes: modulus less two digests less two (RFC 8017, 7.1.1)."""
    return KEY_SPECS[spec].bits // 8 - 2 * (DIGEST_BITS[algorithm.removeprefix("RSAES_OAEP_")] // 8) - 2


def require_spec_of_region(spec: str, region: str) -> None:
    """Raises UnsupportedOperationException for SM2 outside China and for ML-KEM inside.

    Doubtful: code and text of AWS for both. The API text has the fact alone (botocore shape CreateKeyRequest).
    """
    china = region.startswith("cn-")
    family = KEY_SPECS[spec].family
    if family == "SM2" and china:
        raise not_in_the_lab("SM2")
    if (family == "SM2" and not china) or (family == "ML_KEM" and china):
        raise KMSError("UnsupportedOperationException", f"KeySpec {spec} is not supported in the Region {region}.")


def require_usage(operation: str, arn: str, usage: str) -> None:
    """Raises InvalidKeyUsageException with AWS's recorded text when a key is not for this operation."""
    if USAGE_OF[operation] != usage:
        raise KMSError("InvalidKeyUsageException", f"{arn} key usage is {usage} which is not valid for {operation}.")


def require_algorithm(spec: str, usage: str, algorithm: str) -> None:
    """Raises InvalidKeyUsageException with AWS's recorded text when the key does not have this algorithm."""
    if algorithm not in KEY_SPECS[spec].uses[usage]:
        raise KMSError("InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec {spec}.")
