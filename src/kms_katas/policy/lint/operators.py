"""The rules about operators and the values that they compare: L7 and L8."""

import re

from ..conditions import unmet
from ..kms_table import ConditionKey
from .reading import Clause, Findings, Policy, Statement

# Which types of keys an operator reads, by how its name begins. Dates also compare as epoch seconds. ARNs stand in many
# keys that AWS calls strings, such as kms:GranteePrincipal and pairs of the encryption context.
_READS = {
    "string": ("String", "ARN"),
    "arn": ("ARN", "String"),
    "numeric": ("Numeric", "Date"),
    "date": ("Date", "Numeric"),
    "bool": ("Bool",),
    "ip": ("IPAddress",),
    "notip": ("IPAddress",),
    "binary": (),
}
_OPERATORS = {
    "String": "StringEquals or StringLike",
    "ARN": "ArnLike",
    "Bool": "Bool",
    "Numeric": "a Numeric operator",
    "Date": "a Date operator",
    "IPAddress": "IpAddress",
}
# The same comparison in its plainest form, to see whether the engine reads a value at all.
_PLAIN = {"numeric": "NumericEquals", "date": "DateEquals", "ip": "IpAddress", "notip": "IpAddress"}
_WILD_BUT_LITERAL = ("stringequals", "stringnotequals", "stringequalsignorecase", "stringnotequalsignorecase")
_VARIABLE = re.compile(r"\$\{[^}]*\}")


def findings_of(policy: Policy, statement: Statement) -> Findings:
    for clause in statement.clauses:
        if clause.base == "null":
            yield from _true_or_false(policy, statement, clause)
            continue
        family = next(start for start in _READS if clause.base.startswith(start))
        if clause.known and clause.known.type not in _READS[family] and not _is_free(clause.known):
            told = (
                f"{statement.name}: {clause.name} is of type {clause.known.type}, and {clause.operator} is not for it."
            )
            yield policy.finding("L7", clause.path, told, fix=f"Use {_OPERATORS[clause.known.type]}.")
            continue
        if family == "bool":
            yield from _true_or_false(policy, statement, clause)
        for value, path in clause.values:
            if family in _PLAIN and not _is_read(_PLAIN[family], value):
                told = f"{statement.name}: {clause.operator} cannot read {value!r}, so it matches nothing."
                yield policy.finding("L7", path, told, fix=f"Write a value that {clause.operator} reads.")
            elif family == "arn" and not re.match(r"arn:|[*?]|\$\{", value):
                told = f"{statement.name}: {value!r} is no ARN, so {clause.operator} matches nothing with it."
                yield policy.finding("L7", path, told, fix="Write a whole ARN, or use a String operator.")
            elif clause.base in _WILD_BUT_LITERAL and re.search(r"[*?]", _VARIABLE.sub("", value)):
                told = f"{statement.name}: {clause.operator} takes the wildcard in {value!r} as a plain character."
                like = "StringNotLike" if clause.negated else "StringLike"
                yield policy.finding("L8", path, told, fix=f"Use {like}.")


def _true_or_false(policy: Policy, statement: Statement, clause: Clause) -> Findings:
    values = {value.lower() for value, _ in clause.values}
    odd = next((path for value, path in clause.values if value.lower() not in ("true", "false")), None)
    if odd is not None:
        told = f'{statement.name}: {clause.operator} compares with "true" or "false" only.'
        yield policy.finding("L7", odd, told, fix='Write "true" or "false".')
    elif len(values) > 1:
        told = f"{statement.name}: {clause.operator} with true and false holds whatever {clause.name} is."
        yield policy.finding("L7", clause.path, told, fix="Keep one of the two values.")


def _is_free(key: ConditionKey) -> bool:
    """Whether authors choose what such a key holds: tags and pairs of the encryption context."""
    return key.name.endswith((":", "/"))


def _is_read(operator: str, value: str) -> bool:
    """Whether a value equals itself. A variable does not: only the String and Arn operators fill it in."""
    return unmet({operator: {"key": value}}, {"key": value.partition("/")[0]}, False) is None
