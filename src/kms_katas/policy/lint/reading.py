"""A parsed policy as the rules look at it: statements with their principals, actions and condition clauses, each with
its path. It judges nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from ..context import resource_account
from ..document import Document, base_operator, items, statement_path, statements
from ..finding import Finding, Level
from ..kms_table import ConditionKey, Permission, condition_key, permissions
from ..match import glob_matches
from ..positions import JsonPath, Place
from .rules import RULES

Kind = Literal["key-policy", "identity-policy", "service-control-policy", "resource-control-policy"]

_ACCOUNT = re.compile(r"([0-9]{12})|arn:[^:]*:(?:iam|sts)::([0-9]{12}):.*", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Named:
    """One entry of a Principal or NotPrincipal element: `type` is AWS, Service, Federated or CanonicalUser."""

    type: str
    name: str
    path: JsonPath

    @property
    def account(self) -> str:
        """The account to which the principal belongs; empty for "*", services and what has none."""
        found = _ACCOUNT.fullmatch(self.name) if self.type == "AWS" else None
        return (found[1] or found[2]) if found else ""

    @property
    def is_everyone(self) -> bool:
        return self.type == "AWS" and self.name == "*"

    @property
    def is_account(self) -> bool:
        return bool(self.account) and (self.name == self.account or self.name.endswith(":root"))


@dataclass(frozen=True)
class Clause:
    """One condition: an operator, a key and the values. `base` is the operator in lower case without ForAnyValue,
    ForAllValues and IfExists; `key` the key in lower case and `name` as written; `values` as text."""

    operator: str
    name: str
    values: tuple[tuple[str, JsonPath], ...]
    path: JsonPath

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def known(self) -> ConditionKey | None:
        return condition_key(self.name)

    @cached_property
    def base(self) -> str:
        return base_operator(self.operator)

    @property
    def qualifier(self) -> Literal["", "any", "all"]:
        lower = self.operator.lower()
        return "any" if lower.startswith("foranyvalue:") else "all" if lower.startswith("forallvalues:") else ""

    @property
    def if_exists(self) -> bool:
        return self.operator.lower().endswith("ifexists")

    @property
    def negated(self) -> bool:
        return "not" in self.base

    @property
    def needs_the_key(self) -> bool:
        """Whether it can hold only for a request that has the key."""
        if self.base == "null":
            return all(value.lower() == "false" for value, _ in self.values)
        return not self.if_exists and self.qualifier != "all" and (not self.negated or self.qualifier == "any")

    @property
    def narrows(self) -> bool:
        """Whether it wants the key, and not just any value of it."""
        wide = any(
            set(value) <= {"*"} or value in ("0.0.0.0/0", "::/0") or self._names_any_account(value)
            for value, _ in self.values
        )
        return self.needs_the_key and self.base != "null" and not wide

    def _names_any_account(self, value: str) -> bool:
        """Whether a value of a key that names accounts fits every account or organization: arn:aws:iam::*:role/x."""
        parts = value.split(":")
        if self.key in ("aws:principalarn", "aws:sourcearn"):
            return len(parts) > 4 and set(parts[4]) == {"*"}
        return self.key == "aws:principalorgid" and value == "o-*"


@dataclass(frozen=True)
class Statement:
    """One statement. `elements` is the statement itself."""

    index: int
    path: JsonPath
    elements: Mapping[str, Any]

    @property
    def name(self) -> str:
        """How a sentence calls it: by its number from 1 and its Sid."""
        sid = self.elements.get("Sid")
        return f"Statement {self.index + 1}" + (f' ("{sid}")' if sid else "")

    @property
    def allows(self) -> bool:
        return bool(self.elements["Effect"] == "Allow")

    @cached_property
    def principals(self) -> tuple[Named, ...]:
        """Whom Principal or NotPrincipal names."""
        element = "Principal" if "Principal" in self.elements else "NotPrincipal"
        value, path = self.elements.get(element, {}), (*self.path, element)
        if value == "*":
            return (Named("AWS", "*", path),)
        return tuple(Named(type, name, at) for type, names in value.items() for name, at in items(names, (*path, type)))

    @cached_property
    def actions(self) -> tuple[tuple[str, JsonPath], ...]:
        """The patterns of Action or NotAction."""
        element = "Action" if "Action" in self.elements else "NotAction"
        return tuple(items(self.elements.get(element, []), (*self.path, element)))

    @cached_property
    def resources(self) -> tuple[tuple[str, JsonPath], ...]:
        """The patterns of Resource; empty where the statement has NotResource or neither."""
        return tuple(items(self.elements.get("Resource", []), (*self.path, "Resource")))

    @cached_property
    def covered(self) -> tuple[Permission, ...]:
        """The permissions of KMS that its Action or NotAction covers."""
        if not {"Action", "NotAction"} & self.elements.keys():
            return ()
        matched = {one for pattern, _ in self.actions for one in matching(pattern)}
        inverted = "Action" not in self.elements
        return tuple(one for one in permissions().values() if (one in matched) is not inverted)

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        return tuple(
            Clause(
                operator,
                key,
                tuple((_as_text(value), at) for value, at in items(values, (*self.path, "Condition", operator, key))),
                (*self.path, "Condition", operator, key),
            )
            for operator, block in self.elements.get("Condition", {}).items()
            for key, values in block.items()
        )


@dataclass(frozen=True)
class Policy:
    """What lint was asked about."""

    document: Document
    kind: Kind
    key_arn: str | None

    @property
    def owner(self) -> str | None:
        """The account of the key, where the asker said which key it is."""
        return resource_account(self.key_arn) if self.key_arn else None

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(
            Statement(index, statement_path(self.document, index), elements)
            for index, elements in enumerate(statements(self.document))
        )

    def finding(
        self,
        rule: str,
        where: JsonPath | Place,
        sentence: str,
        *,
        level: Level | None = None,
        fix: str | None = None,
        others: tuple[JsonPath, ...] = (),
    ) -> Finding:
        """A finding at a path or a place, with the rule's level and advice unless others are given."""
        return Finding(
            rule,
            level or RULES[rule].level,
            sentence,
            fix or RULES[rule].fix,
            where if isinstance(where, Place) else self.document.place(where),
            tuple(self.document.place(other) for other in others),
        )


Findings = Iterator[Finding]


@lru_cache(maxsize=1024)
def matching(pattern: str) -> tuple[Permission, ...]:
    """The permissions of KMS that a pattern of Action matches."""
    return tuple(one for one in permissions().values() if glob_matches((pattern,), one.name, ignore_case=True))


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _as_text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
