"""Authorization as pure functions on documents: who may do what with a KMS key, and why.

It knows no AWS account, no network and no other room of the kit; whoever asks brings the documents along.
"""

from .assume_role import decide_assume_role
from .decision import Decision, Documents, Grant, Request, Step
from .denial import denial_message
from .document import PolicyError, parse_document
from .evaluate import decide
from .explain import explain
from .points import OPEN_POINTS
from .principal import Principal
from .statement import NamedPolicy, StatementRef

__all__ = [
    "OPEN_POINTS",
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
