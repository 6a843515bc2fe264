"""Which keys the Resource elements of policies tell apart from one key: an ARN for each class of them. With it a proof
about one key becomes a proof about every key. Not for the proof itself: that is question.py.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from ..document import as_list
from ..match import arn_matches
from ..statement import NamedPolicy
from .automaton import Budget, NotDecided, Part, TextTest, TextTests, example_texts, plain
from .question import STEPS

_HEX = "0123456789abcdef"
_ID = "-".join("?" * length for length in (8, 4, 4, 4, 12))
_SHAPES = (
    ("key/", re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), _ID),
    ("key/mrk-", re.compile("[0-9a-f]{32}"), "?" * 32),
)
"""A key ID, and that of a multi-Region key: what stands before it, its form, and a pattern that leads the search
to texts of that form: of all texts of a class it finds one."""

_MANY = "the number of wildcards in one Resource"


def other_keys(
    policies: Iterable[NamedPolicy],
    key_arn: str,
    regions: Sequence[str],
    steps: int = STEPS,
    apart: Iterable[str] = (),
) -> Iterator[str]:
    """The ARN of one key of each class that the Resource and NotResource elements tell apart, `key_arn` left out.

    Of every account, of the partition of `key_arn` and of `regions`; `apart` has further patterns of ARNs to tell keys
    apart by. Whatever the policies say of a key that is not there, they say of one that is. Raises NotDecided, for a
    pattern with a policy variable among others.
    """
    written = dict.fromkeys((*(text for policy in policies for text in _resources(policy)), *apart))
    variable = next((text for text in written if "${" in text), None)
    if variable is not None:
        raise NotDecided(f"the policy variable in the Resource {variable}")
    budget = Budget(steps)
    patterns = [pattern for text in (*written, key_arn) if (pattern := _segments(text)) is not None]
    at_region, at_account, at_name = ([pattern[place] for pattern in patterns] for place in (3, 4, 5))
    seen = set()
    _, _, _, region, account, _ = key_arn.split(":", 5)
    choices = (
        _regions(at_region, (region, *regions)),
        list(_accounts(at_account, account, budget)),
        list(_names(at_name, budget)),
    )
    for region, account, name in product(*choices):
        arn = ":".join((*key_arn.split(":")[:3], region, account, name))
        covered = tuple(arn_matches((text,), arn) for text in written)
        if arn != key_arn and covered not in seen:
            seen.add(covered)
            yield arn


def _resources(policy: NamedPolicy) -> Iterator[str]:
    for statement in policy.statements:
        for element in ("Resource", "NotResource"):
            yield from (text for text in as_list(statement.elements.get(element, [])) if isinstance(text, str))


def _segments(text: str) -> list[str] | None:
    """The six segments of a pattern; None where it covers no key. In the last one of a pattern * crosses colons."""
    if text == "*":
        text = "arn:*"
    *others, last = text.split(":", 5)
    if len(others) == 5:
        return [*others, last]
    if not last.endswith("*"):
        return None
    if "*" in last[:-1] or "?" in last:
        raise NotDecided(f"the Resource {text}: write all six parts of the ARN")
    return [*others, last, *["*"] * (5 - len(others))]


def _regions(patterns: Sequence[str], regions: Sequence[str]) -> list[str]:
    """The first Region of each class."""
    classes: dict[tuple[bool, ...], str] = {}
    for region in regions:
        classes.setdefault(tuple(_fits(pattern, region) for pattern in patterns), region)
    return list(classes.values())


def _accounts(patterns: Sequence[str], owner: str, budget: Budget) -> Iterator[str]:
    tests = [_test(pattern) for pattern in (*patterns, "?" * 12)]
    for text in example_texts([plain(tests)], (owner, "444455556666"), budget, _MANY, "0123456789"):
        if re.fullmatch("[0-9]{12}", text):
            yield text


def _names(patterns: Sequence[str], budget: Budget) -> Iterator[str]:
    for before, form, length in _SHAPES:
        reader = TextTests([_test(pattern) for pattern in (*patterns, before + length)])
        part = Part(reader, reader.run(reader.start, before))
        usual = ("0000aaaa-1111-bbbb-2222-cccc3333dddd",) if before == "key/" else ()
        for text in example_texts([part], usual, budget, _MANY, _HEX + "-"):
            if form.fullmatch(text):
                yield before + text


def _test(pattern: str) -> TextTest:
    return TextTest("like", (pattern,))


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch("".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern), text) is not None
