"""The checks of key-policies/why-denied: the reason of each denial, asked of the policies; and a fix, proved and run.

What is right stands in no file: denial_rows.py decides each row that the learner's table holds.
"""

import pytest
from botocore.exceptions import ClientError

from kms_katas.grading import expect, reject
from kms_katas.grading.denial_rows import denied, misread, solved, wrong
from kms_katas.grading.in_force import give, put_key_policy
from kms_katas.grading.intents import SYMMETRIC, allow, both, called_through, policy
from kms_katas.grading.judge import Question, must_allow, must_allow_no_more, must_allow_nothing_elsewhere
from kms_katas.grading.judge_table import rows_must_be_right
from kms_katas.grading.source import display_path
from kms_katas.policy import Documents, Request
from kms_katas.policy import decide_on_resource as decide_s3
from kms_katas.policy.document import as_list, statements

OWNER = "111122223333"
KEY_ID = "ffff6666-0000-4000-8000-000000000006"
ROLE = f"arn:aws:iam::{OWNER}:role/report"
BUCKET = "arn:aws:s3:::reports"
AS_KMS_WRITES_IT = policy("the key policy", allow("kms:*", by=f"arn:aws:iam::{OWNER}:root"))
NOT_IN_THE_TICKET = (
    *((f"s3:{name}", f"{BUCKET}/a.csv") for name in ("PutObject", "DeleteObject", "GetObjectAcl", "GetObjectVersion")),
    ("s3:ListBucket", BUCKET),
    ("s3:PutBucketPolicy", BUCKET),
    ("iam:PutRolePolicy", ROLE),
    ("sts:AssumeRole", f"arn:aws:iam::{OWNER}:role/admin"),
    ("ec2:RunInstances", "*"),
)


@pytest.fixture
def key(lab):
    """The key of all tickets, by its ARN."""
    return lab.home.create_key(key_id=KEY_ID)


@pytest.fixture
def role(lab):
    """The role of the seventh ticket."""
    return lab.home.role("report")


@pytest.fixture
def learner(role):
    """Whom the policy is about."""
    return role.session("daily")


@pytest.fixture
def fixed(answer, lab, role, key, sessions):
    """`fixed()`: the question about the role's IAM policy, which is in force then."""

    def asked():
        mine = answer.policy("iam-policy.json")
        give(mine, role)
        put_key_policy(AS_KMS_WRITES_IT, lab.home, key)
        documents = Documents(AS_KMS_WRITES_IT, (mine.named,))
        return Question(answer, key, documents, (mine,), identity="given", callers=sessions(ROLE))

    return asked


@pytest.mark.task(1)
@pytest.mark.points(6)
def test_every_denial_has_its_reason(answer, key, role):
    """Each denial has its reason: which kind of policy, a Deny or no Allow, and the document to change."""
    table = answer.table("table.toml")
    rows_must_be_right(
        answer,
        table,
        misread=misread,
        wrong=lambda row, said: wrong(denied(table.pool, row), said),
        solved=lambda row: solved(denied(table.pool, row)),
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_the_role_reads_every_object(lab, key, learner, fixed, fresh):
    """With the policy the role reads objects of the bucket, with and without a Bucket Key."""
    asked = fixed()
    lesson = "S3 opens an object under SSE-KMS by asking KMS for kms:Decrypt in the reader's name."
    for arn in (f"{BUCKET}/*", BUCKET):
        must_allow(asked, Documents(AS_KMS_WRITES_IT, (policy("reads", _through_s3(lab, arn)),)), lesson)
    s3 = lab.home.admin.client("s3")
    s3.create_bucket(Bucket="reports")
    reader = learner.client("s3")
    for with_bucket_key in (False, True):
        name, content = fresh.text(8), fresh.bytes(40)
        s3.put_object(
            Bucket="reports",
            Key=name,
            Body=content,
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=key,
            BucketKeyEnabled=with_bucket_key,
        )
        try:
            with lab.via("answer"):
                got = reader.get_object(Bucket="reports", Key=name)["Body"].read()
        except ClientError as error:
            reject(
                f"The role cannot read an object {'with' if with_bucket_key else 'without'} a Bucket Key: {error}",
                expected="GetObject brings the object",
                next_step="The error says which permission is missing: s3:GetObject or kms:Decrypt. Give that one.",
                file=display_path(asked.files[0].path),
            )
        expect(got == content, "The role read another object.", expected="the object", next_step="Check again.")


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_the_role_gets_nothing_else(fixed, fresh):
    """The policy gives the role nothing else: no other operation, no other key, no other bucket."""
    asked = fixed()
    lesson = "The ticket was about one read; what is given beyond it stays for whoever gets hold of the role."
    must_allow_no_more(asked, Documents(AS_KMS_WRITES_IT, (policy("decrypts", allow("kms:Decrypt")),)), lesson)
    must_allow_nothing_elsewhere(asked, lesson)
    elsewhere = ("s3:GetObject", f"arn:aws:s3:::payroll-{fresh.text(6)}/a.csv")
    for action, resource in (elsewhere, *NOT_IN_THE_TICKET, *_in_its_own_words(asked.files[0])):
        request = Request(asked.callers[0], action, resource, {"aws:SecureTransport": "true"}, owner=OWNER)
        expect(
            not decide_s3(request, None, asked.documents).allowed,
            f"With this policy the role can call {action} on {resource}. {lesson}",
            expected="beside kms:Decrypt, s3:GetObject on the objects of the bucket reports and nothing more",
            next_step="Leave the statement about S3 as it was, and give no other permission: none of them is missing.",
        )


def _through_s3(lab, arn):
    """kms:Decrypt as S3 asks for it when it reads an object, or under the Bucket Key of a bucket."""
    context = {
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": arn},
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["aws:s3:arn"]},
    }
    calls = both(called_through("s3", lab.region, lab.clock.now()), SYMMETRIC)
    return allow("kms:Decrypt", only=both(calls, context))


def _in_its_own_words(mine):
    """What a policy itself speaks of beside KMS and the bucket's objects, with something put for its wildcards."""
    for statement in statements(mine.document):
        for action in as_list(statement.get("Action", [])):
            for resource in as_list(statement.get("Resource", [])):
                what = action.replace("*", "").replace("?", "x")
                where = resource if resource == "*" else resource.replace("*", "-2/a").replace("?", "2")
                service = what.casefold().partition(":")[0]
                of_the_ticket = what.casefold() == "s3:getobject" and where.startswith(f"{BUCKET}/")
                if not of_the_ticket and service != "kms" and (where == "*" or where.startswith(f"arn:aws:{service}:")):
                    yield what, where
