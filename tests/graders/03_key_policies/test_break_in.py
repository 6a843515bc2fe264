"""The checks of key-policies/break-in: the flag by way of the role backup, and a key policy without that way.

Not for which way in is taken or how the policy is written: any that gets there, any that means the same.
"""

from dataclasses import replace

import pytest

from kms_katas.grading import AnswerRaised, expect, reject
from kms_katas.grading.expect import Rejected
from kms_katas.grading.intents import BESIDE_THE_POINT, SYMMETRIC, allow, both, policy
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.grading.outcome import AnswerTimeout, AnswerUnusable
from kms_katas.grading.source import display_path
from kms_katas.policy import Documents, Grant, Principal, Request, decide

OWNER = "111122223333"
KEY_ID = "c4a81d37-6e2f-4b90-85d3-1f7e0b92a6c8"
RECORDS, BACKUP, RESTORE = (f"arn:aws:iam::{OWNER}:role/{name}" for name in ("records", "backup", "restore"))
OF_RECORDS = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"]
MOVES = ["kms:ReEncryptFrom", "kms:ReEncryptTo"]
ON_THE_SAME_KEY = {"Bool": {"kms:ReEncryptOnSameKey": "true"}}
IAM_DECIDES = allow("kms:*", by=OWNER)
AT_THE_START = policy(
    "the key policy at the start",
    IAM_DECIDES,
    allow(OF_RECORDS, by=RECORDS),
    allow(["kms:DescribeKey", "kms:ReEncrypt*", "kms:CreateGrant"], by=BACKUP),
).document
WORK_OF_BACKUP = (
    # What has a Condition comes first: where an operation is allowed but not so, that is what a learner is told.
    allow(MOVES, by=BACKUP, only=ON_THE_SAME_KEY),
    # Names that differ in case alone are one to IAM, and a session of the role is nobody else.
    allow("kms:CreateGrant", by=BACKUP, only={"StringEqualsIgnoreCase": {"kms:GranteePrincipal": RESTORE}}),
    allow(
        "kms:CreateGrant",
        by=BACKUP,
        only={"StringLike": {"kms:GranteePrincipal": f"arn:aws:sts::{OWNER}:assumed-role/restore/*"}},
    ),
    allow(["kms:DescribeKey", "kms:ReEncryptTo"], by=BACKUP),
    # Each ReEncrypt says whether it is one (developer guide, "AWS KMS condition keys").
    allow("kms:ReEncryptFrom", by=BACKUP, only={"Null": {"kms:ReEncryptOnSameKey": "true"}}),
)
# The name of a role is taken whatever its path, and the ARN of a session does not have the path.
ANY_PATH = {"StringLike": {"aws:PrincipalArn": [BACKUP, f"arn:aws:iam::{OWNER}:role/*/backup"]}}
ABOUT_BACKUP = allow("kms:*", by="*", only=ANY_PATH) | {"Sid": BESIDE_THE_POINT}
NO_GRANTEE = {"Null": {"kms:GranteePrincipal": "true"}}
A_GRANTEE = {"Null": {"kms:GranteePrincipal": "false"}}
TELLS = {"CreateGrant": "made a grant", "ReEncrypt": "re-encrypted the secret under another key"}
AS_BACKUP = "requests that the role backup may make under the key policy of the start"
READ_AGAIN = "Read the statement TODO2 of the starter: which of its operations leads to a Decrypt that KMS allows?"


@pytest.fixture
def records(lab):
    """The role that reads and writes the records."""
    return lab.home.role("records")


@pytest.fixture
def restore(lab):
    """The role that decrypts when it has a grant."""
    return lab.home.role("restore")


@pytest.fixture
def backup(lab):
    """A session of the weak role: it may make keys of its own, and on the records' key what that key's policy says."""
    own = policy("its own keys", allow(["kms:CreateKey", "kms:ListKeys", "kms:ListAliases"])).document
    return lab.home.role("backup", {"own-keys": own}).session("nightly")


@pytest.fixture
def learner(backup):
    """Whom the answer acts as: no administrator."""
    return backup


@pytest.fixture
def key(lab, records, restore, backup):
    """The key of the records, by its ARN, with the key policy of the start."""
    return lab.home.create_key(AT_THE_START, key_id=KEY_ID)


@pytest.fixture
def flag(lab, key, fresh):
    """Makes a secret and its ciphertext."""

    def make():
        secret = f"flag-{fresh.text()}".encode()
        return secret, lab.home.seal(key, secret)

    return make


@pytest.fixture
def granted(key):
    """The grant that backup makes for restore."""
    return (Grant("of restore", key, RESTORE, ("Decrypt",), issuing_account=OWNER),)


@pytest.fixture
def in_force(key_policy_on, key, granted):
    """The learner's key policy, in force, beside the grant for restore."""
    alone = key_policy_on(key)
    return replace(alone, documents=replace(alone.documents, grants=granted))


@pytest.mark.task(1)
@pytest.mark.points(4)
def test_the_flag_is_captured(answer, key, flag):
    """Under the key policy of the start, `break_in` gets each secret that it is given, as the role backup."""
    for _ in range(2):
        secret, ciphertext = flag()
        before = len(answer.calls)
        try:
            found = answer.call("break_in", answer.client(), key, ciphertext)
        except AnswerRaised as raised:
            _say_what_stopped_it(raised, answer.calls[before:])
            raise
        asked = {call.operation for call in answer.calls[before:] if call.error_code is None}
        expect(
            found == secret,
            "`break_in` gave back something else than the secret. "
            + (
                "KMS alone can open the ciphertext, and this call asked it for nothing that it allowed."
                if not asked
                else "What counts is the plaintext of the ciphertext that this very call was given."
            ),
            expected="the plaintext, as bytes",
            next_step=READ_AGAIN
            if not asked & {"CreateGrant", "ReEncrypt", "Decrypt"}
            else "Return the Plaintext that KMS gives for it: these bytes, and nothing more.",
        )


def _say_what_stopped_it(raised, calls):
    """Refuse an answer that KMS stopped, by the request that it refused."""
    line = raised.frames[-1].line if raised.frames else 0
    if raised.type in ("ProfileNotFound", "NoCredentialsError", "PartialCredentialsError"):
        reject(
            "`break_in` looked for other credentials, and there are none: an intruder has what the role backup has. "
            "With those of an administrator nothing would be shown about this role.",
            expected="requests with the client `kms` alone",
            next_step=READ_AGAIN,
            line=line,
        )
    if "sts:AssumeRole" in raised.message:
        reject(
            "STS refused AssumeRole to the role backup: the roles of the brief cannot take on one another. "
            "The way in is by what this role may do itself.",
            expected=AS_BACKUP,
            next_step=READ_AGAIN,
            line=line,
        )
    refused = next((call for call in reversed(calls) if call.error_code), None)
    if refused is None or {raised.code, refused.error_code} != {"AccessDeniedException"}:
        return
    done = {call.operation for call in calls if call.error_code is None}
    why, step = "No statement of the key policy gives it to the role backup, nor does its IAM policy.", READ_AGAIN
    if refused.operation == "Decrypt" and "CreateGrant" in done:
        why = "A grant was made, and it does not cover this request."
        step = (
            "Let the grant be on this key, with the operation Decrypt, for whom the client acts as; its GrantToken "
            "makes it count at once."
        )
    elif refused.operation == "Decrypt" and "ReEncrypt" in done:
        why = "The secret lies under a key of your own now, and that key's policy does not let the role use it."
        step = "Make your key with a Policy that names the role; the default one waits for an IAM policy."
    elif refused.operation == "Decrypt":
        why = "That the role may not is what the owner relies on, and the owner is right about this request."
    elif refused.operation == "ReEncrypt":
        why = "To re-encrypt takes a permission on each of the two keys."
        step = "TODO2 gives the one on the records' key: make the other key with a Policy that names the role."
    reject(f"KMS refused {refused.operation} to the role backup. {why}", expected=AS_BACKUP, next_step=step, line=line)


@pytest.mark.task(2)
@pytest.mark.points(6)
def test_no_way_in_is_left(answer, in_force, flag, sessions):
    """With your key policy in force `break_in` gets nothing, and the role backup has no right beyond its work."""
    secret, ciphertext = flag()
    try:
        found = answer.call("break_in", answer.client(), in_force.key, ciphertext)
    except (AnswerRaised, AnswerUnusable, AnswerTimeout, Rejected):
        found = None
    if found == secret:
        (mine,) = in_force.files
        how, line = _how_it_came_in(answer.calls, in_force, mine)
        reject(
            f"With your key policy in force your own `break_in` still gets the secret: it {how}. "
            "A hole is closed when the request that opened it is refused.",
            expected="no secret",
            next_step=f"Let {display_path(mine.path)} refuse backup that request, and leave it those of its work.",
            file=display_path(mine.path),
            line=line,
        )
    # Grants without a grantee, which are for AWS services, come second: they are not what an intruder would make.
    for beside in ((allow("kms:CreateGrant", by=BACKUP, only=NO_GRANTEE),), ()):
        must_allow_no_more(
            replace(in_force, callers=sessions(BACKUP)),
            Documents(policy("the work of backup", IAM_DECIDES, *WORK_OF_BACKUP, *beside)),
            _how_it_leads_in,
        )


def _how_it_came_in(calls, in_force, mine):
    """What the answer did and which statement allows it, in words; and the line of that, 0 where it is not told."""
    way = next((call for call in calls if call.operation in TELLS and call.error_code is None), None)
    if way is None:
        return "asked KMS", 0
    decision = way.decision
    if way.operation == "ReEncrypt":
        # The call was decided twice, and keeps what was said of the other key.
        moved = {"kms:ReEncryptOnSameKey": "false", "aws:RequestedRegion": way.region, "aws:SecureTransport": "true"}
        caller = Principal(way.principal_arn, BACKUP)
        decision = decide(Request(caller, "kms:ReEncryptFrom", in_force.key, moved), in_force.documents)
    if not decision.allowed or decision.layer != "key-policy" or decision.statement is None:
        return TELLS[way.operation], 0
    found = decision.statement
    number = f"statement {found.index + 1}" + (f' ("{found.sid}")' if found.sid else "")
    return f"{TELLS[way.operation]}, and {number} of key-policy.json allows that", mine.line(found.index)


def _how_it_leads_in(request):
    if request.action == "kms:CreateGrant" and "kms:GranteePrincipal" not in request.context:
        return "A grant for an AWS service has no kms:GranteePrincipal, and it is not for restore."
    return {
        "kms:CreateGrant": "Whoever makes a grant need not hold what it gives: for itself, or for a friend, it is a "
        "Decrypt.",
        "kms:ReEncryptFrom": "Under a key of the intruder's own the secret is the intruder's to decrypt.",
        "kms:Decrypt": "That is the plaintext, without any way round.",
        "kms:PutKeyPolicy": "Whoever writes the key policy gives itself the rest.",
    }.get(request.action, "It is no part of the work of backup.")


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_backup_and_restore_go_on(in_force, calls, sessions):
    """The role backup can describe, re-encrypt on the same key and make grants for restore, which decrypts by them."""
    for_restore = {
        "StringEquals": {"kms:GranteePrincipal": RESTORE},
        "ForAllValues:StringEquals": {"kms:GrantOperations": "Decrypt"},
        "ForAnyValue:StringEquals": {"kms:GrantOperations": "Decrypt"},
        "Null": {"kms:GrantConstraintType": "true", "kms:RetiringPrincipal": "true"},
    }
    must_allow(
        replace(in_force, callers=sessions(BACKUP)),
        Documents(
            policy(
                "the work of backup",
                allow("kms:DescribeKey", by=BACKUP, only=calls),
                allow(MOVES, by=BACKUP, only=both(calls, both(SYMMETRIC, ON_THE_SAME_KEY))),
                allow("kms:CreateGrant", by=BACKUP, only=both(calls, for_restore)),
            )
        ),
        "A fix that stops the nightly backup is taken back the next morning, and the hole with it.",
    )
    must_allow(
        replace(in_force, callers=sessions(RESTORE)),
        Documents(policy("restore decrypts", allow("kms:Decrypt", by=RESTORE, only=both(calls, SYMMETRIC)))),
        "It has the grant that backup makes for it, and only a Deny stops a grant.",
    )


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_records_and_administrators_go_on(in_force, calls, sessions):
    """The role records can do its work, and the rest of the account what IAM policies allow."""
    must_allow(
        replace(in_force, callers=sessions(RECORDS)),
        Documents(policy("the work of records", allow(OF_RECORDS, by=RECORDS, only=both(calls, SYMMETRIC)))),
        "It is what the key is for.",
    )
    # The brief speaks of users, roles and the root user; sessions of GetFederationToken may come along.
    others = {"StringNotEqualsIgnoreCase": {"aws:PrincipalArn": BACKUP}}
    others["StringNotEquals"] = {"aws:PrincipalType": "FederatedUser"}
    # First the grants that people make, by far the most.
    for actions, more in (("kms:CreateGrant", A_GRANTEE), ("kms:*", {})):
        must_allow(
            in_force,
            Documents(policy("IAM decides", allow(actions, by=OWNER, only=both(both(calls, others), more)))),
            "Those who run the key need it as before: let a fix for one role be about that role alone.",
        )


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_nobody_else_gets_more(in_force):
    """Of all others nobody gets more from the key policy than before, and nobody from outside anything."""
    must_allow_no_more(
        # Without the grant: what restore has by it, the key policy need not give.
        replace(in_force, documents=Documents(in_force.documents.key_policy)),
        Documents(policy("as before", IAM_DECIDES, allow(OF_RECORDS, by=RECORDS), ABOUT_BACKUP)),
        "To close a hole for one role opens none for another: what the key policy gives, no IAM policy takes back.",
    )
