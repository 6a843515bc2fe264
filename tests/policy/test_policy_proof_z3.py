"""z3 as a second prover: conditions and the adding up of statements written down once more, as formulas over texts,
numbers and sets, and solved by a program that shares nothing with the first. Callers are those of the first prover:
test_policy_proof_exhaustive.py holds them against every caller.
"""

import importlib.util
import ipaddress
import random
import re
from datetime import datetime
from pathlib import Path

import pytest

from kms_katas.policy import Documents, Request
from kms_katas.policy.context import condition_context
from kms_katas.policy.document import base_operator
from kms_katas.policy.match import principal_match, resource_mismatch
from kms_katas.policy.proof import prove
from kms_katas.policy.proof.automaton import Budget
from kms_katas.policy.proof.domain import PERMISSIONS, condition_key, of_principal
from kms_katas.policy.proof.space import Space

z3 = pytest.importorskip("z3", reason="z3-solver is not installed: pip install z3-solver")

_PATH = Path(__file__).with_name("test_policy_proof_fuzz.py")
_SPEC = importlib.util.spec_from_file_location("policies_for_z3", _PATH)
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)

SEVERAL = 5
PAIR, NAMES = "kms:encryptioncontext:", "kms:encryptioncontextkeys"


class Unsupported(Exception):
    """A condition that is not written as a formula here: a variable beside wildcards, or without regard to case."""


class Formulas:
    """One caller and one permission: what each rule, and each side, comes to."""

    def __init__(self, space, caller, permission):
        self.space, self.permission = space, permission
        self.known = condition_context(Request(caller, permission, space.key_arn))
        self.caller, self.crosses = caller, caller.kind != "Service" and caller.account != space.owner
        self.facts, self.texts, self.numbers, self.sets, self.there = [], {}, {}, {}, {}
        self.identity = z3.Bool("identity")

    def can_be(self, key):
        tagged = key.startswith("aws:principaltag/") and self.caller.kind == "Service"
        return not of_principal(key) and not tagged and self.permission in condition_key(key).permissions

    def present(self, key):
        if not self.can_be(key):
            return z3.BoolVal(isinstance(self.known.get(key), str) if of_principal(key) else False)
        if key not in self.there:
            self.there[key] = z3.Bool(f"{key} there")
            if condition_key(key).always:
                self.facts.append(self.there[key])
        return self.there[key]

    def text(self, key):
        if not self.can_be(key):
            return z3.StringVal(self.known.get(key, ""))
        if key not in self.texts:
            self.texts[key] = z3.String(key)
            if condition_key(key).type == "bool":
                self.facts.append(z3.Or(self.texts[key] == "true", self.texts[key] == "false"))
        return self.texts[key]

    def number(self, key):
        if key not in self.numbers:
            low, high = condition_key(key).range
            self.numbers[key] = z3.Int(key)
            self.facts.append(z3.And(self.numbers[key] >= low, self.numbers[key] <= high))
        return self.numbers[key]

    def elements(self, key):
        if key not in self.sets:
            self.sets[key] = [(z3.Bool(f"{key} {n} used"), z3.String(f"{key} {n}")) for n in range(SEVERAL)]
            used = z3.Or([one for one, _ in self.sets[key]])
            self.facts += [self.present(key) == used]
            self.facts += [z3.Implies(one, z3.Length(text) > 0) for one, text in self.sets[key]]
        return self.sets[key]

    def link_pairs(self):
        """A pair is there if and only if its name is, in one spelling."""
        if self.permission not in condition_key(NAMES).permissions:
            return
        elements = self.elements(NAMES)
        for name in self.space.pair_names:
            spelt = _any_case(name)
            these = [(z3.And(used, z3.InRe(text, spelt)), text) for used, text in elements]
            self.facts.append(self.present(PAIR + name) == z3.Or([one for one, _ in these]))
            for place, (one, text) in enumerate(these):
                self.facts += [z3.Implies(z3.And(one, other), text == more) for other, more in these[:place]]

    def atom(self, atom):
        key, base = atom.key, base_operator(atom.operator)
        lower = atom.operator.lower()
        each = "any" if lower.startswith("foranyvalue:") else "all" if lower.startswith("forallvalues:") else ""
        there = self.present(key)
        if base == "null":
            return z3.Or([z3.Not(there) if value.lower() == "true" else there for value in atom.values])
        negated = "not" in base
        absent = lower.endswith("ifexists") or each == "all" or (negated and each != "any")
        if self.can_be(key) and condition_key(key).several:
            if not each:
                return z3.And(z3.Not(there), z3.BoolVal(absent))
            one_by_one = [(used, self.compared(atom, base, text) != negated) for used, text in self.elements(key)]
            if each == "any":
                holds = z3.Or([z3.And(used, passes) for used, passes in one_by_one])
            else:
                holds = z3.And([z3.Implies(used, passes) for used, passes in one_by_one])
        else:
            holds = self.compared(atom, base, self.text(key)) != negated
        return z3.If(there, holds, z3.BoolVal(absent))

    def compared(self, atom, base, text):
        return z3.Or([self.one(atom, base.replace("not", ""), text, value) for value in atom.values])

    def one(self, atom, base, text, value):
        if base.startswith(("numeric", "date")):
            bound = float(value) if base.startswith("numeric") else datetime.fromisoformat(value).timestamp()
            number = z3.ToReal(self.number(atom.key))
            compare = {
                "equals": number == bound,
                "lessthan": number < bound,
                "lessthanequals": number <= bound,
                "greaterthan": number > bound,
                "greaterthanequals": number >= bound,
            }
            return compare[base.removeprefix("numeric").removeprefix("date")]
        if base == "ipaddress":
            network = ipaddress.ip_network(value, strict=False)
            number, six = z3.Int(f"{atom.key} address"), z3.Bool(f"{atom.key} is v6")
            self.facts.append(z3.And(number >= 0, number < z3.If(six, z3.IntVal(2**128), z3.IntVal(2**32))))
            inside = z3.And(number >= int(network.network_address), number <= int(network.broadcast_address))
            return z3.And(six == (network.version == 6), inside)
        return self.like(base, text, self.pieces(value, atom.variables))

    def pieces(self, value, variables):
        """Literal texts, wildcards (None beside the character) and variables (formula of presence, formula of text)."""
        found = []
        for n, part in enumerate(re.split(r"\$\{([^}]*)\}", value) if variables else [value]):
            if n % 2 and part in ("*", "?", "$"):
                found.append(part)
            elif n % 2:
                name, _, rest = part.partition(",")
                key, default = name.strip().lower(), rest.strip().strip("'")
                there = self.present(key)
                found.append((z3.BoolVal(True) if rest else there, z3.If(there, self.text(key), z3.StringVal(default))))
            else:
                found += [(None, one) if one in "*?" else one for one in part]
        return found

    def like(self, base, text, pieces):
        wild = base in ("stringlike", "arnlike", "arnequals")
        pieces = [one[1] if isinstance(one, tuple) and one[0] is None and not wild else one for one in pieces]
        wildcards = [one for one in pieces if isinstance(one, tuple) and one[0] is None]
        values = [one for one in pieces if isinstance(one, tuple) and one[0] is not None]
        if values and (wildcards or base == "stringequalsignorecase"):
            raise Unsupported
        if values:
            whole = z3.Concat(
                z3.StringVal(""), *(one[1] if isinstance(one, tuple) else z3.StringVal(one) for one in pieces)
            )
            return z3.And(*(there for there, _ in values), text == whole)
        if base == "stringequalsignorecase":
            return z3.InRe(text, _any_case("".join(pieces)))
        if not wildcards:
            return text == z3.StringVal("".join(pieces))
        if base.startswith("arn"):
            raise Unsupported
        any_one = z3.AllChar(z3.ReSort(z3.StringSort()))
        parts = [
            z3.Re(one) if isinstance(one, str) else z3.Star(any_one) if one[1] == "*" else any_one for one in pieces
        ]
        return z3.InRe(text, z3.Concat(*parts) if len(parts) > 1 else parts[0])

    def rule(self, rule):
        if not rule.actions >> PERMISSIONS.index(self.permission) & 1:
            return z3.BoolVal(False)
        elements = rule.statement.elements
        if resource_mismatch(elements, self.space.key_arn, self.known, rule.statement.variables) is not None:
            return z3.BoolVal(False)
        if rule.layer == "key-policy" and principal_match(elements, self.caller) is None:
            return z3.BoolVal(False)
        held = []
        for number in rule.atoms:
            atom = self.space.atoms[number]
            settled = of_principal(atom.key) and all(map(of_principal, atom.sources))
            held.append(z3.BoolVal(atom.holds(self.known)) if settled else self.atom(atom))
        return z3.And(held)

    def allowed(self, side):
        """Section by section as the KMS guide has it: no Deny; a name, or a delegation and an identity policy."""
        mine = [rule for rule in self.space.rules if rule.side == side]
        denied = z3.Or([self.rule(rule) for rule in mine if not rule.allows])
        kinds = {"named": [], "account": []}
        for rule in mine:
            if rule.allows:
                match = principal_match(rule.statement.elements, self.caller)
                kinds["account" if match == "ACCOUNT" else "named"].append(self.rule(rule))
        named, account = z3.Or(kinds["named"]), z3.Or(kinds["account"])
        if self.caller.kind in ("Account", "Service"):
            given = z3.Or(named, account)
        elif self.crosses:
            given = z3.And(z3.Or(named, account), self.identity)
        else:
            given = z3.Or(named, z3.And(account, self.identity))
        return z3.And(given, z3.Not(denied))


def _any_case(text):
    letters = [z3.Union(z3.Re(one.lower()), z3.Re(one.upper())) if one.isalpha() else z3.Re(one) for one in text]
    return z3.Concat(*letters) if len(letters) > 1 else letters[0] if letters else z3.Re("")


def within(first, second):
    """Whether the first allows at most what the second does; None where z3 does not know."""
    space = Space((first, second), fuzz.KEY, Budget(10**6))
    kinds = space.kinds([one for one in PERMISSIONS if one != "kms:RetireGrant"])
    certain = True
    for setting in {
        setting.caller.arn + str(setting.caller): setting for setting in space.settings(space.callers())
    }.values():
        for kind in kinds:
            if setting.crosses and not kind.across_accounts:
                continue
            formulas = Formulas(space, setting.caller, kind.permission)
            solver = z3.Solver()
            solver.set("timeout", 3000)
            solver.add(formulas.allowed(0), z3.Not(formulas.allowed(1)))
            if NAMES in space.keys:
                formulas.link_pairs()
            solver.add(formulas.facts)
            answer = solver.check()
            if answer == z3.sat:
                return False
            certain &= answer == z3.unsat
    return True if certain else None


def agree(seed):
    """True, False, or None where z3 has no answer or the question is of a kind not written down here."""
    rng = random.Random(seed)
    first = fuzz.policy(rng)
    second = fuzz.mutated(rng, first)
    sides = fuzz.documents(first), fuzz.documents(second)
    proof = prove("at most", *sides, key_arn=fuzz.KEY)
    try:
        answer = within(*(Documents(side.key_policy) for side in sides))
    except Unsupported:
        return None
    return None if answer is None or proof.verdict == "undecided" else answer is (proof.verdict == "proved")


def test_z3_comes_to_the_same_verdicts():
    start = random.randrange(2**40)
    verdicts = [(seed, agree(seed)) for seed in range(start, start + 25)]
    assert [seed for seed, verdict in verdicts if verdict is False] == []
    assert sum(verdict is True for _, verdict in verdicts) >= 8


@pytest.mark.nightly
def test_z3_comes_to_the_same_verdicts_all_night():
    start = random.randrange(2**40)
    verdicts = [(seed, agree(seed)) for seed in range(start, start + 2000)]
    assert [seed for seed, verdict in verdicts if verdict is False] == []
