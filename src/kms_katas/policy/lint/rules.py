"""The table of lint's rules: what each is about, why it matters, how to mend it. Not the rules' code.

J1 to J4 are of a text that is no policy, L1 to L17 are seen in a policy's text, S1 to S7 need a proof.

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
        "KMS takes key policies of at most 32 KB in Latin-1 characters. A Sid must be unique in its policy, and IAM "
        "takes letters and digits alone in it.",
        "Shorten the policy, replace the character, or rename the Sid.",
    ),
    Rule(
        "S1",
        "error",
        "Nobody can change the key policy",
        "KMS refuses such a policy unless its safety check is switched off; then only AWS Support can open the key.",
        "Give kms:PutKeyPolicy to the account of the key, or to a role that exists.",
    ),
    Rule(
        "S2",
        "suggestion",
        "IAM policies give nothing",
        "Without a statement for the account no IAM policy counts, also not that of an administrator.",
        "If that is not meant, allow kms:* to the account principal, arn:aws:iam::ACCOUNT:root.",
    ),
    Rule(
        "S3",
        "suggestion",
        "Others than the account can use the key",
        "Whoever is let in from outside is controlled by others; each should be there on purpose.",
        "If they are not meant, take them away, or add a condition such as kms:CallerAccount or aws:PrincipalOrgID.",
    ),
    Rule(
        "S4",
        "suggestion",
        "A statement that adds nothing",
        "What is said twice is changed in one place and forgotten in the other.",
        "Take one of the two away; of two that say the same each is told.",
    ),
    Rule(
        "S5",
        "warning",
        "A statement that no request can meet",
        "It looks like a permission or a guard, and is none.",
        "Look for what excludes itself: principal, actions, Resource and conditions must all fit one request.",
    ),
    Rule(
        "S6",
        "suggestion",
        "A Deny that takes nothing away",
        "Nothing that it denies is allowed anyway; it may be meant as a guard for later, or miss its aim.",
        "Compare it with the Allow that it should limit.",
    ),
    Rule(
        "S7",
        "warning",
        "Callers who can give themselves decryption",
        "Who may change the key policy or grant operations freely has in effect every permission on the key.",
        "Limit kms:CreateGrant with kms:GrantOperations, kms:GranteePrincipal or kms:GrantIsForAWSResource; keep"
        " kms:PutKeyPolicy for few, and watch it in CloudTrail.",
    ),
)

RULES = {rule.id: rule for rule in _TABLE}
