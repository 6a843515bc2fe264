"""Authorization as pure functions on documents: who may do what with a KMS key, and why.

It knows no AWS account, no network and no other room of the kit; whoever asks brings the documents along. Each name is
loaded when it is first asked for: who only reads a policy does not load what decides on it.
"""

from importlib import import_module

TYPE_CHECKING = False  # as in typing, which takes longer to load than all of this
if TYPE_CHECKING:
    from .assume_role import decide_assume_role
    from .decision import Decision, Documents, Grant, Request, Step
    from .denial import denial_message
    from .document import PolicyError, parse_document
    from .evaluate import decide
    from .explanation import explain
    from .on_resource import decide_on_resource
    from .points import OPEN_POINTS
    from .principal import Principal
    from .proof import Counterexample, Proof, prove
    from .statement import NamedPolicy, StatementRef
    from .telling import as_markdown, decision_data

_HOME = {
    "Counterexample": "proof",
    "Decision": "decision",
    "Documents": "decision",
    "Grant": "decision",
    "NamedPolicy": "statement",
    "OPEN_POINTS": "points",
    "PolicyError": "document",
    "Principal": "principal",
    "Proof": "proof",
    "Request": "decision",
    "StatementRef": "statement",
    "Step": "decision",
    "as_markdown": "telling",
    "decide": "evaluate",
    "decide_assume_role": "assume_role",
    "decide_on_resource": "on_resource",
    "decision_data": "telling",
    "denial_message": "denial",
    "explain": "explanation",
    "parse_document": "document",
    "prove": "proof",
}
"""Where each name stands."""

__all__ = [
    "OPEN_POINTS",
    "Counterexample",
    "Decision",
    "Documents",
    "Grant",
    "NamedPolicy",
    "PolicyError",
    "Principal",
    "Proof",
    "Request",
    "StatementRef",
    "Step",
    "as_markdown",
    "decide",
    "decide_assume_role",
    "decide_on_resource",
    "decision_data",
    "denial_message",
    "explain",
    "parse_document",
    "prove",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = found
    return found
