"""RSA keys from two primes of a pool that everybody can read (make_primes.py says why). **They protect nothing.**

They come at once, and the lab's seed repeats them. Knows no KMS keys.
"""

import json
from collections.abc import Container
from functools import cache
from importlib import resources
from itertools import combinations

from cryptography.hazmat.primitives.asymmetric import rsa

PUBLIC_EXPONENT = 65537


def pooled_key(bits: int, taken: Container[int], chance: int) -> rsa.RSAPrivateKey | None:
    """The key that `chance` picks among those whose modulus is none of `taken`; None when all are taken."""
    free = [pair for pair in combinations(primes(bits // 2), 2) if pair[0] * pair[1] not in taken]
    if not free:
        return None
    p, q = free[chance % len(free)]
    d = rsa.rsa_recover_private_exponent(PUBLIC_EXPONENT, p, q)
    numbers = rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(PUBLIC_EXPONENT, p * q),
    )
    # A test shows once that the pool holds nothing but primes of full size.
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


@cache
def primes(bits: int) -> tuple[int, ...]:
    pool = json.loads(resources.files(__package__).joinpath("primes.json").read_text("utf-8"))
    return tuple(int(prime, 16) for prime in pool["primes"][str(bits)])
