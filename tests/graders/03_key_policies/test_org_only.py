"""The checks of key-policies/org-only: who of an organization, and which service for it, uses the key.

The guard is judged beside a statement that lets everybody in: whatever it does not refuse, some statement or grant may
allow one day. Not for how the policy is written: any that means the same passes.
"""

from dataclasses import replace
from functools import reduce

import pytest
from botocore.exceptions import ClientError

from kms_katas.grading import expect, reject
from kms_katas.grading.in_force import put_key_policy
from kms_katas.grading.intents import (
    BESIDE_THE_POINT,
    SYMMETRIC,
    USE,
    allow,
    allow_service,
    asked_by_service,
    both,
    called_directly,
    called_through,
    deny,
    inside,
    outside,
    policy,
)
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.grading.source import display_path
from kms_katas.policy import Documents, NamedPolicy, Principal
from kms_katas.policy.document import statements

OWNER, KEY_ID, ORGANIZATION = "111122223333", "5e0b9c3a-48f1-4d27-b6e8-0a7d3f91c254", "o-a1b2c3d4e5"
CLOUDTRAIL = "cloudtrail.amazonaws.com"
TO_USE = (*USE, "kms:DescribeKey")
SERVICE, NO_SERVICE = ({"Bool": {"aws:PrincipalIsAWSService": is_one}} for is_one in ("true", "false"))
LATER = allow("kms:*", by="*") | {"Sid": "the statement that somebody will add one day"}
OF_A_SOURCE = ("aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths")
OF_A_CALLER = ("aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "kms:ViaService", "aws:SourceIp")
DIRECTLY = {"Bool": {"aws:ViaAWSService": "false"}}
BY_A_SERVICE = {"Bool": {"aws:ViaAWSService": "true"}, "Null": {"kms:ViaService": "false"}}


def _everything_but(whose, *such):
    """Everything, but for whoever is of no organization or of another by both signs of it, in such a request.

    IDs of organizations are in small letters. The account of the key is in the organization.
    """
    organization, paths = f"aws:{whose}OrgID", f"aws:{whose}OrgPaths"
    here = {
        "StringEquals": {"aws:ResourceOrgID": ORGANIZATION},
        "StringNotEquals": {f"aws:{whose}Account": OWNER},
    }
    another = {
        "StringNotEqualsIgnoreCase": {organization: ORGANIZATION},
        "StringLike": {organization: "o-*"},
        "ForAllValues:StringNotLike": {paths: f"{ORGANIZATION}/*"},
        "ForAllValues:StringLike": {paths: "o-*/r-*/*"},
        "Null": {organization: "false", paths: "false"},
    }
    none = {"Null": {organization: "true", paths: "true"}}
    denies = (deny("kms:*", only=reduce(both, such, both(here, one))) for one in (none, another))
    return Documents(policy("the guard", allow("kms:*", by="*"), *denies))


NO_SOURCE = {"Null": dict.fromkeys(OF_A_SOURCE, "true")}
NO_CALLER = {
    "Null": {**dict.fromkeys(OF_A_CALLER, "true"), **dict.fromkeys(OF_A_SOURCE[:2], "false")},
    # As each is spelled, so that a Deny may tell by it that there is a source.
    "ArnLike": {"aws:SourceArn": "arn:aws:*:*:*:*"},
    "StringLike": {"aws:SourceAccount": "????????????"},
}


@pytest.fixture
def key(lab):
    """The key, by its ARN."""
    return lab.home.create_key(key_id=KEY_ID)


@pytest.fixture
def member(lab, organization, fresh):
    """Another account of the organization, of which no policy can know."""
    account = lab.account(_an_account(fresh))
    organization.add(account)
    return account


@pytest.fixture
def learner(member, key):
    """A session there of a role that may use S3, CloudTrail and the key, as far as IAM goes."""
    use = policy("work", allow(["s3:*", "cloudtrail:*"]), allow(TO_USE) | {"Resource": key}).document
    return member.role("reports", {"work": use}).session("one")


@pytest.fixture
def in_force(key_policy_on, key, organization):
    """The question about the learner's key policy."""
    return key_policy_on(key)


@pytest.fixture
def with_later(in_force, lab, key):
    """`with_later()`: the same, once somebody has put a statement beside it that lets everybody in."""

    def put():
        mine = in_force.documents.key_policy
        more = NamedPolicy(mine.name, {**mine.document, "Statement": [*statements(mine.document), LATER]})
        put_key_policy(more, lab.home, key)
        return replace(in_force, documents=Documents(more))

    return put


@pytest.fixture
def ours(organization):
    """`ours("Source")`: what tells of a request that its source, its caller or its key is of the organization."""

    def says(whose):
        paths = f"aws:{whose}OrgPaths"
        return {
            "StringEquals": {f"aws:{whose}OrgID": ORGANIZATION},
            "ForAllValues:StringEquals": {paths: f"{ORGANIZATION}/{organization.id}/"},
            "Null": {paths: "false"},
        }

    return says


@pytest.fixture
def members_calls(lab, ours):
    """What each request has that somebody of the organization makes, by themselves or through a service."""
    region, now = lab.region, lab.clock.now()
    from_inside = both(both(ours("Principal"), ours("Resource")), NO_SOURCE)
    # Through S3 one of them goes in the lab.
    ways = called_directly(region, now), called_through("secretsmanager", region, now)
    return [both(way, from_inside) for way in ways]


@pytest.fixture
def services_calls(lab, ours, member):
    """`services_calls(source)`: what each request has that a service makes for a resource of the organization."""

    def of(source):
        for account in (OWNER, member.id):
            asks = asked_by_service(lab.region, lab.clock.now(), source.format(account), account)
            asks = both(both(asks, ours("Source")), ours("Resource"))
            yield both(asks, {"Null": {"aws:PrincipalOrgPaths": "true"}})

    return of


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_members_use_the_key(in_force, member, members_calls, fresh):
    """In every account of the organization IAM policies decide who uses the key, from any network, by any way."""
    role = f"arn:aws:sts::{member.id}:assumed-role/{fresh.text(8)}/{fresh.text(6)}"
    theirs = [
        Principal(role),
        *(Principal(f"arn:aws:iam::{member.id}:{who}") for who in (f"user/{fresh.text(8)}", "root")),
    ]
    must_allow(
        replace(in_force, callers=theirs),
        Documents(policy("the organization's part", *_uses(members_calls))),
        "That account is in the organization, and its requests say so in aws:PrincipalOrgID, whichever way they come.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_members_get_no_more(in_force):
    """What other accounts get is to encrypt, decrypt, re-encrypt, make data keys and describe the key: nothing else."""
    must_allow_no_more(
        in_force,
        Documents(policy("the organization's part", allow(TO_USE, by="*"), inside(OWNER), *_beside_the_point(SERVICE))),
        "The key is shared for use. Grants and administration stay with the account that owns it.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_owner_keeps_the_key(in_force, members_calls):
    """In account 111122223333 IAM policies go on deciding, on everything."""
    lesson = "There, whoever has an IAM policy may use and administer the key, and that account is in the organization."
    owners = (allow("kms:*", by=OWNER, only=one) for one in members_calls)
    must_allow(in_force, Documents(policy("as before", *owners)), lesson)
    at_most = policy("as before", allow("kms:*", by=OWNER), allow(TO_USE, by="*"), outside(OWNER))
    must_allow_no_more(in_force, Documents(at_most), lesson)


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_nobody_outside(with_later):
    """Nobody outside the organization gets anything, whatever statement or grant there is one day."""
    guarded = with_later()
    for way in (DIRECTLY, BY_A_SERVICE):
        must_allow_no_more(guarded, _everything_but("Principal", NO_SERVICE, NO_SOURCE, way), _who_is_outside)


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_services_still_work(in_force, with_later, services_calls):
    """CloudTrail goes on with the trails of the organization, and no other service at work for it is stopped."""
    trails = services_calls("arn:aws:cloudtrail:us-east-1:{}:trail/audit")
    must_allow(
        replace(in_force, callers=[Principal(CLOUDTRAIL)]),
        Documents(policy("CloudTrail's part", *(one for trail in trails for one in _encrypts_logs(trail)))),
        _what_a_service_has,
    )
    others = (both(one, SERVICE) for one in services_calls("arn:aws:sns:us-east-1:{}:news"))
    must_allow(with_later(), Documents(policy("a service's part", *_uses(others))), _what_a_service_has)


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_services_at_work_for_others(in_force, with_later):
    """No service gets anything for a resource outside the organization, and none but CloudTrail anything at all."""
    logs = allow_service(("kms:DescribeKey", "kms:GenerateDataKey*"), CLOUDTRAIL)
    no_such = (
        *(both(SERVICE, {"Null": {name: "false"}}) for name in OF_A_CALLER),
        *(both(SERVICE, {"Null": {name: "true"}}) for name in OF_A_SOURCE[:2]),
    )
    beside = _beside_the_point(NO_SERVICE, *no_such)
    whatever = allow_service("kms:*", CLOUDTRAIL) | {"Sid": BESIDE_THE_POINT}
    must_allow_no_more(
        in_force,
        Documents(policy("the part of other services", whatever, *beside)),
        "Only CloudTrail has anything to do here. A service has nothing of a caller, so an Allow for callers lets it "
        "in where the Condition holds without that, too.",
    )
    must_allow_no_more(
        in_force,
        Documents(policy("CloudTrail's part", logs, *beside)),
        "CloudTrail describes the key and makes data keys, and does nothing else with it.",
    )
    must_allow_no_more(with_later(), _everything_but("Source", SERVICE, NO_CALLER, DIRECTLY), _for_whom)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_in_the_lab(lab, in_force, key, learner, fresh):
    """A member's object and its trail lie under the key; an outsider has a grant and a trail, and gets nowhere."""
    outsider = lab.account(_an_account(fresh))
    file = display_path(in_force.files[0].path)
    works = {
        "A role of another account of the organization could not put an object under the key through S3 and get it "
        "again": lambda: _put_and_get(learner, key, fresh),
        "CloudTrail does not take the key for a trail of another account of the organization": lambda: _trail(
            learner, key, fresh
        ),
    }
    for not_done, work in works.items():
        with lab.via("answer"):
            try:
                work()
            except ClientError as error:
                reject(
                    f"{not_done}. What belongs to the organization has to go on working.",
                    expected="it works as before",
                    next_step="Mend what the checks above say of the organization's accounts and services.",
                    actual=str(error),
                    file=file,
                )
    role = outsider.role(fresh.text(8), {"all": policy("all", allow("kms:*")).document})
    grant = _grant(lab, key, role)
    ours, context = fresh.bytes(32), {"of": fresh.text(8)}
    blob, theirs = lab.home.seal(key, ours, context), role.session("one").client("kms")
    attacks = {
        "got CloudTrail to encrypt the logs of its trail under the key": lambda: _trail(outsider.admin, key, fresh),
        "decrypted with the key, by a grant that somebody made": lambda: theirs.decrypt(
            CiphertextBlob=blob, KeyId=key, EncryptionContext=context, GrantTokens=[grant]
        ),
    }
    for done, attack in attacks.items():
        with lab.via("answer"):
            try:
                attack()
            except ClientError:
                continue
        reject(
            f"Account {outsider.id}, which is in no organization, {done}.",
            expected="an error",
            next_step="Let the Deny cover it: what a statement or a grant allows, a Deny in the key policy takes back.",
            file=file,
        )


def _grant(lab, key, role):
    """The token of a grant for a stranger; none where the administrator could make none, which another check tells."""
    try:
        made = lab.home.admin.client("kms").create_grant(KeyId=key, GranteePrincipal=role.arn, Operations=["Decrypt"])
    except ClientError:
        return "none"
    return made["GrantToken"]


def _put_and_get(caller, key, fresh):
    bucket, name, text, s3 = f"ours-{fresh.text(12)}", fresh.text(8), fresh.bytes(40), caller.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=name, Body=text, ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    read = s3.get_object(Bucket=bucket, Key=name)["Body"].read()
    expect(read == text, "The role read another text.", expected="its own text", next_step="Check again.")


def _trail(caller, key, fresh):
    bucket = f"logs-{fresh.text(12)}"
    caller.client("s3").create_bucket(Bucket=bucket)
    caller.client("cloudtrail").create_trail(Name=fresh.text(8), S3BucketName=bucket, KmsKeyId=key)


def _beside_the_point(*conditions):
    return tuple(allow("kms:*", by="*", only=one) | {"Sid": BESIDE_THE_POINT} for one in conditions)


def _uses(calls):
    """Statements that allow use of the key, to everybody, in each of these calls."""
    for one in calls:
        yield allow(USE, by="*", only=both(one, SYMMETRIC))
        yield allow("kms:DescribeKey", by="*", only=one)


def _encrypts_logs(asks):
    """Statements that allow CloudTrail what it asks for."""
    trail = asks["StringEquals"]["aws:SourceArn"]
    context = {
        "StringEquals": {"kms:EncryptionContext:aws:cloudtrail:arn": trail},
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "aws:cloudtrail:arn"},
    }
    yield allow_service("kms:GenerateDataKey", CLOUDTRAIL, both(both(asks, SYMMETRIC), context))
    yield allow_service("kms:DescribeKey", CLOUDTRAIL, asks)


def _an_account(fresh):
    return str(fresh.integer(100000000000, 999999999999))


def _what_a_service_has(request):
    theirs = (
        "A service that acts as itself is of no account and no organization, so what is meant for callers never fits: "
        "aws:SourceOrgID has the organization of the resource for which it works."
    )
    account = request.context.get("aws:SourceAccount")
    if account not in (None, OWNER):
        return f"Account {account} is in the organization, too. {theirs}"
    return theirs


def _who_is_outside(request):
    organization = request.context.get("aws:PrincipalOrgID", "")
    paths = request.context.get("aws:PrincipalOrgPaths", ())
    if request.action == "kms:CreateGrant":
        return "A grant is a way to the key, too: the guard is for every operation."
    if request.principal.service_linked:
        return (
            "Every account in the world has such roles; those of the organization carry its ID as everybody does there."
        )
    if any(one.startswith(ORGANIZATION) for one in (organization, *paths)):
        return _LONGER_ID
    if organization:
        return "That caller is in another organization."
    if "kms:ViaService" in request.context:
        return "A service that passes on its caller works for whoever asks: look at the caller, not at the way."
    return (
        "That account is in no organization, so its requests have no aws:PrincipalOrgID at all; a Deny has to catch "
        "those, too."
    )


_LONGER_ID = "That is another organization, for IDs have no fixed length: a star right after the ID is met by others."


def _for_whom(request):
    if any(one.startswith(ORGANIZATION) for one in request.context.get("aws:SourceOrgPaths", ())):
        return _LONGER_ID
    if request.context.get("aws:SourceOrgID"):
        return "The service works for a resource of another organization here: somebody there named your key."
    return (
        "The service works for an account that is in no organization, so aws:SourceOrgID is absent. To leave services "
        "out of the Deny on callers is right, and then they need one of their own."
    )
