"""`prove`: at most, at least or equivalent, for every request there can be, with a counterexample where it is not so.

The documents are taken apart in space.py and searched in search.py. Every counterexample is put before `decide`, made
as simple as it can be, and put before `decide` again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Literal

from ..context import resource_account
from ..decision import Decision, Documents, Request
from ..document import PolicyError
from ..evaluate import decide
from ..principal import Principal
from .automaton import Budget, NotDecided
from .domain import PERMISSIONS
from .draft import EVERYTHING, Draft, draft_of
from .search import Search
from .space import Setting, Space

Relation = Literal["at most", "at least", "equivalent"]
Verdict = Literal["proved", "refuted", "undecided"]

STEPS = 300_000
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


@dataclass(frozen=True)
class Proof:
    """The answer to a question for all requests. `reason` is one sentence for people; `steps` is what it took.

    "undecided" is no answer, and must never be taken for one: the reason names what to simplify.
    """

    verdict: Verdict
    counterexample: Counterexample | None
    steps: int
    reason: str


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

    For every caller that can exist, or those in `callers`; for every one of `permissions` ("kms:Decrypt"); and for
    every context that a request for it can have (domain.py). The identity policies among the documents are those of
    every caller asked about; with `identity` "any" each may have one more, or none. The same documents, steps and
    version always get the same answer. Raises PolicyError where `key_arn` is no key's ARN or a permission is none on
    a key.
    """
    if resource_account(key_arn) is None or ":key/" not in key_arn:
        raise PolicyError(f"{key_arn!r} is not the ARN of a KMS key: a proof is about one key.")
    unknown = next((name for name in permissions if name not in PERMISSIONS), None)
    if unknown is not None:
        raise PolicyError(f"{unknown!r} is no permission on a key; write for example kms:Decrypt.")
    budget = Budget(steps)
    question = _Question((first, second), key_arn, identity == "any", callers, permissions, budget)
    try:
        question.take_apart()
        for allowing in {"at most": (0,), "at least": (1,), "equivalent": (0, 1)}[relation]:
            found = question.counterexample(allowing)
            if found is not None:
                return Proof("refuted", found, budget.spent, _refuted(found))
    except NotDecided as limit:
        reason = f"Not decided after {budget.spent} steps of {steps}: simplify {limit.construct}."
        return Proof("undecided", None, budget.spent, reason)
    return Proof("proved", None, budget.spent, _PROVED[relation])


_PROVED: dict[Relation, str] = {
    "at most": "Whatever the first allows, the second allows as well.",
    "at least": "Whatever the second allows, the first allows as well.",
    "equivalent": "Both allow the same requests.",
}


def _refuted(found: Counterexample) -> str:
    does, does_not = ("first", "second") if found.first.allowed else ("second", "first")
    request = found.request
    return f"The {does} lets {request.principal.arn} do {request.action}, the {does_not} does not."


class _Question:
    def __init__(
        self,
        sides: tuple[Documents, Documents],
        key_arn: str,
        free_identity: bool,
        callers: Sequence[Principal] | None,
        permissions: Sequence[str],
        budget: Budget,
    ) -> None:
        self._sides, self._key_arn, self._free_identity = sides, key_arn, free_identity
        self._callers, self._permissions, self._budget = callers, permissions, budget

    def take_apart(self) -> None:
        for documents in self._sides:
            beyond = next((name for name in _further_layers(documents)), None)
            if beyond is not None:
                raise NotDecided(f"the question: {beyond} cannot be part of a proof yet")
        self._space = Space(self._sides, self._key_arn, self._budget)
        self._kinds = self._space.kinds(self._permissions)
        callers = self._space.callers() if self._callers is None else self._callers
        self._settings: list[Setting] = []
        self._coming = self._space.settings(callers)

    def counterexample(self, allowing: int) -> Counterexample | None:
        """The simplest of the first requests found that the side allows and the other one does not."""
        search = Search(self._space, self._budget, allowing, self._free_identity)
        found = list(islice(search.differences(self._each_setting(), self._kinds), _COMPARED))
        if not found:
            return None
        drafts = sorted((draft_of(one, self._space) for one in found), key=lambda draft: draft.size)[:_SIMPLIFIED]
        confirmed = [draft for draft in drafts if self._differs(draft, allowing)]
        if len(confirmed) < len(drafts):
            raise NotDecided("nothing, and report this policy: the prover and the decision disagree about it")
        simplest = min((self._simplified(draft, allowing) for draft in confirmed), key=lambda draft: draft.size)
        return Counterexample(simplest.request, simplest.identity, *self._decisions(simplest))

    def _each_setting(self) -> Iterator[Setting]:
        """The settings, made once and only as far as they are looked at."""
        yield from self._settings
        for setting in self._coming:
            self._settings.append(setting)
            yield setting

    def _decisions(self, draft: Draft) -> tuple[Decision, Decision]:
        further = (EVERYTHING,) if draft.identity else ()
        first, second = (
            decide(draft.request, Documents(side.key_policy, (*side.identity, *further))) for side in self._sides
        )
        return first, second

    def _differs(self, draft: Draft, allowing: int) -> bool:
        first, second = self._decisions(draft)
        return (first.allowed, second.allowed) == ((True, False) if allowing == 0 else (False, True))

    def _simplified(self, draft: Draft, allowing: int) -> Draft:
        """Without whatever it does not need."""
        smaller = next((one for one in draft.smaller() if self._differs(one, allowing)), None)
        return draft if smaller is None else self._simplified(smaller, allowing)


def _further_layers(documents: Documents) -> Iterator[str]:
    """What the documents hold beside key policy and identity policies."""
    for field in fields(documents):
        if field.name not in ("key_policy", "identity") and getattr(documents, field.name):
            yield field.name.replace("_", " ")
