"""An RSA key of the lab's pool is read at once; any other, and one that is not sound, as the library reads it."""

import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from kms_katas.child.known_primes import _KNOWN, digest, trusting
from kms_katas.lab.kms.rsa_pool import pooled_key, primes

SIZES = (2048, 3072, 4096)
NUMBERS = ("p", "q", "d", "dmp1", "dmq1", "iqmp")


class Loading:
    """load_der_private_key, which notes how often it proved that a key is sound."""

    __name__ = "load_der_private_key"

    def __init__(self) -> None:
        self.proofs = 0

    def __call__(self, data: bytes, password: bytes | None, **named: Any) -> Any:
        self.proofs += not named.get("unsafe_skip_rsa_key_validation", False)
        return load_der_private_key(data, password, **named)


def _pooled(bits: int) -> rsa.RSAPrivateKey:
    key = pooled_key(bits, set(), random.getrandbits(64))
    assert key is not None
    return key


def _der(key: Any) -> bytes:
    return bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _changed(key: rsa.RSAPrivateKey, e: int = 65537, **changes: int) -> bytes:
    numbers = key.private_numbers()
    public = rsa.RSAPublicNumbers(e, numbers.public_numbers.n)
    each = {name: changes.get(name, getattr(numbers, name)) for name in NUMBERS}
    return _der(rsa.RSAPrivateNumbers(**each, public_numbers=public).private_key(unsafe_skip_rsa_key_validation=True))


def test_of_each_prime_of_the_pool_the_digest_is_known_and_of_no_other() -> None:
    assert {digest(prime) for bits in SIZES for prime in primes(bits // 2)} == _KNOWN


@pytest.mark.parametrize("bits", SIZES)
def test_a_key_of_the_pool_is_read_without_proof(bits: int) -> None:
    load, key = Loading(), _pooled(bits)
    assert trusting(load)(_der(key), None).private_numbers() == key.private_numbers()
    assert load.proofs == 0


@pytest.mark.parametrize("make", [lambda: rsa.generate_private_key(65537, 2048), lambda: _pooled(2048)])
def test_a_key_is_read_unproved_where_that_is_asked_for(make: Any) -> None:
    load, key = Loading(), make()
    trusting(load)(_der(key), None, unsafe_skip_rsa_key_validation=True)
    assert load.proofs == 0
    trusting(load)(_der(key), password=None, unsafe_skip_rsa_key_validation=False)
    assert load.proofs == (digest(key.private_numbers().p) not in _KNOWN)


def test_of_another_key_the_library_proves_what_it_has_to() -> None:
    load, key = Loading(), rsa.generate_private_key(65537, 2048)
    assert trusting(load)(_der(key), None).private_numbers() == key.private_numbers()
    assert load.proofs == 1
    curve = ec.generate_private_key(ec.SECP256R1())
    assert trusting(load)(_der(curve), None).private_numbers() == curve.private_numbers()


@pytest.mark.parametrize("name", ["d", "dmp1", "dmq1", "iqmp", "e"])
def test_a_key_of_known_primes_that_is_not_sound_is_refused_as_ever(name: str) -> None:
    load, key = Loading(), _pooled(2048)
    there = getattr(key.private_numbers(), name) if name in NUMBERS else 65537
    data = _changed(key, **{name: there + 2 * random.randint(1, 100)})
    with pytest.raises(ValueError, match=r".") as refused:
        load_der_private_key(data, None)
    with pytest.raises(ValueError, match=r".") as found:
        trusting(load)(data, None)
    assert (type(found.value), str(found.value), load.proofs) == (type(refused.value), str(refused.value), 1)


def test_one_known_prime_is_not_enough() -> None:
    load, known, other = Loading(), _pooled(2048).private_numbers().p, rsa.generate_private_key(65537, 2048)
    q = other.private_numbers().p
    for one, two in ((known, q), (known, known)):
        d = rsa.rsa_recover_private_exponent(65537, one, two)
        crt = rsa.rsa_crt_dmp1(d, one), rsa.rsa_crt_dmq1(d, two), rsa.rsa_crt_iqmp(one, two) if one != two else 1
        numbers = rsa.RSAPrivateNumbers(one, two, d, *crt, rsa.RSAPublicNumbers(65537, one * two))
        data, before = _der(numbers.private_key(unsafe_skip_rsa_key_validation=True)), load.proofs
        try:
            trusting(load)(data, None)
        except ValueError:
            assert one == two
        assert load.proofs == before + 1


def test_what_the_library_refuses_is_refused() -> None:
    data, load = _der(_pooled(2048)), trusting(load_der_private_key)
    with pytest.raises(ValueError, match=r"."):
        load(data[:-40], None)
    with pytest.raises(TypeError):
        load(data, b"none was wanted")
    with pytest.raises(TypeError):
        load()
