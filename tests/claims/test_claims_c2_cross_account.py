"""Claims C42 to C49: a key that another account uses.

What holds inside one account is in test_claims_c2_key_policies.py, but for the comparison that C48 needs.
"""

import json
import re
import secrets

import pytest
from botocore.exceptions import ClientError

THEIRS = "444455556666"
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]


def outcome(call, **asked):
    """The code of the error, or "allowed" where there is none."""
    try:
        call(**asked)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"


def statement(actions, resource="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resource} | more


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def account(number):
    """The account principal."""
    return {"AWS": f"arn:aws:iam::{number}:root"}


def shared_key(lab, *statements):
    """A key of the home account, with its own default statement and these."""
    return lab.home.create_key(policy(statement("kms:*", Principal=account(lab.home.id)), *statements))


@pytest.mark.claim("C42")
def test_without_the_key_policy_no_iam_policy_lets_another_account_in(lab):
    """The external administrator may do everything at home, and the key opens to him only when its policy says so."""
    stranger, key = lab.account(THEIRS).admin.client("kms"), shared_key(lab)
    ask = {"KeyId": key, "Plaintext": secrets.token_bytes(20)}
    assert outcome(stranger.encrypt, **ask) == "AccessDeniedException"
    opened = policy(
        statement("kms:*", Principal=account(lab.home.id)),
        statement("kms:Encrypt", Principal=account(THEIRS)),
    )
    lab.home.admin.client("kms").put_key_policy(KeyId=key, Policy=json.dumps(opened))
    assert outcome(stranger.encrypt, **ask) == "allowed"


@pytest.mark.claim("C42")
def test_a_group_is_no_principal_of_a_key_policy(lab):
    """KMS refuses a key policy that names an IAM group."""
    kms, key = lab.home.admin.client("kms"), shared_key(lab)
    group = {"AWS": f"arn:aws:iam::{lab.home.id}:group/readers"}
    mine = statement("kms:*", Principal=account(lab.home.id))
    for principal, told in ((account(THEIRS), "allowed"), (group, "MalformedPolicyDocumentException")):
        text = json.dumps(policy(mine, statement("kms:Decrypt", Principal=principal)))
        assert outcome(kms.put_key_policy, KeyId=key, Policy=text) == told


@pytest.mark.claim("C43")
def test_the_sample_statement_opens_the_key_for_the_five_uses(lab):
    """The statement of the text works, and kms:ReEncrypt* covers both ends of ReEncrypt. Grants are not in it."""
    sample = {
        "Sid": "Allow another AWS Account to use this CMK",
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{THEIRS}:root"]},
        "Action": USE,
        "Resource": "*",
    }
    secret, key, other = secrets.token_bytes(20), shared_key(lab, sample), shared_key(lab, sample)
    kms = lab.account(THEIRS).admin.client("kms")
    blob = kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
    moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=moved, KeyId=other)["Plaintext"] == secret
    assert outcome(kms.generate_data_key, KeyId=key, KeySpec="AES_256") == "allowed"
    grant = {"GranteePrincipal": lab.account(THEIRS).admin.arn, "Operations": ["Decrypt"]}
    assert outcome(kms.create_grant, KeyId=key, **grant) == "AccessDeniedException"


@pytest.mark.claim("C44")
def test_a_key_policy_may_name_one_user_of_the_other_account(lab):
    """Bob is let in, Eve of the same account with the same IAM policy is not."""
    allowed = {"kms": policy(statement("kms:*"))}
    bob, eve = (lab.account(THEIRS).user(name, policies=allowed) for name in ("Bob", "Eve"))
    key = shared_key(lab, statement(USE, Principal={"AWS": [f"arn:aws:iam::{THEIRS}:user/Bob"]}))
    ask = {"KeyId": key, "Plaintext": secrets.token_bytes(20)}
    assert outcome(bob.client("kms").encrypt, **ask) == "allowed"
    assert outcome(eve.client("kms").encrypt, **ask) == "AccessDeniedException"


@pytest.mark.claim("C44")
def test_a_named_user_must_be_there(lab):
    """KMS refuses a key policy that names a user who does not exist."""
    kms, key, name = lab.home.admin.client("kms"), shared_key(lab), f"user-{secrets.token_hex(4)}"
    lab.account(THEIRS).user("Bob")
    named = statement("kms:Decrypt", Principal={"AWS": f"arn:aws:iam::{THEIRS}:user/{name}"})
    text = json.dumps(policy(statement("kms:*", Principal=account(lab.home.id)), named))
    assert outcome(kms.put_key_policy, KeyId=key, Policy=text) == "MalformedPolicyDocumentException"
    lab.account(THEIRS).user(name)
    assert outcome(kms.put_key_policy, KeyId=key, Policy=text) == "allowed"


@pytest.mark.claim("C45")
@pytest.mark.parametrize("named", ["the account", "the user"])
def test_an_external_user_needs_an_iam_policy_too(lab, named):
    """Whether the key policy names the account or the very user: without an IAM policy of his own he is denied."""
    bob = lab.account(THEIRS).user("Bob")
    principal = account(THEIRS) if named == "the account" else {"AWS": bob.arn}
    key, secret = shared_key(lab, statement(USE, Principal=principal)), secrets.token_bytes(20)
    blob, kms = lab.home.seal(key, secret), bob.client("kms")
    assert outcome(kms.decrypt, CiphertextBlob=blob) == "AccessDeniedException"
    bob.allow(policy(statement("kms:Decrypt", resource=key)))
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == secret


@pytest.mark.claim("C46")
def test_the_other_account_hands_its_permission_on_to_whom_it_likes(lab):
    """With the external account as principal, its administrators let in a user and a role by IAM alone."""
    theirs, key = lab.account(THEIRS), shared_key(lab, statement(USE, Principal=account(THEIRS)))
    blob = lab.home.seal(key, secrets.token_bytes(20))
    user, role = theirs.user("Bob"), theirs.role("Worker")
    for holder, caller in ((user, user), (role, role.session("night-shift"))):
        assert outcome(caller.client("kms").decrypt, CiphertextBlob=blob) == "AccessDeniedException"
        holder.allow(policy(statement("kms:Decrypt", resource=key)))
        assert outcome(caller.client("kms").decrypt, CiphertextBlob=blob) == "allowed"


SAMPLE = {
    "Sid": "Allow the use of a CMK In Account 1234567889012",
    "Effect": "Allow",
    "Action": USE,
    "Resource": ["arn:aws:kms:us-east-2:123456789012:key/5e698272-88c6-4f6b-970e-1d1dbd0c6412"],
}
"""The identity policy of the text. Beside it, 123456789012 is the external account, the one that wants access."""


@pytest.mark.claim("C47")
def test_the_sid_of_the_sample_is_none_for_iam(lab):
    """IAM takes letters and digits in a Sid and nothing else; and the number in this one is no account's."""
    assert re.fullmatch("[A-Za-z0-9]*", SAMPLE["Sid"]) is None
    [number] = re.findall("[0-9]+", SAMPLE["Sid"])
    assert len(number) == 13
    with pytest.raises(ValueError, match="12 digits"):
        lab.account(number)


@pytest.mark.claim("C47")
def test_the_key_arn_must_have_the_account_of_the_keys_owner(lab):
    """With the caller's own account in the key ARN, as in the sample, the policy is for a key that is not there."""
    key = shared_key(lab, statement(USE, Principal=account(THEIRS)))
    as_in_the_sample = key.replace(lab.home.id, THEIRS)
    bob = lab.account(THEIRS).user("Bob", policies={"use": policy(statement(USE, resource=as_in_the_sample))})
    ask = {"KeyId": key, "Plaintext": secrets.token_bytes(20)}
    assert outcome(bob.client("kms").encrypt, **ask) == "AccessDeniedException"
    bob.allow(policy(statement(USE, resource=key)))
    assert outcome(bob.client("kms").encrypt, **ask) == "allowed"


@pytest.mark.claim("C47")
def test_an_alias_as_resource_allows_no_use_of_the_key(lab):
    """An IAM policy for Encrypt names the key ARN; with the alias ARN in its place it lets nobody in."""
    key = shared_key(lab, statement(USE, Principal=account(THEIRS)))
    name = f"alias/shared-{secrets.token_hex(4)}"
    lab.home.label_key(key, {}, [name])
    alias = f"arn:aws:kms:us-east-1:{lab.home.id}:{name}"
    bob = lab.account(THEIRS).user("Bob", policies={"use": policy(statement(USE, resource=alias))})
    assert outcome(bob.client("kms").encrypt, KeyId=alias, Plaintext=b"x") == "AccessDeniedException"
    bob.allow(policy(statement(USE, resource=key)))
    assert outcome(bob.client("kms").encrypt, KeyId=alias, Plaintext=b"x") == "allowed"


@pytest.mark.claim("C48")
@pytest.mark.parametrize("narrow", ["key policy", "IAM policy"])
def test_across_accounts_only_what_both_policies_allow_goes(lab, narrow):
    """Neither policy takes precedence: whichever of the two allows less, the other cannot add to it."""
    both, one = ["kms:Decrypt", "kms:Encrypt"], ["kms:Decrypt"]
    in_key_policy, in_iam = (one, both) if narrow == "key policy" else (both, one)
    key = shared_key(lab, statement(in_key_policy, Principal=account(THEIRS)))
    bob = lab.account(THEIRS).user("Bob", policies={"use": policy(statement(in_iam, resource=key))})
    kms, blob = bob.client("kms"), lab.home.seal(key, secrets.token_bytes(20))
    assert outcome(kms.decrypt, CiphertextBlob=blob) == "allowed"
    assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "AccessDeniedException"


@pytest.mark.claim("C48")
def test_inside_one_account_what_either_policy_allows_goes(lab):
    """The same two policies in one account: the key policy names the user for Decrypt, IAM adds Encrypt."""
    user = lab.home.user(f"user-{secrets.token_hex(4)}")
    key = shared_key(lab, statement("kms:Decrypt", Principal={"AWS": user.arn}))
    kms, blob = user.client("kms"), lab.home.seal(key, secrets.token_bytes(20))
    assert outcome(kms.decrypt, CiphertextBlob=blob) == "allowed"
    assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "AccessDeniedException"
    user.allow(policy(statement("kms:Encrypt", resource=key)))
    assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "allowed"


@pytest.mark.claim("C49")
def test_a_key_of_another_account_is_not_listed_and_goes_by_its_arn(lab):
    """ListKeys and ListAliases show the caller's own account; the shared key is used by its ARN or its alias ARN."""
    key = shared_key(lab, statement(USE, Principal=account(THEIRS)))
    name = f"alias/shared-{secrets.token_hex(4)}"
    lab.home.label_key(key, {}, [name])
    kms = lab.account(THEIRS).admin.client("kms")
    assert key not in [one["KeyArn"] for one in kms.list_keys()["Keys"]]
    assert name not in [one["AliasName"] for one in kms.list_aliases()["Aliases"]]
    alias = f"arn:aws:kms:us-east-1:{lab.home.id}:{name}"
    for known in (key, alias):
        assert outcome(kms.encrypt, KeyId=known, Plaintext=b"x") == "allowed"
    for unknown in (key.rpartition("/")[2], name):
        assert outcome(kms.encrypt, KeyId=unknown, Plaintext=b"x") == "NotFoundException"
