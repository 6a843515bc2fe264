"""From a file's JSON to requests with their documents, and to pairs of policies. How one field is taken: fields.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast, get_args

from ..context import condition_context, is_key, resource_account
from ..decision import Decision, DecisionKind, Documents, Grant, Request
from ..document import PolicyError, as_list
from ..evaluate import decide
from ..kms_table import may_occur, permissions
from ..principal import Principal
from .fields import Fields, JsonFile

CASES_SCHEMA, PAIRS_SCHEMA = "kms-authz-corpus/1", "kms-authz-compare/1"

_ABOUT_A_CASE = ("title", "origin", "source", "confidence", "tags", "originExpected", "note")
_ABOUT_A_PAIR = ("title", "origin", "source", "tags", "note", "counterexample")
"""Fields for people, with no say in an answer."""


@dataclass(frozen=True)
class Expected:
    """What the file's author expects. `kind` is None where that does not matter."""

    allowed: bool
    kind: DecisionKind | None

    def fits(self, decision: Decision) -> bool:
        return self.allowed is decision.allowed and self.kind in (None, decision.kind)


@dataclass(frozen=True, eq=False)
class Case:
    """One request and its documents. `notes` are sentences about what of the file was not taken."""

    id: str
    request: Request
    documents: Documents
    expected: Expected | None
    notes: tuple[str, ...]
    elsewhere: str = ""
    """The account that an operation on no key is sent to, where it is not the caller's own."""

    def decide(self) -> Decision:
        decision = decide(self.request, self.documents)
        if self.elsewhere and decision.kind != "ExplicitDeny":
            # Only the principals of an account can do what is about no key (API reference, "Cross-account use: No").
            return replace(decision, kind="ImplicitDeny", layer="cross-account", statement=None)
        return decision


@dataclass(frozen=True, eq=False)
class Pair:
    """Is all that the first allows on the key allowed by the second? `expected` is the author's answer, if any."""

    id: str
    key_arn: str
    first: Documents
    second: Documents
    expected: bool | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Unreadable:
    """An entry that cannot be used, and one sentence why."""

    id: str
    sentence: str


def read_cases(text: str) -> list[Case | Unreadable]:
    """The cases of a file: an object with "cases", a list of cases, or one case alone.

    Raises PolicyError for a file that is none of these.
    """
    return _entries(JsonFile(text), "cases", CASES_SCHEMA, "request", _case)


def read_pairs(text: str) -> list[Pair | Unreadable]:
    """The pairs of a file: an object with "pairs", a list of pairs, or one pair alone. Raises PolicyError as above."""
    return _entries(JsonFile(text), "pairs", PAIRS_SCHEMA, "policyA", _pair)


_Read = TypeVar("_Read")


def _entries(
    file: JsonFile, name: str, schema: str, mark: str, read: Callable[[Fields], _Read]
) -> list[_Read | Unreadable]:
    content: Any = file.content
    path: tuple[str | int, ...] = ()
    if isinstance(content, dict) and name in content:
        if content.get("schema", schema) != schema:
            raise PolicyError(f'Its "schema" is {content["schema"]!r}, and this command reads {schema!r}.')
        content, path = content[name], (name,)
    elif isinstance(content, dict) and mark in content:
        return [_entry(file, (), content, 0, read)]
    if not isinstance(content, list) or not content:
        raise PolicyError(
            f'It must hold {name}: an object with a list "{name}", or the list, with one of them at least.'
        )
    return [_entry(file, (*path, number), members, number, read) for number, members in enumerate(content)]


def _entry(
    file: JsonFile, path: tuple[str | int, ...], members: Any, number: int, read: Callable[[Fields], _Read]
) -> _Read | Unreadable:
    id = members.get("id") if isinstance(members, dict) else None
    try:
        return read(Fields(file, path, members))
    except PolicyError as error:
        return Unreadable(id if isinstance(id, str) else f"#{number + 1}", str(error))


def _case(fields: Fields) -> Case:
    id = fields.optional_text("id") or "request"
    caller, asked = fields.part("principal"), fields.part("request")
    if caller is None or asked is None:
        raise fields.wrong("", 'must have a "principal" and a "request"')
    principal = Principal(
        caller.text("arn"),
        caller.optional_text("roleArn"),
        caller.pairs("tags"),
        caller.optional_text("federatedProvider"),
    )
    request = _request(asked, principal)
    documents = _documents(fields, caller, principal, request)
    request = _as_listed(request, fields)
    expected = _expected(fields)
    own = asked.optional_text("resourceAccountId") or principal.account
    owner = resource_account(request.resource)
    if owner and asked.has("resourceAccountId") and own != owner:
        raise asked.wrong("resourceAccountId", f"is {own}, and the resource belongs to account {owner}")
    notes = _notes(fields, _ABOUT_A_CASE)
    elsewhere = own if owner is None and principal.account and own != principal.account else ""
    return Case(id, request, documents, expected, notes, elsewhere)


def _request(asked: Fields, principal: Principal) -> Request:
    action, resource = asked.text("action"), asked.text("resource")
    if ":" not in action:
        raise asked.wrong("action", f"is {action!r}; write it with its service, as in kms:Decrypt")
    if resource != "*" and resource_account(resource) is None:
        raise asked.wrong("resource", f'is {resource!r}; give the ARN of a key or of an alias, or "*"')
    context: dict[str, str | tuple[str, ...]] = {}
    if (given := asked.any("context")) is not None:
        context = _context(given, asked, "context")
    context |= encryption_context_keys(action, asked.pairs("encryptionContext"))
    wanted = asked.part("grantRequest")
    return Request(
        principal,
        action,
        resource,
        context,
        None if wanted is None else _grant(wanted, resource),
        asked.optional_text("grantId"),
    )


def encryption_context_keys(action: str, pairs: Mapping[str, str]) -> dict[str, str | tuple[str, ...]]:
    """The condition keys that the pairs of an encryption context make; none for an operation that takes none (KMS
    guide, kms:EncryptionContext:context-key)."""
    permission = permissions().get(action.lower())
    if not pairs or permission is None or not may_occur("kms:EncryptionContextKeys", permission):
        return {}
    keys: dict[str, str | tuple[str, ...]] = {f"kms:EncryptionContext:{name}": pairs[name] for name in pairs}
    return keys | {"kms:EncryptionContextKeys": tuple(pairs)}


def _context(members: Any, fields: Fields, name: str) -> dict[str, str | tuple[str, ...]]:
    """Condition keys and their values; null, and a list of nothing, take a key away."""
    if not isinstance(members, Mapping):
        raise fields.wrong(name, "must be an object of condition keys and their values")
    context: dict[str, str | tuple[str, ...]] = {}
    for key, value in members.items():
        if not all(isinstance(one, str | bool | int | float) for one in as_list(value) if value is not None):
            raise fields.wrong(name, f"has a value of {key} that is neither text nor a list of texts")
        if value is None:
            context[key] = ()
        else:
            context[key] = tuple(map(_text, value)) if isinstance(value, list) else _text(value)
    return context


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _as_listed(request: Request, fields: Fields) -> Request:
    """The request with just the condition keys of "fullContext", where the case lists them."""
    listed = fields.any("fullContext")
    if listed is None:
        return request
    whole = {key.lower(): value for key, value in _context(listed, fields, "fullContext").items() if value != ()}
    carried = condition_context(request)
    changes: dict[str, str | tuple[str, ...]] = {key: () for key in carried if key not in whole}
    changes |= {key: value for key, value in whole.items() if carried.get(key) != value}
    if not changes:
        return request
    return replace(request, context={**request.context, **changes})


def _documents(fields: Fields, caller: Fields, principal: Principal, request: Request) -> Documents:
    key, org = fields.part("key"), fields.part("org")
    arn = key.optional_text("arn") if key else None
    if key and arn not in (None, request.resource) and is_key(request.resource):
        raise key.wrong("arn", f"is {arn}, and the request is about {request.resource}")
    return Documents(
        key_policy=None if key is None else key.policy("policy", "key policy"),
        identity=caller.policies("identityPolicies", "identity policy"),
        grants=tuple(_grant(grant, request.resource) for grant in fields.parts("grants")),
        boundary=caller.policy("permissionsBoundary", "permissions boundary"),
        session=tuple(filter(None, [caller.policy("sessionPolicy", "session policy")])),
        scps=() if org is None else org.levels("scps"),
        rcps=() if org is None else org.levels("rcps"),
        management_account=principal.account if org and org.true("principalIsManagementAccount") else "",
        vpc_endpoint=fields.policy("vpcEndpointPolicy", "VPC endpoint policy"),
        aws_managed_key=key is not None and key.optional_text("manager") == "AWS",
    )


def _grant(grant: Fields, resource: str) -> Grant:
    constraints = grant.part("constraints")
    return Grant(
        grant.optional_text("grantId") or "",
        grant.optional_text("keyArn") or resource,
        grant.optional_text("granteePrincipal") or grant.optional_text("granteeServicePrincipal") or "",
        grant.texts("operations"),
        retiring=grant.optional_text("retiringPrincipal") or grant.optional_text("retiringServicePrincipal") or "",
        issuing_account=grant.optional_text("issuingAccount") or "",
        equals=constraints.pairs("EncryptionContextEquals") if constraints else {},
        subset=constraints.pairs("EncryptionContextSubset") if constraints else {},
        source_arn=(constraints.optional_text("SourceArn") or "") if constraints else "",
    )


def _expected(fields: Fields) -> Expected | None:
    """None too where the case says that its sources contradict each other."""
    disputed, expected = fields.optional_text("disputed"), fields.part("expected")
    if expected is None:
        return None
    decision, kind = expected.text("decision"), expected.optional_text("kind")
    for name in ("reason", "via"):
        expected.any(name)
    if decision not in ("Allow", "Deny"):
        raise expected.wrong("decision", f'must be "Allow" or "Deny"; it is {decision!r}')
    if kind is not None and kind not in get_args(DecisionKind):
        raise expected.wrong("kind", f"must be one of {', '.join(get_args(DecisionKind))}; it is {kind!r}")
    return None if disputed else Expected(decision == "Allow", cast(DecisionKind | None, kind))


def _pair(fields: Fields) -> Pair:
    id, key_arn = fields.optional_text("id") or "pair", fields.text("keyArn")
    owner = resource_account(key_arn)
    if owner is None or not is_key(key_arn):
        raise fields.wrong("keyArn", f"is {key_arn!r}, which is not the ARN of a KMS key")
    if fields.optional_text("ownerAccount") not in (None, owner):
        raise fields.wrong("ownerAccount", f"is not the account of the key, {owner}")
    sides = []
    for name in ("policyA", "policyB"):
        policy = fields.policy(name, name)
        if policy is None:
            raise fields.wrong(name, "is missing")
        sides.append(Documents(policy))
    expected = fields.any("aWithinB")
    if not isinstance(expected, bool | None):
        raise fields.wrong("aWithinB", "must be true or false")
    return Pair(id, key_arn, sides[0], sides[1], expected, _notes(fields, _ABOUT_A_PAIR))


def _notes(fields: Fields, for_people: tuple[str, ...]) -> tuple[str, ...]:
    for name in for_people:
        fields.any(name)
    return tuple(f"{name} is no field of this format, and was not looked at." for name in fields.unknown())
