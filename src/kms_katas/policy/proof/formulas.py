"""Conditions and the adding up of statements once more, as formulas of z3 over texts, numbers and sets: what a request
of one caller and one kind must be for one side to allow it and the other not.

Not the solving of them: second.py does. What z3 would be slow or unsure with is not written down, and said so.
"""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any, NamedTuple

from ..conditions import moment, operator_of
from ..document import base_operator
from ..match import resource_mismatch
from .automaton import NotDecided
from .domain import PAIR, PAIR_NAMES, TAG, condition_key, of_principal
from .rules import Rule
from .space import CallerClass, Kind, Space
from .values import VARIABLE, Atom, Value

Formula = Any
"""What z3 makes: it comes without types, and only where it is installed."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
# Beyond them z3 has no characters.
_LAST_CHARACTER = 0x2FFFF


class Formulas:
    """What z3 is told of one caller and one kind of request. `facts` are what every such request fulfils."""

    def __init__(self, space: Space, one: CallerClass, kind: Kind) -> None:
        self._z3: Any = import_module("z3")
        self._space, self._one, self._kind = space, one, kind
        self._live = one.rules & kind.rules
        self.facts: list[Formula] = []
        self._there: dict[str, Formula] = {}
        self._texts: dict[str, Formula] = {}
        self._numbers: dict[str, Formula] = {}
        self._addresses: dict[str, tuple[Formula, Formula]] = {}
        self._sets: dict[str, list[tuple[Formula, Formula]]] = {}
        self._identity = self._z3.Bool("identity")

    def difference(self, allowing: int) -> Formula:
        """The side allows it and the other one does not. Raises NotDecided for what is not written down here."""
        differ = self._z3.And(self._allowed(allowing), self._z3.Not(self._allowed(1 - allowing)))
        if PAIR_NAMES in self._space.keys and self._can_be(PAIR_NAMES):
            self._link_pairs()
        return differ

    def _allowed(self, side: int) -> Formula:
        """As the KMS guide has it: no Deny; a name, or the account's and an identity policy."""
        z3, caller = self._z3, self._one.caller
        denied, named, account = [], [], []
        for number, rule in enumerate(self._space.rules):
            if rule.side != side or not self._live >> number & 1:
                continue
            applies = self._applies(rule)
            if not rule.allows:
                denied.append(applies)
            elif rule.match(caller, self._space.key_arn) == "ACCOUNT":
                account.append(applies)
            else:
                named.append(applies)
        if caller.kind in ("Account", "Service"):
            given = z3.Or(*named, *account)
        elif self._one.crosses:
            given = z3.And(z3.Or(*named, *account), self._identity)
        else:
            given = z3.Or(*named, z3.And(z3.Or(account), self._identity))
        return z3.And(given, z3.Not(z3.Or(denied)))

    def _applies(self, rule: Rule) -> Formula:
        """Of a rule that covers the caller and the permission: whether the rest of it holds."""
        if free := sorted(name for name in rule.sources if not of_principal(name)):
            raise NotDecided(f"the variable {free[0]} in Resource")
        statement = rule.statement
        if statement is None:
            raise NotDecided("the grants")
        if resource_mismatch(statement.elements, self._space.key_arn, self._one.known, statement.variables) is not None:
            return self._z3.BoolVal(False)
        held = []
        for atom in (self._space.atoms[number] for number in rule.atoms):
            # What rests on the caller alone holds, or the rule would not be among those that cover it.
            if not of_principal(atom.key) or not all(map(of_principal, atom.sources)):
                held.append(self._holds(atom))
        return self._z3.And(held)

    def _holds(self, atom: Atom) -> Formula:
        z3, key, operator = self._z3, atom.key, operator_of(atom.operator)
        if operator is None:
            return z3.BoolVal(False)
        there = self._present(key)
        if operator.compare is None:
            wanted = {value.lower() for value in atom.values}
            return z3.Or(z3.And("true" in wanted, z3.Not(there)), z3.And("false" in wanted, there))
        each, negated = operator.quantifier, operator.negated
        absent = operator.if_exists or each == "all" or (negated and each != "any")
        if self._can_be(key) and condition_key(key).several:
            one_by_one = [(used, self._compared(atom, text) != negated) for used, text in self._elements(key)]
            if each == "any":
                passes = z3.Or([z3.And(used, fits) for used, fits in one_by_one])
            elif each == "all":
                passes = z3.And([z3.Implies(used, fits) for used, fits in one_by_one])
            else:
                passes = z3.BoolVal(False)
        elif self._can_be(key) or of_principal(key):
            passes = self._compared(atom, None) != negated
        else:
            return z3.BoolVal(absent)
        return z3.If(there, passes, z3.BoolVal(absent))

    # What a request has: a presence for each key, and a text, a number, an address or a set.

    def _can_be(self, key: str) -> bool:
        """Whether a request of the kind can have the key, other than from its caller."""
        tagged = key.startswith(TAG) and self._one.caller.kind == "Service"
        return not of_principal(key) and not tagged and self._kind.permission in condition_key(key).permissions

    def _present(self, key: str) -> Formula:
        if not self._can_be(key):
            return self._z3.BoolVal(of_principal(key) and key in self._one.known)
        if key not in self._there:
            self._there[key] = self._z3.Bool(f"{key} there")
            if condition_key(key).always:
                self.facts.append(self._there[key])
        return self._there[key]

    def _text(self, key: str) -> Formula:
        if not self._can_be(key):
            return self._value(str(self._one.known.get(key, "")))
        if key not in self._texts:
            z3, kind = self._z3, condition_key(key).type
            if kind not in ("text", "bool"):
                raise NotDecided(f"the texts that {self._space.spelling(key)}, which is no text, is compared with")
            self._texts[key] = z3.String(key)
            if kind == "bool":
                self.facts.append(z3.Or(self._texts[key] == "true", self._texts[key] == "false"))
        return self._texts[key]

    def _number(self, key: str) -> Formula:
        """A number or, of a date, its seconds since 1970."""
        if key not in self._numbers:
            low, high = condition_key(key).range
            self._numbers[key] = self._z3.Int(f"{key} number")
            self.facts.append(self._z3.And(self._numbers[key] >= low, self._numbers[key] <= high))
        return self._numbers[key]

    def _address(self, key: str) -> tuple[Formula, Formula]:
        """A number, and whether it is one of IPv6."""
        if key not in self._addresses:
            z3 = self._z3
            number, six = z3.Int(f"{key} address"), z3.Bool(f"{key} is v6")
            self._addresses[key] = number, six
            self.facts.append(z3.And(number >= 0, number < z3.If(six, z3.IntVal(2**128), z3.IntVal(2**32))))
        return self._addresses[key]

    def _elements(self, key: str) -> list[tuple[Formula, Formula]]:
        """As many places as can matter: one to show that a test holds or fails, and one for each name of a pair."""
        if key not in self._sets:
            z3 = self._z3
            several = sum(atom.key == key for atom in self._space.atoms)
            several += len(self._space.pair_names) if key == PAIR_NAMES else 0
            places = [(z3.Bool(f"{key} {n} used"), z3.String(f"{key} {n}")) for n in range(max(1, several))]
            self._sets[key] = places
            self.facts.append(self._present(key) == z3.Or([used for used, _ in places]))
            self.facts += [z3.Implies(used, z3.Length(text) > 0) for used, text in places]
        return self._sets[key]

    def _link_pairs(self) -> None:
        """A pair is there if and only if its name is, in one spelling."""
        z3 = self._z3
        elements = self._elements(PAIR_NAMES)
        for name in self._space.pair_names:
            spelt = self._any_case(name)
            these = [(z3.And(used, z3.InRe(text, spelt)), text) for used, text in elements]
            self.facts.append(self._present(PAIR + name) == z3.Or([one for one, _ in these]))
            for place, (one, text) in enumerate(these):
                self.facts += [z3.Implies(z3.And(one, other), text == more) for other, more in these[:place]]

    # How a value compares with what the policy wants.

    def _compared(self, atom: Atom, element: Formula) -> Formula:
        """`element` is one of several values; None where the key has one value."""
        return self._z3.Or([self._fits(atom, element, value) for value in atom.values])

    def _fits(self, atom: Atom, element: Formula, value: str) -> Formula:
        z3, base = self._z3, base_operator(atom.operator).replace("not", "")
        kind = "text" if element is not None else condition_key(atom.key).type
        if base.startswith(("numeric", "date")):
            if kind != "number" and not (base.startswith("date") and kind == "date"):
                raise NotDecided(f"{atom.operator} on {atom.written}, which is of another type")
            numeric = base.startswith("numeric")
            bound = (float(value) if _NUMBER.fullmatch(value) else None) if numeric else moment(value)
            if bound is None or not math.isfinite(bound):
                return z3.BoolVal(False)
            number, exact = z3.ToReal(self._number(atom.key)), z3.Q(*bound.as_integer_ratio())
            compare = {
                "equals": number == exact,
                "lessthan": number < exact,
                "lessthanequals": number <= exact,
                "greaterthan": number > exact,
                "greaterthanequals": number >= exact,
            }
            return compare[base.removeprefix("numeric").removeprefix("date")]
        if base == "ipaddress":
            if kind != "address":
                raise NotDecided(f"{atom.operator} on {atom.written}, which is no address")
            try:
                network = ip_network(value, strict=False)
            except ValueError:
                return z3.BoolVal(False)
            number, six = self._address(atom.key)
            inside = z3.And(number >= int(network.network_address), number <= int(network.broadcast_address))
            return z3.And(six == (network.version == 6), inside)
        return self._like(atom, base, self._text(atom.key) if element is None else element, value)

    def _like(self, atom: Atom, base: str, text: Formula, value: str) -> Formula:
        z3 = self._z3
        pieces = list(self._pieces(value, atom.expands))
        literals = [piece for piece in pieces if isinstance(piece, _Literal)]
        if None in pieces:
            return z3.BoolVal(False)
        wild = base in ("stringlike", "arnlike", "arnequals")
        wildcards = wild and any(piece.wild and set(piece.text) & set("*?") for piece in literals)
        ignores = base in ("stringequalsignorecase", "bool")
        if len(literals) < len(pieces):
            if wildcards or ignores:
                raise NotDecided(f"the variable beside wildcards, or without regard to case, on {atom.written}")
            there = [piece.there for piece in pieces if isinstance(piece, _Free)]
            whole = [self._value(one.text) if isinstance(one, _Literal) else one.text for one in pieces if one]
            return z3.And(*there, text == z3.Concat(z3.StringVal(""), *whole))
        joined = "".join(piece.text for piece in literals)
        if ignores:
            return z3.InRe(text, self._any_case(joined))
        if not wildcards:
            return text == self._value(joined)
        return z3.InRe(text, self._pattern(literals, arn=base.startswith("arn")))

    def _pieces(self, value: str, expands: bool) -> Iterator["_Literal | _Free | None"]:
        """A policy text; None for a variable that has no value."""
        for n, part in enumerate(VARIABLE.split(value) if expands else [value]):
            if n % 2 == 0 or part in ("*", "?", "$"):
                yield _Literal(part, n % 2 == 0)
                continue
            name, comma, rest = part.partition(",")
            key, default = name.strip().lower(), rest.strip()
            if comma and not _QUOTED.fullmatch(default):
                raise NotDecided(f"the variable ${{{part}}}")
            known = self._one.known.get(key) if of_principal(key) else None
            if self._can_be(key) and not condition_key(key).several:
                there = self._present(key)
                text = self._z3.If(there, self._text(key), self._value(default[1:-1]))
                yield _Free(self._z3.BoolVal(True) if comma else there, text)
            elif isinstance(known, str) or comma:
                yield _Literal(known if isinstance(known, str) else default[1:-1], False)
            else:
                yield None

    def _pattern(self, literals: Sequence["_Literal"], arn: bool) -> Formula:
        """A regular expression. In an ARN a wildcard crosses no colon but in the last segment."""
        z3 = self._z3
        colons = min(5, sum(text.count(":") for text, free in literals if free)) if arn else 0
        any_one = z3.AllChar(z3.ReSort(z3.StringSort()))
        no_colon = z3.Intersect(any_one, z3.Complement(z3.Re(":")))
        parts = [z3.Re("")]
        for text, free in literals:
            for character in text:
                if free and character in "*?":
                    one = no_colon if colons else any_one
                    parts.append(z3.Star(one) if character == "*" else one)
                else:
                    colons -= bool(colons and free and character == ":")
                    parts.append(z3.Re(self._value(character)))
        return z3.Concat(*parts)

    def _any_case(self, text: str) -> Formula:
        z3 = self._z3
        if not text.isascii():
            raise NotDecided(f"{text!r}, compared without regard to case")
        # The Kelvin sign in lower case is a k.
        letters = [[one.lower(), one.upper(), "\u212a"] if one in "kK" else [one.lower(), one.upper()] for one in text]
        parts = [z3.Union(*(z3.Re(self._value(spelt)) for spelt in letter)) for letter in letters]
        return z3.Concat(z3.Re(""), *parts)

    def _value(self, text: str) -> Formula:
        if any(ord(one) > _LAST_CHARACTER for one in text):
            raise NotDecided(f"the characters of {text!r}")
        # To z3 a backslash begins the number of a character.
        return self._z3.StringVal(text.replace("\\", "\\u{5c}"))

    # What z3 found.

    def plain(self) -> Formula:
        """Whether all texts are such as people write: no spaces and nothing that cannot be seen."""
        z3 = self._z3
        seen = z3.Plus(z3.Range("!", "~"))
        texts = [*self._texts.values(), *(text for places in self._sets.values() for _, text in places)]
        return z3.And([z3.InRe(text, seen) for text in texts])

    def values(self, model: Any) -> tuple[dict[str, str | tuple[str, ...]], bool]:
        """What a request has by a model, under the lower-case names of its keys; and whether its caller has an identity
        policy that allows it."""
        z3 = self._z3
        found: dict[str, str | tuple[str, ...]] = {}
        for key, there in self._there.items():
            if z3.is_true(model.eval(there, model_completion=True)):
                found[key] = self._of_model(key, model) or ""
        return found, z3.is_true(model.eval(self._identity))

    def _of_model(self, key: str, model: Any) -> Value:
        z3, about = self._z3, condition_key(key)

        def told(formula: Formula) -> Any:
            return model.eval(formula, model_completion=True)

        if key in self._sets:
            texts = [_read(told(text)) for used, text in self._sets[key] if z3.is_true(told(used))]
            return tuple(dict.fromkeys(texts))
        if key in self._addresses:
            number, six = (told(one) for one in self._addresses[key])
            return str((IPv6Address if z3.is_true(six) else IPv4Address)(number.as_long()))
        if key in self._numbers:
            number = told(self._numbers[key]).as_long()
            return f"{datetime.fromtimestamp(number, UTC):%Y-%m-%dT%H:%M:%SZ}" if about.type == "date" else str(number)
        if key in self._texts:
            return _read(told(self._texts[key]))
        usual = {"bool": "true", "number": str(about.range[0])}.get(about.type, about.usual[0])
        return (usual,) if about.several else usual


class _Literal(NamedTuple):
    """A text, and whether wildcards count in it."""

    text: str
    wild: bool


class _Free(NamedTuple):
    """A variable that the request fills in: whether there is a value for it, and which."""

    there: Formula
    text: Formula


def _read(text: Any) -> str:
    return _NUMBERED.sub(lambda found: chr(int(found[1], 16)), text.as_string())


_NUMBERED = re.compile(r"\\u\{([0-9a-f]+)\}")
_QUOTED = re.compile(r"'[^']*'")
