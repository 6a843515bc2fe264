"""The key policy of each AWS managed key: who uses it through its service, and that nobody does so otherwise."""

import json
import secrets
from typing import Any

import pytest

from kms_katas.lab import Lab
from kms_katas.lab.kms.aws_managed import PREDEFINED

MADE_FOR_GRANTS = "alias/aws/acm"
ALIASES = sorted(PREDEFINED)


def made(lab: Lab, alias: str) -> tuple[str, dict[str, Any]]:
    """ARN and key policy."""
    kms = lab.home.admin.client("kms")
    arn: str = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    return arn, json.loads(kms.get_key_policy(KeyId=arn)["Policy"])


def services(policy: dict[str, Any]) -> list[str]:
    """The services that its statements name, in this Region."""
    found = []
    for statement in policy["Statement"]:
        for keys in statement.get("Condition", {}).values():
            if "kms:ViaService" in keys:
                found.append(keys["kms:ViaService"].replace("*", "us-east-1"))
    return found


@pytest.mark.parametrize("alias", [alias for alias in ALIASES if alias != MADE_FOR_GRANTS])
def test_everybody_in_the_account_uses_it_through_its_service_and_not_otherwise(
    lab: Lab, refused: Any, alias: str
) -> None:
    arn, policy = made(lab, alias)
    nobody, stranger = lab.home.user("nobody"), lab.account("444455556666").admin
    asked = {"KeyId": arn, "KeySpec": "AES_256"}
    via = services(policy)
    assert via
    for service in via:
        sealed = nobody.client("kms", via_service=service).generate_data_key(**asked)["CiphertextBlob"]
        nobody.client("kms", via_service=service).decrypt(CiphertextBlob=sealed)
        with refused("AccessDeniedException"):
            stranger.client("kms", via_service=service).decrypt(CiphertextBlob=sealed)
    for client in (lab.home.admin.client("kms"), nobody.client("kms", via_service="cloudtrail")):
        with refused("AccessDeniedException"):
            client.generate_data_key(**asked)


@pytest.mark.parametrize("alias", ALIASES)
def test_nobody_changes_it_or_gives_it_away(lab: Lab, refused: Any, alias: str) -> None:
    arn, policy = made(lab, alias)
    admin = lab.home.admin.client("kms")
    everybody = lab.home.admin.arn
    for operation, more in (
        ("create_grant", {"GranteePrincipal": everybody, "Operations": ["Decrypt"]}),
        ("put_key_policy", {"Policy": json.dumps(policy)}),
        ("schedule_key_deletion", {}),
        ("disable_key", {}),
        ("disable_key_rotation", {}),
        ("rotate_key_on_demand", {}),
        ("tag_resource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
    ):
        with refused("AccessDeniedException"):
            getattr(admin, operation)(KeyId=arn, **more)
    with refused("AccessDeniedException"):
        admin.create_alias(AliasName=f"alias/{secrets.token_hex(4)}", TargetKeyId=arn)
    with refused("AccessDeniedException"):
        admin.delete_alias(AliasName=alias)


@pytest.mark.parametrize(("alias", "granted"), [("s3", False), ("ssm", False), ("ebs", True), ("sqs", True)])
def test_some_let_their_service_make_grants(lab: Lab, refused: Any, alias: str, granted: bool) -> None:
    arn, policy = made(lab, f"alias/aws/{alias}")
    [service] = services(policy)
    client = lab.home.user("u").client("kms", via_service=service)
    asked = {"KeyId": arn, "GranteePrincipal": lab.home.admin.arn, "Operations": ["Decrypt"]}
    if granted:
        client.create_grant(**asked)
    else:
        with refused("AccessDeniedException"):
            client.create_grant(**asked)


def test_that_of_secrets_manager_makes_data_keys_for_a_secret_of_another_region(lab: Lab, refused: Any) -> None:
    arn, _ = made(lab, "alias/aws/secretsmanager")
    client = lab.home.user("u").client("kms", via_service="secretsmanager.eu-west-1.amazonaws.com")
    sealed = client.generate_data_key(KeyId=arn, KeySpec="AES_256")["CiphertextBlob"]
    with refused("AccessDeniedException"):
        client.decrypt(CiphertextBlob=sealed)


def test_that_of_acm_gives_grants_for_either_half_and_seals_nothing_itself(lab: Lab, refused: Any) -> None:
    arn, _ = made(lab, "alias/aws/acm")
    client = lab.home.user("u").client("kms", via_service="acm")
    for operations in (["Decrypt"], ["Encrypt", "ReEncryptFrom"]):
        client.create_grant(KeyId=arn, GranteePrincipal=lab.home.admin.arn, Operations=operations)
    with refused("AccessDeniedException"):
        client.create_grant(KeyId=arn, GranteePrincipal=lab.home.admin.arn, Operations=["Encrypt", "Decrypt"])
    with refused("AccessDeniedException"):
        client.encrypt(KeyId=arn, Plaintext=b"x")


def test_it_is_there_when_a_service_first_needs_it_and_aws_owned_keys_never_are(lab: Lab) -> None:
    kms, s3 = lab.home.admin.client("kms"), lab.home.admin.client("s3")
    bucket = f"b-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="sse-s3", Body=b"x", ServerSideEncryption="AES256")
    assert kms.list_keys()["Keys"] == []
    put = s3.put_object(Bucket=bucket, Key="sse-kms", Body=b"x", ServerSideEncryption="aws:kms")
    [key] = kms.list_keys()["Keys"]
    assert key["KeyArn"] == put["SSEKMSKeyId"]
    [alias] = [one for one in kms.list_aliases()["Aliases"] if "TargetKeyId" in one]
    assert (alias["AliasName"], alias["TargetKeyId"]) == ("alias/aws/s3", key["KeyId"])
    s3.put_object(Bucket=bucket, Key="again", Body=b"x", ServerSideEncryption="aws:kms")
    assert len(kms.list_keys()["Keys"]) == 1
