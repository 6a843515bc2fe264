"""Lint: what in a policy's text is wrong, risky or without effect, found by looking at it; and, where asked for,
what a proof finds. What a policy allows, decide and prove say.
"""

from .check import KINDS, lint
from .output import as_json, as_sarif, as_text
from .reading import Kind
from .rules import RULES, Rule

__all__ = ["KINDS", "RULES", "Kind", "Rule", "as_json", "as_sarif", "as_text", "lint"]
