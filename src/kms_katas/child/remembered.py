"""What costs much, and gives the same each time that it is asked the same: an answer's process computes it once.

Libraries do all of it themselves, the first time. Not for anything that asks KMS, draws a random number, or can change.
"""

import importlib
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

_KEPT = 64

_PURE: dict[str, tuple[tuple[str, str], ...]] = {
    # OpenSSL looks anew whether a key is sound, each time. Keys never change.
    "cryptography": (
        ("cryptography.hazmat.primitives.serialization", "load_der_private_key"),
        ("cryptography.hazmat.primitives.serialization", "load_pem_private_key"),
    ),
    # S3 says of each object when it was changed, and botocore asks a library what kind of date that may be.
    "botocore": (("botocore.parsers", "DEFAULT_TIMESTAMP_PARSER"),),
    # Translated from Dafny, they go through ARN and context letter by letter, several times for each message, and make
    # every algorithm suite anew to choose one of them.
    "aws_encryption_sdk": (
        ("aws_cryptographic_material_providers.internaldafny.generated.AwsArnParsing", "default__.ParseAwsKmsArn"),
        ("aws_cryptographic_material_providers.internaldafny.generated.AlgorithmSuites", "default__.GetESDKSuite"),
        (
            "aws_cryptographic_material_providers.internaldafny.generated.AwsKmsUtils",
            "default__.StringifyEncryptionContext",
        ),
        (
            "aws_cryptographic_material_providers.internaldafny.generated.CanonicalEncryptionContext",
            "default__.EncryptionContextToAAD",
        ),
        ("smithy_dafny_standard_library.internaldafny.extern.UTF8", "default__.Decode"),
    ),
}
"""Package -> the functions: module, and name in it."""


def remember(package: str) -> None:
    """From now on, what these functions of the package gave is given again. They have to be there."""
    for module, name in _PURE.get(package, ()):
        place: Any = importlib.import_module(module)
        *way, last = name.split(".")
        for step in way:
            place = getattr(place, step)
        function = remembered(getattr(place, last))
        setattr(place, last, staticmethod(function) if way else function)


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function; what it raises, and what it is asked with a value that can change, it computes each time."""
    kept = lru_cache(maxsize=_KEPT, typed=True)(lambda _, *values, **named: function(*values, **named))

    @wraps(function)
    def asked(*values: Any, **named: Any) -> Any:
        try:
            # Of a map with its values: Dafny takes the keys alone, and all contexts with the same keys were compared.
            content = hash(tuple(frozenset(dict.items(one)) if isinstance(one, dict) else one for one in values))
            hash(tuple(named.values()))
        except TypeError:
            return function(*values, **named)
        return kept(content, *values, **named)

    return asked
