"""Lint: what in a policy's text is wrong, risky or without effect, found by looking at it. Proves nothing and decides
nothing; what a policy really allows, decide and prove say.
"""

from .check import KINDS, lint
from .output import as_json, as_sarif, as_text
from .reading import Kind
from .rules import RESERVED, RULES, Rule

__all__ = ["KINDS", "RESERVED", "RULES", "Kind", "Rule", "as_json", "as_sarif", "as_text", "lint"]
