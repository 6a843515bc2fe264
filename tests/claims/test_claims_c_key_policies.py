"""Text C on key policies: that each key has one, what stands in it, who may change it, and what it gives to whom."""

import json
import secrets

import pytest
from botocore.exceptions import ClientError


def allow(action, principal=None, resource="*", **more):
    """A statement: of a key policy with a principal, of an IAM policy without."""
    who = {"Principal": {"AWS": principal}} if principal else {}
    return {"Effect": "Allow", **who, "Action": action, "Resource": resource, **more}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


OWNER = allow("kms:PutKeyPolicy", "arn:aws:iam::111122223333:root")


@pytest.mark.claim("C6")
def test_an_administrator_manages_the_key_and_cannot_use_it(lab):
    """Whom the key policy names for management tags, disables and enables the key, and is denied its use."""
    admin = lab.home.role("key-admin").session("s1")
    management = ["kms:TagResource", "kms:DisableKey", "kms:EnableKey"]
    key_id = lab.home.create_key(policy=policy(OWNER, allow(management, admin.role_arn)))

    kms = admin.client("kms")
    kms.tag_resource(KeyId=key_id, Tags=[{"TagKey": "team", "TagValue": secrets.token_hex(4)}])
    kms.disable_key(KeyId=key_id)
    kms.enable_key(KeyId=key_id)
    with pytest.raises(ClientError, match="not authorized to perform: kms:Encrypt"):
        kms.encrypt(KeyId=key_id, Plaintext=b"hello")


@pytest.mark.claim("C7")
def test_a_user_uses_the_key_and_cannot_manage_it(lab):
    """Whom the key policy names for use encrypts and decrypts, and is denied to disable the key."""
    user, secret = lab.home.role("app").session("s1"), secrets.token_bytes(20)
    key_id = lab.home.create_key(policy=policy(OWNER, allow(["kms:Encrypt", "kms:Decrypt"], user.role_arn)))

    kms = user.client("kms")
    sealed = kms.encrypt(KeyId=key_id, Plaintext=secret)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == secret
    with pytest.raises(ClientError, match="not authorized to perform: kms:DisableKey"):
        kms.disable_key(KeyId=key_id)


@pytest.mark.claim("C31")
def test_of_two_users_with_one_iam_policy_the_key_policy_takes_one(lab):
    """Two users with the same IAM policy: the policy on the key, the resource, lets one of them in."""
    everything = {"keys": policy(allow("kms:*"))}
    ann, bob = (lab.home.user(name, policies=everything) for name in ("ann", "bob"))
    key_id = lab.home.create_key(policy=policy(OWNER, allow("kms:Encrypt", ann.arn)))

    ann.client("kms").encrypt(KeyId=key_id, Plaintext=b"hello")
    with pytest.raises(ClientError, match="because no resource-based policy allows the kms:Encrypt action"):
        bob.client("kms").encrypt(KeyId=key_id, Plaintext=b"hello")


@pytest.mark.claim("C32")
def test_a_key_without_a_key_policy_does_not_exist(lab):
    """KMS writes a policy where you give none, and there is no operation that would take it away."""
    kms = lab.home.admin.client("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    (statement,) = json.loads(kms.get_key_policy(KeyId=key_id)["Policy"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert statement["Action"] == "kms:*"
    with_policy = {name for name in kms.meta.service_model.operation_names if "KeyPolic" in name}
    assert with_policy == {"GetKeyPolicy", "ListKeyPolicies", "PutKeyPolicy"}


@pytest.mark.claim("C32")
def test_whom_no_policy_names_cannot_use_the_key_not_even_its_creator(lab):
    """The creator, an administrator with all of IAM's permissions, and the root user: each is denied."""
    admin, app = lab.home.admin, lab.home.user("app")
    text = json.dumps(policy(allow("kms:Decrypt", app.arn)))
    made = admin.client("kms").create_key(Policy=text, BypassPolicyLockoutSafetyCheck=True)
    key_id = made["KeyMetadata"]["KeyId"]
    for nobody in (admin, lab.home.root):
        with pytest.raises(ClientError, match="because no resource-based policy allows the kms:DescribeKey action"):
            nobody.client("kms").describe_key(KeyId=key_id)


@pytest.mark.claim("C35")
def test_it_is_the_permission_that_counts_and_not_who_made_the_key(lab):
    """A key's creator without kms:PutKeyPolicy cannot change its policy; somebody else who has it can."""
    maker = lab.home.user("maker", policies={"make": policy(allow("kms:CreateKey"))})
    keeper = lab.home.user("keeper", policies={"keep": policy(allow(["kms:GetKeyPolicy", "kms:PutKeyPolicy"]))})
    made = maker.client("kms").create_key(BypassPolicyLockoutSafetyCheck=True)
    key_id = made["KeyMetadata"]["KeyId"]

    text = keeper.client("kms").get_key_policy(KeyId=key_id)["Policy"]
    with pytest.raises(ClientError, match="not authorized to perform: kms:PutKeyPolicy"):
        maker.client("kms").put_key_policy(KeyId=key_id, Policy=text)
    keeper.client("kms").put_key_policy(KeyId=key_id, Policy=text)


@pytest.mark.claim("C35")
def test_no_policy_of_another_account_or_of_an_aws_managed_key_is_yours_to_change(lab):
    """PutKeyPolicy does not cross accounts, whatever is allowed; an AWS managed key's policy can be read, no more."""
    kms, far = lab.home.admin.client("kms"), lab.account("444455556666").admin.client("kms")
    shared = lab.home.create_key(policy=policy(OWNER, allow("kms:*", "444455556666")))
    text = json.dumps(policy(OWNER))
    far.describe_key(KeyId=shared)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        far.put_key_policy(KeyId=shared, Policy=text)

    managed = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    assert "kms:ViaService" in kms.get_key_policy(KeyId=managed)["Policy"]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        kms.put_key_policy(KeyId=managed, Policy=text)


@pytest.mark.claim("C36")
def test_a_key_policy_is_an_iam_document_with_a_principal(lab):
    """The form of an IAM policy, with three differences: a Principal, a Resource that means this key, no groups."""
    kms, ann = lab.home.admin.client("kms"), lab.home.user("ann")
    this, other = lab.home.create_key(), lab.home.create_key()
    keep = allow("kms:*", "arn:aws:iam::111122223333:root")
    spoken = allow("kms:DescribeKey", ann.arn, Sid="Ann may look at this key")
    kms.put_key_policy(KeyId=this, Policy=json.dumps(policy(keep, spoken)))
    ann.client("kms").describe_key(KeyId=this)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        ann.client("kms").describe_key(KeyId=other)  # "*" is the key that the policy is of, and no other

    group = allow("kms:DescribeKey", "arn:aws:iam::111122223333:group/developers")
    for wrong in (allow("kms:DescribeKey"), group):
        with pytest.raises(ClientError, match="MalformedPolicyDocumentException"):
            kms.put_key_policy(KeyId=this, Policy=json.dumps(policy(keep, wrong)))


@pytest.mark.claim("C36")
@pytest.mark.parametrize("missing", ["Action", "Resource"])
def test_a_statement_without_action_or_resource_is_taken_and_does_nothing(lab, missing):
    """KMS accepts a key policy whose statement lacks its Action or Resource; the statement gives nothing."""
    kms, ann = lab.home.admin.client("kms"), lab.home.user("ann")
    key_id, keep = lab.home.create_key(), allow("kms:*", "arn:aws:iam::111122223333:root")
    whole = allow("kms:DescribeKey", ann.arn)
    half = {name: value for name, value in whole.items() if name != missing}

    kms.put_key_policy(KeyId=key_id, Policy=json.dumps(policy(keep, half)))
    with pytest.raises(ClientError, match="AccessDeniedException"):
        ann.client("kms").describe_key(KeyId=key_id)
    kms.put_key_policy(KeyId=key_id, Policy=json.dumps(policy(keep, whole)))
    ann.client("kms").describe_key(KeyId=key_id)


@pytest.mark.claim("C36")
def test_a_key_policy_has_at_most_32_kilobytes(lab):
    """32,768 bytes are taken, one more is not: an IAM policy has other limits."""
    kms, key_id = lab.home.admin.client("kms"), lab.home.create_key()
    text = json.dumps(policy(allow("kms:*", "arn:aws:iam::111122223333:root")))
    longest = text[:-1] + " " * (32_768 - len(text)) + "}"
    kms.put_key_policy(KeyId=key_id, Policy=longest)
    with pytest.raises(ClientError, match="LimitExceededException"):
        kms.put_key_policy(KeyId=key_id, Policy=longest + " ")
