"""The checks of guardrails/rcp-perimeter: what a resource control policy leaves of keys that are open to everybody.

Not for how the policy is written: any that means the same passes.
"""

import pytest
from botocore.exceptions import ClientError

from kms_katas.grading.every_key import on_every_key
from kms_katas.grading.expect import reject
from kms_katas.grading.guardrails import attach
from kms_katas.grading.intents import GIVES_ALL, allow, both, deny, policy
from kms_katas.grading.judge import Question, must_allow, must_allow_no_more
from kms_katas.grading.source import display_path
from kms_katas.policy import Documents, explain
from kms_katas.policy.kms_table import condition_key

OWNER, ANALYTICS, MANAGEMENT = "111122223333", "444455556666", "999988887777"
CONSULTANTS, OTHER_COMPANY, ITS_MANAGEMENT = "777788889999", "222233334444", "888877776666"
KEY_ID, ORGANIZATION = "5b7e2c14-90ad-4e36-8f1b-c2d7a6e80f93", "o-a1b2c3d4e5"

OPEN = policy("a key policy open to everybody", allow("kms:*", by="*"), allow("kms:*", by=CONSULTANTS))
"""For everybody whatever; the account is named so that examples are of it."""

SOURCE = ("aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths")
OF_A_SERVICE = (*SOURCE, "aws:PrincipalServiceNamesList")
OF_A_CALLER = ("aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce")


def of_the_organization(whose):
    """What a request has where an account is of the organization: "Principal", "Resource" or "Source"."""
    paths = {f"aws:{whose}OrgPaths": f"{ORGANIZATION}/r-*/*"}
    return {
        "StringEquals": {f"aws:{whose}OrgID": ORGANIZATION},
        "ForAllValues:StringLike": paths,
        "ForAnyValue:StringLike": paths,
    }


def of_no_member(whose):
    """What it has where the account is of no organization; then, of another one. No ID has capitals."""
    no_member = {"StringNotEquals": {f"aws:{whose}Account": [OWNER, ANALYTICS, MANAGEMENT]}}
    organization, paths = f"aws:{whose}OrgID", f"aws:{whose}OrgPaths"
    another = {
        "StringNotEqualsIgnoreCase": {organization: ORGANIZATION},
        "StringLike": {organization: "o-*"},
        "ForAllValues:StringNotLike": {paths: f"{ORGANIZATION}/*"},
        "ForAllValues:StringLike": {paths: "o-*/r-*/*"},
        "Null": {organization: "false", paths: "false"},
    }
    return both(no_member, {"Null": {organization: "true", paths: "true"}}), both(no_member, another)


def by_a_service(is_one, *absent):
    """Whether the caller is a service that acts as itself; `absent` is what such a request never has."""
    return {"Bool": {"aws:PrincipalIsAWSService": is_one}, "Null": dict.fromkeys(absent, "true")}


HERE = both(of_the_organization("Resource"), {"Null": {"kms:KeySpec": "false", "aws:CurrentTime": "false"}})
"""So it is with each request for a key in question."""
DIRECTLY = {"Bool": {"aws:ViaAWSService": "false"}, "Null": {"kms:ViaService": "true"}}
THROUGH_A_SERVICE = {"Bool": {"aws:ViaAWSService": "true"}, "Null": {"kms:ViaService": "false"}}

SOMEBODY = both(by_a_service("false", *OF_A_SERVICE), HERE)
NOT_OF_THEM = {"StringNotEquals": {"aws:PrincipalAccount": [CONSULTANTS, OTHER_COMPANY]}}
A_MEMBER = both(both(of_the_organization("Principal"), SOMEBODY), NOT_OF_THEM)
AN_OUTSIDER = [both(one, SOMEBODY) for one in of_no_member("Principal")]

A_SERVICE = both(both(by_a_service("true", *OF_A_CALLER), HERE), DIRECTLY)
A_SERVICE = both(A_SERVICE, {"Null": {"aws:PrincipalServiceNamesList": "false"}})
FOR_A_MEMBER = both(
    both(of_the_organization("Source"), {"Null": {"aws:SourceArn": "false", "aws:SourceAccount": "false"}}),
    {"StringNotEquals": {"aws:SourceAccount": [CONSULTANTS, OTHER_COMPANY]}},
)
# As each is spelled, so that a Deny may tell by it that there is a source.
A_SOURCE = {
    "Null": {"aws:SourceArn": "false", "aws:SourceAccount": "false"},
    "ArnLike": {"aws:SourceArn": "arn:aws:*:*:*:*"},
    "StringLike": {"aws:SourceAccount": "????????????"},
}
THE_CONSULTANTS = {
    "StringEquals": {
        "aws:SourceAccount": CONSULTANTS,
        "aws:SourceArn": f"arn:aws:cloudtrail:us-east-1:{CONSULTANTS}:trail/audit",
    }
}
FOR_AN_OUTSIDER = [both(both(one, A_SOURCE), A_SERVICE) for one in of_no_member("Source")]
FOR_THE_CONSULTANTS = [both(one, THE_CONSULTANTS) for one in FOR_AN_OUTSIDER]
FOR_NOTHING = {"Null": dict.fromkeys(SOURCE, "true")}


@pytest.fixture
def organization(organization, lab):
    """The organization, with a second account of it."""
    organization.add(lab.account(ANALYTICS))
    return organization


@pytest.fixture
def key(lab, organization):
    """A key that is open to everybody, by its ARN."""
    return lab.home.create_key(OPEN.document, key_id=KEY_ID)


@pytest.fixture
def analyst(lab, organization):
    """A role of another member account that may use every key."""
    return lab.account(ANALYTICS).role("analyst", policies={"keys": _KMS_AND_S3})


@pytest.fixture
def consultant(lab, organization):
    """A user of an account outside who may use every key, as far as IAM goes."""
    return lab.account(CONSULTANTS).user("consultant", policies={"keys": GIVES_ALL.document})


@pytest.fixture
def in_force(answer, organization, analyst, consultant):
    """The learner's policy, on the root of the organization, with people on both sides of it."""
    mine = answer.policy("rcp.json")
    attach(mine, organization)
    return mine


@pytest.fixture
def each_key(answer, in_force, key):
    """The question about a key of each kind that the policy can tell apart, in two accounts of the organization."""
    under_it = Documents(OPEN, rcps=((in_force.named,),))
    asked = Question(answer, key, under_it, (in_force,))
    other = key.replace(OWNER, ANALYTICS)
    return [*on_every_key(asked, _name_of), Question(answer, other, under_it, (in_force,), key_name=_name_of(other))]


@pytest.mark.task(1)
@pytest.mark.points(4)
def test_nobody_outside(each_key):
    """No user, role or root user of an account outside gets anything on any key, directly or through a service."""
    ways = (DIRECTLY, THROUGH_A_SERVICE)
    _must_be_refused(each_key, [both(one, way) for way in ways for one in AN_OUTSIDER], _why_outside)


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_members_lose_nothing(each_key):
    """Whoever is in an account of the organization can do what key policies and IAM policies let them, as before."""
    _must_go_on(each_key, [both(A_MEMBER, way) for way in (DIRECTLY, THROUGH_A_SERVICE)], _why_member)


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_services_still_work(each_key):
    """Services that act as themselves work with the keys as before, for resources of the organization or for none."""
    _must_go_on(each_key, [both(A_SERVICE, source) for source in (FOR_A_MEMBER, FOR_NOTHING)], _why_service)


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_no_service_for_outsiders(each_key):
    """No service that acts as itself works with any key for a resource of an account outside."""
    _must_be_refused(each_key, [*FOR_THE_CONSULTANTS, *FOR_AN_OUTSIDER], _WHY_DEPUTY)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_people_in_the_lab(answer, lab, in_force, key, analyst, consultant, fresh):
    """In the lab a role of a member account decrypts with the key, by itself and through S3; two outsiders do not."""
    bucket = f"data-{fresh.text(12)}"
    lab.account(ANALYTICS).admin.client("s3").create_bucket(Bucket=bucket)
    sealed = lab.home.seal(key, b"a secret")
    other = lab.organization(ITS_MANAGEMENT)
    other.add(lab.account(OTHER_COMPANY))
    of_another = (
        lab.account(OTHER_COMPANY).role("partner", policies={"keys": GIVES_ALL.document}).session(fresh.text(8))
    )
    member = analyst.session(fresh.text(8))

    def through_s3():
        member.client("s3").put_object(
            Bucket=bucket, Key="a", Body=b"a", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
        )

    for what, act in (
        ("Decrypt by a session of role/analyst", lambda: member.client("kms").decrypt(CiphertextBlob=sealed)),
        ("PutObject under the key, by a session of role/analyst", through_s3),
    ):
        refusal = _refusal(answer, f"{what} in member account {ANALYTICS}", act)
        if refusal is not None:
            reject(
                f"{what} in account {ANALYTICS} is refused, and that account is of the organization. "
                + _told(lab, refusal),
                expected="whoever is in the organization loses nothing",
                next_step="Mend what the checks above say.",
                file=display_path(in_force.path),
            )
    for who in (consultant, of_another):
        what = f"Decrypt by {who.arn}"
        if _refusal(answer, what, lambda who=who: who.client("kms").decrypt(CiphertextBlob=sealed)) is None:
            reject(
                f"{who.arn} has just decrypted with a key of the organization, and is of an account outside. The key "
                "policy lets it in, and nothing above the key policy stopped it.",
                expected=f"denied: {what}",
                next_step="Mend what the check above says.",
                file=display_path(in_force.path),
            )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_trails_in_the_lab(answer, lab, in_force, key, fresh):
    """In the lab trails of two member accounts have logs under the key; a trail of an account outside not."""
    for number, inside in ((OWNER, True), (ANALYTICS, True), (CONSULTANTS, False)):
        account, bucket = lab.account(number), f"logs-{fresh.text(12)}"
        account.admin.client("s3").create_bucket(Bucket=bucket)

        def make(account=account, bucket=bucket):
            account.admin.client("cloudtrail").create_trail(Name="audit", S3BucketName=bucket, KmsKeyId=key)

        refusal = _refusal(answer, f"CreateTrail in account {number}, with the key", make)
        if inside and refusal is not None:
            reject(
                f"CloudTrail cannot encrypt the logs of account {number} any more, which is of the organization. "
                + _told(lab, refusal),
                expected=f"a trail of account {number}, under the key",
                next_step="Mend what the checks above say.",
                file=display_path(in_force.path),
            )
        if not inside and refusal is None:
            reject(
                f"A trail of account {number}, which is of no organization, now has its logs under your key. Its owner "
                "asked CloudTrail, and CloudTrail is no outsider.",
                expected=f"CloudTrail refuses the key for a trail of account {number}",
                next_step="Deny services by the organization of what they work for, aws:SourceOrgID.",
                file=display_path(in_force.path),
            )


_KMS_AND_S3 = policy("what the analysts have", allow(("kms:*", "s3:*"))).document


def _must_be_refused(each_key, calls, lesson):
    """Everything may be as the key policy has it, but nothing in any of these calls."""
    perimeter = policy("the perimeter", *(deny("kms:*", only=one) for one in calls))
    for asked in each_key:
        must_allow_no_more(asked, Documents(OPEN, rcps=((perimeter,),)), lesson)


def _must_go_on(each_key, calls, lesson):
    """All these calls have to be allowed, as the key policy allows them."""
    as_before = Documents(policy("as before", *(allow("kms:*", by="*", only=one) for one in calls)))
    for asked in each_key:
        must_allow(asked, as_before, lesson)


def _why_outside(request):
    context = request.context
    if request.resource.split(":")[3:] != ["us-east-1", OWNER, f"key/{KEY_ID}"]:
        return "The policy hangs over the whole organization: each account and each Region of it has keys."
    if context.get("aws:ViaAWSService") == "true" or "kms:ViaService" in context:
        return (
            "A service that passes on its caller's permissions makes the caller no member: the call is still that of "
            "an account outside."
        )
    unknown = next((key for key in context if key.startswith("aws:") and condition_key(key) is None), None)
    if unknown is not None:
        return f"AWS has no condition key {unknown}, so no request has it: look at its spelling."
    if context.keys() & {"aws:PrincipalOrgID", "aws:PrincipalOrgPaths"}:
        return "That account is in an organization, and not in this one."
    return (
        "Nothing but this policy stands above a key policy that lets outsiders in, and their IAM policies are theirs."
    )


def _why_member(request):
    if request.context.get("aws:ViaAWSService") == "true" or "kms:ViaService" in request.context:
        return "That is a member at work through a service: whose call it is has not changed."
    return "That is a member of the organization: networks and accounts come and go, and the organization's ID stays."


def _why_service(request):
    if "aws:SourceArn" in request.context:
        return (
            "A service that acts as itself is of no organization, whosever work it does; for whom it works "
            "aws:SourceOrgID says, and here that is this organization."
        )
    return (
        "That request names nothing that the service works for, as with some that work by a grant: where there is no "
        "source, none can be asked for."
    )


_WHY_DEPUTY = (
    "It works for whoever set it to work, here an account outside: what tells you is the source, not the caller. To "
    "leave services out of the Deny on callers is right, and then they need one of their own."
)


def _name_of(arn):
    _, _, _, region, owner, name = arn.split(":", 5)
    kind = "a multi-Region key" if name.startswith("key/mrk-") else "a key"
    return f"{kind} of member account {owner}" + ("" if region == "us-east-1" else f" in {region}")


def _refusal(answer, what, act):
    """What AWS says to it; None when it does it."""
    lab = answer.lab
    before, answer.called = len(lab.calls), what
    try:
        act()
        answer.returned, refusal = "done", None
    except ClientError as error:
        answer.returned, refusal = str(error.response["Error"]["Message"]), error
    for call in lab.calls[before:]:
        lab.remark(call, "answer")
    return refusal


def _told(lab, refusal):
    return " ".join(explain(lab.explain(refusal)))[:400]
