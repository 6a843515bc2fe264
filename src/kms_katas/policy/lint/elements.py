"""The rules about a whole policy and about which elements a statement has: L4, L11, L14, L15, L17."""

import re
from collections.abc import Iterator

from ..document import KEY_POLICY_BYTES, items
from ..match import arn_matches, glob_matches
from ..positions import JsonPath, Place
from .reading import Findings, Kind, Policy, Statement, matching

_PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
_WITHOUT_PRINCIPAL: dict[Kind, tuple[str, str]] = {
    "identity-policy": ("identity policy", "its holder"),
    "service-control-policy": ("service control policy", "every principal of the accounts below it"),
}
_IAM_SID = re.compile("[0-9A-Za-z]*")
"""IAM User Guide, IAM JSON policy elements: Sid."""
_REFUSED_BY: dict[Kind, str] = {
    "identity-policy": "IAM refuses it",
    "service-control-policy": "Organizations refuses it",
    "resource-control-policy": "Organizations refuses it",
}


def findings(policy: Policy) -> Findings:
    """L11 and L17: what the policy as a whole has."""
    text, document = policy.document.text, policy.document
    if policy.kind == "key-policy":
        size = len(text.encode(errors="replace"))
        if size > KEY_POLICY_BYTES:
            told = f"The policy has {size} bytes, and KMS takes {KEY_POLICY_BYTES}."
            yield policy.finding("L17", (), told, fix="Join statements, or move permissions into IAM policies.")
        yield from _other_characters(policy)
    sids: dict[str, JsonPath] = {}
    for statement in policy.statements:
        sid, path = statement.elements.get("Sid"), (*statement.path, "Sid")
        if sid and sid in sids:
            told = f"{statement.name} has the Sid of another statement: a Sid must be unique in its policy."
            yield policy.finding("L17", path, told, fix="Rename one of the two.", others=(sids[sid],))
        elif sid:
            sids[sid] = path
        if sid and policy.kind == "identity-policy" and not _IAM_SID.fullmatch(sid):
            told = f'"{sid}" is no Sid in IAM, which takes letters and digits alone. Key policies may have blanks.'
            yield policy.finding("L17", path, told, fix="Leave the other characters out.")
    if document.get("Version") != "2012-10-17":
        variable = next(_variables(policy), None)
        if variable is not None:
            stands = f"is {document['Version']}" if "Version" in document else "is missing"
            yield policy.finding("L11", variable, f'"Version" {stands}, so the variable here is plain text.')


def findings_of(policy: Policy, statement: Statement) -> Findings:
    """L4, L14, L15: what one statement has."""
    lacks = [pair for pair in _PAIRS if not any(statement.elements.get(element) for element in pair)]
    if policy.kind in _WITHOUT_PRINCIPAL:
        lacks = [pair for pair in lacks if pair[0] != "Principal"]
        no_such, of_whom = _WITHOUT_PRINCIPAL[policy.kind]
        for element in _PAIRS[0]:
            if element in statement.elements:
                told = f"{statement.name} has {element}, which no {no_such} can have: it speaks of {of_whom}."
                yield policy.finding("L4", (*statement.path, element), told, fix="Take it away.")
    for element, _ in lacks:
        here = (*statement.path, element) if element in statement.elements else statement.path
        effect = _REFUSED_BY.get(policy.kind, "it has no effect")
        told = f"{statement.name} has no {element}, so {'it names nobody' if element == 'Principal' else effect}."
        yield policy.finding("L4", here, told, fix=f'Add "{element}".')
    if statement.allows:
        for element in ("NotAction", "NotResource"):
            if element in statement.elements:
                told = f"{statement.name} allows everything but what {element} lists."
                yield policy.finding("L15", (*statement.path, element), told)
    of_kind = _resources_of_a_key_policy if policy.kind == "key-policy" else _resources_of_an_identity_policy
    yield from of_kind(policy, statement)


def _other_characters(policy: Policy) -> Findings:
    """The first character that KMS does not take (API model, PolicyType)."""
    found = re.search(r"[^\t\n\r\x20-\xff]", policy.document.text)
    if found:
        before = policy.document.text[: found.start()]
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        told = f"The character {found[0]!r} (U+{ord(found[0]):04X}) can stand in no key policy."
        yield policy.finding("L17", place, told, fix="Write a Latin-1 character in its place, or a \\u escape.")


def _variables(policy: Policy) -> Iterator[JsonPath]:
    """Where ${...} stands in a place where it would be filled in."""
    for statement in policy.statements:
        for element in ("Resource", "NotResource"):
            for pattern, path in items(statement.elements.get(element, []), (*statement.path, element)):
                if "${" in pattern:
                    yield path
        for clause in statement.clauses:
            if clause.base.startswith(("string", "arn")):
                yield from (path for value, path in clause.values if "${" in value)


def _resources_of_a_key_policy(policy: Policy, statement: Statement) -> Findings:
    for pattern, path in statement.resources:
        if pattern == "*" or "${" in pattern:
            continue
        if ":alias/" in pattern:
            told = f"{statement.name}: {pattern} names an alias, and the ARN of an alias never stands for its key."
            fix = 'Write "Resource": "*"; to ask for the alias of the request, use kms:RequestAlias in a Condition.'
            yield policy.finding("L14", path, told, fix=fix)
        elif not _may_be_a_key(pattern):
            yield policy.finding("L14", path, f"{statement.name}: {pattern} is the ARN of no KMS key.")
        elif policy.key_arn and not arn_matches((pattern,), policy.key_arn):
            told = f"{statement.name}: {pattern} is not the key of this policy, {policy.key_arn}."
            yield policy.finding("L14", path, told)


def _resources_of_an_identity_policy(policy: Policy, statement: Statement) -> Findings:
    wide = any(pattern == "*" for pattern, _ in statement.resources)
    for pattern, path in statement.resources:
        if pattern != "*" and not pattern.startswith(("arn:", "*", "?", "${")):
            told = f"{statement.name}: {pattern} is no ARN, so {_REFUSED_BY[policy.kind]}."
            yield policy.finding("L14", path, told, fix="Write the key's whole ARN.")
        elif ":alias/" in pattern and not any("alias" in one.resources for one in statement.covered):
            told = f"{statement.name}: {pattern} names an alias, and the ARN of an alias never stands for its key."
            fix = "Write the ARN of the key; to ask for its alias, use kms:ResourceAliases in a Condition."
            yield policy.finding("L14", path, told, fix=fix)
    if statement.resources and not wide:
        for pattern, path in statement.actions if "Action" in statement.elements else ():
            matched = matching(pattern)
            if matched and not any(one.resources for one in matched):
                told = f'{statement.name}: {matched[0].name} works on no single resource, only on "*".'
                fix = 'Give it in a statement with "Resource": "*".'
                yield policy.finding("L14", path, told, level="warning", fix=fix)


def _may_be_a_key(pattern: str) -> bool:
    """Whether a pattern, as an ARN with wildcards, can match the ARN of any KMS key."""
    parts = pattern.split(":", 5)
    if len(parts) < 6:
        return pattern.endswith("*") and arn_matches((pattern,), "arn:aws:kms:eu-west-1:111122223333:key/a")
    fixed = re.split(r"[*?]", parts[5], maxsplit=1)[0]
    whole = fixed == parts[5]
    return glob_matches((parts[2],), "kms") and (fixed.startswith("key/") or (not whole and "key/".startswith(fixed)))
