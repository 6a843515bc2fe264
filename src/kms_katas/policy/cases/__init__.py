"""Requests and pairs of policies from files: what `kata policy decide` and `compare` read, and what they write.

docs/reference/policy-files.md has the format. It decides nothing; what AWS's own policies look like is in document.py.
"""

from .reading import Case, Expected, Pair, Unreadable, encryption_context_keys, read_cases, read_pairs
from .writing import as_case

__all__ = [
    "Case",
    "Expected",
    "Pair",
    "Unreadable",
    "as_case",
    "encryption_context_keys",
    "read_cases",
    "read_pairs",
]
