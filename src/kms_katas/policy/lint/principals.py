"""The rules about whom a statement of a key policy names: L1, L2, L3, L12. Identity policies name nobody."""

import re

from .reading import Clause, Findings, Named, Policy, Statement, words

# One of these narrows "everyone" down (Access Analyzer counts a policy with them as not public; kms:CallerAccount is in
# the key policies of AWS managed keys). kms:ViaService does not: any account can have a service call for it.
_NARROW_EVERYONE = words(
    "aws:principalorgid aws:principalorgpaths aws:principalaccount aws:principalarn aws:userid kms:calleraccount"
    " aws:sourcevpce aws:sourcevpc aws:sourcevpcarn aws:vpceaccount aws:vpceorgid aws:vpceorgpaths aws:sourceip"
    " aws:sourcearn aws:sourceaccount aws:sourceorgid aws:sourceorgpaths aws:sourceowner"
)
_NAME_THE_SOURCE = words("aws:sourcearn aws:sourceaccount aws:sourceorgid aws:sourceorgpaths")

_ARN = re.compile(r"arn:[a-z-]+:(iam|sts)::[0-9]{12}:(root|[a-z-]+/.+)", re.ASCII)
_KINDS = {"iam": ("user/", "role/"), "sts": ("assumed-role/", "federated-user/")}
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)


def findings_of(policy: Policy, statement: Statement) -> Findings:
    if policy.kind != "key-policy":
        return
    if "NotPrincipal" in statement.elements:
        path = (*statement.path, "NotPrincipal")
        if statement.allows:
            told = f"{statement.name} allows everyone but those in NotPrincipal, which AWS does not support."
            yield policy.finding("L2", path, told, fix="Name in Principal those who may.")
        else:
            told = f"{statement.name} denies everyone but those in NotPrincipal: easily also one that you meant."
            yield policy.finding("L2", path, told, level="warning")
    for named in statement.principals:
        fault = _fault(named)
        if fault:
            yield policy.finding("L3", named.path, f"{statement.name}: {named.name!r} {fault}.")
    if statement.allows and "Principal" in statement.elements:
        yield from _too_open(policy, statement)


def _too_open(policy: Policy, statement: Statement) -> Findings:
    narrowed = {clause.key for clause in statement.clauses if clause.narrows}
    everyone = next((named for named in statement.principals if named.is_everyone), None)
    if everyone and not narrowed & _NARROW_EVERYONE:
        told = f"{statement.name} allows every principal of every account, and no condition says whose."
        yield policy.finding("L1", everyone.path, told)
    service = next((named for named in statement.principals if named.type == "Service"), None)
    if service and not (narrowed & _NAME_THE_SOURCE or any(map(_has_context, statement.clauses))):
        told = (
            f"{statement.name} lets {service.name} use the key for anyone: no condition names the resource or account."
        )
        yield policy.finding("L12", service.path, told)


def _has_context(clause: Clause) -> bool:
    return clause.narrows and clause.key.startswith("kms:encryptioncontext:")


def _fault(named: Named) -> str | None:
    """What is wrong with a principal, as the rest of a sentence."""
    name, wild = named.name, "*" in named.name or "?" in named.name
    if named.type == "CanonicalUser":
        return "is a canonical user, which only S3 knows"
    if named.type == "Service":
        return None if _SERVICE.fullmatch(name) else "is no service principal, such as logs.eu-west-1.amazonaws.com"
    if named.type == "Federated" or named.is_everyone or re.fullmatch("[0-9]{12}", name, re.ASCII):
        return None
    if wild:
        return "has a wildcard, and in a principal it matches nothing; use ArnLike on aws:PrincipalArn in a Condition"
    if _UNIQUE_ID.fullmatch(name):
        return "is the unique ID of a principal that was deleted; it matches nobody"
    found = _ARN.fullmatch(name)
    if found and found[2].startswith("group/"):
        return "is a group, and a group is no principal"
    if found is None or not (found[2] == "root" or found[2].startswith(_KINDS[found[1]])):
        return "is no account, user, role or session"
    return None
