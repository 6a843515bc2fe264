"""Claims D3, D11, D14, D21, D22 and D24: what each key has of its own, and what of it can be moved or copied.

What workloads share with a key is in test_claims_d_sharing.py.
"""

import secrets

import pytest
from botocore.exceptions import ClientError

THEIRS = "444455556666"


def outcome(call, **asked):
    """The code of the error, or "allowed" where there is none."""
    try:
        call(**asked)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"


def policy(*actions, resource="*", **more):
    """A policy of one statement that allows these actions."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource} | more
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.fixture
def west(lab):
    return lab.home.admin.client("kms", "us-west-2")


@pytest.fixture
def pair(lab, kms):
    """The ID of a multi-Region key in us-east-1 with a replica in us-west-2."""
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion="us-west-2")
    lab.clock.advance(minutes=1)
    return key


@pytest.mark.claim("D3")
def test_no_operation_exports_or_restores_a_key(lab, kms):
    """KMS has operations to import material, and none to export, back up or restore it."""
    names = kms.meta.service_model.operation_names
    assert "ImportKeyMaterial" in names
    assert not [name for name in names if any(word in name for word in ("Export", "Backup", "Restore"))]
    key = lab.home.create_key()
    assert outcome(kms.get_public_key, KeyId=key) == "UnsupportedOperationException"


@pytest.mark.claim("D3")
def test_a_key_that_is_there_gets_no_replica(lab, kms, pair):
    """Only a key that was made as a multi-Region key can be replicated, so no other key is saved in this way."""
    single = lab.home.create_key()
    assert outcome(kms.replicate_key, KeyId=single, ReplicaRegion="eu-west-1") == "UnsupportedOperationException"
    assert outcome(kms.replicate_key, KeyId=pair, ReplicaRegion="eu-west-1") == "allowed"


@pytest.mark.claim("D11")
def test_a_key_has_one_rotation_period_for_all_who_share_it(kms, lab):
    """The second application's wish replaces the first one's; with two keys both have theirs."""

    def period(key):
        return kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"]

    shared, first, second = (lab.home.create_key() for _ in range(3))
    for key, days in ((shared, 90), (first, 90), (shared, 730), (second, 730)):
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=days)
    assert period(shared) == 730
    assert (period(first), period(second)) == (90, 730)


@pytest.mark.claim("D14")
@pytest.mark.parametrize("lacking", ["nothing", "kms:ReEncryptFrom", "kms:ReEncryptTo"])
def test_a_workload_moves_by_re_encrypting_its_data_keys(lab, kms, lacking):
    """The new account's role needs the old key and the new one: ReEncryptFrom here, ReEncryptTo there."""
    theirs = lab.account(THEIRS)
    ends = {"kms:ReEncryptFrom": "*", "kms:ReEncryptTo": "*"}
    ends.pop(lacking, None)
    mover = theirs.user("mover", policies={"move": policy(*ends)})
    guests = {"AWS": [f"arn:aws:iam::{number}:root" for number in (lab.home.id, THEIRS)]}
    old, new = lab.home.create_key(policy("kms:*", Principal=guests)), theirs.create_key()
    data_key = kms.generate_data_key(KeyId=old, KeySpec="AES_256")

    asked = {"CiphertextBlob": data_key["CiphertextBlob"], "DestinationKeyId": new}
    if lacking != "nothing":
        assert outcome(mover.client("kms").re_encrypt, **asked) == "AccessDeniedException"
        return
    moved = mover.client("kms").re_encrypt(**asked)
    kms.schedule_key_deletion(KeyId=old, PendingWindowInDays=7)
    opened = theirs.admin.client("kms").decrypt(CiphertextBlob=moved["CiphertextBlob"])
    assert opened["Plaintext"] == data_key["Plaintext"]


@pytest.mark.claim("D14")
def test_a_key_does_not_leave_its_account_and_region(lab, kms, west):
    """Its ID names nothing in another Region or account, and KMS has no operation that moves a key."""
    key = lab.home.create_key().rpartition("/")[2]
    elsewhere = lab.account(THEIRS).admin.client("kms")
    assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "allowed"
    for client in (west, elsewhere):
        assert outcome(client.encrypt, KeyId=key, Plaintext=b"x") == "NotFoundException"
    assert not [name for name in kms.meta.service_model.operation_names if "Move" in name or "Transfer" in name]


@pytest.mark.claim("D14")
def test_s3_puts_an_object_under_another_key_in_place(lab, kms):
    """UpdateObjectEncryption takes an object off the shared key; then it opens without it."""
    shared, own, secret = lab.home.create_key(), lab.home.create_key(), secrets.token_bytes(40)
    s3, bucket = lab.home.admin.client("s3"), f"reports-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a", Body=secret, ServerSideEncryption="aws:kms", SSEKMSKeyId=shared)
    s3.update_object_encryption(Bucket=bucket, Key="a", ObjectEncryption={"SSEKMS": {"KMSKeyArn": own}})
    kms.disable_key(KeyId=shared)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == secret


@pytest.mark.claim("D21")
def test_related_keys_open_the_same_data_and_are_managed_apart(kms, west, pair):
    """A replica decrypts what the primary encrypted, also while the primary is disabled."""
    secret = secrets.token_bytes(20)
    blob = kms.encrypt(KeyId=pair, Plaintext=secret)["CiphertextBlob"]
    kms.disable_key(KeyId=pair)
    assert outcome(kms.decrypt, CiphertextBlob=blob) == "DisabledException"
    assert west.decrypt(CiphertextBlob=blob)["Plaintext"] == secret


@pytest.mark.claim("D21")
def test_policies_grants_and_aliases_are_not_replicated(lab, kms, west, pair):
    """Each related key has its own ARN, key policy, grants and aliases; KMS copies none of them."""
    worker = lab.home.role("worker")
    kms.create_alias(AliasName="alias/app", TargetKeyId=pair)
    kms.create_grant(KeyId=pair, GranteePrincipal=worker.arn, Operations=["Decrypt"])
    assert outcome(west.describe_key, KeyId="alias/app") == "NotFoundException"
    assert west.list_grants(KeyId=pair)["Grants"] == []
    blob = kms.encrypt(KeyId=pair, Plaintext=b"x")["CiphertextBlob"]
    session = worker.session("web")
    assert outcome(session.client("kms").decrypt, CiphertextBlob=blob) == "allowed"
    assert outcome(session.client("kms", "us-west-2").decrypt, CiphertextBlob=blob) == "AccessDeniedException"


@pytest.mark.claim("D22")
def test_an_alias_and_tags_name_a_key(lab, kms):
    """alias/appA-prod and the three tags of the text are taken, and the alias names the key in requests."""
    key = lab.home.create_key()
    kms.create_alias(AliasName="alias/appA-prod", TargetKeyId=key)
    tags = [{"TagKey": name, "TagValue": secrets.token_hex(4)} for name in ("Environment", "DataClass", "Owner")]
    kms.tag_resource(KeyId=key, Tags=tags)
    assert kms.encrypt(KeyId="alias/appA-prod", Plaintext=b"x")["KeyId"] == key
    told = kms.list_resource_tags(KeyId=key)["Tags"]
    assert {one["TagKey"]: one["TagValue"] for one in told} == {one["TagKey"]: one["TagValue"] for one in tags}


@pytest.mark.claim("D22")
def test_an_alias_has_its_limits(lab, kms, west):
    """A name begins with alias/, not alias/aws/, and holds in one Region; as Resource in IAM it opens nothing."""
    key, name = lab.home.create_key(), f"alias/app-{secrets.token_hex(4)}"
    for refused, code in (
        ("appA-prod", "ValidationException"),
        ("alias/app A", "ValidationException"),
        ("alias/aws/appA", "InvalidAliasNameException"),
    ):
        assert outcome(kms.create_alias, AliasName=refused, TargetKeyId=key) == code
    kms.create_alias(AliasName=name, TargetKeyId=key)
    assert outcome(west.describe_key, KeyId=name) == "NotFoundException"

    user = lab.home.user(
        "worker", policies={"alias": policy("kms:Encrypt", resource=f"{key.partition('key/')[0]}{name}")}
    )
    assert outcome(user.client("kms").encrypt, KeyId=name, Plaintext=b"x") == "AccessDeniedException"
    user.allow(policy("kms:Encrypt", resource=key))
    assert outcome(user.client("kms").encrypt, KeyId=name, Plaintext=b"x") == "allowed"


@pytest.mark.claim("D24")
def test_each_workload_rotates_on_its_own(lab, kms):
    """Of two keys one rotates every year and the other not at all; the period can be another than a year."""
    yearly, never, quarterly = (lab.home.create_key() for _ in range(3))
    kms.enable_key_rotation(KeyId=yearly)
    kms.enable_key_rotation(KeyId=quarterly, RotationPeriodInDays=91)
    lab.clock.advance(days=2 * 365)
    made = [len(kms.list_key_rotations(KeyId=key)["Rotations"]) for key in (yearly, never, quarterly)]
    assert made == [2, 0, 8]
