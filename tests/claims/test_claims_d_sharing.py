"""Claims D6 to D9, D13, D18 and D23: what one key for all workloads of an environment lets one do, and what not.

What a key costs and how much it carries is in test_claims_d_cost_and_load.py.
"""

import json
import secrets

import pytest
from botocore.exceptions import ClientError

STRANGERS = "444455556666"


def outcome(call, **asked):
    """The code of the error, or "allowed" where there is none."""
    try:
        call(**asked)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"


def statement(actions, principal=None, effect="Allow", **more):
    """A statement of a key policy where it names a principal, else of an identity policy."""
    who = {"Principal": {"AWS": principal}} if principal else {}
    return {"Effect": effect, "Action": actions, "Resource": "*"} | who | more


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def everything_for(*accounts):
    return statement("kms:*", [f"arn:aws:iam::{number}:root" for number in accounts])


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.mark.claim("D6")
def test_one_statement_keeps_other_accounts_off_one_key(lab):
    """A Deny with kms:CallerAccount holds against whatever else lets a stranger in, for the one key that has it."""
    outside = {"StringNotEquals": {"kms:CallerAccount": lab.home.id}}
    guard = statement("kms:*", "*", "Deny", Condition=outside)
    guarded = lab.home.create_key(policy(everything_for(lab.home.id, STRANGERS), guard))
    other = lab.home.create_key(policy(everything_for(lab.home.id, STRANGERS)))
    stranger = lab.account(STRANGERS).admin.client("kms")
    assert outcome(stranger.encrypt, KeyId=guarded, Plaintext=b"x") == "AccessDeniedException"
    assert outcome(lab.home.admin.client("kms").encrypt, KeyId=guarded, Plaintext=b"x") == "allowed"
    assert outcome(stranger.encrypt, KeyId=other, Plaintext=b"x") == "allowed"


@pytest.mark.claim("D6")
def test_a_resource_control_policy_does_it_for_all_keys_at_once(lab):
    """However many keys there are, one RCP over the account keeps everybody outside the organization off."""
    keys = [lab.home.create_key(policy(everything_for(lab.home.id, STRANGERS))) for _ in range(3)]
    stranger = lab.account(STRANGERS).admin.client("kms")
    assert {outcome(stranger.encrypt, KeyId=key, Plaintext=b"x") for key in keys} == {"allowed"}

    organization = lab.organization()
    production = organization.add(lab.home)
    ours = {"StringNotEquals": {"aws:PrincipalOrgID": organization.organization_id}}
    production.attach_rcp(policy(statement("kms:*", effect="Deny", Condition=ours) | {"Principal": "*"}))
    assert {outcome(stranger.encrypt, KeyId=key, Plaintext=b"x") for key in keys} == {"AccessDeniedException"}
    assert {outcome(lab.home.admin.client("kms").encrypt, KeyId=key, Plaintext=b"x") for key in keys} == {"allowed"}


@pytest.mark.claim("D7")
def test_disabling_the_shared_key_stops_every_service_on_it(lab, kms):
    """An object, a secret, a parameter and a volume of four applications fail with the one key that they share."""
    key, admin, name = lab.home.create_key(), lab.home.admin, f"shop-{secrets.token_hex(4)}"
    s3, keeper, ssm, ec2 = (admin.client(service) for service in ("s3", "secretsmanager", "ssm", "ec2"))
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    keeper.create_secret(Name=name, SecretString="x", KmsKeyId=key)
    ssm.put_parameter(Name=f"/{name}", Value="x", Type="SecureString", KeyId=key)
    disk = ec2.create_volume(AvailabilityZone="us-east-1a", Size=8, Encrypted=True, KmsKeyId=key)["VolumeId"]
    machine = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]

    kms.disable_key(KeyId=key)

    assert outcome(s3.get_object, Bucket=name, Key="a") == "KMS.DisabledException"
    assert outcome(keeper.get_secret_value, SecretId=name) == "DecryptionFailure"
    assert outcome(ssm.get_parameter, Name=f"/{name}", WithDecryption=True) == "InvalidKeyId"
    mounted = {"VolumeId": disk, "InstanceId": machine, "Device": "/dev/sdx"}
    assert outcome(ec2.attach_volume, **mounted) == "CustomerKeyHasBeenRevoked"


@pytest.mark.claim("D7")
def test_what_holds_a_data_key_already_goes_on_for_a_while(lab, kms):
    """A queue reuses its data key for five minutes by default; until then it takes messages under a disabled key."""
    key, sqs = lab.home.create_key(), lab.home.admin.client("sqs")
    queue = sqs.create_queue(QueueName="orders", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="first")
    kms.disable_key(KeyId=key)
    assert outcome(sqs.send_message, QueueUrl=queue, MessageBody="second") == "allowed"
    lab.clock.advance(seconds=301)
    assert outcome(sqs.send_message, QueueUrl=queue, MessageBody="third") == "KMS.DisabledException"


@pytest.mark.claim("D8")
def test_the_encryption_context_gives_each_application_its_part_of_a_shared_key(lab):
    """Two roles on one key, each bound to its own context by the key policy: neither opens what is the other's."""
    shop, stock = (lab.home.role(name) for name in ("shop", "stock"))
    uses = [
        statement(
            ["kms:Encrypt", "kms:Decrypt"],
            role.arn,
            Condition={"StringEquals": {"kms:EncryptionContext:app": role.arn.rpartition("/")[2]}},
        )
        for role in (shop, stock)
    ]
    key = lab.home.create_key(policy(everything_for(lab.home.id), *uses))
    ours, theirs, secret = {"app": "shop"}, {"app": "stock"}, secrets.token_bytes(20)
    kms = shop.session("web").client("kms")
    blob = kms.encrypt(KeyId=key, Plaintext=secret, EncryptionContext=ours)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=ours)["Plaintext"] == secret
    assert outcome(kms.encrypt, KeyId=key, Plaintext=secret, EncryptionContext=theirs) == "AccessDeniedException"
    other = stock.session("web").client("kms")
    assert outcome(other.decrypt, CiphertextBlob=blob, EncryptionContext=ours) == "AccessDeniedException"


@pytest.mark.claim("D8")
def test_a_grant_can_be_as_narrow(lab, kms):
    """A grant with a constraint lets one role decrypt in one context, on a key whose policy does not name it."""
    key, role = lab.home.create_key(), lab.home.role("report")
    kms.create_grant(
        KeyId=key,
        GranteePrincipal=role.arn,
        Operations=["Decrypt"],
        Constraints={"EncryptionContextSubset": {"app": "shop"}},
    )
    reader = role.session("monthly").client("kms")
    for app, told in (("shop", "allowed"), ("stock", "AccessDeniedException")):
        blob = lab.home.seal(key, secrets.token_bytes(20), {"app": app})
        assert outcome(reader.decrypt, CiphertextBlob=blob, EncryptionContext={"app": app}) == told


@pytest.mark.claim("D9")
def test_a_key_policy_for_ever_more_principals_comes_to_its_limit(lab, kms):
    """With a statement for each application the policy of a shared key grows until KMS refuses it, at 32 KB."""
    key = lab.home.create_key()

    def put(applications):
        uses = []
        for number in range(applications):
            app = {"StringEquals": {"kms:EncryptionContext:app": f"app-{number}"}}
            caller = f"arn:aws:sts::{lab.home.id}:assumed-role/app-{number}/web"
            uses.append(statement(["kms:Encrypt", "kms:Decrypt"], caller, Condition=app))
        text = json.dumps(policy(everything_for(lab.home.id), *uses))
        return len(text.encode()), outcome(kms.put_key_policy, KeyId=key, Policy=text)

    told = dict(map(put, range(100, 200, 5)))
    assert {code for size, code in told.items() if size <= 32768} == {"allowed"}
    assert {code for size, code in told.items() if size > 32768} == {"LimitExceededException"}


@pytest.mark.claim("D13")
def test_the_log_of_a_shared_key_tells_the_applications_apart(lab, kms):
    """Each event has the role, the key and the context: an application with its own role or context is found."""
    key, busy, quiet = lab.home.create_key(), lab.home.role("busy"), lab.home.role("quiet")
    for role, times in ((busy, 25), (quiet, 2)):
        role.allow(policy(statement("kms:GenerateDataKey")))
        app = {"app": role.arn.rpartition("/")[2]}
        for _ in range(times):
            role.session("web").client("kms").generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=app)
    of_key = [event for event in lab.trail if [one["ARN"] for one in event["resources"]] == [key]]
    by_role = [e for e in of_key if e["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == quiet.arn]
    by_context = [e for e in of_key if e["requestParameters"]["encryptionContext"] == {"app": "quiet"}]
    assert len(of_key) == 27
    assert by_role == by_context and len(by_role) == 2


@pytest.mark.claim("D18")
def test_administrators_of_a_shared_key_hold_it_for_all(lab):
    """On a shared key the administrator of one team can stop the other; with a key for each team he cannot."""
    first, second = (lab.home.user(f"keeper-{name}") for name in ("first", "second"))
    manage = ["kms:DisableKey", "kms:PutKeyPolicy"]
    shared = lab.home.create_key(policy(statement(manage, [first.arn, second.arn])))
    own = lab.home.create_key(policy(statement(manage, second.arn)))
    assert outcome(first.client("kms").disable_key, KeyId=shared) == "allowed"
    assert outcome(first.client("kms").disable_key, KeyId=own) == "AccessDeniedException"
    assert outcome(second.client("kms").disable_key, KeyId=own) == "allowed"


@pytest.mark.claim("D23")
def test_a_grant_does_not_end_by_itself(lab, kms):
    """A grant lets a role use a key that no policy opens to it, ten years later too, until it is revoked."""
    key, role = lab.home.create_key(), lab.home.role("worker")
    blob = lab.home.seal(key, secrets.token_bytes(20))
    grant = kms.create_grant(KeyId=key, GranteePrincipal=role.arn, Operations=["Decrypt"])["GrantId"]
    lab.clock.advance(days=3650)
    worker = role.session("night-shift").client("kms")
    assert outcome(worker.decrypt, CiphertextBlob=blob) == "allowed"
    assert outcome(worker.encrypt, KeyId=key, Plaintext=b"x") == "AccessDeniedException"
    kms.revoke_grant(KeyId=key, GrantId=grant)
    assert outcome(worker.decrypt, CiphertextBlob=blob) == "AccessDeniedException"


@pytest.mark.claim("D23")
def test_a_key_policy_serves_an_application_without_any_grant(lab, kms):
    """For permissions that stay, a statement of the key policy is enough."""
    role = lab.home.role("web")
    key = lab.home.create_key(policy(everything_for(lab.home.id), statement("kms:Decrypt", role.arn)))
    blob = lab.home.seal(key, secrets.token_bytes(20))
    assert outcome(role.session("web").client("kms").decrypt, CiphertextBlob=blob) == "allowed"
    assert kms.list_grants(KeyId=key)["Grants"] == []
