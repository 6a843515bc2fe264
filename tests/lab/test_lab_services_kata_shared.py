"""The katas cross-account/shared-bucket and cross-account/shared-secret as a learner lives them: three documents that
must agree, and what comes of each way to get them wrong.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from s3_buckets import encrypt_by_default, new_bucket

from kms_katas.lab import Lab, Principal
from kms_katas.policy import explain

PARTNER = "444455556666"
VIA_S3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
VIA_SECRETS = {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}
Policy = dict[str, Any]


def policy(*statements: Policy) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], resource: Any = "*", condition: Policy | None = None, to: str = "") -> Policy:
    one = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return one | ({"Principal": {"AWS": to}} if to else {}) | ({"Condition": condition} if condition else {})


@dataclass
class Scene:
    """A reader in the partner's account, and a key of the home account that its administrator may use."""

    lab: Lab
    reader: Principal
    role_arn: str

    def key(self, *opened: Policy) -> str:
        owner = allow(["kms:*"], to=f"arn:aws:iam::{self.lab.home.id}:root")
        return self.lab.home.create_key(policy(owner, *opened))

    def open_bucket(self, bucket: str, *actions: str) -> None:
        statement = allow(list(actions), f"arn:aws:s3:::{bucket}/*", to=self.role_arn)
        self.lab.home.admin.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(statement)))

    def secret(self, key: str | None) -> str:
        """The ARN of a secret whose resource policy lets the reader read it."""
        owner = self.lab.home.admin.client("secretsmanager")
        more = {"KmsKeyId": key} if key else {}
        arn: str = owner.create_secret(Name=f"db-{secrets.token_hex(4)}", SecretString="shared", **more)["ARN"]
        opened = policy(allow(["secretsmanager:GetSecretValue"], to=self.role_arn))
        owner.put_resource_policy(SecretId=arn, ResourcePolicy=json.dumps(opened))
        return arn

    def read_secret(self, arn: str) -> str:
        value: str = self.reader.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        return value


@pytest.fixture
def scene(lab: Lab) -> Iterator[Scene]:
    role = lab.account(PARTNER).role("reports")
    yield Scene(lab, role.session("one"), role.arn)


def refusal(call: Callable[..., Any], *given: Any, **named: Any) -> ClientError:
    with pytest.raises(ClientError) as refused:
        call(*given, **named)
    return refused.value


def sentences(scene: Scene, error: ClientError) -> str:
    return " ".join(explain(scene.lab.explain(error)))


def test_bucket_key_and_own_policy_together_let_the_partners_role_read(scene: Scene) -> None:
    bucket, s3 = new_bucket(scene.lab), scene.lab.home.admin.client("s3")
    key = scene.key(allow(["kms:Decrypt"], condition=VIA_S3, to=scene.role_arn))
    encrypt_by_default(s3, bucket, key)
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    read = scene.reader.client("s3").get_object

    none = refusal(read, Bucket=bucket, Key="a")
    assert none.response["Error"] == {"Code": "AccessDenied", "Message": "Access Denied"}
    scene.open_bucket(bucket, "s3:GetObject")
    half = refusal(read, Bucket=bucket, Key="a")
    assert f"Caller's side, account {PARTNER}: no identity policy" in sentences(scene, half)
    scene.reader.allow(policy(allow(["s3:GetObject"], f"arn:aws:s3:::{bucket}/*")), "bucket")
    no_key = refusal(read, Bucket=bucket, Key="a")
    assert "s3.us-east-1.amazonaws.com, which let it in: KMS did not" in sentences(scene, no_key)
    assert f"Caller's side, account {PARTNER}: no identity policy" in sentences(scene, no_key)
    scene.reader.allow(policy(allow(["kms:Decrypt"], key)), "key")

    assert read(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_the_bucket_policy_alone_opens_no_key(scene: Scene) -> None:
    bucket, s3 = new_bucket(scene.lab), scene.lab.home.admin.client("s3")
    encrypt_by_default(s3, bucket, scene.key())
    s3.put_object(Bucket=bucket, Key="a")
    scene.open_bucket(bucket, "s3:GetObject")
    scene.reader.allow(policy(allow(["s3:GetObject", "kms:Decrypt"])))

    refused = refusal(scene.reader.client("s3").get_object, Bucket=bucket, Key="a")

    assert refused.response["Error"]["Code"] == "AccessDenied"
    assert f"Owner's side, account {scene.lab.home.id}: its key policy does not allow it" in sentences(scene, refused)


def test_a_shared_bucket_under_aws_s3_stays_shut(scene: Scene) -> None:
    bucket, s3 = new_bucket(scene.lab), scene.lab.home.admin.client("s3")
    encrypt_by_default(s3, bucket)
    s3.put_object(Bucket=bucket, Key="a")
    scene.open_bucket(bucket, "s3:GetObject")
    scene.reader.allow(policy(allow(["s3:GetObject", "kms:*"])))

    told = sentences(scene, refusal(scene.reader.client("s3").get_object, Bucket=bucket, Key="a"))

    assert "kms:CallerAccount" in told


@pytest.mark.parametrize("named", ["key ID", "alias"])
def test_a_default_by_key_id_or_alias_is_looked_for_in_the_writers_account(scene: Scene, named: str) -> None:
    home, bucket = scene.lab.home, new_bucket(scene.lab)
    key = scene.key(allow(["kms:GenerateDataKey", "kms:Decrypt"], to=scene.role_arn))
    alias = f"alias/{secrets.token_hex(4)}"
    home.admin.client("kms").create_alias(AliasName=alias, TargetKeyId=key)
    encrypt_by_default(home.admin.client("s3"), bucket, key.split("/")[-1] if named == "key ID" else alias)
    scene.open_bucket(bucket, "s3:PutObject")
    scene.reader.allow(policy(allow(["s3:PutObject", "kms:GenerateDataKey", "kms:Decrypt"])))
    write = scene.reader.client("s3").put_object

    missing = refusal(write, Bucket=bucket, Key="a")
    assert missing.response["Error"]["Code"] == "KMS.NotFoundException"
    assert PARTNER in str(missing)
    home.admin.client("s3").put_object(Bucket=bucket, Key="mine")

    if named == "alias":  # one of the same name over there is taken, and the owner cannot read what is written
        partner = scene.lab.account(PARTNER)
        theirs = partner.create_key()
        partner.admin.client("kms").create_alias(AliasName=alias, TargetKeyId=theirs)
        assert write(Bucket=bucket, Key="a")["SSEKMSKeyId"] == theirs
        refused = refusal(home.admin.client("s3").get_object, Bucket=bucket, Key="a")
        assert f"Owner's side, account {PARTNER}" in sentences(scene, refused)

    encrypt_by_default(home.admin.client("s3"), bucket, key)
    assert write(Bucket=bucket, Key="b")["SSEKMSKeyId"] == key


def test_secret_key_and_own_policy_together_let_the_partners_role_read_and_no_more(scene: Scene) -> None:
    key = scene.key(allow(["kms:Decrypt"], condition=VIA_SECRETS, to=scene.role_arn))
    arn = scene.secret(key)
    scene.reader.allow(policy(allow(["secretsmanager:GetSecretValue"], arn), allow(["kms:Decrypt"], key)))

    assert scene.read_secret(arn) == "shared"
    sealed = scene.lab.calls[-1].parameters
    direct = refusal(
        scene.reader.client("kms").decrypt,
        CiphertextBlob=sealed["CiphertextBlob"],
        EncryptionContext=sealed["EncryptionContext"],
    )
    assert "this call came directly" in sentences(scene, direct)


def test_a_secret_left_under_the_aws_managed_key_is_not_for_other_accounts(scene: Scene) -> None:
    arn = scene.secret(None)
    scene.reader.allow(policy(allow(["secretsmanager:GetSecretValue", "kms:*"])))

    refused = refusal(scene.read_secret, arn)

    assert refused.response["Error"]["Code"] == "InvalidRequestException"
    assert "different AWS account" in str(refused)


def test_without_decrypt_in_the_callers_account_kms_is_said_to_refuse_and_the_side_is_named(scene: Scene) -> None:
    key = scene.key(allow(["kms:Decrypt"], condition=VIA_SECRETS, to=scene.role_arn))
    arn = scene.secret(key)
    scene.reader.allow(policy(allow(["secretsmanager:GetSecretValue"], arn)))

    refused = refusal(scene.read_secret, arn)

    assert refused.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": "Access to KMS is not allowed",
    }
    told = sentences(scene, refused)
    assert "secretsmanager.us-east-1.amazonaws.com, which let it in: KMS did not" in told
    assert f"Caller's side, account {PARTNER}: no identity policy" in told


def test_decrypt_without_a_limit_is_more_than_reading_the_secret(scene: Scene) -> None:
    key = scene.key(allow(["kms:Decrypt"], to=scene.role_arn))
    scene.reader.allow(policy(allow(["kms:Decrypt"], key)))
    other = scene.lab.home.admin.client("kms").encrypt(KeyId=key, Plaintext=b"not a secret of Secrets Manager")

    opened = scene.reader.client("kms").decrypt(CiphertextBlob=other["CiphertextBlob"])

    assert opened["Plaintext"] == b"not a secret of Secrets Manager"
