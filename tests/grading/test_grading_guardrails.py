"""What Organizations takes of a learner's scp.json and rcp.json, what it refuses, and whom they reach then."""

import pytest
from botocore.exceptions import ClientError

from kms_katas.cli.check import what_a_reviewer_would_say
from kms_katas.grading.document import read_policy
from kms_katas.grading.guardrails import OF_FILE, attach
from kms_katas.grading.in_force import put_in_force
from kms_katas.grading.outcome import AnswerUnusable

NO_DELETION = {"Effect": "Deny", "Action": "kms:ScheduleKeyDeletion", "Resource": "*"}
FOR_EVERYBODY = NO_DELETION | {"Principal": "*"}


def without(statement, *elements):
    return {name: value for name, value in statement.items() if name not in elements}


@pytest.mark.parametrize(
    "name, statement, told",
    [
        ("scp.json", FOR_EVERYBODY, "has Principal"),
        ("scp.json", without(NO_DELETION, "Action"), "has no Action"),
        ("scp.json", without(NO_DELETION, "Resource"), "has no Resource"),
        ("scp.json", NO_DELETION | {"Action": "ScheduleKeyDeletion"}, "names no service"),
        ("scp.json", NO_DELETION | {"Resource": "alias/x"}, "is no ARN"),
        ("rcp.json", NO_DELETION, 'Principal is not "*"'),
        ("rcp.json", FOR_EVERYBODY | {"Principal": {"AWS": "*"}}, 'Principal is not "*"'),
        ("rcp.json", FOR_EVERYBODY | {"Effect": "Allow"}, "it allows"),
        ("rcp.json", without(FOR_EVERYBODY, "Action") | {"NotAction": "kms:Decrypt"}, "has NotAction"),
        ("rcp.json", FOR_EVERYBODY | {"Action": "*"}, "without a service"),
    ],
)
def test_a_policy_that_organizations_refuses_is_refused_with_its_line(organization, write, name, statement, told):
    mine = write(name, FOR_EVERYBODY if name == "rcp.json" else NO_DELETION, statement)
    with pytest.raises(AnswerUnusable) as raised:
        attach(mine, organization)
    assert told in raised.value.message
    assert raised.value.line == mine.line(1)
    assert raised.value.file.endswith(name)


@pytest.mark.parametrize(("name", "statement"), [("scp.json", NO_DELETION), ("rcp.json", FOR_EVERYBODY)])
def test_a_policy_may_not_be_longer_than_its_kind_may_be(organization, write, name, statement):
    too_long = write(name, *[statement] * 120)
    assert len(too_long.text) > OF_FILE[name].most
    with pytest.raises(AnswerUnusable, match="characters"):
        attach(too_long, organization)


@pytest.mark.parametrize("name", ["scp.json", "rcp.json"])
def test_a_policy_without_version_is_refused(organization, write, tmp_path, name):
    write(name, NO_DELETION)
    path = tmp_path / name
    path.write_text(path.read_text("utf-8").replace("2012-10-17", "2008-10-17"), "utf-8")
    with pytest.raises(AnswerUnusable, match="must have"):
        attach(read_policy(path), organization)


@pytest.mark.parametrize(
    "statement",
    [
        without(NO_DELETION, "Action") | {"NotAction": ["kms:Decrypt", "s3:*"]},
        without(NO_DELETION, "Resource") | {"NotResource": "arn:aws:kms:*:*:key/mrk-*"},
        NO_DELETION | {"Effect": "Allow", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        NO_DELETION | {"Action": ["*", "kms:*Deletion", "kms:Sch?duleKeyDeletion"]},
    ],
)
def test_the_whole_language_of_iam_is_open_to_a_service_control_policy(organization, write, statement):
    attach(write("scp.json", statement), organization)


@pytest.mark.parametrize(("name", "statement"), [("scp.json", NO_DELETION), ("rcp.json", FOR_EVERYBODY)])
def test_what_is_put_in_force_binds_a_member_account_and_not_the_management_account(
    lab, organization, write, name, statement
):
    class Mine:
        learner, files = lab.home.admin, (name,)

        def __init__(self):
            self.lab = lab

        def policy(self, _):
            return write(name, statement)

    key, managements = lab.home.create_key(), organization.management.create_key()
    assert dict(put_in_force(Mine(), key)) == {name: None}
    with pytest.raises(ClientError, match="control policy"):
        lab.home.admin.client("kms").schedule_key_deletion(KeyId=key)
    organization.management.admin.client("kms").schedule_key_deletion(KeyId=managements)


def test_a_key_policy_is_put_in_force_by_the_account_of_its_key(lab, write):
    class Mine:
        learner, files = lab.home.admin, ("key-policy.json",)

        def __init__(self):
            self.lab = lab

        def policy(self, name):
            return write(name, {"Effect": "Allow", "Principal": {"AWS": other.id}, "Action": "kms:*", "Resource": "*"})

    other = lab.account("777788889999")
    assert dict(put_in_force(Mine(), other.create_key())) == {"key-policy.json": None}


@pytest.mark.parametrize(("name", "statement"), [("scp.json", NO_DELETION), ("rcp.json", FOR_EVERYBODY)])
def test_a_reviewer_after_a_pass_reads_the_file_as_what_it_is(write, tmp_path, name, statement):
    class Passed:
        answer = (name,)

    write(name, statement)
    assert list(what_a_reviewer_would_say(Passed(), tmp_path)) == []
