"""By which way a request comes: its address, a VPC endpoint with its policy, a service that calls for somebody."""

import secrets
from typing import Any

import pytest

from kms_katas.lab import Lab

# Its clients are for one test, and here some are changed.
from kms_katas.lab.plugin import lab as lab


@pytest.fixture
def bob(lab: Lab) -> Any:
    """Makes the user bob, who may use KMS under a condition."""

    def make(**condition: Any) -> Any:
        one: dict[str, Any] = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
        if condition:
            one["Condition"] = condition
        return lab.home.user("bob", {"p": {"Version": "2012-10-17", "Statement": [one]}})

    return make


def test_the_address_is_a_condition_key(lab: Lab, refused: Any, bob: Any) -> None:
    user = bob(IpAddress={"aws:SourceIp": "203.0.113.0/24"})
    user.client("kms", source_ip="203.0.113.77").list_keys()
    assert lab.trail[-1]["sourceIPAddress"] == "203.0.113.77"
    for client in (user.client("kms"), user.client("kms", source_ip="198.51.100.1")):
        with refused("AccessDeniedException"):
            client.list_keys()


def test_an_endpoint_policy_must_allow(lab: Lab, refused: Any, statement: Any, bob: Any) -> None:
    user, key = bob(), lab.home.create_key()
    endpoint = lab.vpc_endpoint(statement("kms:ListKeys", principal="*"))
    kms = user.client("kms", vpc_endpoint=endpoint)
    kms.list_keys()
    with refused("AccessDeniedException") as caught:
        kms.describe_key(KeyId=key)
    assert str(caught.value).endswith("because no VPC endpoint policy allows the kms:DescribeKey action")
    assert lab.explain(caught.value).layer == "vpc-endpoint-policy"
    user.client("kms").describe_key(KeyId=key)


def test_a_deny_of_the_endpoint_is_told_as_one(lab: Lab, refused: Any, statement: Any, bob: Any) -> None:
    policy = statement(principal="*")
    policy["Statement"].append({"Effect": "Deny", "Principal": "*", "Action": "kms:ListKeys", "Resource": "*"})
    kms = bob().client("kms", vpc_endpoint=lab.vpc_endpoint(policy))
    kms.list_aliases()
    with refused("AccessDeniedException") as caught:
        kms.list_keys()
    assert str(caught.value).endswith("with an explicit deny in a VPC endpoint policy")


def test_an_endpoint_without_a_policy_of_its_own_allows_everything_and_gives_nothing(
    lab: Lab, refused: Any, bob: Any
) -> None:
    endpoint = lab.vpc_endpoint()
    bob().client("kms", vpc_endpoint=endpoint).list_keys()
    with refused("AccessDeniedException"):
        lab.home.user("nobody").client("kms", vpc_endpoint=endpoint).list_keys()


def test_an_endpoint_policy_can_name_who_may_come_through(lab: Lab, refused: Any, statement: Any, bob: Any) -> None:
    user = bob()
    endpoint = lab.vpc_endpoint(statement(principal={"AWS": user.arn}))
    user.client("kms", vpc_endpoint=endpoint).list_keys()
    with refused("AccessDeniedException"):
        lab.home.admin.client("kms", vpc_endpoint=endpoint).list_keys()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:SourceVpce", lambda endpoint: endpoint.id),
        ("aws:SourceVpc", lambda endpoint: endpoint.vpc),
        ("aws:VpcSourceIp", lambda endpoint: "10.1.2.3"),
    ],
)
def test_an_endpoint_is_told_by_condition_keys(lab: Lab, refused: Any, bob: Any, key: str, value: Any) -> None:
    endpoint, other = lab.vpc_endpoint(), lab.vpc_endpoint()
    user = bob(StringEquals={key: value(endpoint)})
    user.client("kms", vpc_endpoint=endpoint, source_ip="10.1.2.3").list_keys()
    for client in (user.client("kms"), user.client("kms", vpc_endpoint=other)):
        with refused("AccessDeniedException"):
            client.list_keys()


def test_the_address_of_a_request_through_an_endpoint_is_not_its_source_ip(lab: Lab, refused: Any, bob: Any) -> None:
    user = bob(IpAddress={"aws:SourceIp": "0.0.0.0/0"})
    user.client("kms").list_keys()
    with refused("AccessDeniedException"):
        user.client("kms", vpc_endpoint=lab.vpc_endpoint()).list_keys()


def test_cloudtrail_tells_the_endpoint(lab: Lab, bob: Any) -> None:
    endpoint = lab.vpc_endpoint(account=lab.account("444455556666"))
    user = bob()
    user.client("kms", vpc_endpoint=endpoint, source_ip="10.9.8.7").list_keys()
    event = lab.trail[-1]
    assert (event["vpcEndpointId"], event["vpcEndpointAccountId"]) == (endpoint.id, "444455556666")
    assert event["sourceIPAddress"] == "10.9.8.7"
    user.client("kms").list_keys()
    assert "vpcEndpointId" not in lab.trail[-1]


def test_a_key_policy_can_ask_for_an_endpoint(lab: Lab, refused: Any, statement: Any, bob: Any) -> None:
    vpc = "vpc-" + secrets.token_hex(8)
    policy = statement("kms:*", principal={"AWS": lab.home.id})
    outside = {"StringNotEquals": {"aws:SourceVpc": vpc}}
    policy["Statement"] += statement("kms:Decrypt", effect="Deny", principal="*", **outside)["Statement"]
    key, user = lab.home.create_key(policy=policy), bob()
    sealed = user.client("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    user.client("kms", vpc_endpoint=lab.vpc_endpoint(vpc=vpc)).decrypt(CiphertextBlob=sealed)
    with refused("AccessDeniedException"):
        user.client("kms").decrypt(CiphertextBlob=sealed)


def test_a_service_that_calls_for_somebody_is_told_by_condition_keys(lab: Lab, refused: Any, bob: Any) -> None:
    user = bob(StringEquals={"kms:ViaService": "s3.eu-west-1.amazonaws.com"}, Bool={"aws:ViaAWSService": "true"})
    key = lab.home.create_key(region="eu-west-1")
    for name in ("s3", "s3.eu-west-1.amazonaws.com"):
        user.client("kms", "eu-west-1", via_service=name).describe_key(KeyId=key)
    for client in (user.client("kms", "eu-west-1"), user.client("kms", "eu-west-1", via_service="rds")):
        with refused("AccessDeniedException"):
            client.describe_key(KeyId=key)


def test_an_aws_managed_key_serves_through_its_service_alone(lab: Lab, refused: Any) -> None:
    key = lab.home.admin.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    nobody = lab.home.user("nobody")
    nobody.client("kms", via_service="s3").generate_data_key(KeyId=key, KeySpec="AES_256")
    for client in (lab.home.admin.client("kms"), nobody.client("kms", via_service="rds")):
        with refused("AccessDeniedException"):
            client.generate_data_key(KeyId=key, KeySpec="AES_256")


def test_the_grant_of_a_service_is_told_from_a_persons(lab: Lab, refused: Any, bob: Any) -> None:
    user = bob(Bool={"kms:GrantIsForAWSResource": "true"})
    asked = {"KeyId": lab.home.create_key(), "GranteePrincipal": lab.home.admin.arn, "Operations": ["Decrypt"]}
    user.client("kms", via_service="ec2").create_grant(**asked)
    with refused("AccessDeniedException"):
        user.client("kms").create_grant(**asked)


def test_cloudtrail_tells_the_service_that_called(lab: Lab, bob: Any) -> None:
    bob().client("kms", via_service="s3").list_keys()
    event = lab.trail[-1]
    assert event["userIdentity"]["invokedBy"] == event["sourceIPAddress"] == event["userAgent"] == "s3.amazonaws.com"
    assert event["userIdentity"]["arn"].endswith(":user/bob")


def test_the_address_counts_where_a_role_is_assumed(lab: Lab, refused: Any, statement: Any) -> None:
    here = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    role = lab.home.role("app", trust=statement("sts:AssumeRole", principal={"AWS": lab.home.admin.arn}, **here))
    asked = {"RoleArn": role.arn, "RoleSessionName": "s1"}
    lab.home.admin.client("sts", source_ip="203.0.113.5").assume_role(**asked)
    with refused("AccessDenied"):
        lab.home.admin.client("sts").assume_role(**asked)


def test_one_way_is_not_anothers(lab: Lab, bob: Any) -> None:
    user = bob()
    clients = [user.client("kms"), *(user.client("kms", source_ip=f"203.0.113.{last}") for last in (1, 2))]
    for client in (*clients, *reversed(clients)):
        client.list_keys()
    addresses = [event["sourceIPAddress"] for event in lab.trail]
    assert addresses == addresses[::-1]
    assert len(set(addresses)) == 3


def test_nobody_chooses_a_way_by_a_header(lab: Lab, refused: Any, bob: Any) -> None:
    kms = bob(IpAddress={"aws:SourceIp": "203.0.113.0/24"}).client("kms")

    def forge(request: Any, **_: Any) -> None:
        request.headers["X-Forwarded-For"] = "203.0.113.7"

    kms.meta.events.register("before-sign", forge)
    with refused("AccessDeniedException"):
        kms.list_keys()


@pytest.mark.parametrize(
    ("way", "says"),
    [({"source_ip": "home"}, "no IP address"), ({"via_service": "s3.example.com"}, "no AWS service")],
)
def test_a_way_that_cannot_be_is_refused_with_a_sentence(lab: Lab, way: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        lab.home.admin.client("kms", **way)


def test_an_endpoint_policy_that_is_none_is_refused_with_a_sentence(lab: Lab) -> None:
    with pytest.raises(ValueError, match="Statement"):
        lab.vpc_endpoint({"Version": "2012-10-17"})
