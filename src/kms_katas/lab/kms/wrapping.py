"""The wrapping of key material on its way into KMS: the RSA keys for it, and how each algorithm is taken off again.

Knows no KMS keys. The RSA keys are built from primes that everybody can read (make_primes.py says why), so that they
come at once and the lab's seed repeats them. **They protect nothing: never import real key material here.**

Source of the algorithms: botocore shape GetParametersForImportRequest. RSAES_OAEP: RFC 8017, with one hash for OAEP and
for MGF1. RSA_AES_KEY_WRAP: an AES key under RSAES_OAEP, then the material under that key by AES key wrap with padding
(RFC 5649). botocore names this one for RSA and ECC material only; for a symmetric key it is refused before it comes to
wrapping (operations/imports.py).
"""

from collections.abc import Container

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

from kms_katas.lab.kms.rsa_pool import pooled_key
from kms_katas.lab.kms.specs import KEY_SPECS
from kms_katas.lab.randomness import Randomness

_HASHES: dict[str, hashes.HashAlgorithm] = {"SHA_1": hashes.SHA1(), "SHA_256": hashes.SHA256()}


def new_wrapping_key(spec: str, taken: Container[int], randomness: Randomness) -> rsa.RSAPrivateKey:
    """A wrapping key of `spec` whose modulus is none of `taken`, as long as the pool has one."""
    chance = int.from_bytes(randomness.bytes(8))
    bits = KEY_SPECS[spec].bits
    key = pooled_key(bits, taken, chance) or pooled_key(bits, (), chance)
    assert key is not None
    return key


def oaep(digest: str) -> padding.OAEP:
    """RSAES_OAEP with SHA_1 or SHA_256, the same for OAEP and for MGF1, and no label."""
    return padding.OAEP(padding.MGF1(_HASHES[digest]), _HASHES[digest], None)


def unwrap(algorithm: str, key: rsa.RSAPrivateKey, wrapped: bytes) -> bytes | None:
    """What was wrapped by `algorithm` under the public half of `key`; None when these bytes do not come off."""
    name = algorithm.removeprefix("RSAES_OAEP_").removeprefix("RSA_AES_KEY_WRAP_")
    try:
        if algorithm.startswith("RSAES_OAEP_"):
            return key.decrypt(wrapped, oaep(name))
        size = key.key_size // 8
        return aes_key_unwrap_with_padding(key.decrypt(wrapped[:size], oaep(name)), wrapped[size:])
    except (ValueError, InvalidUnwrap):
        return None
