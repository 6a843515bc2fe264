"""The table of lint's rules: what each is about, why it matters, how to mend it. Not the rules' code.

Each has its section in docs/reference/lint.md. The levels: error, KMS or IAM refuses the text or it cannot do what it
says; warning, it does more or less than its author will think; suggestion, it works and could be better. Where a rule
has two levels, the table has the graver one and its code says where the other.
"""

import re
from dataclasses import dataclass

from ..finding import Level


@dataclass(frozen=True)
class Rule:
    """`reason` is one sentence on why it matters; `fix` what to do where the finding has nothing more exact."""

    id: str
    level: Level
    title: str
    reason: str
    fix: str

    @property
    def page(self) -> str:
        """The rule's section in the notes, as a path in the repository."""
        words = re.findall(r"\w+", f"{self.id} {self.title}".lower())
        return f"docs/reference/lint.md#{'-'.join(words)}"


_TABLE: tuple[Rule, ...] = (
    Rule(
        "J1",
        "error",
        "The text is not JSON",
        "KMS and IAM refuse it, so the policy never comes into force.",
        "Mend the JSON at that place.",
    ),
    Rule(
        "J2",
        "error",
        "A name stands twice in one object",
        "JSON readers keep only one of the two, so half of what is written is lost without a word.",
        "Keep one of them, with the values of both.",
    ),
    Rule(
        "J3",
        "error",
        "An unknown element, principal type or operator",
        "Names are compared with their case, and a policy with an unknown one is refused.",
        "Write the name as the IAM reference has it.",
    ),
    Rule(
        "J4",
        "error",
        "An element is missing or has a wrong type or value",
        "The policy is refused as malformed.",
        "Write it as the grammar of IAM policies has it.",
    ),
    Rule(
        "L1",
        "warning",
        "Allow for everyone",
        'In a key policy "*" means every principal of every AWS account.',
        "Name the principals, or add a condition such as aws:PrincipalOrgID or kms:CallerAccount.",
    ),
    Rule(
        "L2",
        "error",
        "NotPrincipal",
        "NotPrincipal covers whoever is not listed; with Allow AWS does not support it, and with Deny it hits sessions"
        " and accounts that one forgets to list.",
        'Use Principal "*" with ArnNotEquals on aws:PrincipalArn.',
    ),
    Rule(
        "L3",
        "error",
        "A principal that KMS does not take",
        "Wildcards inside a principal match nothing, groups are no principals, and KMS refuses a key policy with"
        " principals that it cannot find.",
        "Name an account, a user, a role, a session or a service.",
    ),
    Rule(
        "L4",
        "error",
        "A statement without Principal, Action or Resource",
        "A statement of a key policy that lacks one of them has no effect.",
        "Add the element that is missing.",
    ),
    Rule(
        "L5",
        "error",
        "An action that does nothing here",
        "An action that KMS does not have, that no key policy can give, or that never crosses accounts, allows and"
        " denies nothing.",
        "Name the action that is meant.",
    ),
    Rule(
        "L6",
        "warning",
        "A condition key that the request cannot have",
        "A condition on a key that is never there holds never, or with a negated operator always.",
        "Use a key that requests for these actions have, or move the other actions into a statement of their own.",
    ),
    Rule(
        "L7",
        "warning",
        "The operator does not fit the key or the value",
        "A value that the operator cannot read, or of another type than the key's, does not compare as it seems.",
        "Use the operator of the key's type.",
    ),
    Rule(
        "L8",
        "warning",
        "A wildcard in an operator that takes it literally",
        "Only the Like and Arn operators know * and ?; the others compare them as plain characters.",
        "Use StringLike or StringNotLike.",
    ),
    Rule(
        "L9",
        "error",
        "A set operator too many, or one that is missing",
        "ForAllValues is true when the key is absent, and a key with several values needs ForAnyValue or ForAllValues.",
        "Use ForAnyValue or ForAllValues for keys with several values only, and Null beside ForAllValues.",
    ),
    Rule(
        "L10",
        "warning",
        "A condition that turns over when the key is absent",
        "When a request lacks the key, negated and IfExists operators hold and all others do not.",
        "Add Null for the key, or use the operator that treats an absent key as you want.",
    ),
    Rule(
        "L11",
        "error",
        "A policy variable without Version 2012-10-17",
        'Without "Version": "2012-10-17" a ${...} is plain text and is not filled in.',
        'Begin the policy with "Version": "2012-10-17".',
    ),
    Rule(
        "L12",
        "warning",
        "A service principal without the source",
        "The service acts for all its customers: anyone's resource could make it use your key (confused deputy).",
        "Add aws:SourceArn or aws:SourceAccount, or a kms:EncryptionContext: key that names your resource.",
    ),
    Rule(
        "L13",
        "warning",
        "More than the use of the key",
        "Who may change the key policy or create any grant can give away every permission on the key.",
        "Separate users from administrators, and limit kms:CreateGrant with kms:GrantIsForAWSResource,"
        " kms:GrantOperations or kms:GranteePrincipal.",
    ),
    Rule(
        "L14",
        "error",
        "A Resource that is not this key",
        "A statement applies only where Resource matches the key's ARN, and the ARN of an alias never does.",
        'In a key policy write "Resource": "*", which means this key; in an IAM policy the key\'s ARN.',
    ),
    Rule(
        "L15",
        "warning",
        "Allow with NotAction or NotResource",
        "It allows everything that is not listed, also what AWS adds later.",
        "List what is allowed in Action and Resource.",
    ),
    Rule(
        "L16",
        "suggestion",
        "A network condition that also stops AWS services",
        "When S3, EBS or another service uses the key for somebody, the call does not come from that network.",
        'Add "Bool": {"aws:ViaAWSService": "false"} to the Deny.',
    ),
    Rule(
        "L17",
        "error",
        "Size, characters and Sids",
        "KMS takes key policies of at most 32 KB in Latin-1 characters, and a Sid must be unique in its policy.",
        "Shorten the policy, replace the character, or rename the Sid.",
    ),
)

RULES = {rule.id: rule for rule in _TABLE}

RESERVED = ("S1", "S2", "S3", "S4", "S5", "S6", "S7")
"""Ids kept for what only a proof finds: lock-out, delegation off, outside access, redundant statement, statement that
never matches, Deny that takes nothing away, self-escalation."""
