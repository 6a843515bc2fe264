"""Policies put where they count, as AWS takes them or refuses them: key policies by PutKeyPolicy, identity policies in
IAM. Not for what the policies allow: see judge.py. Those of an organization are in guardrails.py.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from kms_katas.grading.answer import Answer
from kms_katas.grading.document import PolicyFile
from kms_katas.grading.guardrails import OF_FILE, attach
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import display_path
from kms_katas.lab import Lab, Principal
from kms_katas.lab.accounts import EVERYTHING, Account, Role
from kms_katas.policy import Documents, NamedPolicy, Request, Step, decide
from kms_katas.policy import Principal as Caller
from kms_katas.policy.document import as_list, statements

Policy = PolicyFile | NamedPolicy
"""A learner's, or one that the check brings along; its name stands in sentences."""


def put_in_force(
    answer: Answer, key: str, keeper: Principal | None = None
) -> Iterator[tuple[str, AnswerUnusable | None]]:
    """All policies of an answer, as katas name them: key-policy.json on `key`, scp.json and rcp.json on the root of the
    lab's organization, the others on whom the answer acts as.

    `keeper` puts the key policy there, as in put_key_policy. Each file's name, and what refused it. Not for checks,
    which put one half beside a counterpart of their own.
    """
    for name in (name for name in answer.files if name.endswith(".json")):
        try:
            policy = answer.policy(name)
            if name == "key-policy.json":
                put_key_policy(policy, answer.lab.account(key.split(":")[4]), key, by=keeper)
            elif name in OF_FILE:
                attach(policy, answer.lab.organization())
            else:
                give(policy, answer.learner)
            yield name, None
        except AnswerUnusable as error:
            yield name, error


def put_key_policy(policy: Policy, owner: Account, key: str, *, by: Principal | None = None) -> None:
    """PutKeyPolicy by the owner's administrator, or `by` whom the brief names in place of one who has it from IAM.

    Raises AnswerUnusable, in AWS's words, when KMS refuses it.
    """
    kms = (by or owner.admin).client("kms", key.split(":")[3])
    if not isinstance(policy, PolicyFile):
        kms.put_key_policy(KeyId=key, Policy=json.dumps(policy.document), BypassPolicyLockoutSafetyCheck=True)
        return
    try:
        kms.put_key_policy(KeyId=key, Policy=policy.text)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        step = _locks_out(policy, by or owner.admin, key) if _LOCKOUT in message else None
        raise AnswerUnusable(
            f"KMS refuses {policy.name}: {code}: {message}" + _meaning(message, step, by),
            _mend_key_policy(policy, message, step, by),
            policy.line(step.index) if step is not None else 0,
            display_path(policy.path),
        ) from error


def give(policy: Policy, holder: Principal | Role) -> None:
    """Makes it the holder's only identity policy. Raises AnswerUnusable when IAM would refuse a learner's."""
    if isinstance(policy, PolicyFile):
        refuse_what_iam_refuses(policy)
    holder.allow(named(policy).document)


def those_named(policy: PolicyFile, lab: Lab, *, but: str) -> None:
    """Make the users and roles of other accounts than `but` that a policy names by ARN, where they are not there yet.

    KMS takes no key policy with a Principal that does not exist; here one name too many is shown what it can do.
    """
    for found in re.finditer(rf"{_SOMEBODY}(?=['\"])", str(policy.document)):
        if found["account"] != but:
            let_there_be(lab, found[0])


def let_there_be(lab: Lab, arn: str) -> None:
    """Make the user or role of this ARN, unless it is there or its name is taken under another path.

    An account has one user, and one role, of a name, whatever the path.
    """
    if (found := re.fullmatch(_SOMEBODY, arn)) is None:
        return
    account = lab.account(found["account"])
    if account.find(arn) is None:
        make = account.user if found["kind"] == "user" else account.role
        with contextlib.suppress(ValueError):
            make(found["name"], path=found["path"])


_SOMEBODY = r"arn:aws:iam::(?P<account>[0-9]{12}):(?P<kind>user|role)(?P<path>/(?:[!-~]+/)?)(?P<name>[\w+=,.@-]+)"


def named(policy: Policy) -> NamedPolicy:
    return policy.named if isinstance(policy, PolicyFile) else policy


def refuse_what_iam_refuses(policy: PolicyFile) -> None:
    """Raises AnswerUnusable for an identity policy that IAM would not store.

    The quoted texts are those that moto carries from AWS; where it has none, the rule is told without AWS's words.
    Rules: IAM reference, "IAM JSON policy elements". Not the whole of what IAM checks.
    """
    seen = set()
    for index, statement in enumerate(statements(policy.document)):
        fault = fault_of_statement(statement)
        sid = statement.get("Sid")
        if fault is None and sid and sid in seen:
            fault = "MalformedPolicyDocument: Statement IDs (SID) in a single policy must be unique.", "Rename one Sid."
        seen.add(sid)
        if fault is not None:
            line = policy.line(index)
            shown = display_path(policy.path)
            raise AnswerUnusable(
                f"IAM refuses {policy.name}, statement {index + 1} on line {line}: {fault[0]}",
                f"Open {shown} at line {line}. {fault[1]}",
                line,
                shown,
            )


def fault_of_statement(statement: dict[str, Any]) -> tuple[str, str] | None:
    """What IAM says to one statement of an identity policy, and what to do; None when it takes it."""
    # First, for it tells that the files have changed places.
    if "Principal" in statement or "NotPrincipal" in statement:
        return (
            "it has a Principal. An identity policy hangs on its principal already, so it names none.",
            "Take the Principal out; a policy that needs one belongs on the key.",
        )
    sid = statement.get("Sid", "")
    if not re.fullmatch("[A-Za-z0-9]*", sid):
        return (
            f'its Sid is "{sid}", and in an identity policy a Sid has letters A to Z and digits only. '
            "Key policies are less strict: there it may have spaces.",
            "Take the other characters out of the Sid, or the Sid out of the statement.",
        )
    malformed = "MalformedPolicyDocument: "
    actions, resources = (
        as_list(statement.get(element, statement.get(f"Not{element}", []))) for element in ("Action", "Resource")
    )
    if not actions:
        return malformed + "Policy statement must contain actions.", "Add an Action."
    if not resources:
        return malformed + "Policy statement must contain resources.", "Add a Resource."
    if not all(action == "*" or ":" in action for action in actions):
        said = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        return malformed + said, 'Put "kms:" in front of the action.'
    for resource in resources:
        if resource != "*" and not resource.startswith("arn:"):
            return (
                malformed + f'Resource {resource} must be in ARN format or "*".',
                "Give the key by its ARN: an ID or an alias name alone is no resource.",
            )
    return None


_LOCKOUT = "will not allow you to update"


def _locks_out(policy: PolicyFile, author: Principal, key: str) -> Step | None:
    """The statement that keeps an author with every permission in IAM from another PutKeyPolicy, if one stands out."""
    identity = NamedPolicy("identity policy", EVERYTHING)
    decision = decide(Request(Caller(author.arn), "kms:PutKeyPolicy", key), Documents(policy.named, (identity,)))
    steps = [step for step in decision.trace if step.layer == "key-policy"]
    if decision.kind == "ExplicitDeny":
        return next((step for step in steps if step.effect == "Deny" and step.applies), None)
    # An Allow that is about the author, and then one of PutKeyPolicy, says more than another.
    allows = [step for step in steps if step.effect == "Allow" and not step.applies]

    def distance(step: Step) -> tuple[bool, bool, int]:
        return "principal" in step.failed, "action" in step.failed, len(step.failed)

    return min(allows, key=distance, default=None)


def _meaning(message: str, step: Step | None, by: Principal | None) -> str:
    if _LOCKOUT in message:
        who = "the administrator who puts this policy there" if by is None else f"{_named(by)}, who puts it there,"
        told = f" This is the lockout check: {who} could not call PutKeyPolicy "
        if step is None:
            return told + "again."
        which = f"Statement {step.index + 1}" + (f' ("{step.sid}")' if step.sid else "")
        does = "denies it" if step.effect == "Deny" else "does not allow it"
        return f"{told}again. {which} {does}, for {step.reason}."
    if "invalid principals" in message:
        return (
            " Each account, user and role in a Principal must exist, spelled exactly so, and without a wildcard "
            "inside the ARN."
        )
    return ""


def _named(caller: Principal) -> str:
    """role/key-admins, user/ann: as policies name them."""
    return (caller.role_arn or caller.arn).split(":", 5)[5]


def _mend_key_policy(policy: PolicyFile, message: str, step: Step | None, by: Principal | None) -> str:
    shown = display_path(policy.path)
    if step is not None and step.effect == "Deny":
        return (
            f"At line {policy.line(step.index)} of {shown}, let the Deny leave out kms:PutKeyPolicy for whoever is to "
            "change the key policy: no Allow overrules a Deny."
        )
    if _LOCKOUT in message and by is not None:
        return f"Let a statement in {shown} allow kms:PutKeyPolicy to {_named(by)} by name, and no Deny cover it."
    if _LOCKOUT in message:
        return (
            f"Let a statement in {shown} leave kms:PutKeyPolicy to the IAM policies of the key's own account, and let "
            "no Deny cover it."
        )
    if "invalid principals" in message:
        return f"Compare each Principal in {shown} with the brief, digit by digit."
    if "names no principal" in message:
        return f"Give each statement in {shown} a Principal; a policy without one belongs on a user or role."
    if "OverlyPermissiveCondition" in message:
        return f"Take ForAllValues off the operator in {shown}: each pair of an encryption context has one value."
    return f"Open {shown} and mend that."
