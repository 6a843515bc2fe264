"""`prove`: at most, at least or equivalent, for every request there can be, with a counterexample where it is not so.

The documents are taken apart in space.py and searched in search.py. Every counterexample is put before `decide`, made
as simple as it can be, and put before `decide` again.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Literal

from ..conditions import compares_one_value
from ..context import resource_account
from ..decision import Decision, Documents, Request
from ..document import PolicyError
from ..evaluate import decide, points_of_layers
from ..examine import points_in_text
from ..points import OPEN_POINTS
from ..principal import Principal
from .automaton import Budget, NotDecided
from .domain import PERMISSIONS, condition_key
from .draft import EVERYTHING, Draft, draft_of
from .rules import layers_of
from .search import Search
from .space import Setting, Space

Relation = Literal["at most", "at least", "equivalent"]
Verdict = Literal["proved", "refuted", "undecided"]

STEPS = 150_000
"""How many steps a proof may take unless the asker says otherwise; most take a few hundred."""

# A handful of the requests found are made simple, and the simplest is shown.
_COMPARED = 40
_SIMPLIFIED = 4


@dataclass(frozen=True)
class Counterexample:
    """A request that the one side allows and the other does not, as `decide` has found of both.

    `identity_allows` says whether the caller also has an identity policy that allows everything in KMS; `first` and
    `second` are the decisions under the documents of the first and the second side.
    """

    request: Request
    identity_allows: bool
    first: Decision
    second: Decision

    @property
    def sentence(self) -> str:
        """The request in one sentence."""
        request = self.request
        caller = request.principal
        told = f"{caller.role_arn or caller.arn} can do {request.action}"
        carries = {f"aws:PrincipalTag/{name}": tag for name, tag in caller.tags.items()} | dict(request.context)
        if carries:
            told += " with " + ", ".join(f"{name} {_text(value)}" for name, value in carries.items())
        return f"{told}, given an identity policy that allows it." if self.identity_allows else f"{told}."


@dataclass(frozen=True)
class Proof:
    """The answer to a question for all requests. `reason` is one sentence for people; `steps` is what it took,
    in the steps of its prover.

    "undecided" is no answer, and must never be taken for one: the reason names what to simplify.

    `open` has the open points (points.py) that the answer may rest on: for a refutation those on which the two
    decisions of its counterexample rest, for a proof all that the documents raise, and nothing where undecided. A
    counterexample that rests on none is looked for first.
    """

    verdict: Verdict
    counterexample: Counterexample | None
    steps: int
    reason: str
    open: tuple[str, ...] = ()


def prove(
    relation: Relation,
    first: Documents,
    second: Documents,
    *,
    key_arn: str,
    identity: Literal["any", "given"] = "any",
    callers: Sequence[Principal] | None = None,
    permissions: Sequence[str] = PERMISSIONS,
    steps: int = STEPS,
) -> Proof:
    """Whether `first` allows at most, at least or exactly what `second` allows, on the key `key_arn`.

    For every caller that can exist, or those in `callers` (with the tags they have there, and any others); for every
    one of `permissions` ("kms:Decrypt"); and for every context that a request for it can have (domain.py). The identity
    policies among the documents, the boundary and the session policies are those of every caller asked about; with
    `identity` "any" each but an AWS service may have one more identity policy, or none. Where the documents have a VPC
    endpoint policy, every request comes through that endpoint. What a CreateGrant asks for and which grant a
    RetireGrant is to end are left open: a grant is no wider than the one it is made through, and the one to end is
    whichever will do.

    The same documents, steps and version always get the same answer. Raises PolicyError where `key_arn` is no key's ARN
    or a permission is none on a key.
    """
    if resource_account(key_arn) is None or ":key/" not in key_arn:
        raise PolicyError(f"{key_arn!r} is not the ARN of a KMS key: a proof is about one key.")
    unknown = next((name for name in permissions if name not in PERMISSIONS), None)
    if unknown is not None:
        raise PolicyError(f"{unknown!r} is no permission on a key; write for example kms:Decrypt.")
    budget = Budget(steps)
    try:
        question = Question((first, second), key_arn, identity == "any", callers, permissions, budget)
        for allowing in ALLOWING[relation]:
            found = question.counterexample(allowing)
            if found is not None:
                return refuted(found, budget.spent)
    except NotDecided as limit:
        return Proof("undecided", None, budget.spent, undecided(limit, budget))
    return proved(relation, question, budget.spent)


DISAGREEMENT = "nothing, and report this policy: the search and the decision disagree about it"
"""A fault of the prover, and no verdict, whoever else could be asked."""

ALLOWING: dict[Relation, tuple[int, ...]] = {"at most": (0,), "at least": (1,), "equivalent": (0, 1)}
"""The sides that must allow nothing that the other one does not."""


def proved(relation: Relation, question: "Question", steps: int) -> Proof:
    return Proof("proved", None, steps, _PROVED[relation], _in_order(question.raised))


def refuted(found: Counterexample, steps: int) -> Proof:
    return Proof("refuted", found, steps, _refuted(found), _in_order({*found.first.open, *found.second.open}))


def undecided(limit: NotDecided, budget: Budget) -> str:
    return f"Not decided after {budget.spent} steps of {budget.limit}: simplify {limit.construct}."


_PROVED: dict[Relation, str] = {
    "at most": "Whatever the first allows, the second allows as well.",
    "at least": "Whatever the second allows, the first allows as well.",
    "equivalent": "Both allow the same requests.",
}


def _refuted(found: Counterexample) -> str:
    does, does_not = ("first", "second") if found.first.allowed else ("second", "first")
    request = found.request
    return f"The {does} lets {request.principal.arn} do {request.action}, the {does_not} does not."


def _in_order(points: Set[str]) -> tuple[str, ...]:
    return tuple(name for name in OPEN_POINTS if name in points)


class Question:
    """Two sides taken apart, ready to be searched. Raises NotDecided for documents that a proof cannot weigh."""

    def __init__(
        self,
        sides: tuple[Documents, Documents],
        key_arn: str,
        free_identity: bool,
        callers: Sequence[Principal] | None,
        permissions: Sequence[str],
        budget: Budget,
    ) -> None:
        self._sides, self._free_identity, self._budget = sides, free_identity, budget
        self.space = Space(sides, key_arn, budget)
        self.kinds = self.space.kinds(permissions)
        self.raised = {point for documents in sides for point in _raised(documents)}
        """The open points that the documents raise."""
        self._settings: list[Setting] = []
        self.callers = self.space.callers() if callers is None else callers
        self._coming = self.space.settings(self.callers)

    def counterexample(self, allowing: int) -> Counterexample | None:
        """The simplest of the first requests found that the side allows and the other one does not; one that rests on
        no open point, if there is any among them."""
        drafts = sorted(islice(self._drafts(allowing), _COMPARED), key=_size)
        if not drafts:
            return None
        found = sorted((self._simplified(draft, allowing) for draft in drafts[:_SIMPLIFIED]), key=_size)
        further = (self._simplified(draft, allowing) for draft in drafts[_SIMPLIFIED:])
        settled = (shown for draft in chain(found, further) if not _rests(shown := self._shown(draft)))
        return next(settled, None) or self._shown(found[0])

    def each_counterexample(self, allowing: int) -> Iterator[Counterexample]:
        """One request for every class of callers that the side allows something that the other one does not."""
        shown = set()
        for draft in self._drafts(allowing):
            caller = (draft.caller.arn, draft.caller.role_arn, draft.caller.federated_provider)
            if caller not in shown:
                shown.add(caller)
                yield self._shown(self._simplified(draft, allowing))

    def confirmed(self, draft: Draft, allowing: int) -> Counterexample:
        """A request that was found elsewhere, made simple. Raises NotDecided where `decide` says that it is none."""
        return self._shown(self._simplified(draft, allowing))

    def _drafts(self, allowing: int) -> Iterator[Draft]:
        search = Search(self.space, self._budget, allowing, self._free_identity)
        return (draft_of(one, self.space) for one in search.differences(self._each_setting(), self.kinds))

    def _shown(self, draft: Draft) -> Counterexample:
        return Counterexample(draft.request, draft.identity, *self._decisions(draft))

    def _each_setting(self) -> Iterator[Setting]:
        """The settings, made once and only as far as they are looked at."""
        yield from self._settings
        for setting in self._coming:
            self._settings.append(setting)
            yield setting

    def _decisions(self, draft: Draft) -> tuple[Decision, Decision]:
        further = (EVERYTHING,) if draft.identity else ()
        first, second = (
            decide(draft.request, replace(side, identity=(*side.identity, *further))) for side in self._sides
        )
        return first, second

    def _differs(self, draft: Draft, allowing: int) -> bool:
        first, second = self._decisions(draft)
        return (first.allowed, second.allowed) == ((True, False) if allowing == 0 else (False, True))

    def _simplified(self, draft: Draft, allowing: int) -> Draft:
        """Without whatever it does not need to show the difference. Raises NotDecided where it shows none: the search
        and `decide` then disagree, and no verdict can be given."""
        if not self._differs(draft, allowing):
            raise NotDecided(DISAGREEMENT)
        while smaller := next((one for one in draft.smaller() if self._differs(one, allowing)), None):
            draft = smaller
        return draft


def _size(draft: Draft) -> tuple[int, int]:
    return draft.size


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else " and ".join(value)


def _rests(found: Counterexample) -> bool:
    return bool(found.first.open or found.second.open)


def _raised(documents: Documents) -> Iterator[str]:
    """The open points that some request could meet under the documents."""
    yield from points_of_layers(documents)
    for layer, _, policies in layers_of(documents):
        for statement in (one for policy in policies for one in policy.statements):
            yield from points_in_text(statement, layer)
            for test in statement.tests:
                if compares_one_value(test.operator) and condition_key(test.lowered).several:
                    yield "multi-valued-without-qualifier"
