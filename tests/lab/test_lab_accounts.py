"""Accounts, principals, their credentials and clients, and the clock that ends a session."""

import json
import re
import secrets
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def test_home_is_one_account_and_admin_one_user(lab: Lab) -> None:
    assert lab.home is lab.account("111122223333")
    assert lab.home.admin is lab.home.admin
    assert lab.home.admin.arn == "arn:aws:iam::111122223333:user/admin"
    assert lab.home.root.arn == "arn:aws:iam::111122223333:root"


@pytest.mark.parametrize("account_id", ["", "11112222333", "1111222233334", "11112222333x", "١١١١٢٢٢٢٣٣٣٣"])
def test_an_account_id_has_12_digits(lab: Lab, account_id: str) -> None:
    with pytest.raises(ValueError, match="12 digits"):
        lab.account(account_id)


def test_sts_knows_the_labs_principals(lab: Lab) -> None:
    for principal in (lab.home.user("alice", path="/team/"), lab.home.role("app").session("s1"), lab.home.root):
        identity = principal.client("sts").get_caller_identity()
        assert (identity["Arn"], identity["Account"]) == (principal.arn, "111122223333")
        assert identity["ResponseMetadata"]["RequestId"]


def test_sts_does_not_say_who_an_unknown_key_is(lab: Lab) -> None:
    with pytest.raises(ClientError) as refused:
        boto3.client(
            "sts", "us-east-1", aws_access_key_id="AKIAUNKNOWNUNKNOWN00", aws_secret_access_key="x"
        ).get_caller_identity()
    assert refused.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_sts_gives_no_credentials_that_belong_to_nobody(lab: Lab) -> None:
    with pytest.raises(ClientError, match="the lab does not have it yet"):
        lab.home.admin.client("sts").get_federation_token(Name="somebody")


def test_the_unique_id_of_a_user_is_one_of_a_user(lab: Lab) -> None:
    """IAM user guide, "Unique identifiers": it begins with AIDA."""
    made_here = lab.home.user("alice").client("sts").get_caller_identity()["UserId"]
    made_there = lab.home.admin.client("iam").create_user(UserName="bob")["User"]["UserId"]
    assert made_here != made_there
    for user_id in (made_here, made_there):
        assert re.fullmatch("AIDA[A-Z2-7]{17}", user_id)
    assert lab.home.admin.client("iam").get_user(UserName="bob")["User"]["UserId"] == made_there


def test_iam_knows_the_labs_users_and_roles(lab: Lab) -> None:
    lab.home.user("alice", policies={"read": EVERYTHING})
    lab.home.role("app", trust=EVERYTHING)
    iam = lab.home.admin.client("iam")
    assert iam.get_user_policy(UserName="alice", PolicyName="read")["PolicyDocument"] == EVERYTHING
    assert iam.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"] == EVERYTHING


def test_a_session_made_by_assume_role_can_call_kms(lab: Lab) -> None:
    role = lab.home.role("app", policies={"all": EVERYTHING})
    made = lab.home.admin.client("sts").assume_role(RoleArn=role.arn, RoleSessionName="mine")["Credentials"]
    credential = lab.credential(made["AccessKeyId"])
    assert credential is not None
    assert (credential.secret, credential.session_token) == (made["SecretAccessKey"], made["SessionToken"])
    assert credential.principal.arn == "arn:aws:sts::111122223333:assumed-role/app/mine"


def test_a_user_made_through_iam_can_call_kms(lab: Lab) -> None:
    iam = lab.home.admin.client("iam")
    iam.create_user(UserName="late")
    iam.put_user_policy(UserName="late", PolicyName="p", PolicyDocument=json.dumps(EVERYTHING))
    made = iam.create_access_key(UserName="late")["AccessKey"]
    credential = lab.credential(made["AccessKeyId"])
    assert credential is not None and credential.active and credential.secret == made["SecretAccessKey"]


def test_each_name_is_taken_once(lab: Lab) -> None:
    lab.home.user("alice")
    lab.home.role("app")
    with pytest.raises(ValueError, match="alice"):
        lab.home.user("alice")
    with pytest.raises(ValueError, match="app"):
        lab.home.role("app")
    lab.account("444455556666").user("alice")


def test_a_policy_that_is_none_is_refused_with_a_sentence(lab: Lab) -> None:
    with pytest.raises(ValueError, match="Statement"):
        lab.home.user("alice", policies={"empty": {}})
    with pytest.raises(ValueError, match="Statement"):
        lab.home.role("app").allow({"Version": "2012-10-17"})


def test_root_holds_no_identity_policies(lab: Lab) -> None:
    with pytest.raises(ValueError, match="root user"):
        lab.home.root.allow(EVERYTHING)


def test_a_principal_keeps_its_clients(lab: Lab) -> None:
    admin = lab.home.admin
    assert admin.client("kms") is admin.client("kms", region="us-east-1")
    assert admin.client("kms", region="eu-west-1").meta.region_name == "eu-west-1"


def test_an_unknown_access_key_is_not_recognised(lab: Lab, refused: Any) -> None:
    from kms_katas.lab.aws_session import ClientPool

    unknown = "AKIA" + secrets.token_hex(8).upper()
    assert lab.credential(unknown) is None
    with refused("UnrecognizedClientException", "The security token included in the request is invalid."):
        ClientPool().lend("kms", "us-east-1", (unknown, "x" * 40, None)).list_keys()


def test_a_session_needs_its_session_token(lab: Lab, refused: Any) -> None:
    from kms_katas.lab.aws_session import ClientPool

    session = lab.home.role("app", policies={"all": EVERYTHING}).session("s1")
    for token in (None, session.session_token[::-1] if session.session_token else ""):
        with refused("UnrecognizedClientException"):
            ClientPool().lend("kms", "us-east-1", (session.access_key_id, session.secret_access_key, token)).list_keys()
    session.client("kms").list_keys()


@pytest.mark.parametrize("end", ["Inactive", "deleted"])
def test_an_inactive_or_deleted_access_key_is_not_recognised(lab: Lab, refused: Any, end: str) -> None:
    alice, iam = lab.home.user("alice", policies={"all": EVERYTHING}), lab.home.admin.client("iam")
    alice.client("kms").list_keys()
    if end == "Inactive":
        iam.update_access_key(UserName="alice", AccessKeyId=alice.access_key_id, Status="Inactive")
        credential = lab.credential(alice.access_key_id)
        assert credential is not None and not credential.active
    else:
        iam.delete_access_key(UserName="alice", AccessKeyId=alice.access_key_id)
        assert lab.credential(alice.access_key_id) is None
    with refused("UnrecognizedClientException"):
        alice.client("kms").list_keys()


def test_labels_take_the_place_of_those_that_the_key_had_and_nobody_is_called(lab: Lab, kms: Any) -> None:
    name, other = (f"alias/{secrets.token_hex(4)}" for _ in range(2))
    key = lab.home.create_key()
    lab.home.label_key(key, {"a": "b"}, [other])
    lab.home.label_key(key, {"c": "d"}, [name, name])
    assert not lab.calls
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "c", "TagValue": "d"}]
    assert [alias["AliasName"] for alias in kms.list_aliases(KeyId=key)["Aliases"]] == [name]
    for taken in (name, "alias/aws/s3", "app", "alias/a b"):
        with pytest.raises(ValueError, match="cannot be an alias"):
            lab.home.label_key(lab.home.create_key(), {}, [taken])


def test_a_key_is_switched_as_its_operations_do_it_and_nobody_is_called(lab: Lab, kms: Any, refused: Any) -> None:
    key, other = lab.home.create_key(), lab.home.create_key()
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    before = len(lab.calls), len(lab.trail)
    lab.home.switch_key(key, on=False)
    assert (len(lab.calls), len(lab.trail)) == before
    with refused("DisabledException"):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    assert kms.describe_key(KeyId=other)["KeyMetadata"]["KeyState"] == "Enabled"
    lab.clock.advance(days=secrets.randbelow(60) + 190)
    assert kms.list_key_rotations(KeyId=key)["Rotations"] == []
    lab.home.switch_key(key, on=True)  # two dates were missed, and one rotation makes up for them
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 1
    assert kms.encrypt(KeyId=key, Plaintext=b"x")["KeyId"] == key
    kms.schedule_key_deletion(KeyId=other)
    for on in (True, False):
        with pytest.raises(ValueError, match="PendingDeletion"):
            lab.home.switch_key(other, on=on)
    with pytest.raises(KeyError):
        lab.account("444455556666").switch_key(key, on=False)


def test_a_session_ends_when_the_clock_says_so(lab: Lab, refused: Any) -> None:
    session = lab.home.role("app", policies={"all": EVERYTHING}).session("s1", duration=900)
    credential = lab.credential(session.access_key_id)
    assert credential is not None and credential.expires is not None
    assert (credential.expires - lab.clock.now()).total_seconds() == 900
    lab.clock.advance(seconds=899)
    session.client("kms").list_keys()
    lab.clock.advance(seconds=1)
    with refused("ExpiredTokenException", "The security token included in the request is expired"):
        session.client("kms").list_keys()


def test_the_clock_stands_still_and_moves_every_service(lab: Lab, kms: Any) -> None:
    start = lab.clock.now()
    assert start.microsecond == 0 and start.utcoffset() is not None
    assert lab.clock.now() == start
    moved = lab.clock.advance(days=400, hours=1, seconds=1)
    assert (moved - start).total_seconds() == 400 * 86400 + 3601
    assert kms.create_key()["KeyMetadata"]["CreationDate"] == moved
    assert lab.home.admin.client("iam").create_user(UserName="late")["User"]["CreateDate"] == moved


def test_the_clock_never_goes_back(lab: Lab) -> None:
    with pytest.raises(ValueError, match="forward"):
        lab.clock.advance(seconds=-1)


def test_credentials_never_show_in_a_repr(lab: Lab) -> None:
    session = lab.home.role("app").session("s1")
    shown = repr(session) + repr(lab.credential(session.access_key_id)) + repr(lab.home.admin)
    for hidden in (session.secret_access_key, session.session_token, lab.home.admin.secret_access_key):
        assert hidden and hidden not in shown


def test_kms_errors_of_iam_like_services_stay_client_errors(lab: Lab) -> None:
    with pytest.raises(ClientError):
        lab.home.admin.client("iam").get_user(UserName="nobody")


def test_a_key_that_is_there_from_the_start_works_and_leaves_no_trace(lab):
    key = lab.home.create_key()
    assert not lab.calls
    assert not lab.trail
    kms = lab.home.admin.client("kms")
    secret = secrets.token_bytes(20)
    assert kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"])["Plaintext"] == secret


def test_a_key_from_the_start_has_the_policy_that_is_given(lab):
    alone = {"Effect": "Allow", "Principal": {"AWS": lab.home.root.arn}, "Action": "kms:Encrypt", "Resource": "*"}
    key = lab.home.create_key(policy={"Version": "2012-10-17", "Statement": [alone]}, region="eu-west-1")
    admin = lab.home.admin.client("kms", region="eu-west-1")
    admin.encrypt(KeyId=key, Plaintext=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        admin.describe_key(KeyId=key)


def test_a_key_from_the_start_has_the_id_that_is_given(lab):
    wanted = str(uuid.uuid4())
    key = lab.home.create_key(key_id=wanted)
    assert key == f"arn:aws:kms:us-east-1:111122223333:key/{wanted}"
    assert lab.home.admin.client("kms").describe_key(KeyId=wanted)["KeyMetadata"]["Arn"] == key
    assert lab.account("444455556666").create_key(key_id=wanted) != key
    for unusable in (wanted, wanted.upper(), "alias/x", "mrk-" + uuid.uuid4().hex, ""):
        with pytest.raises(ValueError, match="cannot be the ID"):
            lab.home.create_key(key_id=unusable)


def test_threads_share_a_lab_and_each_call_is_its_principals(lab: Lab) -> None:
    started = threading.Barrier(8)

    def work(number: int) -> tuple[str, str]:
        started.wait()
        account = lab.account(account_ids[number % 2])
        key = account.admin.client("kms").create_key()["KeyMetadata"]
        blob = account.root.client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
        assert account.admin.client("kms").decrypt(CiphertextBlob=blob)["KeyId"] == key["Arn"]
        return key["AWSAccountId"], account.id

    account_ids = ("111122223333", "444455556666")
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(work, range(8)))
    finally:
        sys.setswitchinterval(before)
    assert all(owner == asked for owner, asked in made)
    assert [call.number for call in lab.calls] == list(range(1, 25))


def test_a_ciphertext_that_was_there_before_opens_as_any_other_whatever_the_key_policy_says(lab):
    key, secret, context = lab.home.create_key(), secrets.token_bytes(30), {"env": "prod"}
    nobody = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"}],
    }
    closed = lab.home.create_key(
        {**nobody, "Statement": [{**nobody["Statement"][0], "Effect": "Allow", "Action": "kms:Decrypt"}]}
    )
    kms = lab.home.admin.client("kms")
    for arn in (key, closed):
        blob = lab.home.seal(arn, secret, context)
        assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == secret
        with pytest.raises(kms.exceptions.InvalidCiphertextException):
            kms.decrypt(CiphertextBlob=blob)
    assert not [call for call in lab.calls if call.operation == "Encrypt"]
    with pytest.raises(KeyError):
        lab.account("444455556666").seal(key, secret)


def test_what_decrypt_would_give_is_seen_without_a_call(lab):
    key, other, secret, context = lab.home.create_key(), lab.home.create_key(), secrets.token_bytes(20), {"a": "b"}
    kms = lab.home.admin.client("kms")
    blob = kms.encrypt(KeyId=key, Plaintext=secret, EncryptionContext=context)["CiphertextBlob"]
    stranger = lab.account("444455556666")
    foreign = stranger.create_key()
    before = len(lab.calls)
    assert lab.home.unseal(key, blob, context) == secret
    assert stranger.unseal(foreign, stranger.seal(foreign, secret)) == secret
    for asked in (
        (key, blob),
        (key, blob, {"a": "c"}),
        (key, blob[:-1] + bytes([blob[-1] ^ 1]), context),
        (key, b"", context),
        (other, blob, context),
        (key.split("/")[1], blob, context),
        ("", blob, context),
        (key.replace("us-east-1", "eu-west-1"), blob, context),
        (foreign, stranger.seal(foreign, secret)),
    ):
        assert lab.home.unseal(*asked) is None
    assert len(lab.calls) == before
    kms.disable_key(KeyId=key)
    assert lab.home.unseal(key, blob, context) is None


def test_who_and_what_was_made_is_found_by_its_arn_in_its_account_alone(lab):
    user, role, key = lab.home.user("ann", path="/team/"), lab.home.role("app"), lab.home.create_key()
    other = lab.account("444455556666")
    assert (lab.home.find(user.arn), lab.home.find(role.arn)) == (user, role)
    assert other.find(user.arn) is None and lab.home.find(role.arn + "x") is None
    assert lab.home.has_key(key) and not other.has_key(key) and not lab.home.has_key(key[:-1] + "g")


def test_a_call_can_be_marked_once_it_is_known_what_came_of_it(lab):
    kms = lab.home.admin.client("kms")
    kms.list_keys()
    kms.list_aliases()
    lab.remark(lab.calls[0], "answer")
    assert [(call.operation, call.via) for call in lab.calls] == [("ListKeys", "answer"), ("ListAliases", "lab")]
