"""Policies put where they count, as AWS takes them or refuses them: key policies by PutKeyPolicy, identity policies in
IAM. Not for what the policies allow: see judge.py.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from kms_katas.grading.answer import Answer
from kms_katas.grading.document import PolicyFile
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import display_path
from kms_katas.lab import Lab, Principal
from kms_katas.lab.accounts import Account, Role
from kms_katas.policy import NamedPolicy
from kms_katas.policy.document import as_list, statements

Policy = PolicyFile | NamedPolicy
"""A learner's, or one that the check brings along; its name stands in sentences."""


def put_in_force(answer: Answer, key: str) -> Iterator[tuple[str, AnswerUnusable | None]]:
    """All policies of an answer, as katas name them: key-policy.json on `key`, the others on whom the answer acts as.

    Each file's name, and what refused it. Not for checks, which put one half beside a counterpart of their own.
    """
    for name in (name for name in answer.files if name.endswith(".json")):
        try:
            policy = answer.policy(name)
            if name == "key-policy.json":
                put_key_policy(policy, answer.lab.home, key)
            else:
                give(policy, answer.learner)
            yield name, None
        except AnswerUnusable as error:
            yield name, error


def put_key_policy(policy: Policy, owner: Account, key: str) -> None:
    """PutKeyPolicy by the owner's administrator. Raises AnswerUnusable, in AWS's words, when KMS refuses it."""
    kms = owner.admin.client("kms", key.split(":")[3])
    if not isinstance(policy, PolicyFile):
        kms.put_key_policy(KeyId=key, Policy=json.dumps(policy.document), BypassPolicyLockoutSafetyCheck=True)
        return
    try:
        kms.put_key_policy(KeyId=key, Policy=policy.text)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        raise AnswerUnusable(
            f"KMS refuses {policy.name}: {code}: {message}" + _meaning(message),
            _mend_key_policy(policy, message),
            file=display_path(policy.path),
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
    text = str(policy.document)
    for number, kind, path, name in re.findall(r"iam::(\d{12}):(user|role)(/(?:[!-~]+/)?)([\w+=,.@-]+)(?=['\"])", text):
        account = lab.account(number)
        if number != but and account.find(f"arn:aws:iam::{number}:{kind}{path}{name}") is None:
            account.user(name, path=path) if kind == "user" else account.role(name, path=path)


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


def _meaning(message: str) -> str:
    if "will not allow you to update" in message:
        return (
            " This is the lockout check: the administrator who puts this policy there could not call PutKeyPolicy "
            "again."
        )
    if "invalid principals" in message:
        return (
            " Each account, user and role in a Principal must exist, spelled exactly so, and without a wildcard "
            "inside the ARN."
        )
    return ""


def _mend_key_policy(policy: PolicyFile, message: str) -> str:
    shown = display_path(policy.path)
    if "will not allow you to update" in message:
        return (
            f"Keep the statement in {shown} that leaves the key to the IAM policies of its own account, as it was, and "
            "let no Deny cover that account."
        )
    if "invalid principals" in message:
        return f"Compare each Principal in {shown} with the brief, digit by digit."
    if "names no principal" in message:
        return f"Give each statement in {shown} a Principal; a policy without one belongs on a user or role."
    return f"Open {shown} and mend that."
