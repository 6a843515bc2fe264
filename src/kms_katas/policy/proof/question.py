"""`prove`: at most, at least or equivalent, for every request there can be, with a counterexample where it is not so.

The documents are taken apart in space.py and searched in search.py. Every counterexample is put before `decide`, made
as simple as it can be, and put before `decide` again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
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

    For every caller that can exist, or those in `callers` (with the tags they have there, and any others); for every
    one of `permissions` ("kms:Decrypt"); and for every context that a request for it can have (domain.py). The identity
    policies among the documents are those of every caller asked about; with `identity` "any" each may have one more, or
    none. The same documents, steps and version always get the same answer. Raises PolicyError where `key_arn` is no
    key's ARN or a permission is none on a key.
    """
    if resource_account(key_arn) is None or ":key/" not in key_arn:
        raise PolicyError(f"{key_arn!r} is not the ARN of a KMS key: a proof is about one key.")
    unknown = next((name for name in permissions if name not in PERMISSIONS), None)
    if unknown is not None:
        raise PolicyError(f"{unknown!r} is no permission on a key; write for example kms:Decrypt.")
    budget = Budget(steps)
    try:
        question = Question((first, second), key_arn, identity == "any", callers, permissions, budget)
        for allowing in {"at most": (0,), "at least": (1,), "equivalent": (0, 1)}[relation]:
            found = question.counterexample(allowing)
            if found is not None:
                return Proof("refuted", found, budget.spent, _refuted(found))
    except NotDecided as limit:
        return Proof("undecided", None, budget.spent, undecided(limit, budget))
    return Proof("proved", None, budget.spent, _PROVED[relation])


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
        for documents in sides:
            for beyond in _further_layers(documents):
                raise NotDecided(f"the question: {beyond} cannot be part of a proof yet")
        self._sides, self._free_identity, self._budget = sides, free_identity, budget
        self._space = Space(sides, key_arn, budget)
        self._kinds = self._space.kinds(permissions)
        self._settings: list[Setting] = []
        self._coming = self._space.settings(self._space.callers() if callers is None else callers)

    def counterexample(self, allowing: int) -> Counterexample | None:
        """The simplest of the first requests found that the side allows and the other one does not."""
        drafts = sorted(islice(self._drafts(allowing), _COMPARED), key=_size)
        if not drafts:
            return None
        return self._shown(min((self._simplified(draft, allowing) for draft in drafts[:_SIMPLIFIED]), key=_size))

    def each_counterexample(self, allowing: int) -> Iterator[Counterexample]:
        """One request for every class of callers that the side allows something that the other one does not."""
        shown = set()
        for draft in self._drafts(allowing):
            caller = (draft.caller.arn, draft.caller.role_arn, draft.caller.federated_provider)
            if caller not in shown:
                shown.add(caller)
                yield self._shown(self._simplified(draft, allowing))

    def _drafts(self, allowing: int) -> Iterator[Draft]:
        search = Search(self._space, self._budget, allowing, self._free_identity)
        return (draft_of(one, self._space) for one in search.differences(self._each_setting(), self._kinds))

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
            raise NotDecided("nothing, and report this policy: the search and the decision disagree about it")
        while smaller := next((one for one in draft.smaller() if self._differs(one, allowing)), None):
            draft = smaller
        return draft


def _size(draft: Draft) -> tuple[int, int]:
    return draft.size


def _further_layers(documents: Documents) -> Iterator[str]:
    """What the documents hold beside key policy and identity policies."""
    for field in fields(documents):
        if field.name not in ("key_policy", "identity") and getattr(documents, field.name):
            yield field.name.replace("_", " ")
