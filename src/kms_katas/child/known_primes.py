"""RSA private keys of the lab, read without proving anew that their primes are primes: 37 ms for the smallest.

Of the lab's pool an answer's process knows digests alone, for whoever has a prime has the key. Not for other keys:
whether those are sound is the library's to find out.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_EXPONENT = 65537
_KNOWN = frozenset(Path(__file__).with_name("known_primes.txt").read_text("ascii").split())
"""Written by lab/kms/make_primes.py."""


def trust_known_primes() -> None:
    """From now on, in this process."""
    for name in ("load_der_private_key", "load_pem_private_key"):
        setattr(serialization, name, trusting(getattr(serialization, name)))


def trusting(load: Callable[..., Any]) -> Callable[..., Any]:
    """The same function. It raises what it raised."""

    @wraps(load)
    def loaded(*values: Any, unsafe_skip_rsa_key_validation: bool = False, **named: Any) -> Any:
        key = load(*values, unsafe_skip_rsa_key_validation=True, **named)
        if unsafe_skip_rsa_key_validation or not isinstance(key, rsa.RSAPrivateKey) or _is_sound(key.private_numbers()):
            return key
        return load(*values, **named)

    return loaded


def _is_sound(numbers: rsa.RSAPrivateNumbers) -> bool:
    """Whether these are the numbers, all of them, that the lab makes of two primes of its pool."""
    p, q = numbers.p, numbers.q
    if p == q or not {digest(p), digest(q)} <= _KNOWN:
        return False
    d = rsa.rsa_recover_private_exponent(_EXPONENT, p, q)
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return numbers == rsa.RSAPrivateNumbers(p, q, d, *crt, rsa.RSAPublicNumbers(_EXPONENT, p * q))


def digest(prime: int) -> str:
    return hashlib.sha256(f"{prime:x}".encode()).hexdigest()
