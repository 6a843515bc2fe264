"""The rules that need a proof: S1 to S7, each with a concrete request where there is one. The proofs are in proof/.

A question that the prover does not decide is told as a suggestion, and never passed over.
"""

from collections.abc import Sequence

from ..context import resource_account
from ..decision import Documents
from ..likely_keys import likely_keys
from ..points import OPEN_POINTS
from ..proof import (
    Counterexample,
    Proof,
    can_help_themselves,
    idle_statements,
    no_delegation,
    nobody_can,
    nobody_outside,
    redundant_statements,
)
from ..statement import NamedPolicy
from .reading import Findings, Policy, Statement

_KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def findings(policy: Policy) -> Findings:
    """What is proved of a key policy. Without a key it is taken for the likeliest that it may belong to."""
    key = policy.key_arn or next(iter(likely_keys(policy.document)), _KEY)
    named = NamedPolicy("key policy", policy.document)
    yield from _lock_out(policy, named, key)
    yield from _delegation_off(policy, named, key)
    yield from _outside_access(policy, key)
    yield from _without_effect(policy, named, key)
    yield from _self_escalation(policy, named, key)


def _lock_out(policy: Policy, named: NamedPolicy, key: str) -> Findings:
    proof = nobody_can(Documents(named), "kms:PutKeyPolicy", key_arn=key)
    if proof.verdict == "proved":
        yield policy.finding("S1", (), "Nobody can change this key policy: no request for kms:PutKeyPolicy is allowed.")
    yield from _undecided(policy, "S1", [proof], "whether anybody can change this key policy")


def _delegation_off(policy: Policy, named: NamedPolicy, key: str) -> Findings:
    proof = no_delegation(Documents(named), key_arn=key)
    if proof.verdict == "proved":
        told = f"No IAM policy of account {resource_account(key)} gives anything on this key."
        yield policy.finding("S2", (), told)
    yield from _undecided(policy, "S2", [proof], "whether IAM policies give anything on this key")


def _outside_access(policy: Policy, key: str) -> Findings:
    """One Allow at a time, beside every Deny: what it lets in alone it also lets in beside the others."""
    account, proofs = resource_account(key), []
    denies = [statement for statement in policy.statements if not statement.allows]
    for statement in policy.statements:
        if statement.allows:
            body = [dict(one.elements) for one in (statement, *denies)]
            alone = NamedPolicy("key policy", {**policy.document, "Statement": body})
            proofs.append(nobody_outside(Documents(alone), key_arn=key, services=True))
            if shown := proofs[-1].counterexample:
                told = f"{statement.name} opens the key to others than account {account}: {_told(shown)}"
                yield policy.finding("S3", statement.path, told)
    yield from _undecided(policy, "S3", proofs, f"whether anybody outside account {account} can use the key")


def _without_effect(policy: Policy, named: NamedPolicy, key: str) -> Findings:
    """S4, S5 and S6. A statement that can never count is not told to be redundant as well."""
    idle = idle_statements(named, key_arn=key)
    never = {index for index, proof in idle if proof.verdict == "proved"}
    for index in sorted(never):
        statement = policy.statements[index]
        told = f"{statement.name} {'allows' if statement.allows else 'denies'} nothing: no request can meet it."
        yield policy.finding("S5", statement.path, told)
    redundant = redundant_statements(named, key_arn=key)
    for index, proof in redundant:
        statement = policy.statements[index]
        if proof.verdict == "proved" and index not in never:
            if statement.allows:
                told = f"{statement.name} adds nothing: the other statements allow the same without it."
                yield policy.finding("S4", statement.path, told)
            else:
                told = f"{statement.name} takes nothing away: without it the same is allowed."
                yield policy.finding("S6", statement.path, told)
    yield from _undecided(policy, "S5", [proof for _, proof in idle], "whether each statement can meet a request")
    yield from _undecided(policy, "S4", [proof for _, proof in redundant], "whether each statement is needed")


def _self_escalation(policy: Policy, named: NamedPolicy, key: str) -> Findings:
    able, told_of = can_help_themselves(Documents(named), key_arn=key), set()
    for example in able.examples:
        statement, action = _opening(policy, example), example.request.action
        if (statement.index, action) not in told_of:
            told_of.add((statement.index, action))
            by_policy = action == "kms:PutKeyPolicy"
            way = "by writing a key policy" if by_policy else "by a grant to themselves"
            told = f"{statement.name} lets some who may not decrypt give themselves that, {way}: {_told(example)}"
            yield policy.finding("S7", statement.path, told, level="suggestion" if by_policy else "warning")
    if able.reason is not None:
        yield policy.finding("S7", (), f"Not known who can give themselves more. {able.reason}", level="suggestion")


def _opening(policy: Policy, example: Counterexample) -> Statement:
    """The statement of the key policy that lets the caller of an example in, alone or with an identity policy."""
    if example.first.layer == "key-policy" and example.first.statement is not None:
        return policy.statements[example.first.statement.index]
    steps = (one for one in example.first.trace if one.layer == "key-policy" and one.effect == "Allow" and one.applies)
    return policy.statements[next(steps).index]


def _told(example: Counterexample) -> str:
    open_points = " ".join(f"This is an open point: {OPEN_POINTS[name].sentence}." for name in example.first.open)
    return f"{example.sentence} {open_points}".rstrip()


def _undecided(policy: Policy, rule: str, proofs: Sequence[Proof], what: str) -> Findings:
    reason = next((proof.reason for proof in proofs if proof.verdict == "undecided"), None)
    if reason is not None:
        fix = "Simplify what is named, or ask kata policy prove with more steps."
        yield policy.finding(rule, (), f"Not known {what}. {reason}", level="suggestion", fix=fix)
