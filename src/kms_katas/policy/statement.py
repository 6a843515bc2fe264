"""A policy's statements, read once: what of them need not be found out anew for every request.

It compares nothing: match.py and conditions.py do, examine.py puts the two together.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from .conditions import Test, tests_of
from .document import statements
from .match import Names, names_in, names_of

Effect = Literal["Allow", "Deny"]


@dataclass(frozen=True)
class StatementRef:
    """Where a statement stands: the policy's name, its index from 0, and its Sid if it has one.

    `line` and `column` are those of its first character in the text that was read, counted from 1; 0 where the document
    has no text behind it. They are looked up when asked for: a decision does not pay for them.
    """

    policy: str
    index: int
    sid: str | None
    document: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)

    @property
    def line(self) -> int:
        return self._place[0]

    @property
    def column(self) -> int:
        return self._place[1]

    @property
    def _place(self) -> tuple[int, int]:
        place: Callable[[int], tuple[int, int]] | None = getattr(self.document, "statement_place", None)
        return (0, 0) if place is None else place(self.index)


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement, ready to be compared. `elements` is the statement as it stands in the document.

    `names` is its Principal or NotPrincipal, None where it has neither, and `named` the same in order; `excludes` says
    that it is a NotPrincipal. `variables` says whether the document's Version knows policy variables, `varies` whether
    its Resource or NotResource has one.
    """

    ref: StatementRef
    effect: Effect
    elements: Mapping[str, Any]
    names: Names | None
    named: tuple[str, ...]
    excludes: bool
    tests: tuple[Test, ...]
    variables: bool
    varies: bool


@dataclass(frozen=True, eq=False)
class NamedPolicy:
    """A policy document, as `parse_document` returns it, and the name by which people know it.

    The name says where the policy hangs: inline policy "work", a managed policy, one of a group. The document must not
    change afterwards: it is read once.
    """

    name: str
    document: Mapping[str, Any]

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(_read(self))

    @cached_property
    def allows(self) -> tuple[Statement, ...]:
        return tuple(one for one in self.statements if one.effect == "Allow")

    @cached_property
    def denies(self) -> tuple[Statement, ...]:
        return tuple(one for one in self.statements if one.effect == "Deny")


def _read(policy: NamedPolicy) -> Iterator[Statement]:
    variables = policy.document.get("Version") == "2012-10-17"
    for index, elements in enumerate(statements(policy.document)):
        excludes = "NotPrincipal" in elements
        named = elements.get("NotPrincipal") if excludes else elements.get("Principal")
        resources = str(elements.get("Resource", elements.get("NotResource", "")))
        yield Statement(
            ref=StatementRef(policy.name, index, elements.get("Sid"), policy.document),
            effect=elements["Effect"],
            elements=elements,
            names=None if named is None else names_of(named),
            named=() if named is None else names_in(named),
            excludes=excludes,
            tests=tests_of(elements.get("Condition", {})),
            variables=variables,
            varies=variables and "${" in resources,
        )
