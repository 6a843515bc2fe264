"""z3 as a second prover, asked where the first one has no answer: `prove_with_both`. The formulas are in formulas.py.

z3 (the extra `proof`) is not needed for anything else: no verdict of the grader and no finding of lint rests on it.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Literal

from ..decision import Documents
from .automaton import Budget, NotDecided
from .domain import PERMISSIONS
from .draft import draft_with
from .formulas import Formula, Formulas
from .question import ALLOWING, DISAGREEMENT, STEPS, Proof, Question, Relation, prove, proved, refuted
from .rules import layers_of
from .space import CallerClass, Kind, Space

Prover = Literal["partition", "z3"]

LIMIT = 20_000_000
"""How much z3 may do for a proof, in its own steps ("rlimit")."""


def prove_with_both(
    relation: Relation, first: Documents, second: Documents, *, key_arn: str, steps: int = STEPS
) -> tuple[Proof, Prover | None]:
    """`prove`, and where that is undecided z3, if it is installed; with which of them answered, None where neither did.

    Errors are those of `prove`.
    """
    proof = prove(relation, first, second, key_arn=key_arn, steps=steps)
    if proof.verdict != "undecided":
        return proof, "partition"
    if DISAGREEMENT in proof.reason:
        return proof, None
    if not installed():
        hint = 'Or let a second prover try: pip install "kms-katas[proof]".'
        return Proof("undecided", None, proof.steps, f"{proof.reason} {hint}"), None
    further = prove_with_z3(relation, first, second, key_arn=key_arn, steps=max(steps, STEPS))
    if further.verdict == "undecided":
        return Proof("undecided", None, proof.steps, f"{proof.reason} {further.reason}"), None
    return further, "z3"


def installed() -> bool:
    try:
        import_module("z3")
    except Exception:  # z3 raises one of its own where its library cannot be loaded
        return False
    return True


def prove_with_z3(
    relation: Relation,
    first: Documents,
    second: Documents,
    *,
    key_arn: str,
    steps: int = STEPS,
    limit: int = LIMIT,
) -> Proof:
    """`prove` for two key policies by z3 alone, within `limit` of its steps; those are the steps of the answer.

    A counterexample is one that `decide` has confirmed. Callers are those of the first prover, which finds them within
    `steps` of its own.
    """
    spent = _Spent(limit)
    try:
        if any(one.grants or [layer for layer, _, _ in layers_of(one)] != ["key-policy"] for one in (first, second)):
            raise NotDecided("the question to one of two key policies without further documents")
        question = Question((first, second), key_arn, True, None, PERMISSIONS, Budget(steps))
        for allowing in ALLOWING[relation]:
            for one, kind in _requests(question, allowing):
                found = _solved(Formulas(question.space, one, kind), allowing, spent)
                if found is not None:
                    draft = draft_with(one.caller, kind.permission, *found, question.space)
                    return refuted(question.confirmed(draft, allowing), spent.steps)
    except NotDecided as unread:
        return Proof("undecided", None, spent.steps, f"z3 has no answer either: simplify {unread.construct}.")
    return proved(relation, question, spent.steps)


def _requests(question: Question, allowing: int) -> Iterator[tuple[CallerClass, Kind]]:
    """Every caller and kind of request that formulas tell from those before, and that the side may allow."""
    space: Space = question.space
    allows = sum(1 << n for n, rule in enumerate(space.rules) if rule.side == allowing and rule.allows)
    seen = set()
    for one in space.classes(question.callers):
        for kind in question.kinds:
            live = one.rules & kind.rules
            # A key policy has no say in RetireGrant: there is nothing in which two could differ.
            if not live & allows or not kind.by_key_policy or (one.crosses and not kind.across_accounts):
                continue
            formula = (live, live & one.alone, one.crosses, one.sort, kind.impossible)
            if formula not in seen:
                seen.add(formula)
                yield one, kind


class _Spent:
    """What z3 has done, and may do. It is counted in its steps, not in seconds, as those of the first prover are."""

    def __init__(self, limit: int) -> None:
        self._z3: Any = import_module("z3")
        self.steps, self._limit = 0, limit

    def solution(self, *wanted: Formula) -> Any | None:
        """A model of all formulas; None where there is none. Raises NotDecided where z3 does not know."""
        z3 = self._z3
        # A context that has seen nothing else: what was asked before must have no say.
        context = z3.Context()
        solver = z3.Solver(ctx=context)
        solver.set("rlimit", max(1, self._limit - self.steps))
        solver.add(z3.And(*wanted).translate(context))
        answer = solver.check()
        self.steps += solver.statistics().get_key_value("rlimit count")
        if answer == z3.unknown:
            raise NotDecided("the conditions: fewer wildcards and values")
        return solver.model().translate(z3.main_ctx()) if answer == z3.sat else None


def _solved(formulas: Formulas, allowing: int, spent: _Spent) -> tuple[dict[str, str | tuple[str, ...]], bool] | None:
    """The values of a request that the side allows and the other one does not, of plain texts if there is one."""
    difference = formulas.difference(allowing)
    model = spent.solution(difference, *formulas.facts)
    if model is None:
        return None
    plain = spent.solution(difference, *formulas.facts, formulas.plain())
    return formulas.values(model if plain is None else plain)
