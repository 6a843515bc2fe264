"""The checks of guardrails/scp-keep-keys: what the organization's policy denies its members, and what it leaves alone.

Not for how the policies are written: any that mean the same pass. Proved for a member account that no brief names.
"""

from dataclasses import replace
from itertools import product

import pytest

from kms_katas.grading.guardrails import attach
from kms_katas.grading.intents import GIVES_ALL, allow, both, deny, policy
from kms_katas.grading.judge import (
    ON_NO_KEY,
    ORDINARY,
    STEPS,
    Question,
    must_allow,
    must_allow_no_more,
    must_be_decided_as,
)
from kms_katas.grading.on_no_key import contexts
from kms_katas.policy import Documents, Request, prove
from kms_katas.policy.document import as_list, statements
from kms_katas.policy.proof import NOTHING
from kms_katas.policy.proof.automaton import Budget
from kms_katas.policy.proof.space import Space

MANAGEMENT = "999988887777"
ELSEWHERE = "us-west-2"
"""Where the member's key is: the brief names no Region."""
KEY_ID = "1bc2de3f-4a5b-46c7-8d9e-0f1a2b3c4d5e"

WINDOW, UNUSED = "kms:ScheduleKeyDeletionPendingWindowInDays", "kms:TrailingDaysWithoutKeyUsage"
BYPASS = "kms:BypassPolicyLockoutSafetyCheck"
DELETE, DISABLE, ROTATION_OFF = "kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:DisableKeyRotation"
MATERIAL, PUT = "kms:DeleteImportedKeyMaterial", "kms:PutKeyPolicy"

FULL = policy("FullAWSAccess", allow("*"))
SOON, LATELY = {"NumericLessThan": {WINDOW: "30"}}, {"NumericLessThan": {UNUSED: "90"}}
NOT_IN_HASTE = deny(DELETE, by=None, only=SOON)
NOT_IN_USE = deny([DELETE, DISABLE], by=None, only=LATELY)
# Parts of these two, asked first: then the request that is shown says all that it has to say.
UNUSED_IN_HASTE = deny(DELETE, by=None, only={**SOON, "NumericGreaterThanEquals": {UNUSED: "90"}})
IN_USE_SLOWLY = deny(DELETE, by=None, only={**LATELY, "NumericEquals": {WINDOW: "30"}})
IN_USE_DISABLED = deny(DISABLE, by=None, only=LATELY)
MATERIAL_STAYS = deny(MATERIAL, by=None)
ROTATION_STAYS = deny(ROTATION_OFF, by=None)
NO_BYPASS = deny([PUT, "kms:CreateKey"], by=None, only={"Bool": {BYPASS: "true"}})
UNSETTLED = (
    deny(DELETE, by=None, only={"Null": {WINDOW: "true"}}),
    deny([DELETE, DISABLE], by=None, only={"Null": {UNUSED: "true"}}),
    deny(PUT, by=None, only={"Null": {BYPASS: "true"}}),
)
"""AWS does not say whether a request that leaves a parameter out has its condition key: such requests are free."""
DELETION = (UNUSED_IN_HASTE, NOT_IN_HASTE)
USE = (IN_USE_DISABLED, IN_USE_SLOWLY, NOT_IN_USE)
ALWAYS = {"Null": {"aws:ViaAWSService": "false", "aws:RequestedRegion": "false"}}
ALL = (NOT_IN_HASTE, NOT_IN_USE, MATERIAL_STAYS, ROTATION_STAYS, NO_BYPASS)


@pytest.fixture
def organization(lab):
    """The organization, with the account of the prompt as a member."""
    organization = lab.organization(MANAGEMENT)
    organization.add(lab.home)
    return organization


@pytest.fixture
def key(lab):
    """The archive's key, in the management account."""
    return lab.account(MANAGEMENT).create_key(key_id=KEY_ID)


@pytest.fixture
def steward(lab):
    """Somebody of the management account whose IAM policy gives all of KMS."""
    return lab.account(MANAGEMENT).user("steward", policies={"all": GIVES_ALL.document})


@pytest.fixture
def learner(lab):
    """Whom the service control policy is about: an administrator of a member account."""
    return lab.home.user("janitor", policies={"all": GIVES_ALL.document})


@pytest.fixture
def member(answer, lab, organization, key, steward, fresh):
    """`member()`: the question about a key of a member account, under the learner's service control policy."""

    def asked():
        mine = answer.policy("scp.json")
        account = lab.account(str(fresh.integer(10**11, 9 * 10**11)))
        organization.add(account)
        account.user("anybody", policies={"all": GIVES_ALL.document})
        attach(mine, organization)
        open_to_iam = policy("a key policy that leaves it to IAM policies", allow("kms:*", by=account.id))
        theirs = account.create_key(open_to_iam.document, ELSEWHERE)
        return Question(answer, theirs, under(open_to_iam, mine.named), (mine,))

    return asked


@pytest.fixture
def archive(key_policy_on, key):
    """`archive()`: the question about the archive's key, whose policy is in force then."""
    return lambda: key_policy_on(key)


def under(key_policy, scp):
    """The documents that have a say in a member account, beside any identity policy."""
    return Documents(key_policy, scps=((FULL, scp),), management_account=MANAGEMENT)


def deny_members(asked, *forbidden):
    """Refuse the answer where anybody in a member account can do what one of the statements denies."""
    lesson = _ALLOWS_LIMIT_NOTHING if limits_by_allow(asked.files[0].document) else lesson_of
    if not proved(asked, forbidden[-1:], members_are_denied(asked)):
        for statement in in_each_way(*forbidden):
            must_allow_no_more(about(asked, statement), members_are_denied(asked)(statement), lesson)


def members_are_denied(asked):
    """What members may do at most: all but what some statements deny."""
    return lambda *forbidden: under(asked.documents.key_policy, policy("what the brief forbids", *forbidden))


def proved(asked, widest, but):
    """Whether nobody can do what the widest statements forbid, always: then the parts of them need no proof.

    Where somebody can, the parts are asked one by one, so that the request that is shown is about one rule.
    """
    wanted = but(*(statement | {"Condition": both(statement.get("Condition", {}), ALWAYS)} for statement in widest))
    actions = {action for statement in widest for action in about(asked, statement).permissions}
    proof = prove("at most", asked.documents, wanted, key_arn=asked.key, permissions=sorted(actions), steps=STEPS)
    if proof.verdict == "proved":
        asked.answer.proofs.append(proof)
    return proof.verdict == "proved"


def about(asked, forbidden):
    """The question about the operations of a statement: about no other does it say anything."""
    return replace(asked, permissions=tuple(one for one in as_list(forbidden["Action"]) if one != "kms:CreateKey"))


def in_each_way(*forbidden):
    """The statements about calls that somebody makes directly; then the last, the widest, about each call there is.

    Whether a service makes it is in each call, and so is a Region.
    """
    direct = {"Bool": {"aws:ViaAWSService": "false"}, "Null": {"aws:RequestedRegion": "false"}}
    for statement, way in (*product(forbidden, (direct,)), (forbidden[-1], ALWAYS)):
        yield statement | {"Condition": both(statement.get("Condition", {}), way)}


def limits_by_allow(document):
    """Whether the policy tries to say by an Allow what may be done. For a sentence, not for a verdict."""
    allows = [one for one in statements(document) if one["Effect"] == "Allow"]
    return any(one.get("Action") not in ("*", ["*"]) for one in allows)


def lesson_of(request):
    """What is to be learnt where a request goes through that must not."""
    if request.action == DELETE and UNUSED in request.context and WINDOW in request.context:
        return _HASTE if int(request.context[UNUSED]) >= 90 else _STILL_USED
    if request.action == DELETE:
        return _HASTE if WINDOW in request.context else _STILL_USED
    return _LESSONS[request.action]


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_no_hasty_deletion(member):
    """In a member account nobody can schedule a deletion with a waiting period of less than 30 days."""
    deny_members(member(), *DELETION)


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_no_deletion_of_a_key_in_use(member):
    """In a member account nobody can schedule the deletion of a key used in the last 90 days, or disable one."""
    deny_members(member(), *USE)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_imported_material_stays(member):
    """In a member account nobody can delete imported key material."""
    deny_members(member(), MATERIAL_STAYS)


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_rotation_stays_on(member):
    """In a member account nobody can turn automatic rotation off."""
    deny_members(member(), ROTATION_STAYS)


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_no_lockout_bypass(member):
    """In a member account nobody can set a key policy, or make a key, without KMS's check for a lockout."""
    asked = member()
    deny_members(asked, NO_BYPASS)
    for request in creations(asked, "true"):
        must_be_decided_as(without_a_key(asked), request, policies(NO_BYPASS), _MADE_LOCKED)


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_the_rest_goes_on(member):
    """In a member account whoever could do anything else with KMS before can do it still."""
    asked = member()
    must_allow(
        asked,
        under(asked.documents.key_policy, policy("what the brief leaves alone", *ALL, *UNSETTLED)),
        lambda request: _WANTED.get(request.action, _TOO_MUCH),
    )
    others = [
        Request(somebody, action, "*", context)
        for somebody, action in product(callers(asked), ON_NO_KEY)
        if action != "kms:CreateKey"
        for context in contexts([asked.files[0].named], somebody, action, ORDINARY)
    ]
    for request in (*creations(asked, "false"), *others):
        must_be_decided_as(without_a_key(asked), request, policies(NO_BYPASS), _TOO_MUCH)


@pytest.mark.task(3)
@pytest.mark.points(4)
def test_archive_key_is_kept(archive):
    """For the archive's key, in the management account, the same holds: for its administrators and its root user."""
    asked = archive()
    denies = any(one["Effect"] == "Deny" for one in statements(asked.files[0].document))
    if proved(asked, (NOT_IN_HASTE, NOT_IN_USE, ROTATION_STAYS, NO_BYPASS), everybody_is_denied):
        return
    for forbidden in (DELETION, USE, (ROTATION_STAYS,), (NO_BYPASS,)):
        for never in in_each_way(*forbidden):
            must_allow_no_more(about(asked, never), everybody_is_denied(never), lesson_of if denies else _NOT_REACHED)


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_archive_key_stays_of_use(archive):
    """In the management account IAM policies decide on the rest, as before, and no other account gets anything."""
    before = allow("kms:*", by=MANAGEMENT)
    asked = archive()
    for_everybody = [statement | {"Principal": "*"} for statement in (*ALL, *UNSETTLED)]
    must_allow(
        asked,
        Documents(policy("as before", before, *for_everybody)),
        "A Deny in a key policy binds everybody, the root user too: it may take no more than the brief takes.",
    )
    must_allow_no_more(
        asked,
        Documents(policy("as before", before)),
        lambda request: _LET_IN if request.principal.account == MANAGEMENT else _FROM_OUTSIDE,
    )


def everybody_is_denied(*forbidden):
    """What anybody may do at most with the archive's key: all but what some statements deny."""
    stays = [statement | {"Principal": "*"} for statement in forbidden]
    return Documents(policy("what the brief forbids", allow("kms:*", by="*"), *stays))


def policies(statement):
    """FullAWSAccess and one statement more, for somebody whom IAM gives all of KMS."""
    return Documents(None, (GIVES_ALL,), scps=((FULL, policy("what the brief says", statement)),))


def without_a_key(asked):
    """The question about operations on no key, by somebody whom IAM gives all of KMS."""
    documents = Documents(None, (GIVES_ALL,), scps=asked.documents.scps, management_account=MANAGEMENT)
    return Question(asked.answer, "*", documents, asked.files, "given", key_name="the account")


def callers(asked):
    """One of each class of callers of the member account that the policies tell apart, the root user too."""
    everybody = Space((asked.documents, NOTHING), asked.key, Budget(STEPS)).callers()
    return [caller for caller in everybody if caller.account == asked.key.split(":")[4]]


def creations(asked, bypass):
    """CreateKey with or without the check, by everybody; directly, by CloudFormation, and as the learner's Conditions
    speak of it."""
    by_service = {"aws:ViaAWSService": "true", "kms:ViaService": "cloudformation.us-east-1.amazonaws.com"}
    of_the_key = {"kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyUsage": "ENCRYPT_DECRYPT", "kms:KeyOrigin": "AWS_KMS"}
    for caller, way in product(callers(asked), ({}, by_service)):
        usual = {**ORDINARY, **of_the_key, "kms:MultiRegion": "false", BYPASS: bypass, **way}
        for context in contexts([asked.files[0].named], caller, "kms:CreateKey", usual, (BYPASS.lower(),)):
            yield Request(caller, "kms:CreateKey", "*", context)


_ALLOWS_LIMIT_NOTHING = (
    "FullAWSAccess stays beside your policy and lets everything through, so your Allow neither gives nor limits "
    "anything: what is to be stopped needs a Deny."
)
_HASTE = "A quarter's report needs its key once in ninety days: after a week nobody has missed it, and then it is gone."
_STILL_USED = (
    "The waiting period helps only where somebody looks: a key that was used lately will be missed, and after 30 days "
    "its data is lost for good."
)
_LESSONS = {
    DISABLE: "To disable a key in use is an outage at once: nothing under it can be read until somebody enables it.",
    MATERIAL: (
        "Imported material has no waiting period at all: it is gone at once, and only who kept a copy brings it back."
    ),
    ROTATION_OFF: "Nothing breaks when rotation is turned off, so nobody notices before the audit does.",
    PUT: "With the check bypassed one slip in a policy locks everybody out, and only AWS Support can open the key.",
}
_MADE_LOCKED = (
    "A key can be born locked: CreateKey takes a key policy too, and the same parameter that skips the check."
)
_TOO_MUCH = "A guardrail that stops daily work is taken down within the week, and then nothing guards the keys."
_WANTED = {
    DELETE: "Keys that nobody uses are to go, in 30 days, or the organization pays for them for ever.",
    DISABLE: "To disable a key that nobody uses is the careful way to find out whether somebody does.",
    PUT: "Key policies have to change, and with the check in place they may.",
}
_NOT_REACHED = (
    "No service control policy reaches the management account, wherever it hangs: there the key's own policy has to "
    "hold, and its Deny binds the root user too."
)
_LET_IN = "IAM policies decide who gets in: the key policy of today lets nobody in who has none."
_FROM_OUTSIDE = "What the key policy gives beyond its own account, no IAM policy of that account takes back."
