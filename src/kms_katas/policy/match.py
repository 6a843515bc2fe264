"""How the elements Principal, Action and Resource of a statement compare with a request; wildcards and variables.

Conditions are in conditions.py; this file only lends them its patterns.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from .context import Context
from .document import as_list
from .principal import Principal, PrincipalMatch

Pattern = tuple[str, ...]
"""Text in which the even places may hold the wildcards * and ? and the odd places (values of variables) are literal."""


def expand(text: str, context: Context, variables: bool, literal: bool = True) -> Pattern | None:
    """A policy text with its ${...} filled in; None when a variable has no value in this request.

    ${key}, ${key, 'default'} and the escapes ${*} ${?} ${$} (IAM reference, "Policy variables"). `variables` is whether
    the document's Version knows them; without, ${...} is plain text. A multi-valued key has no value here. That
    wildcards inside a value are literal is our reading: AWS does not say; `literal` false is the other one.
    """
    if not variables or "${" not in text:
        return (text,)
    # Beyond the last brace no variable ends: to look there for the end of each ${ would take time in their square.
    end = text.rfind("}") + 1
    first, *rest = _VARIABLE.split(text[:end])
    pieces = [first]
    for body, following in zip(rest[::2], rest[1::2], strict=True):
        value = _variable(body, context)
        if value is None:
            return None
        if literal or body in _ESCAPES:
            pieces += [value, following]
        else:
            pieces[-1] += value + following
    pieces[-1] += text[end:]
    return tuple(pieces)


def filled_in(text: str, context: Context, variables: bool, expands: bool = True) -> str:
    """What becomes of a policy text with ${...} in it, as the end of a sentence for people."""
    if not variables:
        return 'is plain text, for the policy does not have "Version": "2012-10-17"'
    if not expands:
        return "is plain text, for only String and Arn operators fill variables in"
    expanded = expand(text, context, variables)
    return "has no value in this request" if expanded is None else f"is {''.join(expanded)!r}"


def glob_matches(pattern: Pattern, value: str, ignore_case: bool = False) -> bool:
    """Whether the whole value fits: * stands for any run of characters, ? for exactly one."""
    if not ignore_case and _is_plain(pattern):
        return "".join(pattern) == value
    return _glob(pattern, ignore_case).fullmatch(value) is not None


def arn_matches(pattern: Pattern, arn: str) -> bool:
    """Whether an ARN fits, segment by segment: only in the pattern's last segment do wildcards cross a colon.

    The IAM reference ("Using wildcards in resource ARNs") says that a * at the end of a segment may match beyond the
    colon; we read it of the last segment, so arn:aws:kms:* fits every ARN of KMS.
    """
    if _is_plain(pattern):
        return "".join(pattern) == arn
    return _arn_glob(pattern).fullmatch(arn) is not None


def action_mismatch(statement: Mapping[str, Any], action: str) -> str | None:
    """Why the statement's Action or NotAction leaves the action out; None if it covers it. Case does not count."""
    if "Action" in statement:
        wanted = as_list(statement["Action"])
        if any(glob_matches((pattern,), action, ignore_case=True) for pattern in wanted):
            return None
        return f"its Action {listed(wanted)} is not {action}"
    if "NotAction" in statement:
        excepted = as_list(statement["NotAction"])
        named = next((one for one in excepted if glob_matches((one,), action, ignore_case=True)), None)
        return None if named is None else f"NotAction leaves {action} out with {named}"
    return "it has no Action, so it has no effect"


def resource_mismatch(
    statement: Mapping[str, Any], resource: str, context: Context, variables: bool, literal: bool = True
) -> str | None:
    """Why the statement's Resource or NotResource leaves the resource out; None if it covers it.

    In a key policy "*" means this key, and a statement without Resource has no effect (KMS guide, "Key policies").
    A pattern with a variable that has no value covers nothing. `literal` as in `expand`.
    """
    if "Resource" in statement:
        wanted = as_list(statement["Resource"])
        if any(_covers(pattern, resource, context, variables, literal) for pattern in wanted):
            return None
        filled = "".join(f", and {one} {filled_in(one, context, variables)}" for one in wanted if "${" in one)
        return f"its Resource {listed(wanted)} is not {resource}{_difference(wanted, resource)}{filled}"
    if "NotResource" in statement:
        excepted = as_list(statement["NotResource"])
        named = next((one for one in excepted if _covers(one, resource, context, variables, literal)), None)
        return None if named is None else f"NotResource leaves {resource} out with {named}"
    return "it has no Resource, so it has no effect"


class Names(NamedTuple):
    """Whom a Principal or NotPrincipal element names, by type. A name of another type or shape names nobody."""

    everyone: bool
    aws: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    federated: frozenset[str] = frozenset()


def names_of(principals: Any) -> Names:
    """The names in a Principal or NotPrincipal element."""
    if not isinstance(principals, Mapping):
        return Names(principals == "*")
    aws, services, federated = (
        frozenset(as_list(principals.get(kind, []))) for kind in ("AWS", "Service", "Federated")
    )
    return Names("*" in aws, aws, services, federated)


def principal_match(statement: Mapping[str, Any], caller: Principal) -> PrincipalMatch | None:
    """How the statement's Principal or NotPrincipal covers the caller, by the strongest of its names; None if not."""
    excludes = "NotPrincipal" in statement
    element = statement.get("NotPrincipal" if excludes else "Principal")
    if element is None:
        return None
    found = strongest(names_of(element), caller)
    return found if not excludes else "WILDCARD" if found is None else None


def strongest(names: Names, caller: Principal, federated: bool = True) -> PrincipalMatch | None:
    """How the names cover the caller: the strongest of EXACT, WILDCARD, ROLE, FEDUSER and ACCOUNT; None if not at all.

    EXACT the caller itself; ROLE the role of the session; FEDUSER the user behind a federated-user session; ACCOUNT
    the caller's account; WILDCARD everyone. Plain equality: a wildcard inside a principal's ARN matches nothing (IAM
    reference, Principal). `federated` is whether the provider of a federated session counts, which AWS documents for
    trust policies only.
    """
    if caller.kind == "Service":
        if caller.arn in names.services:
            return "EXACT"
        return "WILDCARD" if names.everyone else None
    aws = names.aws
    if caller.arn in aws and caller.arn not in (caller.role_arn, caller.account_arn):
        return "EXACT"
    if federated and caller.federated_provider in names.federated:
        return "EXACT"
    if names.everyone:
        return "WILDCARD"
    if caller.role_arn in aws:
        return "ROLE"
    if caller.kind == "FederatedUser" and any(_is_user(name, caller) for name in aws):
        return "FEDUSER"
    if caller.account in aws or caller.account_arn in aws:
        return "ACCOUNT"
    return None


def names_in(principals: Any) -> tuple[str, ...]:
    """Whom a Principal or NotPrincipal element names, of every type, in order."""
    if isinstance(principals, Mapping):
        return tuple(name for names in principals.values() for name in as_list(names))
    return (principals,)


def _is_user(name: str, session: Principal) -> bool:
    # The session's ARN has the user's name without its path.
    prefix = f"arn:{session.partition}:iam::{session.account}:user/"
    return name.startswith(prefix) and name[len(prefix) - 1 :].rpartition("/")[2] == session.name


def _covers(pattern: str, resource: str, context: Context, variables: bool, literal: bool) -> bool:
    if pattern == "*":
        return True
    expanded = expand(pattern, context, variables, literal)
    return expanded is not None and arn_matches(expanded, resource)


def _difference(wanted: list[str], resource: str) -> str:
    """What to look at where one ARN stands for another: the two are long, and often differ in one place alone."""
    parts, found = "".join(wanted[:1]).split(":", 5), resource.split(":", 5)
    if len(wanted) != 1 or len(parts) < 6 or len(found) < 6:
        return ""
    other = [p for p in range(6) if parts[p] != found[p] and not glob_matches((parts[p],), found[p])]
    if other in ([3], [4]):
        place, what = other[0], "Region" if other == [3] else "account"
        return f": the {what} differs, {parts[place]} is not {found[place]}"
    if parts[5].startswith("alias/") and found[5].startswith("key/"):
        return ": an alias ARN never stands for the key (kms:RequestAlias or kms:ResourceAliases in a Condition can)"
    return ""


def listed(values: Sequence[str]) -> str:
    if not values:
        return "(nothing)"
    return " or ".join(values) if len(values) < 4 else f"{', '.join(values[:3])} or another {len(values) - 3}"


_ESCAPES = ("*", "?", "$")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def _variable(body: str, context: Context) -> str | None:
    if body in _ESCAPES:
        return body
    name, default = body.strip(), None
    if name.endswith("'"):
        before, quote, inside = name[:-1].rpartition("'")
        if quote and before.rstrip().endswith(","):
            name, default = before.rstrip()[:-1].strip(), inside
    value = context.get(name.lower())
    return value if isinstance(value, str) else default


def _is_plain(pattern: Pattern) -> bool:
    """Whether it has no wildcard, so that only it itself fits. To make an expression of it costs as much as a call."""
    return not any("*" in piece or "?" in piece for piece in pattern[::2])


@lru_cache(maxsize=8192)
def _glob(pattern: Pattern, ignore_case: bool) -> re.Pattern[str]:
    # ASCII: without it the Kelvin sign would pass for a k.
    flags = re.DOTALL | re.ASCII | (re.IGNORECASE if ignore_case else 0)
    return re.compile(_regex(pattern, "."), flags)


@lru_cache(maxsize=8192)
def _arn_glob(pattern: Pattern) -> re.Pattern[str]:
    *leading, last = _segments(pattern)
    return re.compile(":".join([_regex(part, "[^:]") for part in leading] + [_regex(last, ".")]), re.DOTALL | re.ASCII)


def _segments(pattern: Pattern) -> list[Pattern]:
    """The pattern cut at its first five colons; a colon inside a variable's value cuts nothing."""
    segments: list[list[str]] = [[]]
    for place, piece in enumerate(pattern):
        if place % 2:
            segments[-1].append(piece)
            continue
        first, *others = piece.split(":", 6 - len(segments))
        segments[-1].append(first)
        segments.extend([other] for other in others)
    return [tuple(segment) for segment in segments]


def _regex(pattern: Pattern, one: str) -> str:
    """A regular expression for a pattern; `one` is what a wildcard may stand for.

    Each run between two * takes its first place and keeps it (an atomic group): the first place is always good enough,
    and without it a hostile pattern such as *a*a*a*a* would take time in the power of its stars.
    """
    runs = [""]
    for place, piece in enumerate(pattern):
        if place % 2:
            runs[-1] += re.escape(piece)
            continue
        for character in piece:
            if character == "*":
                runs.append("")
            else:
                runs[-1] += one if character == "?" else re.escape(character)
    if len(runs) == 1:
        return runs[0]
    first, *middle, last = runs
    return first + "".join(f"(?>{one}*?{run})" for run in middle if run) + f"{one}*{last}"
