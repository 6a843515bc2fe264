"""How the elements Principal, Action and Resource of a statement compare with a request; wildcards and variables.

Conditions are in conditions.py; this file only lends them its patterns.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .context import Context
from .decision import PrincipalMatch
from .document import as_list
from .principal import Principal

Pattern = tuple[str, ...]
"""Text in which the even places may hold the wildcards * and ? and the odd places (values of variables) are literal."""


def expand(text: str, context: Context, variables: bool) -> Pattern | None:
    """A policy text with its ${...} filled in; None when a variable has no value in this request.

    ${key}, ${key, 'default'} and the escapes ${*} ${?} ${$} (IAM reference, "Policy variables"). `variables` is whether
    the document's Version knows them; without, ${...} is plain text. A multi-valued key has no value here. That
    wildcards inside a value are literal is our reading: AWS does not say.
    """
    if not variables or "${" not in text:
        return (text,)
    pieces = _VARIABLE.split(text)
    for place in range(1, len(pieces), 2):
        value = _variable(pieces[place], context)
        if value is None:
            return None
        pieces[place] = value
    return tuple(pieces)


def glob_matches(pattern: Pattern, value: str, ignore_case: bool = False) -> bool:
    """Whether the whole value fits: * stands for any run of characters, ? for exactly one."""
    return _glob(pattern, ignore_case).fullmatch(value) is not None


def arn_matches(pattern: Pattern, arn: str) -> bool:
    """Whether an ARN fits, segment by segment: only in the pattern's last segment do wildcards cross a colon.

    The IAM reference ("Using wildcards in resource ARNs") says that a * at the end of a segment may match beyond the
    colon; we read it of the last segment, so arn:aws:kms:* fits every ARN of KMS.
    """
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


def resource_mismatch(statement: Mapping[str, Any], resource: str, context: Context, variables: bool) -> str | None:
    """Why the statement's Resource or NotResource leaves the resource out; None if it covers it.

    In a key policy "*" means this key, and a statement without Resource has no effect (KMS guide, "Key policies").
    A pattern with a variable that has no value covers nothing.
    """
    if "Resource" in statement:
        wanted = as_list(statement["Resource"])
        if any(_covers(pattern, resource, context, variables) for pattern in wanted):
            return None
        return f"its Resource {listed(wanted)} is not {resource}{_difference(wanted, resource)}"
    if "NotResource" in statement:
        excepted = as_list(statement["NotResource"])
        named = next((one for one in excepted if _covers(one, resource, context, variables)), None)
        return None if named is None else f"NotResource leaves {resource} out with {named}"
    return "it has no Resource, so it has no effect"


def principal_match(statement: Mapping[str, Any], caller: Principal) -> PrincipalMatch | None:
    """How the statement's Principal or NotPrincipal covers the caller, by the strongest of its names; None if not.

    EXACT the caller itself; ROLE the role of the session; FEDUSER the user behind a federated-user session; ACCOUNT
    the caller's account; WILDCARD everyone. A NotPrincipal that names neither the caller nor its account covers as
    WILDCARD; what AWS makes of an Allow with NotPrincipal, or of a Deny that lists the user but not the account, is
    unsettled.
    """
    if "Principal" in statement:
        return _strongest(statement["Principal"], caller)
    if "NotPrincipal" in statement and _strongest(statement["NotPrincipal"], caller) is None:
        return "WILDCARD"
    return None


_STRENGTH: tuple[PrincipalMatch, ...] = ("EXACT", "WILDCARD", "ROLE", "FEDUSER", "ACCOUNT")


def names_in(principals: Any) -> tuple[str, ...]:
    """Whom a Principal or NotPrincipal element names, of every type."""
    if isinstance(principals, Mapping):
        return tuple(name for names in principals.values() for name in as_list(names))
    return (principals,)


def _strongest(principals: Any, caller: Principal) -> PrincipalMatch | None:
    if principals == "*":
        return "WILDCARD"
    if not isinstance(principals, Mapping):
        return None
    found = {_one(kind, name, caller) for kind, names in principals.items() for name in as_list(names)}
    return next((strength for strength in _STRENGTH if strength in found), None)


def _one(kind: str, name: str, caller: Principal) -> PrincipalMatch | None:
    if kind == "Service":
        return "EXACT" if caller.kind == "Service" and name == caller.arn else None
    if kind == "Federated":
        # AWS documents federated principals for role trust policies; in a key policy they are uncertain.
        return "EXACT" if name == caller.federated_provider else None
    if kind != "AWS":
        return None
    if name == "*":
        return "WILDCARD"
    if caller.kind == "Service":
        return None
    if name == caller.account or name == f"arn:{caller.partition}:iam::{caller.account}:root":
        return "ACCOUNT"
    # Plain equality: a wildcard inside a principal's ARN matches nothing (IAM reference, Principal).
    if name == caller.role_arn:
        return "ROLE"
    if name == caller.arn:
        return "EXACT"
    if caller.kind == "FederatedUser" and _is_user(name, caller):
        return "FEDUSER"
    return None


def _is_user(name: str, session: Principal) -> bool:
    # The session's ARN has the user's name without its path.
    prefix = f"arn:{session.partition}:iam::{session.account}:user/"
    return name.startswith(prefix) and name[len(prefix) - 1 :].rpartition("/")[2] == session.name


def _covers(pattern: str, resource: str, context: Context, variables: bool) -> bool:
    if pattern == "*":
        return True
    expanded = expand(pattern, context, variables)
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


def listed(values: list[str]) -> str:
    return " or ".join(values) if len(values) < 4 else f"{', '.join(values[:3])} or another {len(values) - 3}"


_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*(.*?)\s*(?:,\s*'([^']*)'\s*)?", re.DOTALL)


def _variable(body: str, context: Context) -> str | None:
    if body in ("*", "?", "$"):
        return body
    found = _WITH_DEFAULT.fullmatch(body)
    name, default = found.groups() if found else (body, None)
    value = context.get(name.lower())
    return value if isinstance(value, str) else default


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
