"""A request under construction: from what the search found to one that reads like a person's, and the simpler ones
beside it. Whether a simpler one still shows the difference is asked of `decide`, in question.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from ..decision import Request
from ..principal import Principal
from ..statement import NamedPolicy
from .domain import PAIR, PAIR_NAMES, TAG, condition_key
from .search import Found
from .space import Space

_Value = TypeVar("_Value")

EVERYTHING = NamedPolicy(
    "an identity policy",
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]},
)
"""The identity policy of a caller whose identity policies allow the request."""


@dataclass(frozen=True)
class Draft:
    """A request, with its encryption context and the tags of its caller apart. Names are as the policies spell them."""

    caller: Principal
    permission: str
    key_arn: str
    tags: Mapping[str, str]
    pairs: Mapping[str, str]
    context: Mapping[str, str | tuple[str, ...]]
    identity: bool

    @cached_property
    def request(self) -> Request:
        caller = Principal(self.caller.arn, self.caller.role_arn, self.tags, self.caller.federated_provider)
        context = dict(self.context)
        if self.pairs:
            context |= {f"kms:EncryptionContext:{name}": value for name, value in self.pairs.items()}
            context["kms:EncryptionContextKeys"] = tuple(self.pairs)
        return Request(caller, self.permission, self.key_arn, context)

    @property
    def size(self) -> tuple[int, int]:
        """How much there is to read."""
        values = [*self.tags.values(), *self.pairs.values()]
        for value in self.context.values():
            values += [value] if isinstance(value, str) else value
        return len(values), sum(map(len, values))

    def smaller(self) -> Iterator["Draft"]:
        """The same with one thing less."""
        if self.identity:
            yield replace(self, identity=False)
        for name in self.tags:
            yield replace(self, tags=_without(self.tags, name))
        for name in self.pairs:
            yield replace(self, pairs=_without(self.pairs, name))
        for name, value in self.context.items():
            yield replace(self, context=_without(self.context, name))
            for one in value if isinstance(value, tuple) and len(value) > 1 else ():
                yield replace(self, context={**self.context, name: tuple(other for other in value if other != one)})


def draft_of(found: Found, space: Space) -> Draft:
    """The request that the search has found."""
    values = {key: value for key, value in found.values.items() if value is not None}
    for key in space.keys:
        # What every request has stands in the example too, if the policies look at it.
        if condition_key(key).always and key not in values and key not in found.kind.impossible:
            values[key] = found.setting.choices[key][0].value.value or ""
    return draft_with(found.setting.caller, found.kind.permission, values, found.identity, space)


def draft_with(
    caller: Principal, permission: str, values: Mapping[str, str | tuple[str, ...]], identity: bool, space: Space
) -> Draft:
    """The request that has these values, by the lower-case names of their keys."""
    names = values.get(PAIR_NAMES, tuple(space.spelling(key)[len(PAIR) :] for key in values if key.startswith(PAIR)))
    pairs = {name: str(values.get(PAIR + name.lower(), "other")) for name in names}
    return Draft(
        caller,
        permission,
        space.key_arn,
        {space.spelling(key)[len(TAG) :]: str(value) for key, value in values.items() if key.startswith(TAG)},
        pairs,
        {
            space.spelling(key): value
            for key, value in values.items()
            if not key.startswith((TAG, PAIR)) and key != PAIR_NAMES
        },
        identity,
    )


def _without(entries: Mapping[str, _Value], name: str) -> dict[str, _Value]:
    return {one: value for one, value in entries.items() if one != name}
