"""The rules about what a statement allows or denies: L5 and L13."""

from difflib import get_close_matches

from ..evaluate import CROSS_ACCOUNT
from ..kms_table import permissions
from ..positions import JsonPath
from .reading import Findings, Named, Policy, Statement, matching, words

_USE = words(
    "kms:encrypt kms:decrypt kms:reencryptfrom kms:reencryptto kms:generatedatakey"
    " kms:generatedatakeywithoutplaintext kms:generatedatakeypair kms:generatedatakeypairwithoutplaintext"
    " kms:generatemac kms:verifymac kms:sign kms:verify kms:derivesharedsecret kms:encapsulate kms:decapsulate"
)
_LIMIT_A_GRANT = words(
    "kms:grantisforawsresource kms:grantoperations kms:granteeprincipal kms:granteeserviceprincipal"
    " kms:grantconstrainttype kms:grantconstraintsourcearn kms:viaservice"
)


def findings_of(policy: Policy, statement: Statement) -> Findings:
    for pattern, path in statement.actions:
        yield from _no_effect(policy, statement, pattern, path)
    if policy.kind == "key-policy" and statement.allows:
        yield from _never_across_accounts(policy, statement)
        yield from _more_than_use(policy, statement)


def _no_effect(policy: Policy, statement: Statement, pattern: str, path: JsonPath) -> Findings:
    """L5 for one pattern of Action or NotAction."""
    matched = matching(pattern)
    lower = pattern.lower()
    if not matched:
        if policy.kind != "key-policy" and not lower.startswith("kms:"):
            return
        if lower == "kms:reencrypt":
            told = f"{statement.name}: ReEncrypt has no permission of its own, so kms:ReEncrypt matches nothing."
            better = (
                "Write kms:ReEncryptFrom for the key that decrypts, kms:ReEncryptTo for the other, or kms:ReEncrypt*."
            )
            yield policy.finding("L5", path, told, fix=better)
            return
        near = get_close_matches(lower, permissions(), n=1)
        fix = f"Write {permissions()[near[0]].name}." if near else None
        yield policy.finding("L5", path, f"{statement.name}: KMS has no action {pattern}.", fix=fix)
        return
    if policy.kind != "key-policy":
        return
    if not any(permission.on_a_key for permission in matched):
        told = f"{statement.name}: {pattern} has no effect in a key policy: only IAM policies speak of it."
        yield policy.finding("L5", path, told, level="warning", fix="Give it in an IAM policy.")
    elif all(permission.name == "kms:RetireGrant" for permission in matched):
        told = f"{statement.name}: kms:RetireGrant has no effect in a key policy."
        fix = "Name a retiring principal in the grant, or give it in an IAM policy."
        yield policy.finding("L5", path, told, level="warning", fix=fix)


def _never_across_accounts(policy: Policy, statement: Statement) -> Findings:
    """L5, once for a statement: what it gives in vain to a principal of another account than the key's."""
    others = [named for named in statement.principals if policy.owner and named.account not in ("", policy.owner)]
    if not others or not {"Principal", "Action"} <= statement.elements.keys():
        return
    useless = [
        (pattern, path)
        for pattern, path in statement.actions
        if (reached := [one for one in matching(pattern) if one.on_a_key])
        and not any(one.name.lower() in CROSS_ACCOUNT for one in reached)
    ]
    if useless:
        (first, here), more = useless[0], tuple(path for _, path in useless[1:])
        what = f"{first} and {len(more)} more" if more else first
        told = f"{statement.name} gives {others[0].name} {what}, which never works from another account."
        fix = "Take it away, or give it to a principal of the key's account."
        yield policy.finding("L5", here, told, level="warning", fix=fix, others=more)


def _more_than_use(policy: Policy, statement: Statement) -> Findings:
    """L13. The key's own account as principal is left out: there IAM policies say who may do what."""
    if not {"Principal", "Action"} <= statement.elements.keys():
        return
    holders = [named for named in statement.principals if not _is_own_account(policy, named)]
    insiders = [named for named in holders if named.is_everyone or policy.owner in (None, named.account)]
    covered = {permission.name.lower() for permission in statement.covered}
    here = (*statement.path, "Action")
    if insiders and covered & _USE and "kms:putkeypolicy" in covered:
        told = f"{statement.name} lets {insiders[0].name} use the key and also change its key policy."
        yield policy.finding("L13", here, told, fix="Give administration and use to different principals.")
        return
    # ForAllValues on kms:GrantOperations is how AWS's guide limits grants: each request has that key.
    limited = any(
        clause.key in _LIMIT_A_GRANT and (clause.narrows or clause.qualifier == "all") for clause in statement.clauses
    )
    meant = covered & _USE or any(pattern.lower() == "kms:creategrant" for pattern, _ in statement.actions)
    if holders and "kms:creategrant" in covered and meant and not limited:
        yield policy.finding("L13", here, f"{statement.name} lets {holders[0].name} make any grant on the key.")


def _is_own_account(policy: Policy, named: Named) -> bool:
    return named.is_account and policy.owner in (None, named.account)
