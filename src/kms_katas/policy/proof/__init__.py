"""Proofs about documents: whether one set of policies allows at most, at least or exactly what another one does.

For every caller, permission on the key, context and identity policy, not for samples; a refutation comes with a request
that `decide` has confirmed. Who else has a say, and how statements add up, is in evaluate.py.
"""

from .answers import (
    NOTHING,
    Callers,
    can_help_themselves,
    idle_statements,
    no_delegation,
    nobody_can,
    nobody_outside,
    redundant_statements,
    who_can,
)
from .other_keys import other_keys
from .question import STEPS, Counterexample, Proof, Relation, prove

__all__ = [
    "NOTHING",
    "STEPS",
    "Callers",
    "Counterexample",
    "Proof",
    "Relation",
    "can_help_themselves",
    "idle_statements",
    "no_delegation",
    "nobody_can",
    "nobody_outside",
    "other_keys",
    "prove",
    "redundant_statements",
    "who_can",
]
