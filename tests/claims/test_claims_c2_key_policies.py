"""Claims C37, C38, C40 and C41: the default key policy, administrators and users of a key.

What crosses accounts is in test_claims_c2_cross_account.py.
"""

import json
import secrets

import pytest
from botocore.exceptions import ClientError

USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
"""The list of the text, which is also the one that the console writes."""

ADMINISTER = [
    *("kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*"),
    *("kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource"),
    *("kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"),
]
"""The console's statement "Allow access for Key Administrators"."""


def outcome(call, **asked):
    """The code of the error, or "allowed" where there is none."""
    try:
        call(**asked)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"


def allow(actions, principal=None, **more):
    """A policy of one statement: a key policy where it names a principal, else an identity policy."""
    who = {"Principal": {"AWS": principal}} if principal else {}
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"} | who | more
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.claim("C37")
def test_the_default_key_policy_lets_in_whom_an_iam_policy_lets_in(lab):
    """The default policy of a key made through the API has one statement; nobody gets in without an IAM policy."""
    kms = lab.home.admin.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    [statement] = json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{lab.home.id}:root"}
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Allow", "kms:*", "*")

    user = lab.home.user(f"user-{secrets.token_hex(4)}")
    ask = {"KeyId": key, "Plaintext": secrets.token_bytes(20)}
    assert outcome(user.client("kms").encrypt, **ask) == "AccessDeniedException"
    user.allow(allow("kms:Encrypt"))
    assert outcome(user.client("kms").encrypt, **ask) == "allowed"


@pytest.mark.claim("C38")
def test_root_in_a_key_policy_means_the_account_not_its_root_user(lab):
    """Under the default key policy an IAM user with an IAM policy has the same full access as the root user."""
    key = lab.home.admin.client("kms").create_key()["KeyMetadata"]["Arn"]
    user = lab.home.user(f"user-{secrets.token_hex(4)}", policies={"kms": allow("kms:*")})
    for principal in (lab.home.root, user):
        kms = principal.client("kms")
        blob = kms.encrypt(KeyId=key, Plaintext=secrets.token_bytes(20))["CiphertextBlob"]
        assert outcome(kms.decrypt, CiphertextBlob=blob) == "allowed"
        assert outcome(kms.disable_key, KeyId=key) == outcome(kms.enable_key, KeyId=key) == "allowed"


@pytest.mark.claim("C38")
def test_a_key_policy_can_leave_the_root_user_out(lab):
    """Where the key policy does not name the account, the root user has no more access than anybody else."""
    owner = lab.home.user(f"owner-{secrets.token_hex(4)}", policies={"create": allow("kms:CreateKey")})
    only = json.dumps(allow("kms:*", owner.arn))
    key = owner.client("kms").create_key(Policy=only)["KeyMetadata"]["Arn"]
    ask = {"KeyId": key, "Plaintext": secrets.token_bytes(20)}
    assert outcome(owner.client("kms").encrypt, **ask) == "allowed"
    assert outcome(lab.home.root.client("kms").encrypt, **ask) == "AccessDeniedException"
    assert outcome(lab.home.admin.client("kms").encrypt, **ask) == "AccessDeniedException"


@pytest.mark.claim("C40")
def test_an_administrator_of_a_key_cannot_use_it(lab):
    """With the console's statement for administrators one can disable a key, and not encrypt or decrypt with it."""
    keeper = lab.home.user(f"keeper-{secrets.token_hex(4)}")
    key = lab.home.create_key(allow(ADMINISTER, keeper.arn))
    kms, blob = keeper.client("kms"), lab.home.seal(key, secrets.token_bytes(20))
    assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "AccessDeniedException"
    assert outcome(kms.decrypt, CiphertextBlob=blob) == "AccessDeniedException"
    assert outcome(kms.generate_data_key, KeyId=key, KeySpec="AES_256") == "AccessDeniedException"
    assert outcome(kms.disable_key, KeyId=key) == "allowed"


@pytest.mark.claim("C40")
@pytest.mark.parametrize("way", ["PutKeyPolicy", "CreateGrant"])
def test_an_administrator_can_let_himself_use_the_key(lab, way):
    """An administrator who may write the key policy, or make grants, can decrypt one call later."""
    keeper, secret = lab.home.user(f"keeper-{secrets.token_hex(4)}"), secrets.token_bytes(20)
    key = lab.home.create_key(allow(ADMINISTER, keeper.arn))
    kms, blob = keeper.client("kms"), lab.home.seal(key, secret)
    assert outcome(kms.decrypt, CiphertextBlob=blob) == "AccessDeniedException"
    if way == "PutKeyPolicy":
        kms.put_key_policy(KeyId=key, Policy=json.dumps(allow([*ADMINISTER, "kms:Decrypt"], keeper.arn)))
    else:
        kms.create_grant(KeyId=key, GranteePrincipal=keeper.arn, Operations=["Decrypt"])
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == secret


@pytest.mark.claim("C41")
def test_the_list_for_users_is_enough_for_a_symmetric_key(lab):
    """With the five entries of the text a user can do all cryptography of a symmetric key, and nothing else."""
    user, secret = lab.home.user(f"user-{secrets.token_hex(4)}"), secrets.token_bytes(20)
    key = lab.home.create_key(allow(USE, user.arn))
    kms = user.client("kms")
    blob = kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
    again = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=again)["Plaintext"] == secret
    for use in (kms.generate_data_key, kms.generate_data_key_without_plaintext):
        assert outcome(use, KeyId=key, KeySpec="AES_256") == "allowed"
    assert outcome(kms.generate_data_key_pair, KeyId=key, KeyPairSpec="ECC_NIST_P256") == "allowed"
    assert outcome(kms.describe_key, KeyId=key) == "allowed"
    assert outcome(kms.get_key_policy, KeyId=key) == "AccessDeniedException"
    grant = {"GranteePrincipal": lab.home.admin.arn, "Operations": ["Decrypt"]}
    assert outcome(kms.create_grant, KeyId=key, **grant) == "AccessDeniedException"


@pytest.mark.claim("C41")
def test_the_list_for_users_is_not_enough_for_other_keys(lab):
    """HMAC keys and signing keys are used by other operations, which the list of the text does not have."""
    user = lab.home.user(f"user-{secrets.token_hex(4)}")
    owner, policy = lab.home.root.client("kms"), allow(USE, user.arn)
    policy["Statement"] += allow("kms:*", lab.home.root.arn)["Statement"]
    kinds = {"Policy": json.dumps(policy)}
    mac = owner.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC", **kinds)["KeyMetadata"]["Arn"]
    sign = owner.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", **kinds)["KeyMetadata"]["Arn"]
    message, kms = secrets.token_bytes(20), user.client("kms")
    asked = {"KeyId": mac, "Message": message, "MacAlgorithm": "HMAC_SHA_256"}
    assert outcome(kms.generate_mac, **asked) == "AccessDeniedException"
    asked = {"KeyId": sign, "Message": message, "SigningAlgorithm": "ECDSA_SHA_256"}
    assert outcome(kms.sign, **asked) == "AccessDeniedException"
    assert outcome(kms.get_public_key, KeyId=sign) == "AccessDeniedException"
    assert outcome(owner.sign, **asked) == "allowed"


@pytest.mark.claim("C41")
def test_the_console_adds_grants_for_aws_services_alone(lab):
    """The console's third statement lets a user make grants through a service such as EC2, and not by hand."""
    user = lab.home.user(f"user-{secrets.token_hex(4)}", policies={"ec2": allow("ec2:*")})
    services = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    policy = allow(USE, user.arn)
    policy["Statement"] += allow("kms:CreateGrant", user.arn, Condition=services)["Statement"]
    key = lab.home.create_key(policy)
    by_hand = {"KeyId": key, "GranteePrincipal": user.arn, "Operations": ["Decrypt"]}
    assert outcome(user.client("kms").create_grant, **by_hand) == "AccessDeniedException"

    ec2 = user.client("ec2")
    machine = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    disk = ec2.create_volume(AvailabilityZone="us-east-1a", Size=8, Encrypted=True, KmsKeyId=key)["VolumeId"]
    ec2.attach_volume(VolumeId=disk, InstanceId=machine, Device="/dev/sdx")
    [state] = [one["State"] for one in ec2.describe_volumes(VolumeIds=[disk])["Volumes"]]
    assert state == "in-use"
