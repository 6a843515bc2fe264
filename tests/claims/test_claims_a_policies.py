"""Claims A11 to A14, A18 and A19: key policy, IAM policy and bucket policy, and which of them decides."""

import json
import secrets

import pytest
from botocore.exceptions import ClientError

OTHER = "444455556666"


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return allow(action, resource, **more) | {"Effect": "Deny"}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def to(principal):
    return {"Principal": {"AWS": principal}}


def encrypts(who, key):
    """Whether this principal can encrypt with the key."""
    try:
        who.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDeniedException"
        return False
    return True


def reads(who, bucket):
    """Whether this principal can read the object "a"."""
    try:
        who.client("s3").get_object(Bucket=bucket, Key="a")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"
        return False
    return True


@pytest.fixture
def bucket(lab):
    """The name of a bucket of the home account, with an object "a" under SSE-S3."""
    s3, name = lab.home.admin.client("s3"), f"data-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a", Body=b"x")
    return name


@pytest.mark.claim("A11")
def test_in_one_account_one_side_is_enough(lab):
    """A key policy that names the user is enough, so is IAM where it names the account, and so is a grant."""
    named, in_iam = lab.home.user("named"), lab.home.user("in-iam", policies={"use": policy(allow("kms:*"))})
    for_named = lab.home.create_key(policy(allow("kms:*", **to(named.arn))))
    for_account = lab.home.create_key(policy(allow("kms:*", **to(f"arn:aws:iam::{lab.home.id}:root"))))

    assert encrypts(named, for_named) and not encrypts(in_iam, for_named)
    assert encrypts(in_iam, for_account) and not encrypts(named, for_account)

    kms = lab.home.admin.client("kms")
    kms.create_grant(KeyId=for_account, GranteePrincipal=named.arn, Operations=["Encrypt"])
    assert encrypts(named, for_account)


@pytest.mark.claim("A11")
def test_across_accounts_both_sides_must_allow_in_kms_and_in_s3_too(lab, bucket):
    """KMS is not alone: a bucket policy alone opens a bucket to another account no more than a key policy a key."""
    bare = lab.account(OTHER).user("bare")
    both = lab.account(OTHER).user("both", policies={"use": policy(allow(["kms:Encrypt", "s3:GetObject"]))})
    owner = f"arn:aws:iam::{lab.home.id}:root"
    key = lab.home.create_key(policy(allow("kms:*", **to([owner, bare.arn, both.arn]))))
    for_them = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", **to([bare.arn, both.arn]))
    lab.home.admin.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(for_them)))

    assert (encrypts(bare, key), encrypts(both, key)) == (False, True)
    assert (reads(bare, bucket), reads(both, bucket)) == (False, True)


@pytest.mark.claim("A12")
def test_in_s3_either_policy_is_enough_inside_one_account_alone(lab, bucket):
    """Either policy opens the bucket at home, only both together from another account, and a Deny closes it."""
    in_iam = {"read": policy(allow("s3:GetObject"))}
    by_iam, by_bucket = lab.home.user("by-iam", policies=in_iam), lab.home.user("by-bucket")
    stranger = lab.account(OTHER).user("stranger", policies=in_iam)
    denied = lab.home.user("denied", policies={"no": policy(deny("s3:GetObject"))})
    opened = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", **to([by_bucket.arn, denied.arn]))
    lab.home.admin.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(opened)))

    assert reads(by_iam, bucket) and reads(by_bucket, bucket)
    assert not reads(stranger, bucket) and not reads(denied, bucket)


@pytest.mark.claim("A13")
def test_an_allow_in_iam_needs_a_key_policy_that_names_the_account_and_a_deny_needs_nothing(lab):
    """The default key policy names the account, and IAM decides; another closes the key; a Deny always counts."""
    user = lab.home.user("ann", policies={"use": policy(allow("kms:*"))})
    stopped = lab.home.user("bob", policies={"stop": policy(deny("kms:Encrypt"))})
    default, closed = lab.home.create_key(), lab.home.create_key(policy(allow("kms:*", **to(stopped.arn))))

    assert encrypts(user, default)
    assert not encrypts(user, closed)
    assert not encrypts(stopped, closed)


@pytest.mark.claim("A14")
def test_a_principal_with_everything_is_stopped_by_some_key_policies_and_not_by_the_default_one(lab):
    """Everything on everything opens a key under the default policy, and none that keeps IAM out or has a Deny."""
    ops = lab.home.user("ops", policies={"all": policy(allow("*"))})
    account = allow("kms:*", **to(f"arn:aws:iam::{lab.home.id}:root"))
    default = lab.home.create_key()
    without_account = lab.home.create_key(policy(allow("kms:*", **to(lab.home.admin.arn))))
    with_deny = lab.home.create_key(policy(account, deny("kms:Encrypt", **to(ops.arn))))

    assert encrypts(ops, default)
    ops.client("kms").get_key_policy(KeyId=default)
    assert not encrypts(ops, without_account) and not encrypts(ops, with_deny)


@pytest.mark.claim("A18")
def test_a_key_policy_can_shut_everybody_out_and_kms_asks_before_it_takes_one(lab):
    """Nobody opens the key again, the root user neither. The check refuses such a policy unless told not to look."""
    kms, gone = lab.home.admin.client("kms"), lab.home.user("gone")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for_one = json.dumps(policy(allow("kms:Decrypt", **to(gone.arn))))
    with pytest.raises(ClientError, match="MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key, Policy=for_one)

    kms.put_key_policy(KeyId=key, Policy=for_one, BypassPolicyLockoutSafetyCheck=True)

    for anybody in (lab.home.admin, lab.home.root, gone):
        with pytest.raises(ClientError, match="AccessDenied"):
            anybody.client("kms").put_key_policy(KeyId=key, Policy=for_one, BypassPolicyLockoutSafetyCheck=True)
        assert not encrypts(anybody, key)


@pytest.mark.claim("A19")
def test_a_key_of_your_own_keeps_out_whom_your_own_iam_let_in(lab, bucket):
    """IAM allows everything by mistake: the object under the AWS managed key is read, the other one is not."""
    s3, careless = lab.home.admin.client("s3"), lab.home.user("careless", policies={"all": policy(allow("*"))})
    key = lab.home.create_key(policy(allow("kms:*", **to(lab.home.admin.arn))))

    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="aws:kms")
    assert reads(careless, bucket)

    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    assert not reads(careless, bucket) and reads(lab.home.admin, bucket)
    kms = lab.home.admin.client("kms")
    kms.disable_key(KeyId=key)
    with pytest.raises(ClientError, match="DisabledException"):
        s3.get_object(Bucket=bucket, Key="a")
