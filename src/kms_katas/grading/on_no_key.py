"""Contexts in which policies may say different things of an operation on no key, such as CreateKey and ListKeys.

Not a proof, which is always about a key: of each statement what meets its Condition, and what misses it by one key.
"""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, islice

from kms_katas.policy import Principal, Request, kms_table
from kms_katas.policy.conditions import Test, failing
from kms_katas.policy.context import condition_context
from kms_katas.policy.match import action_mismatch
from kms_katas.policy.proof.domain import condition_key, of_principal
from kms_katas.policy.statement import NamedPolicy

Chosen = Mapping[str, str | tuple[str, ...]]

_NOT_CHOSEN = ("aws:principal", "aws:user", "aws:resource", "aws:requesttag/", "aws:tagkeys")
"""How keys begin that follow from who asks, but for tags, or from the key; and those on tags of a key that is made: who
sets them needs kms:TagResource too, of which proofs are."""


def contexts(
    policies: Sequence[NamedPolicy], caller: Principal, action: str, usual: Chosen, fixed: Container[str] = ()
) -> Iterator[Chosen]:
    """`usual`; then for each statement about the action what a request of the caller can have beside it or instead, so
    that the Condition holds, or fails by one key. Keys that are `fixed`, by lower-case name, stay as they are."""
    yield usual
    for statement in (one for policy in policies for one in policy.statements):
        if not statement.tests or action_mismatch(statement.elements, action) is not None:
            continue
        tests = sorted(statement.tests, key=lambda test: test.lowered)
        groups = [tuple(group) for name, group in groupby(tests, key=lambda test: test.lowered) if name not in fixed]
        groups = [group for group in groups if _can_have(group[0].lowered, action)]
        always = {key.lower() for key in usual}
        meeting = Request(caller, action, "*", usual)
        for group in groups:
            meeting = next(_changed(meeting, group, always, True), meeting)
        yield meeting.context
        for group in groups:
            yield from (one.context for one in islice(_changed(meeting, group, always, False), 1))


def _can_have(name: str, action: str) -> bool:
    """Whether a request for the action can have the condition key, and whoever sends it has a choice."""
    tag = name.startswith("aws:principaltag/")
    if of_principal(name) or (name.startswith(_NOT_CHOSEN) and not tag) or kms_table.condition_key(name) is None:
        return False
    return kms_table.may_occur(name, kms_table.permissions()[action.lower()])


def _changed(request: Request, tests: Sequence[Test], always: Container[str], hold: bool) -> Iterator[Request]:
    """The request with another value of the one key that the tests are about, so that they hold, or do not."""
    name = tests[0].lowered
    others = {key: value for key, value in request.context.items() if key.lower() != name}
    for value in _values(tests, name in always):
        changed = replace(request, context=others if value is None else {**others, tests[0].key: value})
        if (failing(tuple(tests), condition_context(changed), True) is None) is hold:
            yield changed


def _values(tests: Sequence[Test], always: bool) -> Iterator[str | tuple[str, ...] | None]:
    """Values that may tell the tests apart; None, for no such key, unless it is in every request."""
    key = condition_key(tests[0].lowered)
    if not (key.always or always):
        yield None
    wanted = [one for test in tests if test.operator and test.operator.compare for one in test.wanted]
    near = [str(int(one) + step) for one in wanted if re.fullmatch(r"[0-9]{1,9}", one) for step in (-1, 1)]
    fitting = [one.partition("/")[0] if key.type == "address" else _plain(one) for one in wanted]
    usual = {"bool": ("true", "false"), "number": (str(key.range[0]),)}.get(key.type, key.usual)
    for value in dict.fromkeys(usual if key.type == "bool" else (*fitting, *near, *usual)):
        yield (value,) if key.several else value


def _plain(pattern: str) -> str:
    """A text that fits a pattern with wildcards."""
    return pattern.replace("*", "").replace("?", "1")
