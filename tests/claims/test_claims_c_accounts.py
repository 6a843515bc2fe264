"""Text C on two accounts: IAM alone opens no key of another account, and what else is needed."""

import secrets

import pytest
from botocore.exceptions import ClientError

OWNER = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
    "Action": "kms:*",
    "Resource": "*",
}
SHARED = {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "kms:Decrypt", "Resource": "*"}
MAY_DECRYPT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}],
}


def key_with(lab, *statements):
    """The ARN of a key with this policy, and a ciphertext that it made of a fresh secret."""
    key_arn, secret = (
        lab.home.create_key(policy={"Version": "2012-10-17", "Statement": statements}),
        secrets.token_bytes(9),
    )
    return key_arn, secret, lab.home.admin.client("kms").encrypt(KeyId=key_arn, Plaintext=secret)["CiphertextBlob"]


@pytest.mark.claim("C33")
def test_all_of_iam_opens_no_key_of_another_account(lab):
    """The administrator of another account, with every permission that IAM can give, is denied."""
    key_arn, _, sealed = key_with(lab, OWNER)
    far = lab.account("444455556666").admin.client("kms")
    with pytest.raises(ClientError, match="because no resource-based policy allows the kms:Decrypt action"):
        far.decrypt(CiphertextBlob=sealed, KeyId=key_arn)


@pytest.mark.claim("C34")
@pytest.mark.parametrize("key_policy", [True, False], ids=["key policy", "no key policy"])
@pytest.mark.parametrize("iam_policy", [True, False], ids=["IAM policy", "no IAM policy"])
def test_across_accounts_the_key_policy_and_the_iam_policy_both_have_to_allow(lab, key_policy, iam_policy):
    """Of the four cases one opens the key: the owner's key policy allows, and so does the caller's IAM policy."""
    key_arn, secret, sealed = key_with(lab, OWNER, *([SHARED] if key_policy else []))
    bob = lab.account("444455556666").user("bob", policies={"own": MAY_DECRYPT} if iam_policy else {})

    asked = {"CiphertextBlob": sealed, "KeyId": key_arn}
    if key_policy and iam_policy:
        assert bob.client("kms").decrypt(**asked)["Plaintext"] == secret
    else:
        with pytest.raises(ClientError, match="AccessDeniedException"):
            bob.client("kms").decrypt(**asked)


@pytest.mark.claim("C34")
def test_a_grant_can_stand_in_for_the_key_policy(lab):
    """Without a word about the other account in the key policy, a grant is the owner's half."""
    key_arn, secret, sealed = key_with(lab, OWNER)
    bob = lab.account("444455556666").user("bob", policies={"own": MAY_DECRYPT})
    asked = {"CiphertextBlob": sealed, "KeyId": key_arn}
    with pytest.raises(ClientError, match="AccessDeniedException"):
        bob.client("kms").decrypt(**asked)

    lab.home.admin.client("kms").create_grant(KeyId=key_arn, GranteePrincipal=bob.arn, Operations=["Decrypt"])
    assert bob.client("kms").decrypt(**asked)["Plaintext"] == secret
    with pytest.raises(ClientError, match="AccessDeniedException"):
        bob.client("kms").encrypt(KeyId=key_arn, Plaintext=b"more than was granted")
