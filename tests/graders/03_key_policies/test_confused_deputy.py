"""The checks of key-policies/confused-deputy: for which trail CloudTrail may use the key, proved, and tried in the lab.

Not for how the policy is written: any that means the same passes.
"""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from kms_katas.grading.expect import reject
from kms_katas.grading.intents import (
    BESIDE_THE_POINT,
    SYMMETRIC,
    allow,
    allow_service,
    asked_by_service,
    both,
    inside,
    outside,
    people_with_a_source,
    policy,
)
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.grading.source import display_path
from kms_katas.policy import Documents, Principal, explain

OWNER, STRANGERS, REGION = "111122223333", "444455556666", "us-east-1"
KEY_ID, ORGANIZATION = "9a4c7e02-1d5b-4f38-8e6a-b3f0d2c5a716", "o-a1b2c3d4e5"
CLOUDTRAIL, IN_THE_CONTEXT = "cloudtrail.amazonaws.com", "kms:EncryptionContext:aws:cloudtrail:arn"
TRAIL = f"arn:aws:cloudtrail:{REGION}:{OWNER}:trail/audit"
DATA_KEYS = "kms:GenerateDataKey*"
OF_A_CALLER = ("aws:PrincipalOrgID", "kms:ViaService")
"""What no request of CloudTrail has, as the brief says: a statement that wants it is idle, and lets nobody in."""
ASIDE = {"Sid": BESIDE_THE_POINT}


@pytest.fixture
def key(lab):
    """The key, by its ARN."""
    return lab.home.create_key(key_id=KEY_ID)


@pytest.fixture
def in_force(key_policy_on, key, organization):
    """The question about the learner's key policy."""
    return key_policy_on(key)


@pytest.fixture
def of_cloudtrail(in_force):
    """The same question, about CloudTrail alone."""
    return replace(in_force, callers=[Principal(CLOUDTRAIL)])


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_cloudtrail_encrypts_for_the_trail(of_cloudtrail, lab):
    """For the trail audit of account 111122223333 CloudTrail can describe the key and make data keys."""
    asks = asked_by_service(lab.region, lab.clock.now(), TRAIL, OWNER)
    asks = both(asks, {"StringEquals": {"aws:SourceOrgID": ORGANIZATION, "aws:ResourceOrgID": ORGANIZATION}})
    with_context = {
        "StringEquals": {IN_THE_CONTEXT: TRAIL},
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "aws:cloudtrail:arn"},
    }
    makes = allow_service("kms:GenerateDataKey", CLOUDTRAIL, both(both(asks, SYMMETRIC), with_context))
    must_allow(
        of_cloudtrail,
        Documents(policy("CloudTrail's part", makes, allow_service("kms:DescribeKey", CLOUDTRAIL, asks))),
        "CloudTrail asks as itself, with its source and nobody's organization, address or permissions. First it asks "
        "for DescribeKey, which has no encryption context, then for GenerateDataKey.",
    )


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_for_no_other_trail(of_cloudtrail):
    """CloudTrail makes data keys for that trail alone, and gets no other operation but to describe the key."""
    # By the source or by the context: the service sets both. Whether trails whose names differ in case alone are
    # two is not documented; and the Region is in one partition alone.
    spelled = {"StringEqualsIgnoreCase": TRAIL, "StringLike": TRAIL.replace("arn:aws:", "arn:*:")}
    the_trail = [{one: {key: arn}} for key in ("aws:SourceArn", IN_THE_CONTEXT) for one, arn in spelled.items()]
    must_allow_no_more(
        of_cloudtrail,
        Documents(
            policy(
                "CloudTrail's part",
                *(allow_service(DATA_KEYS, CLOUDTRAIL, condition) for condition in the_trail),
                allow_service("kms:DescribeKey", CLOUDTRAIL),
                *(allow_service("kms:*", CLOUDTRAIL, {"Null": {name: "false"}}) | ASIDE for name in OF_A_CALLER),
            )
        ),
        _why_it_is_too_much,
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_nobody_else(in_force):
    """No other AWS service and no other account gets anything."""
    lesson = "Name the one service as Principal: a condition on the source says for whom it works, not who it is."
    at_most = [inside(OWNER), allow_service("kms:*", CLOUDTRAIL)]
    for aside in (people_with_a_source(), []):
        must_allow_no_more(in_force, Documents(policy("CloudTrail's part", *at_most, *aside)), lesson)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_owner_keeps_the_key(in_force):
    """In account 111122223333 IAM policies decide on the key as before, also on who reads the logs."""
    lesson = "To let a service in changes nothing for the account: there, whoever has an IAM policy may use the key."
    owners = allow("kms:*", by=OWNER)
    must_allow(in_force, Documents(policy("as before", owners)), lesson)
    must_allow_no_more(in_force, Documents(policy("as before", owners, outside(OWNER))), lesson)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_trails_in_the_lab(answer, lab, in_force, key, fresh):
    """The trail audit gets its key; a second trail of the account and a stranger's trail named audit do not."""
    own, theirs = lab.home, lab.account(STRANGERS)
    refusal = _refusal(answer, own, "audit", _bucket(own, fresh), key)
    if refusal is not None:
        decision = lab.explain(refusal)
        reject(
            f"CloudTrail does not take the key for the trail audit: it asked for {decision.request.action}, and the "
            "key policy does not let it. Its own error names a bucket and a key, and not the permission.",
            expected=f"trail audit of account {OWNER}, under the key",
            next_step="Mend what the first check says.",
            actual=" ".join(explain(decision))[:400],
            file=_shown(in_force),
        )
    other = fresh.text(8)
    for account, name in ((theirs, "audit"), (own, other)):
        if _refusal(answer, account, name, _bucket(account, fresh), key) is None:
            reject(
                f"The trail {name} of account {account.id} now has its logs encrypted under your key. Whoever made it "
                "needed nothing from you: CloudTrail has the right, and asked for that trail.",
                expected=f"CloudTrail refuses the key for {name} of account {account.id}",
                next_step="Add a condition on the source that the one trail meets, and no other.",
                file=_shown(in_force),
            )


def _bucket(account, fresh):
    name = f"logs-{fresh.text(12)}"
    account.admin.client("s3").create_bucket(Bucket=name)
    return name


def _refusal(answer, account, name, bucket, key):
    """What CloudTrail says when the account's administrator makes the trail; None when it makes it."""
    lab = answer.lab
    before, answer.called = len(lab.calls), f"CreateTrail {name} in account {account.id}, with your key"
    try:
        account.admin.client("cloudtrail").create_trail(Name=name, S3BucketName=bucket, KmsKeyId=key)
        answer.returned, refusal = "the trail, with encrypted logs", None
    except ClientError as error:
        answer.returned, refusal = str(error.response["Error"]["Message"]), error
    for call in lab.calls[before:]:
        lab.remark(call, "answer")
    return refusal


def _shown(question):
    return display_path(question.files[0].path)


def _why_it_is_too_much(request):
    if "GenerateDataKey" not in request.action:
        return "To encrypt log files it makes data keys, and needs nothing else."
    context = request.context
    trail = str(context.get("aws:SourceArn") or context.get(IN_THE_CONTEXT) or "")
    if trail.split(":")[4:5] == [OWNER]:
        return "That is not the trail of the brief: another name or another Region is another trail."
    if trail:
        return "That is not the trail of the brief, nor one of its account: a star or a variable is met by anybody's."
    if context.keys() & {"aws:SourceAccount", "aws:SourceOrgID"}:
        return "That is so for every trail that an account or an organization has; the brief names one."
    return (
        "This request names no source and is let in. A condition has to want one, or any trail will do, of anybody who "
        "names this key."
    )
