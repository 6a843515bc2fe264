"""Proofs about documents: whether one set of policies allows at most, at least or exactly what another one does.

For every caller, permission on the key, context and identity policy, not for samples; a refutation comes with a request
that `decide` has confirmed. Who else has a say, and how statements add up, is in evaluate.py.
"""

from .question import STEPS, Counterexample, Proof, Relation, prove

__all__ = ["STEPS", "Counterexample", "Proof", "Relation", "prove"]
