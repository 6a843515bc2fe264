"""What a policy is for, as a check: a proof over every request, and where it fails one request in a sentence, sent.

Not for how a policy is written: whatever means the same passes.
"""

import re
from collections.abc import Callable, Container, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from kms_katas.grading.answer import Answer
from kms_katas.grading.blame import (
    blamed_step,
    deciding_step,
    deny_that_misses,
    file_of,
    has_condition,
    names_accounts,
    nearly_denying,
    opening_step,
)
from kms_katas.grading.document import PolicyFile
from kms_katas.grading.expect import reject
from kms_katas.grading.in_lab import aliases_of_key, is_label, send, spoken, tags_of_key
from kms_katas.grading.intents import BESIDE_THE_POINT, allow, policy
from kms_katas.grading.on_no_key import contexts
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import display_path
from kms_katas.lab.region_list import regions_of
from kms_katas.policy import Counterexample, Decision, Documents, Principal, Request, Step, decide, prove
from kms_katas.policy.context import resource_account
from kms_katas.policy.document import statements
from kms_katas.policy.kms_table import permissions
from kms_katas.policy.proof import NOTHING, other_keys
from kms_katas.policy.proof.automaton import NotDecided
from kms_katas.policy.proof.domain import PERMISSIONS

_PAIR = "kms:EncryptionContext:"
THE_KEY = "the ARN of the brief's key"
STEPS = 10_000
"""For one proof. Answers take a few hundred; with this many wildcards nobody is kept waiting for more than a second."""
ON_NO_KEY = tuple(one.name for one in permissions().values() if not one.on_a_key)
ORDINARY = {"aws:RequestedRegion": "us-east-1", "aws:SecureTransport": "true", "aws:ViaAWSService": "false"}
"""What the most ordinary request for an operation on no key has."""
_LEFT_UNSAID = {
    *("kms:ViaService", "kms:EncryptionContextKeys", "aws:CurrentTime", "aws:EpochTime", "aws:RequestedRegion"),
    *("aws:PrincipalType", "aws:PrincipalAccount", "aws:PrincipalArn", "kms:CallerAccount", "aws:ResourceAccount"),
    *("aws:ResourceOrgID", "aws:ResourceOrgPaths", "aws:PrincipalServiceNamesList"),
}
"""Condition keys that a sentence says in other words, or that follow from what it says."""
_AS_ALWAYS = {
    *(("kms:KeySpec", "SYMMETRIC_DEFAULT"), ("kms:KeyUsage", "ENCRYPT_DECRYPT"), ("kms:KeyOrigin", "AWS_KMS")),
    *(("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"), ("kms:MultiRegion", "false")),
    *(("aws:ViaAWSService", "false"), ("aws:SecureTransport", "true")),
}
"""What most requests have: in a sentence it would hide what matters."""


_MET = ", and its Condition holds: "
"""In the reason of a Deny that applies: what follows is what of the request met it."""

Lesson = str | Callable[[Request], str]
"""One sentence that teaches, perhaps about the request."""


@dataclass(frozen=True)
class Question:
    """Policies in force on a key, the learner's `files` among them, and about whom the question is.

    `identity`, `callers` and `permissions` as `prove` has them: with "any" each caller may have one identity policy
    more, with "given" those in `documents` are all, and are those of each of the `callers`.
    """

    answer: Answer
    key: str
    documents: Documents
    files: tuple[PolicyFile, ...]
    identity: Literal["any", "given"] = "any"
    callers: Sequence[Principal] | None = None
    permissions: Sequence[str] = PERMISSIONS
    key_name: str = "the key"
    advice: Callable[[Request, bool], str] | None = None
    """The next step for a request that is decided wrongly, and is allowed or not; None: what the policies' files ask
    for. Needed where no policy is a file, and for what the files alone cannot tell."""
    resource: str = ""
    """What the brief wants as Resource of an identity policy, where that is not the ARN of the key."""


def must_allow(asked: Question, wanted: Documents, lesson: Lesson) -> None:
    """Refuse the answer unless whatever `wanted` allows is allowed."""
    _judge(asked, wanted, "at least", lesson)


def must_allow_no_more(asked: Question, wanted: Documents, lesson: Lesson) -> None:
    """Refuse the answer unless `wanted` allows whatever is allowed."""
    _judge(asked, wanted, "at most", lesson)


def must_allow_nothing_elsewhere(asked: Question, lesson: Lesson, but: Container[str] = ()) -> None:
    """Refuse identity policies that allow anything on any other key that leaves it to them; or an operation on no key,
    `but` these permissions."""
    must_allow_nothing_on_no_key(asked, lesson, but)
    for other in elsewhere(asked):
        _judge(other, NOTHING, "at most", lesson)


def must_allow_nothing_on_no_key(asked: Question, lesson: Lesson, but: Container[str] = ()) -> None:
    """Refuse identity policies that allow an operation on no key, such as ListKeys, `but` these permissions: of each an
    ordinary request is decided, and those that the policies' own Conditions speak of."""
    own, callers = asked.documents.identity, asked.callers or ()
    on_no_key = replace(asked, key="*", documents=Documents(identity=own), key_name="the account")
    for caller, action in product(callers, (action for action in ON_NO_KEY if action not in but)):
        for context in contexts(own, caller, action, ORDINARY):
            must_be_decided_as(on_no_key, Request(caller, action, "*", context), NOTHING, lesson)


def elsewhere(asked: Question, apart: Sequence[str] = ()) -> Iterator[Question]:
    """The same about one other key of each class that the Resource elements, and the patterns `apart`, tell apart; each
    key leaves it to IAM policies of its account and of the callers'."""
    accounts = {caller.account for caller in asked.callers or ()}
    try:
        for arn in other_keys(asked.documents.identity, asked.key, regions_of("kms"), STEPS, apart):
            yield _about_another_key(asked, arn, accounts)
    except NotDecided as limit:
        undecided(asked, limit.construct)


def must_be_decided_as(asked: Question, request: Request, wanted: Documents, lesson: Lesson) -> None:
    """Refuse the answer where this one request comes out otherwise than under `wanted`.

    For what no proof is about: operations on no key. Of `asked` the identity policies are all.
    """
    found = Counterexample(request, False, decide(request, asked.documents), decide(request, wanted))
    if found.first.allowed is not found.second.allowed:
        _refuse(asked, found, lesson)


def _about_another_key(asked: Question, arn: str, accounts: Set[str]) -> Question:
    """The same about another key, whose policy leaves everything to IAM policies of its account and of `accounts`."""
    _, _, _, region, owner, _ = arn.split(":", 5)
    _, _, _, own_region, own_account, _ = asked.key.split(":", 5)
    name = "another key of the owner" if owner == own_account else "a key of another account"
    name += "" if region == own_region else f" in {region}"
    open_to_iam = policy("a key policy that leaves it to IAM policies", allow("kms:*", by=sorted({owner, *accounts})))
    return replace(asked, key=arn, documents=Documents(open_to_iam, asked.documents.identity), key_name=name)


def _judge(asked: Question, wanted: Documents, relation: Literal["at most", "at least"], lesson: Lesson) -> None:
    answer = asked.answer
    answer.in_time()
    proof = prove(
        relation,
        asked.documents,
        wanted,
        key_arn=asked.key,
        identity=asked.identity,
        callers=asked.callers,
        permissions=asked.permissions,
        steps=STEPS,
    )
    answer.in_time()
    if proof.verdict == "undecided":
        undecided(asked, proof.reason)
    answer.proofs.append(proof)
    if proof.counterexample is not None:
        _refuse(asked, proof.counterexample, lesson)


def undecided(asked: Question, reason: str) -> None:
    """A policy that nobody can see through is refused as one: it is no pass, and no word on what it allows."""
    raise AnswerUnusable(
        f"No proof could be made on what these policies allow. {reason}",
        "Write it more plainly: fewer wildcards in one value, whole ARNs, numbers compared as numbers.",
        file=display_path(asked.files[0].path) if asked.files else "",
    )


def _refuse(asked: Question, found: Counterexample, lesson: Lesson) -> None:
    mine = found.first
    send(asked.answer, found, asked.documents)
    step = deny_that_misses(found, asked.files) or blamed_step(mine, asked.files)
    file = file_of(step, asked.files) or next(iter(asked.files), None)
    what = f"{found.request.action} on {asked.key_name}{_by_which_way(found.request)}"
    can, because = ("can", _why_allowed) if mine.allowed else ("cannot", _why_denied)
    who = spoken(found.request)
    given = " (it has an IAM policy for it)" if found.identity_allows else ""
    reject(
        f"With these policies {who}{given} {can} call {what}, because {because(asked, found)}. "
        + (lesson if isinstance(lesson, str) else lesson(found.request)),
        expected=f"{'denied' if mine.allowed else 'allowed'}: {what}, by {who}",
        next_step=_next_step(asked, found, step, file) if file and asked.advice is None else _advice(asked, found),
        file=display_path(file.path) if file else "",
        line=file.line(step.index) if file and step is not None and file_of(step, asked.files) else 0,
    )


def _advice(asked: Question, found: Counterexample) -> str:
    assert asked.advice is not None
    return asked.advice(found.request, found.first.allowed)


def _by_which_way(request: Request) -> str:
    """What else the request has, as the rest of a sentence."""
    context = request.context
    told = [f"that is tagged {name}={value}" for name, value in tags_of_key(context).items()]
    aliases = aliases_of_key(context)
    told += [f"that has the alias {' and the alias '.join(aliases)}"] if aliases else []
    told += [f"as somebody tagged {name}={value}" for name, value in request.principal.tags.items()]
    via = context.get("kms:ViaService")
    told += [f"through {_short(str(via))}"] if via else []
    pairs = [f"{key.removeprefix(_PAIR)}={value}" for key, value in context.items() if key.startswith(_PAIR)]
    if pairs:
        told.append("with the encryption context " + ", ".join(pairs))
    elif any("EncryptionContext" in key for key in context):
        told.append("with another encryption context")
    for key, value in context.items():
        as_always = (key, value) in _AS_ALWAYS or (via and (key, value) == ("aws:ViaAWSService", "true"))
        in_its_id = key.endswith("OrgPaths") and f"{key.removesuffix('Paths')}ID" in context
        if not (key.startswith(_PAIR) or key in _LEFT_UNSAID or as_always or in_its_id or is_label(key)):
            told.append(f"with {key} {value if isinstance(value, str) else ' and '.join(value)}")
    return " " + ", ".join(told) if told else ""


def _short(service: str) -> str:
    """`s3.us-east-1.amazonaws.com` as people say it."""
    name, *rest = service.split(".")
    return f"{name} in {rest[0]}" if rest[1:] == ["amazonaws", "com"] else service


def _why_allowed(asked: Question, found: Counterexample) -> str:
    decision = found.first
    opening, deciding = opening_step(decision), deciding_step(decision)
    if deciding is None:
        return "an account's root user needs no policy for it"
    missing = deny_that_misses(found, asked.files) or nearly_denying(decision, asked.files)
    past = f", and {_place(missing, asked)} does not deny it, for {missing.reason}" if missing is not None else ""
    if opening is None:
        return f"{_place(deciding, asked)} allows it{past}"
    return f"{_place(opening, asked)} lets it in and {_place(deciding, asked)} allows the call{past}"


def _why_denied(asked: Question, found: Counterexample) -> str:
    decision = found.first
    step = blamed_step(decision, asked.files)
    if decision.kind == "ExplicitDeny" and step is not None:
        met = step.reason.partition(_MET)[2]
        condition = f" (its Condition holds: {met})" if met else ""
        return f"{_place(step, asked)} denies it{condition}, and no Allow overrules a Deny"
    names = _that_could_allow(decision, asked.documents, found.identity_allows)
    key_policy = next((file.name for file in asked.files if file.name == _key_policy_name(asked)), None)
    if names:
        nothing = f"no statement of {' or '.join(names)} allows it"
    elif key_policy is not None and _of_the_owner(found.request):
        nothing = f"no statement of {key_policy} gives it that, and it has no identity policy"
    else:
        return "it has no identity policy, and one has to allow it"
    return f"{nothing}: {_number(step)} does not apply, for {step.reason}" if step is not None else nothing


def _key_policy_name(asked: Question) -> str | None:
    return asked.documents.key_policy.name if asked.documents.key_policy else None


def _of_the_owner(request: Request) -> bool:
    """Whether the caller is of the key's account, where a key policy may give without an identity policy."""
    return request.principal.account == resource_account(request.resource)


def _that_could_allow(decision: Decision, documents: Documents, identity_allows: bool) -> list[str]:
    """The names of the policies in the layer that lacks the Allow."""
    if decision.layer == "identity-policy" and not identity_allows:
        return [policy.name for policy in documents.identity]
    return [documents.key_policy.name] if documents.key_policy else []


def _place(step: Step, asked: Question) -> str:
    """A learner's statement by number, Sid and policy; a policy that the check brought along by its name alone."""
    if step.layer == "grant":
        return f"the {step.policy}"
    if any(file.name == step.policy for file in asked.files) and file_of(step, asked.files) is None:
        return step.sid or step.policy
    theirs = {file.name for file in asked.files} or {policy.name for policy in asked.documents.identity}
    return f"{_number(step)} of {step.policy}" if step.policy in theirs else step.policy


def _number(step: Step) -> str:
    return f"statement {step.index + 1}" + (f' ("{step.sid}")' if step.sid else "")


def _next_step(asked: Question, found: Counterexample, step: Step | None, file: PolicyFile) -> str:
    wanted = found.second
    action, who, shown = found.request.action, spoken(found.request), display_path(file.path)
    if found.first.allowed and file_of(step, (file,)) is None:
        return f"Write a Deny in {shown} that stops {action} by {who}: grants and IAM policies both yield to it."
    if step is None or file_of(step, (file,)) is None:
        return f"Write a statement in {shown} that allows {action} to {who}."
    where = f"At line {file.line(step.index)} of {shown}, "
    if found.first.allowed and step.effect == "Deny":
        return f"{where}let the Deny cover {action} by {who}: its {step.failed[0].capitalize()} leaves it out."
    if step.failed == ("principal",):
        return f"No statement in {shown} covers {who}: correct a Principal, or write one as the brief says."
    if found.first.allowed and step == opening_step(found.first) and wanted.kind == "ExplicitDeny":
        return where + f"leave {who} out by a Condition, or refuse this by a Deny of its own."
    if found.first.allowed:
        near = nearly_denying(found.first, [file])
        otherwise = f" Or let the Deny of {_number(near)} cover it." if near is not None else ""
        return where + _how_to_narrow(step, wanted, action, asked.resource) + otherwise
    if step.effect == "Deny":
        return where + "let the Deny leave this request out."
    match step.failed[0]:
        case "action":
            return where + f"let the Action cover {action}."
        case "resource":
            of_identity = asked.resource or found.request.resource
            this_key = '"*", which means this key here' if step.layer == "key-policy" else of_identity
            return where + f"let the Resource be {this_key}."
    if operator := _takes_a_star_as_it_is(step):
        return where + f"write the whole value: under {operator} a star is a star, and stands for nothing else."
    return where + "let the Condition ask only for what every request of the brief carries, or take it away."


def _how_to_narrow(step: Step, wanted: Decision, action: str, resource: str) -> str:
    """The element in which the statement goes beyond what is wanted: there no statement came as far as this one."""
    if wanted.kind == "ExplicitDeny" and wanted.request.resource == "*":
        return f"let the Action leave {action} out: list what the brief asks for, and nothing more."
    if wanted.kind == "ExplicitDeny" and step.layer == "identity-policy":
        return f"let the Resource be {resource or THE_KEY}, and nothing more."
    if wanted.kind == "ExplicitDeny":
        return "leave out what the brief forbids, by a Condition or by a Deny of its own."
    near = [one for one in wanted.trace if one.layer == step.layer and one.effect == "Allow" and not one.applies]
    near = [one for one in near if one.sid != BESIDE_THE_POINT]
    # What fails in one thing says more than what fails in two; and one about another account says nothing.
    near.sort(
        key=lambda one: ("principal" in one.failed and names_accounts(one), len(one.failed), "action" in one.failed)
    )
    failed = near[0].failed if near else ("principal",)
    if failed == ("action",):
        return f"let the Action leave {action} out: list what the brief asks for, and nothing more."
    if failed == ("condition",):
        a = "the" if has_condition(step) else "a"
        return f"let {a} Condition leave this request out: it has to say what the brief says."
    if failed == ("resource",):
        return f"let the Resource be {resource or THE_KEY}, and nothing more."
    if step.layer == "key-policy":
        return "let Principal, Action and Condition together cover nobody but whom the brief names, for what it names."
    return f"let the statement leave {action} out: the brief does not ask for it."


def _takes_a_star_as_it_is(step: Step) -> str:
    """The operator of its Condition that has a value with a star and compares it as it stands, so it holds for nobody;
    "" where none does."""
    document = step.statement.document
    condition = statements(document)[step.index].get("Condition", {}) if document is not None else {}
    for operator, keys in condition.items():
        if re.search(r"(?<!Not)Equals(IgnoreCase)?(IfExists)?$", operator) and "String" in operator:
            values = [value for one in keys.values() for value in (one if isinstance(one, list) else [one])]
            if any("*" in str(value).replace("${*}", "") for value in values):
                return str(operator)
    return ""
