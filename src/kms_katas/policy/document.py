"""Reading a policy document: JSON text in, a checked object out, or one sentence on what is wrong and where.

It checks the shape only, so that whatever it returns can be decided on. Not a linter, and not the whole of what AWS
refuses: AWS also looks up whether principals exist.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .positions import JsonPath, Place, Positions, place_of_token, positions

if TYPE_CHECKING:
    from .finding import Finding  # loaded where a fault is told: no decision waits for it

OPERATORS = frozenset(
    "StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike"
    " NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals"
    " DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals"
    " Bool BinaryEquals IpAddress NotIpAddress ArnEquals ArnLike ArnNotEquals ArnNotLike Null".lower().split()
)
"""Lower-case names of the condition operators without qualifier and IfExists (IAM reference, condition operators)."""

KEY_POLICY_BYTES = 32_768
"""What KMS takes of a key policy (developer guide, resource quotas; the API model alone would let 131072 pass)."""

_VERSIONS = ("2012-10-17", "2008-10-17")
_PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
_DOCUMENT = frozenset({"Version", "Id", "Statement"})
_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
_STATEMENT = frozenset({"Sid", "Effect", "Condition"}.union(*_PAIRS))


NOT_JSON = "The policy is not valid JSON: "
"""How the sentence begins for text that is not JSON."""


class PolicyError(ValueError):
    """A document or a caller that cannot be used. The text is one or two sentences for a person.

    `sentence` is that text without the place; `place` is where the fault stands, None where there is no text to point
    into.
    """

    def __init__(self, sentence: str, place: Place | None = None) -> None:
        self.sentence, self.place = sentence, place
        super().__init__(sentence if place is None else f"{sentence.removesuffix('.')} ({place}).")


class Document(dict[str, Any]):
    """A policy document, and where each part of it stands in the text that it was read from.

    A plain mapping to whoever decides: places are looked for when one is first asked for.
    """

    def __init__(self, members: Mapping[str, Any], text: str) -> None:
        super().__init__(members)
        self.text = text

    @cached_property
    def positions(self) -> Positions:
        return positions(self.text)

    def place(self, path: JsonPath) -> Place:
        """Where the entry begins: the name of an element, operator or condition key, the value where an entry has no
        name. A path is as in `("Statement", 0, "Condition", "StringEquals", "kms:ViaService")`. KeyError where the text
        has no such entry.
        """
        return self.positions.entry(path)

    def value_place(self, path: JsonPath) -> Place:
        """Where the value of an entry begins. KeyError where the text has no such entry."""
        return self.positions.value(path)

    def statement_place(self, index: int) -> Place:
        """Where a statement, counted from 0, begins."""
        return self.value_place(statement_path(self, index))


def parse_document(text: str) -> Document:
    """The policy document in `text`.

    Raises PolicyError, with the place, for text that is not JSON, a name given twice in one object (only one of the two
    could count), an element that the grammar of policies does not have (IAM reference, "Grammar of the IAM JSON policy
    language"), no Statement, an Effect other than Allow or Deny, an unknown Version or condition operator, and for
    elements of the wrong shape. A statement without Action, Resource or Principal passes: KMS stores it, and it has
    no effect.
    """
    document, twice = _read(text)
    if not twice and next(_faults_in(document), None) is None:
        return Document(document, text)
    first = _found(text, document)[0]
    raise PolicyError(first.sentence, first.place)


def faults(text: str) -> "list[Finding]":
    """Everything for which `parse_document` refuses `text`, not only the first; empty for a text that it takes.

    Their ids: J1 no JSON, J2 a name given twice, J3 an unknown name, J4 anything else of the grammar. Never raises.
    """
    from .finding import Finding

    try:
        return _found(text, _read(text)[0])
    except PolicyError as error:
        return [Finding("J1", "error", error.sentence, "Mend the JSON there.", error.place or Place(1, 1))]


def statements(document: Any) -> list[Any]:
    """The statements of a document; AWS lets a single one stand without its list."""
    return as_list(document["Statement"])


def statement_path(document: Mapping[str, Any], index: int) -> JsonPath:
    return ("Statement", index) if isinstance(document["Statement"], list) else ("Statement",)


def as_list(value: Any) -> list[Any]:
    """A value that a policy may write alone or in a list, as a list."""
    return value if isinstance(value, list) else [value]


def items(value: Any, path: JsonPath) -> Iterator[tuple[Any, JsonPath]]:
    """The items of a value that a policy may write alone or in a list, each with its path."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield item, (*path, index)
    else:
        yield value, path


def _read(text: str) -> tuple[Any, bool]:
    """What the text says, and whether an object in it has a name twice."""
    twice = False

    def no_constant(name: str) -> None:
        raise PolicyError(f"{NOT_JSON}{name} is no JSON value.", place_of_token(text, name))

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        names = dict(pairs)
        twice = twice or len(names) < len(pairs)
        return names

    try:
        return json.loads(text, object_pairs_hook=members, parse_constant=no_constant), twice
    except json.JSONDecodeError as error:
        raise PolicyError(f"{NOT_JSON}{error.msg}.", Place(error.lineno, error.colno)) from None
    except RecursionError:
        raise PolicyError("The policy is nested too deeply to be read; a policy needs fewer than ten levels.") from None
    except ValueError as error:
        raise error if isinstance(error, PolicyError) else PolicyError(f"The policy cannot be read: {error}.") from None


def _found(text: str, document: Any) -> "list[Finding]":
    from .finding import Finding

    where = positions(text)
    twice = [
        Finding(
            "J2",
            "error",
            f"{json.dumps(repeat.path[-1])} stands twice in one object, and only one of them could count: join them.",
            "Keep one of them, with the values of both.",
            repeat.places[-1],
            repeat.places[:-1],
        )
        for repeat in where.repeats
    ]
    return twice + [Finding(id, "error", told, fix, where.entry(path)) for id, path, told, fix in _faults_in(document)]


# Of one fault: the id of its rule, the path of the entry, the sentence and what to do.
_Fault = tuple[str, JsonPath, str, str]


def _faults_in(document: Any) -> Iterator[_Fault]:
    if not isinstance(document, dict):
        yield _wrong((), f'The policy must be a JSON object with a "Statement"; it is {_shape(document)}.')
        return
    yield from _unknown_names(document, _DOCUMENT, (), "The policy")
    if "Version" in document and document["Version"] not in _VERSIONS:
        told = f'"Version" must be "2012-10-17" or "2008-10-17"; it is {json.dumps(document["Version"])}.'
        yield _wrong(("Version",), told)
    if "Statement" not in document:
        yield _wrong((), 'The policy has no "Statement": add a list with at least one statement.')
    elif not statements(document):
        yield _wrong(("Statement",), '"Statement" is empty: a policy needs at least one statement.')
    else:
        for number, (statement, path) in enumerate(items(document["Statement"], ("Statement",)), start=1):
            yield from _faults_of_statement(statement, path, f"Statement {number}")


def _wrong(path: JsonPath, sentence: str) -> _Fault:
    return "J4", path, sentence, "Write it as the grammar of IAM policies has it."


def _faults_of_statement(statement: Any, path: JsonPath, where: str) -> Iterator[_Fault]:
    if not isinstance(statement, dict):
        yield _wrong(path, f"{where} must be a JSON object; it is {_shape(statement)}.")
        return
    yield from _unknown_names(statement, _STATEMENT, path, where)
    sid = statement.get("Sid", "")
    if not isinstance(sid, str):
        yield _wrong((*path, "Sid"), f'{where}: "Sid" must be text; it is {_shape(sid)}.')
    if "Effect" not in statement:
        yield _wrong(path, f'{where} has no "Effect": write "Allow" or "Deny".')
    elif statement["Effect"] not in ("Allow", "Deny"):
        told = f'{where}: "Effect" must be "Allow" or "Deny"; it is {json.dumps(statement["Effect"])}.'
        yield _wrong((*path, "Effect"), told)
    for element, opposite in _PAIRS:
        if element in statement and opposite in statement:
            yield _wrong((*path, opposite), f'{where} has both "{element}" and "{opposite}": keep one of them.')
    for element in ("Action", "NotAction", "Resource", "NotResource"):
        if element in statement:
            yield from _no_texts(statement[element], (*path, element), f'{where}: "{element}"')
    for element in ("Principal", "NotPrincipal"):
        if element in statement:
            yield from _faults_of_principal(statement[element], (*path, element), f'{where}: "{element}"')
    if "Condition" in statement:
        yield from _faults_of_condition(statement["Condition"], (*path, "Condition"), f'{where}: "Condition"')


def _unknown_names(found: dict[str, Any], known: frozenset[str], path: JsonPath, where: str) -> Iterator[_Fault]:
    for name in found:
        if name not in known:
            meant = next((one for one in sorted(known) if one.lower() == name.lower().removesuffix("s")), None)
            fix = f'Write "{meant}".' if meant else f"Take it away, or write one of {', '.join(sorted(known))}."
            yield "J3", (*path, name), f"{where} has {json.dumps(name)}, which is no element of a policy.", fix


def _no_texts(value: Any, path: JsonPath, where: str) -> Iterator[_Fault]:
    for item, at in items(value, path):
        if not isinstance(item, str):
            yield _wrong(at, f"{where} must be text or a list of texts; it holds {_shape(item)}.")


def _faults_of_principal(value: Any, path: JsonPath, where: str) -> Iterator[_Fault]:
    if value == "*":
        return
    if not isinstance(value, dict):
        told = f'{where} must be "*" or an object such as {{"AWS": "111122223333"}}; it is {_shape(value)}.'
        yield _wrong(path, told)
        return
    for kind, names in value.items():
        if kind not in _PRINCIPAL_TYPES:
            known = ", ".join(_PRINCIPAL_TYPES[:-1])
            yield "J3", (*path, kind), f"{where} names {json.dumps(kind)}: use {known}.", f"Write one of {known}."
        yield from _no_texts(names, (*path, kind), f'{where}, "{kind}"')


def _faults_of_condition(value: Any, path: JsonPath, where: str) -> Iterator[_Fault]:
    if not isinstance(value, dict):
        yield _wrong(path, f'{where} must be an object, {{"operator": {{"key": value}}}}; it is {_shape(value)}.')
        return
    for operator, block in value.items():
        at = (*path, operator)
        if base_operator(operator) not in OPERATORS:
            told = f"{where}: {json.dumps(operator)} is no condition operator."
            yield "J3", at, told, "Write an operator of the IAM reference, such as StringEquals."
        if not isinstance(block, dict):
            yield _wrong(at, f'{where}, "{operator}" must be an object of keys and values; it is {_shape(block)}.')
            continue
        for key, values in block.items():
            for item, place in items(values, (*at, key)):
                if not isinstance(item, str | bool | int | float):
                    told = f'{where}, "{operator}", {json.dumps(key)} holds {_shape(item)}; give text.'
                    yield _wrong(place, told)


def base_operator(operator: str) -> str:
    """The lower-case operator name without ForAnyValue:, ForAllValues: and IfExists.

    Null takes no IfExists (IAM reference: every operator "except the Null condition"), so "NullIfExists" stays whole.
    """
    name = operator.lower()
    qualifier, colon, rest = name.partition(":")
    if colon and qualifier in ("foranyvalue", "forallvalues"):
        name = rest
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
