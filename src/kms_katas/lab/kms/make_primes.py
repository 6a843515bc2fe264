"""Makes primes.json, the pool from which the lab builds its RSA keys. Not used by the lab.

Run by hand, once: `python src/kms_katas/lab/kms/make_primes.py`. An RSA key of 4096 bits takes up to some seconds to
make, and no seed repeats it; two primes of a pool make one in milliseconds. The price: everybody can read these primes,
so an RSA key of the lab protects nothing. Beside it, known_primes.txt: their digests, for an answer's process.
"""

import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

POOL = Path(__file__).with_name("primes.json")
DIGESTS = POOL.parents[2] / "child/known_primes.txt"
PUBLIC_EXPONENT = 65537
KEYS_OF_EACH_SIZE = 6


def main() -> None:
    pool = {}
    for bits in (1024, 1536, 2048):
        keys = [rsa.generate_private_key(PUBLIC_EXPONENT, 2 * bits).private_numbers() for _ in range(KEYS_OF_EACH_SIZE)]
        pool[str(bits)] = [f"{prime:x}" for key in keys for prime in (key.p, key.q)]
    POOL.write_text(json.dumps({"schema": "urn:kms-katas:primes:1", "primes": pool}, indent=1) + "\n", "utf-8")
    every = [prime for primes in pool.values() for prime in primes]
    DIGESTS.write_text("".join(hashlib.sha256(prime.encode()).hexdigest() + "\n" for prime in every), "ascii")


if __name__ == "__main__":
    main()
