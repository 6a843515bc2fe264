"""Reading a policy document: JSON text in, a checked object out, or one sentence on what is wrong and where.

It checks the shape only, so that whatever it returns can be decided on. Not a linter, and not the whole of what AWS
refuses: AWS also looks up whether principals exist.
"""

import json
from typing import Any

OPERATORS = frozenset(
    "StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike"
    " NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals"
    " DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals"
    " Bool BinaryEquals IpAddress NotIpAddress ArnEquals ArnLike ArnNotEquals ArnNotLike Null".lower().split()
)
"""Lower-case names of the condition operators without qualifier and IfExists (IAM reference, condition operators)."""

_VERSIONS = ("2012-10-17", "2008-10-17")
_PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
_DOCUMENT = frozenset({"Version", "Id", "Statement"})
_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
_STATEMENT = frozenset({"Sid", "Effect", "Condition"}.union(*_PAIRS))


class PolicyError(ValueError):
    """A document or a caller that cannot be used. The text is one or two sentences for a person."""


def parse_document(text: str) -> dict[str, Any]:
    """The policy document in `text`.

    Raises PolicyError, with the place, for text that is not JSON, a name given twice in one object (only one of the two
    could count), an element that the grammar of policies does not have (IAM reference, "Grammar of the IAM JSON policy
    language"), no Statement, an Effect other than Allow or Deny, an unknown Version or condition operator, and for
    elements of the wrong shape. A statement without Action, Resource or Principal passes: KMS stores it, and it has
    no effect.
    """
    try:
        document = json.loads(text, object_pairs_hook=_object_without_repeats, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise PolicyError(
            f"The policy is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None
    except RecursionError:
        raise PolicyError("The policy is nested too deeply to be read; a policy needs fewer than ten levels.") from None
    except ValueError as error:
        raise error if isinstance(error, PolicyError) else PolicyError(f"The policy cannot be read: {error}.") from None
    if not isinstance(document, dict):
        raise PolicyError(f'The policy must be a JSON object with a "Statement"; it is {_shape(document)}.')
    _check_names(document, _DOCUMENT, "The policy")
    if "Version" in document and document["Version"] not in _VERSIONS:
        raise PolicyError(f'"Version" must be "2012-10-17" or "2008-10-17"; it is {json.dumps(document["Version"])}.')
    if "Statement" not in document:
        raise PolicyError('The policy has no "Statement": add a list with at least one statement.')
    if not statements(document):
        raise PolicyError('"Statement" is empty: a policy needs at least one statement.')
    for number, statement in enumerate(statements(document), start=1):
        _check_statement(statement, f"Statement {number}")
    return document


def statements(document: Any) -> list[Any]:
    """The statements of a document; AWS lets a single one stand without its list."""
    return as_list(document["Statement"])


def as_list(value: Any) -> list[Any]:
    """A value that a policy may write alone or in a list, as a list."""
    return value if isinstance(value, list) else [value]


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for name, value in pairs:
        if name in names:
            raise PolicyError(
                f"{json.dumps(name)} stands twice in one object, and only one of them could count: join them."
            )
        names[name] = value
    return names


def _no_constant(name: str) -> None:
    raise PolicyError(f"The policy is not valid JSON: {name} is no JSON value.")


def _check_statement(statement: Any, where: str) -> None:
    if not isinstance(statement, dict):
        raise PolicyError(f"{where} must be a JSON object; it is {_shape(statement)}.")
    _check_names(statement, _STATEMENT, where)
    sid = statement.get("Sid", "")
    if not isinstance(sid, str):
        raise PolicyError(f'{where}: "Sid" must be text; it is {_shape(sid)}.')
    if "Effect" not in statement:
        raise PolicyError(f'{where} has no "Effect": write "Allow" or "Deny".')
    if statement["Effect"] not in ("Allow", "Deny"):
        raise PolicyError(f'{where}: "Effect" must be "Allow" or "Deny"; it is {json.dumps(statement["Effect"])}.')
    for element, opposite in _PAIRS:
        if element in statement and opposite in statement:
            raise PolicyError(f'{where} has both "{element}" and "{opposite}": keep one of them.')
    for element in ("Action", "NotAction", "Resource", "NotResource"):
        if element in statement:
            _check_texts(statement[element], f'{where}: "{element}"')
    for element in ("Principal", "NotPrincipal"):
        if element in statement:
            _check_principal(statement[element], f'{where}: "{element}"')
    if "Condition" in statement:
        _check_condition(statement["Condition"], f'{where}: "Condition"')


def _check_names(found: dict[str, Any], known: frozenset[str], where: str) -> None:
    unknown = next((name for name in found if name not in known), None)
    if unknown is not None:
        raise PolicyError(f"{where} has {json.dumps(unknown)}, which is no element of a policy.")


def _check_texts(value: Any, where: str) -> None:
    for item in as_list(value):
        if not isinstance(item, str):
            raise PolicyError(f"{where} must be text or a list of texts; it holds {_shape(item)}.")


def _check_principal(value: Any, where: str) -> None:
    if value == "*":
        return
    if not isinstance(value, dict):
        raise PolicyError(f'{where} must be "*" or an object such as {{"AWS": "111122223333"}}; it is {_shape(value)}.')
    for kind, names in value.items():
        if kind not in _PRINCIPAL_TYPES:
            raise PolicyError(f"{where} names {json.dumps(kind)}: use {', '.join(_PRINCIPAL_TYPES[:-1])}.")
        _check_texts(names, f'{where}, "{kind}"')


def _check_condition(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise PolicyError(f'{where} must be an object, {{"operator": {{"key": value}}}}; it is {_shape(value)}.')
    for operator, block in value.items():
        if base_operator(operator) not in OPERATORS:
            raise PolicyError(f"{where}: {json.dumps(operator)} is no condition operator.")
        if not isinstance(block, dict):
            raise PolicyError(f'{where}, "{operator}" must be an object of keys and values; it is {_shape(block)}.')
        for key, values in block.items():
            for item in as_list(values):
                if not isinstance(item, str | bool | int | float):
                    raise PolicyError(f'{where}, "{operator}", {json.dumps(key)} holds {_shape(item)}; give text.')


def base_operator(operator: str) -> str:
    """The lower-case operator name without ForAnyValue:, ForAllValues: and IfExists.

    Null takes no IfExists (IAM reference: every operator "except the Null condition"), so "NullIfExists" stays whole.
    """
    name = operator.lower().removeprefix("foranyvalue:").removeprefix("forallvalues:")
    return name if name == "nullifexists" else name.removesuffix("ifexists")


def _shape(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"
