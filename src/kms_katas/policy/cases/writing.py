"""From a request back to the JSON of a case, so that a counterexample can be decided by `kata policy decide`."""

from typing import Any

from ..decision import Request
from ..statement import NamedPolicy

_PAIR, _NAMES = "kms:encryptioncontext:", "kms:encryptioncontextkeys"


def as_case(request: Request, identity: NamedPolicy | None = None) -> dict[str, Any]:
    """The "principal" and the "request" of a case. `identity` is an identity policy of the caller."""
    caller = request.principal
    principal: dict[str, Any] = {"arn": caller.arn}
    # A session's own ARN leaves the role's path out.
    if caller.role_arn and caller.role_arn != caller.arn and caller.role_arn.rpartition(":")[2].count("/") > 1:
        principal["roleArn"] = caller.role_arn
    if identity is not None:
        principal["identityPolicies"] = [identity.document]
    if caller.tags:
        principal["tags"] = dict(caller.tags)
    if caller.federated_provider:
        principal["federatedProvider"] = caller.federated_provider
    asked: dict[str, Any] = {"action": request.action, "resource": request.resource}
    pairs = {name[len(_PAIR) :]: value for name, value in request.context.items() if name.lower().startswith(_PAIR)}
    if pairs:
        asked["encryptionContext"] = pairs
    asked["context"] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in request.context.items()
        if not name.lower().startswith(_PAIR) and name.lower() != _NAMES
    }
    return {"principal": principal, "request": asked}
