"""The checks of key-policies/abac: which keys an IAM policy opens by their tags and aliases, proved.

Not for how the policy is written: any that means the same passes.
"""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from kms_katas.grading import expect, reject
from kms_katas.grading.in_force import give
from kms_katas.grading.intents import BESIDE_THE_POINT, SYMMETRIC, USE, allow, both, policy
from kms_katas.grading.judge import (
    Question,
    elsewhere,
    must_allow,
    must_allow_no_more,
    must_allow_nothing_on_no_key,
)
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import display_path
from kms_katas.policy import Documents
from kms_katas.policy.conditions import compares_one_value
from kms_katas.policy.document import base_operator
from kms_katas.policy.proof import NOTHING

OWNER = "111122223333"
ROLE = f"arn:aws:iam::{OWNER}:role/orders"
TAGGED = {"StringEquals": {"aws:ResourceTag/team": "orders"}}
ALIASES, ARCHIVE = "kms:ResourceAliases", "alias/orders-archive/"
SOME = {"ForAnyValue:StringLike": {ALIASES: f"{ARCHIVE}*"}}
ARCHIVED = both(SOME, {"ForAllValues:StringLike": {ALIASES: f"{ARCHIVE}*"}})

OPERATIONS = [name for name in USE if "KeyPair" not in name]
READS = ["kms:Decrypt", "kms:DescribeKey"]
LABELS = ["kms:TagResource", "kms:UntagResource", "kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"]
BY_TAG = allow([*USE, "kms:DescribeKey"], only=TAGGED)
MAY = policy("by tag and by alias", BY_TAG, allow(READS, only=ARCHIVED))
DEFAULT = policy("the default key policy", allow("kms:*", by=OWNER))


@pytest.fixture
def key(lab):
    """A key of the account, by its ARN: it has no tag and no alias yet."""
    return lab.home.create_key()


@pytest.fixture
def role(lab):
    """The role of the team's programs."""
    return lab.home.role("orders")


@pytest.fixture
def learner(role, fresh):
    """Whom the policy is about."""
    return role.session(fresh.text(8))


@pytest.fixture
def asked(answer, key, role, sessions):
    """The learner's IAM policy, which the role has then; of two of its sessions, on a key that leaves it to IAM."""
    mine = answer.policy("iam-policy.json")
    give(mine, role)
    _says_how_many(mine)
    documents = Documents(DEFAULT, (mine.named,))
    name, whose = "a key of the account", "arn:aws:kms:us-east-1:111122223333:key/*"
    return Question(answer, key, documents, (mine,), "given", sessions(ROLE), key_name=name, resource=whose)


@pytest.fixture
def everywhere(asked):
    """The same about one key of each class that the policy tells apart by its ARN, keys of others among them."""
    return [asked, *elsewhere(asked, [f"arn:aws:kms:*:{OWNER}:key/*"])]


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_role_uses_the_keys_of_its_team(everywhere, calls):
    """The role uses every key of the account in us-east-1 that is tagged team=orders, whatever its ID and aliases."""
    ciphers = allow(OPERATIONS, only=both(both(calls, SYMMETRIC), TAGGED))
    wanted = policy("by tag", ciphers, allow("kms:DescribeKey", only=both(calls, TAGGED)))
    by_tag = "aws:resourcetag/team" in everywhere[0].files[0].text.lower()
    lesson = _WHICH_KEYS if by_tag else _WHERE_TAGS_ARE
    # First what the archive's statement is not about, so that the sentence is about the statement with the tag.
    for permissions in ([name for name in OPERATIONS if name not in READS], READS):
        _must_allow(everywhere, wanted, permissions, lesson)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_role_uses_no_other_key(everywhere):
    """By the tag the role uses no key that has none, or another value in it: not Orders, not orders-test."""
    # Of what the archive's keys are good for the second task asks.
    archive = allow([*USE, "kms:DescribeKey"], only=SOME) | {"Sid": BESIDE_THE_POINT}
    _must_allow_no_more(everywhere, policy("by tag", BY_TAG, archive), _another_tag, set(USE) - {"kms:Decrypt"})


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_role_reads_the_archive(everywhere, calls):
    """The role decrypts with and describes every key that has archive aliases alone, by whatever name it calls it."""
    ciphers = allow("kms:Decrypt", only=both(both(calls, SYMMETRIC), ARCHIVED))
    wanted = policy("the archive", ciphers, allow("kms:DescribeKey", only=both(calls, ARCHIVED)))
    text = everywhere[0].files[0].text.lower()
    lesson = _HOW_ALIASES_READ if "kms:resourcealiases" in text and "kms:requestalias" not in text else _WHAT_KEYS_HAVE
    _must_allow(everywhere, wanted, ["kms:Decrypt"], lesson)
    step = "Let kms:DescribeKey be allowed beside kms:Decrypt, under the same condition on the aliases."
    looks = [replace(one, advice=lambda _request, _allowed: step) for one in everywhere]
    _must_allow(looks, wanted, ["kms:DescribeKey"], "Programs look at a key before they use it, also at an old one.")


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_archive_ends_where_another_alias_begins(everywhere):
    """The role reads no key that has no alias, or that has one beside those of the archive; and it only reads."""
    _must_allow_no_more(everywhere, MAY, _another_alias, {*USE, "kms:DescribeKey"})


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_role_changes_no_tag_and_no_alias(everywhere):
    """The role changes no tag and no alias, of no key: not of those that it may use either."""
    _must_allow_no_more(everywhere, policy("no labels"), _a_label, LABELS)


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_policy_gives_nothing_else(asked, everywhere):
    """The policy gives nothing else: no other operation of KMS, and no key of another account, however it is tagged."""
    lesson = "What an IAM policy gives beyond its task is there for whoever gets into the role."
    _must_allow_no_more(everywhere, MAY, lambda request: _a_label(request) if request.action in LABELS else lesson)
    must_allow_nothing_on_no_key(asked, lesson)
    for other in _of_others(everywhere):
        must_allow_no_more(
            other,
            NOTHING,
            "In another account others set the tags and aliases, so there they say nothing about whose key it is.",
        )


@pytest.mark.task(3)
@pytest.mark.points(1)
def test_access_follows_the_labels(asked, role, lab, key, fresh):
    """In the lab access follows what the platform team tags and names, with no change of any policy."""
    team, platform, secret = role.session(fresh.text(8)).client("kms"), lab.home.admin.client("kms"), fresh.bytes(24)
    archive, name = lab.home.create_key(), f"{ARCHIVE}{fresh.text(6)}"
    old = lab.home.seal(archive, secret)
    _opens(lab, team, key, secret, False, "that has no tag and no alias")
    platform.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "orders"}])
    _opens(lab, team, key, secret, True, "once it was tagged team=orders")
    platform.create_alias(AliasName=name, TargetKeyId=archive)
    _opens(lab, team, archive, secret, True, f"once it had the alias {name}", old)
    platform.create_alias(AliasName=f"alias/{fresh.text(8)}", TargetKeyId=archive)
    _opens(lab, team, archive, secret, False, "once it had a second alias, which is none of the archive's", old)
    platform.untag_resource(KeyId=key, TagKeys=["team"])
    _opens(lab, team, key, secret, False, "once its tag was taken away")


def _at_home(questions):
    return [one for one in questions if one.key.split(":")[4] == OWNER]


def _of_others(questions):
    return [one for one in questions if one.key.split(":")[4] != OWNER]


def _must_allow(questions, wanted, permissions, lesson):
    """Of single-Region keys in us-east-1, those for which the brief promises it."""
    for one in _at_home(questions):
        if one.key.split(":")[3] == "us-east-1" and ":key/mrk-" not in one.key:
            must_allow(replace(one, permissions=permissions), Documents(one.documents.key_policy, (wanted,)), lesson)


def _must_allow_no_more(questions, wanted, lesson, permissions=None):
    for one in _at_home(questions):
        these = [name for name in one.permissions if permissions is None or name in permissions]
        must_allow_no_more(replace(one, permissions=these), Documents(one.documents.key_policy, (wanted,)), lesson)


def _says_how_many(mine):
    """What an operator that compares one value makes of a key's aliases, what ForAnyValue makes of no alias where
    IfExists stands beside it, and what an operator for ARNs makes of an alias's name, AWS does not say; so the brief
    rules all of them out."""
    for index, statement in enumerate(mine.named.statements):
        for test in (one for one in statement.tests if one.operator and one.lowered == ALIASES.lower()):
            if compares_one_value(test.operator):
                fault = (
                    "without a set operator, and a key may have many aliases: does one have to fit, or each of them?"
                )
            elif test.operator.quantifier == "any" and test.operator.if_exists:
                fault = "which for a key without an alias may mean yes or no."
            elif base_operator(test.name).startswith("arn"):
                fault = "and the name of an alias, as it stands there, is no ARN: whether it fits then,"
            else:
                continue
            line, shown = mine.line(index), display_path(mine.path)
            raise AnswerUnusable(
                f"Statement {index + 1} compares {test.key} by {test.name}, {fault} AWS does not say.",
                f"At line {line} of {shown}, compare them as text, and say how many of them have to fit: put "
                "ForAnyValue (at least one) or ForAllValues (none but these) before StringLike, and no IfExists "
                "behind it.",
                line,
                shown,
            )


_WHERE_TAGS_ARE = (
    "The tags of a key are in aws:ResourceTag, followed by the tag's name, and Resource has to cover the keys that are "
    "still to come."
)
_WHICH_KEYS = (
    "The tag alone decides: Resource has to cover the keys that are still to come, and whatever else a statement asks "
    "for shuts some of the calls out."
)
_WHAT_KEYS_HAVE = (
    "kms:ResourceAliases has the names of all aliases of the key, whichever the call gives; kms:RequestAlias is there "
    "only where the call gives one, and an alias ARN in Resource never stands for a key."
)
_HOW_ALIASES_READ = (
    "In kms:ResourceAliases stand names such as alias/NAME, no ARNs; and of the operators on text only those with Like "
    "take * for a wildcard. Whatever else the statement asks for shuts keys of the archive out."
)


def _another_tag(request):
    tags = [value for key, value in request.context.items() if key.lower().startswith("aws:resourcetag/")]
    if not tags:
        return (
            "That key has no tag team. Operators with IfExists or ForAllValues and negated ones hold for what is not "
            "there, and a statement without a condition asks for nothing."
        )
    if str(tags[0]).lower() == "orders":
        return "Values of tags count letter by letter: that is somebody else's key."
    return "The value has to be the team's whole name and no other."


def _another_alias(request):
    aliases = request.context.get(ALIASES, ())
    if request.action not in READS:
        return "The archive is for reading: whoever else encrypts with its keys has data in it that nobody looks for."
    if not aliases:
        return (
            "That key has no alias. ForAllValues holds for a list with nothing in it, so something has to ask that an "
            "alias is there."
        )
    if any(one.startswith(ARCHIVE) for one in aliases):
        return "That key has another alias too, and is in use elsewhere: one alias of the archive is not enough."
    return f"The archive's aliases begin with {ARCHIVE}, the last slash included, and others do not."


def _a_label(request):
    if request.action.endswith(("TagResource", "tagResource")):
        return "Where tags decide, who may set them decides: one call, and any key of the account is the team's own."
    return (
        "Where aliases decide, who may set them decides: a new alias puts a key into the archive, one that is moved "
        "or deleted takes it out."
    )


def _opens(lab, team, key, secret, opens, when, sealed=None):
    """Whether the role opens what the key has sealed."""
    sealed = sealed or lab.home.seal(key, secret)
    with lab.via("answer"):
        try:
            opened = team.decrypt(CiphertextBlob=sealed, KeyId=key)["Plaintext"]
        except ClientError as error:
            said, opened = str(error), None
    if opens and opened is None:
        reject(
            f"A session of role/orders could not decrypt with a key {when}. The labels of a key are to decide.",
            expected="the plaintext",
            next_step="Mend what the checks above say first.",
            actual=said,
        )
    expect(
        opens or opened is None,
        f"A session of role/orders decrypted with a key {when}. The labels of a key are to decide.",
        expected="AccessDeniedException",
        next_step="Mend what the checks above say first.",
    )
