"""Questions that people ask of one key policy, answered for every request: who can, can anyone outside, is a statement
needed, can nobody change the policy any more, who can give themselves more than they have.

Each is a comparison of two sets of documents, as in question.py; no answer is given from samples.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..context import resource_account
from ..decision import Documents, Grant
from ..document import statements
from ..evaluate import RETIRE
from ..principal import Principal
from ..statement import NamedPolicy
from .automaton import Budget, NotDecided
from .domain import PERMISSIONS
from .draft import EVERYTHING
from .question import STEPS, Counterexample, Proof, Question, prove, undecided
from .space import Space

Identity = Literal["any", "given"]


def _refusing(name: str, actions: str, condition: Mapping[str, Any]) -> NamedPolicy:
    statement = {"Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition}
    return NamedPolicy(name, {"Version": "2012-10-17", "Statement": [statement]})


NOTHING = Documents(identity=(_refusing("a policy that denies everything", "*", {}),))
"""Documents under which nobody can do anything."""

# A grant to oneself, of Decrypt, that no AWS service asks for: the way round a key policy that withholds kms:Decrypt.
_ONLY_GRANTS_TO_ONESELF = tuple(
    _refusing("the question", "kms:CreateGrant", condition)
    for condition in (
        {"ForAllValues:StringNotEquals": {"kms:GrantOperations": "Decrypt"}},
        {"StringNotEquals": {"kms:GranteePrincipal": "${aws:PrincipalArn}"}},
        {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    )
)


@dataclass(frozen=True)
class Callers:
    """One example for every class of callers that the policies tell apart. `reason` says why the list is not whole;
    None where it is."""

    examples: tuple[Counterexample, ...]
    reason: str | None


def who_can(
    documents: Documents, permission: str, *, key_arn: str, identity: Identity = "any", steps: int = STEPS
) -> Callers:
    """Everyone who can get the permission on the key in some context, by a request for each class of callers.

    With `identity` "any", `identity_allows` of an example says whether the caller needs an identity policy for it.
    """
    budget = Budget(steps)
    found: list[Counterexample] = []
    try:
        question = Question((documents, NOTHING), key_arn, identity == "any", None, (permission,), budget)
        for example in question.each_counterexample(0):
            found.append(example)
    except NotDecided as limit:
        return Callers(tuple(found), undecided(limit, budget))
    return Callers(tuple(found), None)


def nobody_outside(documents: Documents, *, key_arn: str, services: bool = False, steps: int = STEPS) -> Proof:
    """Whether no principal of another account can do anything with the key; with `services`, no AWS service either.

    Whatever identity policies they have: those of other accounts are not the owner's to know.
    """
    owner = resource_account(key_arn)
    try:
        callers = [
            caller
            for caller in Space((documents, NOTHING), key_arn, Budget(steps)).callers()
            if caller.account != owner and (services or caller.kind != "Service")
        ]
    except NotDecided as limit:
        return Proof("undecided", None, 0, f"Not decided: simplify {limit.construct}.")
    return prove("at most", documents, NOTHING, key_arn=key_arn, callers=callers, steps=steps)


def no_delegation(documents: Documents, *, key_arn: str, steps: int = STEPS) -> Proof:
    """Whether identity policies of the key's account give nothing: with one that allows everything no user and no
    session of the account can do more than without. A refutation shows who can.

    kms:RetireGrant is left out: identity policies give it whatever a key policy says.
    """
    owner, helped = resource_account(key_arn), replace(documents, identity=(*documents.identity, EVERYTHING))
    try:
        callers = [
            caller
            for caller in Space((helped, documents), key_arn, Budget(steps)).callers()
            if caller.account == owner and caller.kind != "Account"
        ]
    except NotDecided as limit:
        return Proof("undecided", None, 0, f"Not decided: simplify {limit.construct}.")
    asked = tuple(name for name in PERMISSIONS if name.lower() != RETIRE)
    return prove(
        "at most",
        helped,
        documents,
        key_arn=key_arn,
        identity="given",
        callers=callers,
        permissions=asked,
        steps=steps,
    )


def nobody_can(
    documents: Documents,
    permission: str,
    *,
    key_arn: str,
    callers: Sequence[Principal] | None = None,
    identity: Identity = "any",
    steps: int = STEPS,
) -> Proof:
    """Whether nobody, or none of `callers`, can get the permission. With "kms:PutKeyPolicy": whether the policy locks
    everyone out, so that only AWS Support can open the key again."""
    return prove(
        "at most",
        documents,
        NOTHING,
        key_arn=key_arn,
        identity=identity,
        callers=callers,
        permissions=(permission,),
        steps=steps,
    )


def redundant_statements(policy: NamedPolicy, *, key_arn: str, steps: int = STEPS) -> tuple[tuple[int, Proof], ...]:
    """For every statement of a key policy, by its index from 0, whether the policy says the same without it.

    A Deny of which that is proved takes nothing away. Of two statements that say the same each is redundant, not both.
    """
    whole = Documents(policy)
    return tuple(
        (index, prove("equivalent", Documents(without), whole, key_arn=key_arn, steps=steps))
        for index, without in _each_left_out(policy)
    )


def idle_statements(policy: NamedPolicy, *, key_arn: str, steps: int = STEPS) -> tuple[tuple[int, Proof], ...]:
    """For every statement of a key policy whether it can never apply to a request that could be allowed.

    Each is looked at alone, and a Deny as if it allowed: what it could not allow it need not deny.
    """
    # kms:RetireGrant is for identity policies alone; they may give it with a key policy and without.
    without = Documents()
    return tuple(
        (index, prove("at most", Documents(_with(policy, [allowing])), without, key_arn=key_arn, steps=steps))
        for index, statement in enumerate(statements(policy.document))
        for allowing in ({**statement, "Effect": "Allow"},)
    )


def can_help_themselves(documents: Documents, *, key_arn: str, steps: int = STEPS) -> Callers:
    """Callers who can never decrypt with the key, and can give themselves the right to: by a new key policy, or by a
    grant of Decrypt to themselves, where no Deny stands against it. The example is the request that they do it with."""
    found: list[Counterexample] = []
    by_grant = replace(documents, identity=(*documents.identity, *_ONLY_GRANTS_TO_ONESELF))
    for through, permission in ((documents, "kms:PutKeyPolicy"), (by_grant, "kms:CreateGrant")):
        able = who_can(through, permission, key_arn=key_arn, steps=steps)
        if able.reason is not None:
            return Callers(tuple(found), able.reason)
        for example in able.examples:
            caller = example.request.principal
            afterwards = _with_a_grant(documents, caller, key_arn) if permission == "kms:CreateGrant" else None
            now, then = (
                nobody_can(one, "kms:Decrypt", key_arn=key_arn, callers=(caller,), steps=steps) if one else None
                for one in (documents, afterwards)
            )
            for proof in (now, then):
                if proof is not None and proof.verdict == "undecided":
                    return Callers(tuple(found), proof.reason)
            if now is not None and now.verdict == "proved" and (then is None or then.verdict == "refuted"):
                found.append(example)
    return Callers(tuple(found), None)


def _with_a_grant(documents: Documents, caller: Principal, key_arn: str) -> Documents:
    """The documents once the caller has made itself a grant of Decrypt."""
    grantee = caller.role_arn or caller.arn
    grant = Grant("to oneself", key_arn, grantee, ("Decrypt",), issuing_account=caller.account)
    return replace(documents, grants=(*documents.grants, grant))


def _each_left_out(policy: NamedPolicy) -> Iterator[tuple[int, NamedPolicy]]:
    whole = statements(policy.document)
    for index in range(len(whole)):
        yield index, _with(policy, whole[:index] + whole[index + 1 :])


def _with(policy: NamedPolicy, body: list[Any]) -> NamedPolicy:
    return NamedPolicy(policy.name, {**policy.document, "Statement": body})
