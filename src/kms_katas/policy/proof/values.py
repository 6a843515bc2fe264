"""The values of one condition key that policies can tell apart: a candidate for every combination of tests it can pass.

Whether a candidate passes is asked of conditions.py, as for any request; only the choice of candidates is made here.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import pairwise
from typing import NamedTuple

from ..conditions import moment, unmet
from ..context import Context
from ..document import base_operator
from ..match import expand
from .automaton import Budget, Mode, NotDecided, Part, TextTest, example_texts, plain
from .domain import PAIR_NAMES, ConditionKey, KeyType

Value = str | tuple[str, ...] | None
"""What a request has under a key: a text, several texts, or nothing."""


class Atom(NamedTuple):
    """One operator on one key, as a Condition holds it. `key` is in lower case, `written` as the policy has it."""

    operator: str
    key: str
    written: str
    values: tuple[str, ...]
    variables: bool

    def holds(self, context: Context) -> bool:
        return unmet({self.operator: {self.key: list(self.values)}}, context, self.variables) is None

    @property
    def expands(self) -> bool:
        return self.variables and base_operator(self.operator).startswith(("string", "arn"))

    @property
    def sources(self) -> frozenset[str]:
        """The keys whose values its policy variables stand for."""
        return sources_of(self.values) if self.expands else frozenset()


def sources_of(texts: Iterable[str]) -> frozenset[str]:
    """The keys of the policy variables in texts, in lower case."""
    bodies = (body for text in texts if "${" in text for body in VARIABLE.findall(text))
    return frozenset(body.split(",")[0].strip().lower() for body in bodies if body not in ("*", "?", "$"))


VARIABLE = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True)
class Candidate:
    """A value, and which of the atoms on its key hold with it: bit n for the n-th of them.

    `named` says which names of pairs an encryption context has: bit n for the n-th that the policies speak of.
    """

    value: Value
    truth: int
    named: int = 0


def candidates(
    key: ConditionKey, atoms: Sequence[Atom], known: Context, budget: Budget, names: Sequence[str] = ()
) -> list[Candidate]:
    """One candidate for each combination of the atoms that a value of the key can make true; simple ones come first.

    `known` has the keys that policy variables stand for. `names` are names of pairs, in lower case, that are told
    apart in the value of kms:EncryptionContextKeys.
    """
    found: dict[tuple[int, int], Candidate] = {}
    # Nothing is never the same as something: a pair that is there also puts its name into the encryption context.
    absent = [] if key.always else [Candidate(None, _truth(key, atoms, known, None))]
    if key.several:
        for candidate in _sets(key, atoms, known, budget, names):
            found.setdefault((candidate.truth, candidate.named), candidate)
    else:
        for value in single_values(key, atoms, known, budget):
            truth = _truth(key, atoms, known, value)
            found.setdefault((truth, 0), Candidate(value, truth))
    return [*absent, *found.values()]


def single_values(
    key: ConditionKey, atoms: Sequence[Atom], known: Context, budget: Budget, linked: Sequence[Part] = ()
) -> Iterator[str]:
    """Single values for every combination of atoms; `linked` are further patterns to be told apart."""
    kinds = {kind for atom in atoms if (kind := _kind(atom)) is not None}
    if key.type == "bool":
        yield from ("true", "false")
    elif key.type == "text" and kinds <= {"text"}:
        tests = [test for atom in atoms for test in text_tests(atom, known)]
        usual = (*key.usual, *_as_values_of(key, named_texts(tests)))
        yield from example_texts([plain(tests), *linked], usual, budget, _too_many_patterns(atoms))
    elif key.type == "text":
        if len(kinds) > 1 or linked:
            raise NotDecided(f"operators of several types on {atoms[0].written}")
        yield from _ordered(key, kinds.pop(), atoms, known, budget)
        yield "other"
    else:
        yield from _ordered(key, key.type, atoms, known, budget)


def text_tests(atom: Atom, known: Context) -> list[TextTest]:
    """The patterns that an atom compares texts with; none for operators on other types, none with a variable that has
    no value."""
    mode = mode_of(atom)
    if mode is None:
        return []
    patterns = (expand(value, known, atom.expands) for value in atom.values)
    return [TextTest(mode, pattern) for pattern in patterns if pattern is not None]


def mode_of(atom: Atom) -> Mode | None:
    """How an atom compares texts; None for operators on other types."""
    return _MODES.get(base_operator(atom.operator).replace("not", ""))


_MODES: dict[str, Mode] = {
    "stringequals": "equals",
    "stringequalsignorecase": "ignore-case",
    "stringlike": "like",
    "arnequals": "arn",
    "arnlike": "arn",
    "binaryequals": "equals",
    "bool": "ignore-case",
}


def _kind(atom: Atom) -> KeyType | None:
    base = base_operator(atom.operator)
    if base.startswith("numeric"):
        return "number"
    if base.startswith("date"):
        return "date"
    if "ipaddress" in base:
        return "address"
    return None if base == "null" else "text"


def _truth(key: ConditionKey, atoms: Sequence[Atom], known: Context, value: Value) -> int:
    context: Mapping[str, str | tuple[str, ...]] = {name: one for name, one in known.items() if name != key.name}
    if value is not None:
        context = {**context, key.name: value}
    return sum(1 << place for place, atom in enumerate(atoms) if atom.holds(context))


def named_texts(tests: Sequence[TextTest]) -> Iterator[str]:
    """The texts that the policies themselves name, and for wildcards the simplest that a person would put in."""
    for test in tests:
        text = "".join(test.pattern)
        if test.mode in ("like", "arn"):
            segments = text.split(":", 5)
            if len(segments) == 6:
                segments[3] = segments[3].replace("*", "us-east-1" if segments[3] == "*" else "east-1")
                segments[4] = segments[4].replace("*", "444455556666" if segments[4] == "*" else "")
            text = ":".join(segments).replace("*", "1").replace("?", "1")
        yield text


def _as_values_of(key: ConditionKey, texts: Iterable[str]) -> Iterator[str]:
    """The texts, and those that are no alias names first as the end of one, where the key has these."""
    for text in texts:
        if key.name in ("kms:requestalias", "kms:resourcealiases") and not text.startswith("alias/"):
            yield f"alias/{text}"
        yield text


def _too_many_patterns(atoms: Sequence[Atom]) -> str:
    return f"the wildcards on {atoms[0].written}" if atoms else "the wildcards"


# Numbers, moments and addresses: what policies compare with cuts their line into pieces; each piece has its candidates.


def _ordered(key: ConditionKey, kind: KeyType, atoms: Sequence[Atom], known: Context, budget: Budget) -> Iterator[str]:
    tests = [test for atom in atoms for test in text_tests(atom, known)]
    literals = list(dict.fromkeys("".join(test.pattern) for test in tests))
    wild = any(_has_wildcard(test) for test in tests)
    usual = [value for value in key.usual if _is_usual(value, kind)]
    if wild:
        first, last = key.range
        if kind != "number" or key.type != "number" or last - first > 5000:
            raise NotDecided(f"a wildcard on {atoms[0].written}, which is no text")
        yield from map(str, range(first, last + 1))
        return
    # Beside each candidate stand as many more as there are texts that it might happen to equal.
    spread = range(-1 - len(literals), 2 + len(literals))
    constants = [value for atom in atoms if _kind(atom) is not None for value in atom.values]
    budget.spend(len(constants) * len(spread), f"the comparisons on {atoms[0].written}")
    if kind == "address":
        yield from usual
        yield from _addresses(constants, spread)
    else:
        yield from usual
        yield from (text for text in literals if _is_usual(text, kind))
        yield from _numbers(key, kind, constants, spread)


def _numbers(key: ConditionKey, kind: KeyType, constants: Sequence[str], spread: range) -> Iterator[str]:
    read = sorted({number for text in constants if (number := _number(text)) is not None})
    if key.type == "text" and kind == "number":
        # No key of KMS's: nothing says that its values are whole.
        middles = [(low + high) / 2 for low, high in pairwise(read)]
        outer = [read[0] - 1, read[-1] + 1] if read else [7.0]
        yield from (f"{number:.15g}" for number in (*read, *outer, *middles))
        return
    first, last = key.range
    near = [place + step for number in read for place in (math.floor(number), math.ceil(number)) for step in spread]
    ends = [first + step for step in spread] + [last + step for step in spread]
    for number in dict.fromkeys((*near, *ends)):
        if first <= number <= last:
            yield _moment(number) if kind == "date" else str(number)


def _addresses(constants: Sequence[str], spread: range) -> Iterator[str]:
    edges: list[tuple[type[IPv4Address] | type[IPv6Address], int]] = [(IPv4Address, 1 << 24), (IPv6Address, 1 << 125)]
    for text in constants:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            continue
        kind = type(network.network_address)
        edges += [(kind, int(network.network_address)), (kind, int(network.broadcast_address) + 1)]
    for kind, edge in edges:
        for step in spread:
            if 0 <= edge + step < 1 << (32 if kind is IPv4Address else 128):
                yield str(kind(edge + step))


def _is_usual(text: str, kind: KeyType) -> bool:
    """Whether a text is how AWS writes a value of the type."""
    match kind:
        case "number":
            return re.fullmatch(r"0|[1-9][0-9]*", text, re.ASCII) is not None
        case "date":
            number = _number(text)
            return number is not None and number == int(number) and _moment(int(number)) == text
        case "address":
            try:
                return str(ip_address(text)) == text
            except ValueError:
                return False
    return True


def _number(text: str) -> float | None:
    """A number or a moment, in seconds since 1970."""
    number = moment(text)
    return number if number is not None and math.isfinite(number) else None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(seconds: int) -> str:
    try:
        return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return ""


def _has_wildcard(test: TextTest) -> bool:
    return test.mode in ("like", "arn") and any("*" in piece or "?" in piece for piece in test.pattern[::2])


# Several values: which of the atoms hold of a set follows from which hold of each of its elements alone.


def _sets(
    key: ConditionKey, atoms: Sequence[Atom], known: Context, budget: Budget, names: Sequence[str]
) -> Iterator[Candidate]:
    construct = f"the sets of {key.name if not atoms else atoms[0].written}"
    joined = sum(1 << place for place, atom in enumerate(atoms) if atom.operator.lower().startswith("foranyvalue:"))
    tests = [test for atom in atoms for test in text_tests(atom, known)]
    tests += [TextTest("ignore-case", (name,)) for name in names]
    usual = (*key.usual, *_as_values_of(key, named_texts(tests)))
    alone: list[Candidate] = []
    for text in example_texts([plain(tests)], usual, budget, construct):
        named = sum(1 << place for place, name in enumerate(names) if key.name == PAIR_NAMES and text.lower() == name)
        if text:
            alone.append(Candidate((text,), _truth(key, atoms, known, (text,)), named))
    found = {(one.truth, one.named): one for one in reversed(alone)}
    waiting = list(dict.fromkeys(found[one.truth, one.named] for one in alone))
    yield from waiting
    while waiting:
        larger: list[Candidate] = []
        for one in waiting:
            for other in alone:
                budget.spend(1, construct)
                # A context that spells one name in two ways is left out: AWS advises against it, and does not say what
                # the condition key on that pair would hold (API reference, GrantConstraints).
                if one.named & other.named or not isinstance(one.value, tuple) or not isinstance(other.value, tuple):
                    continue
                truth = (one.truth | other.truth) & joined | one.truth & other.truth & ~joined
                both = Candidate(one.value + other.value, truth, one.named | other.named)
                if (both.truth, both.named) not in found:
                    found[both.truth, both.named] = both
                    larger.append(both)
        waiting = larger
        yield from larger
