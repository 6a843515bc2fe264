"""The rules about condition keys: which a request can have, and what happens when it has them not: L6, L9, L10, L16."""

from difflib import get_close_matches

from ..finding import Level
from ..kms_table import IN_EVERY_REQUEST, Permission, condition_keys, may_occur
from .reading import Clause, Findings, Policy, Statement, words

# Every request has these (IAM user guide, "AWS global condition context keys", Availability), or every request that can
# have them at all: properties of the key, and what follows from required parameters or ones with a default (API model).
_ALWAYS = IN_EVERY_REQUEST | words(
    "aws:principalisawsservice aws:requestedregion aws:resourceaccount"
    " aws:principalarn aws:principalaccount aws:principaltype aws:userid"
    " kms:calleraccount kms:datakeypairspec kms:encryptionalgorithm kms:grantoperations kms:keyagreementalgorithm"
    " kms:macalgorithm kms:messagetype kms:primaryregion kms:replicaregion kms:signingalgorithm"
    " kms:wrappingalgorithm kms:wrappingkeyspec"
)
_NETWORK = words(
    "aws:sourceip aws:sourcevpc aws:sourcevpce aws:sourcevpcarn aws:vpceaccount aws:vpceorgid aws:vpceorgpaths"
)
_SPARES_SERVICES = ("aws:viaawsservice", "aws:principalisawsservice", "aws:calledvia", "kms:viaservice")
# Documented for IAM policies only (KMS guide, kms:ResourceAliases and ABAC); what a key policy makes of them is open.
_IAM_POLICIES_ONLY = ("kms:resourcealiases", "aws:resourcetag/")


def findings_of(policy: Policy, statement: Statement) -> Findings:
    for clause in statement.clauses:
        yield from _unknown_or_absent(policy, statement, clause)
        yield from _set_operators(policy, statement, clause)
        yield from _turns_over(policy, statement, clause)
        yield from _stops_services(policy, statement, clause)


def _unknown_or_absent(policy: Policy, statement: Statement, clause: Clause) -> Findings:
    """L6. Keys of other services than KMS may come with a session, and nothing is said about them."""
    if ":" in clause.key and not clause.key.startswith(("kms:", "aws:")):
        return
    if clause.known is None:
        near = get_close_matches(clause.key, [key.name.lower() for key in condition_keys()], n=1, cutoff=0.7)
        meant = next((key.name for key in condition_keys() if [key.name.lower()] == near), None)
        fix = f"Write {meant}{'...' if meant.endswith((':', '/')) else ''}." if meant else None
        yield policy.finding("L6", clause.path, f"{statement.name}: AWS has no condition key {clause.name}.", fix=fix)
        return
    covered = _weighed(policy, statement)
    lacking = [permission for permission in covered if not may_occur(clause.name, permission)]
    only_kms = all(pattern.lower().startswith("kms:") for pattern, _ in statement.actions)
    if covered and len(lacking) == len(covered) and (only_kms or policy.kind == "key-policy"):
        holds = "never holds" if clause.needs_the_key else "always holds"
        told = f"{statement.name}: no request for its actions has {clause.name}, so the condition {holds}."
        yield policy.finding("L6", clause.path, told)
    elif statement.allows and clause.needs_the_key:
        written = {pattern.lower() for pattern, _ in statement.actions} if "Action" in statement.elements else set()
        named = [permission.name for permission in lacking if permission.name.lower() in written]
        if named:
            told = f"{statement.name}: no request for {' or '.join(named)} has {clause.name}, so that stays denied."
            yield policy.finding("L6", clause.path, told)
    if policy.kind == "key-policy" and clause.key.startswith(_IAM_POLICIES_ONLY):
        told = f"{statement.name}: AWS documents {clause.name} for IAM policies only; in a key policy it may not count."
        fix = "In a key policy name the key's permissions directly, or move the condition into an IAM policy."
        yield policy.finding("L6", clause.path, told, level="suggestion", fix=fix)


def _weighed(policy: Policy, statement: Statement) -> list[Permission]:
    """The permissions whose requests the statement can meet; without kms:SynchronizeMultiRegionKey, which a role of AWS
    alone uses, and for which AWS lists no condition keys."""
    on_any = policy.kind != "key-policy"
    return [
        one for one in statement.covered if (on_any or one.on_a_key) and one.name != "kms:SynchronizeMultiRegionKey"
    ]


def _set_operators(policy: Policy, statement: Statement, clause: Clause) -> Findings:
    if clause.known is None or clause.base == "null":
        return
    if clause.known.many and not clause.qualifier:
        told = f"{statement.name}: {clause.name} can have several values, and {clause.operator} compares one."
        fix = f"Write ForAnyValue:{clause.operator}, or ForAllValues:{clause.operator} with Null."
        yield policy.finding("L9", clause.path, told, fix=fix)
    elif clause.qualifier == "all" and not clause.known.many:
        harmless = _is_there(policy, statement, clause) and not clause.key.startswith("kms:encryptioncontext:")
        also = "ForAllValues is for several" if harmless else "ForAllValues also holds when it is absent"
        told = f"{statement.name}: {clause.name} has one value, and {also}."
        fix = f"Write {clause.operator.partition(':')[2]}."
        level: Level = "error" if statement.allows and not harmless else "warning"
        yield policy.finding("L9", clause.path, told, level=level, fix=fix)
    elif clause.qualifier == "all" and statement.allows and not _is_there(policy, statement, clause):
        told = f"{statement.name}: ForAllValues also holds for a request without {clause.name}."
        fix = f'Add "Null": {{"{clause.name}": "false"}}.'
        yield policy.finding("L9", clause.path, told, level="warning", fix=fix)


def _turns_over(policy: Policy, statement: Statement, clause: Clause) -> Findings:
    """L10. What is certain: an Allow that an absent key opens, and a Deny on "false" or on an age that it lets by."""
    if (
        clause.known is None
        or clause.base == "null"
        or clause.qualifier == "all"
        or _is_there(policy, statement, clause)
    ):
        return
    if statement.allows and not clause.needs_the_key:
        # Where no request can have the key, L6 has said so.
        if any(may_occur(clause.name, permission) for permission in _weighed(policy, statement)):
            told = f"{statement.name} also allows requests without {clause.name}: {clause.operator} holds for them."
            fix = f'Add "Null": {{"{clause.name}": "false"}}, if they are not meant.'
            yield policy.finding("L10", clause.path, told, fix=fix)
    elif not statement.allows and clause.needs_the_key and not clause.qualifier:
        of_false = clause.base == "bool" and all(value.lower() == "false" for value, _ in clause.values)
        if of_false or clause.key == "aws:multifactorauthage":
            told = f"{statement.name} does not deny requests without {clause.name}: {clause.operator} fails for them."
            yield policy.finding("L10", clause.path, told, fix=f"Write {clause.operator}IfExists.")


def _is_there(policy: Policy, statement: Statement, clause: Clause) -> bool:
    """Whether every request that the statement can cover has the key of the clause."""
    if clause.key in _ALWAYS and all(may_occur(clause.name, one) for one in _weighed(policy, statement)):
        return True
    others = [other for other in statement.clauses if other is not clause and other.needs_the_key]
    if clause.key == "kms:encryptioncontextkeys" and any("kms:encryptioncontext:" in other.key for other in others):
        return True
    return any(other.key == clause.key for other in others)


def _stops_services(policy: Policy, statement: Statement, clause: Clause) -> Findings:
    if statement.allows or clause.key not in _NETWORK or not clause.negated:
        return
    if not any(other.key.startswith(_SPARES_SERVICES) for other in statement.clauses):
        told = f"{statement.name}: {clause.name} also stops calls that AWS services make for your principals."
        yield policy.finding("L16", clause.path, told)
