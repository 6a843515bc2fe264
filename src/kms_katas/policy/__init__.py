"""Authorization as pure functions on documents: who may do what with a KMS key, and why.

It knows no AWS account, no network and no other room of the kit; whoever asks brings the documents along.
"""

from .assume_role import decide_assume_role
from .decision import Decision, Documents, Grant, NamedPolicy, Request, StatementRef, Step
from .denial import denial_message
from .document import PolicyError, parse_document
from .evaluate import decide
from .explain import explain
from .principal import Principal

__all__ = [
    "Decision",
    "Documents",
    "Grant",
    "NamedPolicy",
    "PolicyError",
    "Principal",
    "Request",
    "StatementRef",
    "Step",
    "decide",
    "decide_assume_role",
    "denial_message",
    "explain",
    "parse_document",
]
