"""Custom key stores: how they come, connect, change and go. For their keys: test_lab_keys_in_custom_stores.py."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from key_stores import PASSWORD, SECRET, VPC, cluster, connect, entry, make, proxy, random_text

from kms_katas.lab import Lab


def test_a_cloudhsm_key_store_as_it_is_described(lab: Lab, kms: Any) -> None:
    asked = cluster()
    store = make(kms, asked)
    assert re.fullmatch("cks-[0-9a-f]{17}", store)
    assert entry(kms, store) == {
        "CustomKeyStoreId": store,
        "CustomKeyStoreName": asked["CustomKeyStoreName"],
        "CloudHsmClusterId": asked["CloudHsmClusterId"],
        "TrustAnchorCertificate": asked["TrustAnchorCertificate"],
        "ConnectionState": "DISCONNECTED",
        "CreationDate": lab.clock.now(),
        "CustomKeyStoreType": "AWS_CLOUDHSM",
    }


@pytest.mark.parametrize("more", [{}, VPC, VPC | {"XksProxyVpcEndpointServiceOwner": "444455556666"}])
def test_an_external_key_store_as_it_is_described(kms: Any, more: Any) -> None:
    asked = proxy(**more)
    found = entry(kms, make(kms, asked))
    expected = {
        "Connectivity": asked["XksProxyConnectivity"],
        "AccessKeyId": asked["XksProxyAuthenticationCredential"]["AccessKeyId"],
        "UriEndpoint": asked["XksProxyUriEndpoint"],
        "UriPath": asked["XksProxyUriPath"],
    }
    if more:
        expected["VpcEndpointServiceName"] = VPC["XksProxyVpcEndpointServiceName"]
        expected["VpcEndpointServiceOwner"] = more.get("XksProxyVpcEndpointServiceOwner", "111122223333")
    assert (found["CustomKeyStoreType"], found["XksProxyConfiguration"]) == ("EXTERNAL_KEY_STORE", expected)
    assert "CloudHsmClusterId" not in found


def test_secrets_are_in_no_answer_and_not_in_the_trail(lab: Lab, kms: Any) -> None:
    for asked in (cluster(), proxy()):
        make(kms, asked)
    kms.update_custom_key_store(CustomKeyStoreId=make(kms, cluster()), KeyStorePassword=PASSWORD)
    seen = repr(kms.describe_custom_key_stores()) + repr(lab.trail)
    assert PASSWORD not in seen and SECRET not in seen


def test_each_required_parameter_is_missed(kms: Any, refused: Any, store_parameters: dict[str, Any]) -> None:
    for name in store_parameters.keys() - {"CustomKeyStoreName", "CustomKeyStoreType"}:
        with refused("ValidationException"):
            make(kms, {one: value for one, value in store_parameters.items() if one != name})
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []


def test_parameters_of_the_other_type_are_refused(kms: Any, refused: Any) -> None:
    for wrong in (cluster(XksProxyUriPath="/kms/xks/v1"), proxy(KeyStorePassword=PASSWORD)):
        with refused("ValidationException"):
            make(kms, wrong)
    with refused("ValidationException"):
        make(kms, proxy(XksProxyConnectivity="VPC_ENDPOINT_SERVICE"))
    with refused("ValidationException"):
        make(kms, proxy(XksProxyVpcEndpointServiceName=VPC["XksProxyVpcEndpointServiceName"]))


def test_names_are_unique(kms: Any, refused: Any, store_parameters: dict[str, Any]) -> None:
    make(kms, store_parameters)
    with refused("CustomKeyStoreNameInUseException"):
        make(kms, cluster(CustomKeyStoreName=store_parameters["CustomKeyStoreName"]))


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (
            cluster(CloudHsmClusterId="cluster-aaaaaaaaaaa"),
            cluster(CloudHsmClusterId="cluster-aaaaaaaaaaa"),
            "CloudHsmClusterInUseException",
        ),
        (
            proxy(XksProxyUriEndpoint="https://a.example.com"),
            proxy(XksProxyUriEndpoint="https://a.example.com"),
            "XksProxyUriInUseException",
        ),
        (
            proxy(XksProxyUriEndpoint="https://a.example.com", XksProxyUriPath="/other/kms/xks/v1"),
            proxy(XksProxyUriEndpoint="https://a.example.com"),
            None,
        ),
        (
            proxy(XksProxyUriEndpoint="https://a.example.com", XksProxyUriPath="/other/kms/xks/v1"),
            proxy(XksProxyUriEndpoint="https://a.example.com", **VPC),
            "XksProxyUriEndpointInUseException",
        ),
        (proxy(**VPC), proxy(**VPC), "XksProxyVpcEndpointServiceInUseException"),
    ],
)
def test_what_is_behind_a_store_serves_no_other(kms: Any, refused: Any, first: Any, second: Any, code: Any) -> None:
    make(kms, first)
    if code is None:
        make(kms, second)
        return
    with refused(code):
        make(kms, second)


def test_ten_stores_are_the_most(kms: Any, refused: Any) -> None:
    for _ in range(10):
        make(kms, cluster())
    with refused("LimitExceededException"):
        make(kms, proxy())
    assert len(kms.describe_custom_key_stores()["CustomKeyStores"]) == 10


def test_stores_are_listed_by_name_and_in_pages(kms: Any, refused: Any) -> None:
    asked = [cluster(), cluster(), proxy()]
    made = {make(kms, one) for one in asked}
    [one] = kms.describe_custom_key_stores(CustomKeyStoreName=asked[1]["CustomKeyStoreName"])["CustomKeyStores"]
    assert one["CloudHsmClusterId"] == asked[1]["CloudHsmClusterId"]
    pages = list(kms.get_paginator("describe_custom_key_stores").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["CustomKeyStores"]) for page in pages] == [2, 1]
    assert {one["CustomKeyStoreId"] for page in pages for one in page["CustomKeyStores"]} == made
    with refused("ValidationException"):
        kms.describe_custom_key_stores(CustomKeyStoreName="a", CustomKeyStoreId=made.pop())


@pytest.mark.parametrize(
    "operation",
    ["connect_custom_key_store", "disconnect_custom_key_store", "delete_custom_key_store", "update_custom_key_store"],
)
def test_an_unknown_store_is_not_found(kms: Any, refused: Any, operation: str) -> None:
    more = {"NewCustomKeyStoreName": "n"} if operation.startswith("update") else {}
    with refused("CustomKeyStoreNotFoundException"):
        getattr(kms, operation)(CustomKeyStoreId="cks-1234567890abcdef0", **more)
    for one in ({"CustomKeyStoreId": "cks-1234567890abcdef0"}, {"CustomKeyStoreName": "nobody"}):
        with refused("CustomKeyStoreNotFoundException"):
            kms.describe_custom_key_stores(**one)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["connect", "disconnect", "wait", "delete", "key", "schedule", "month"]), max_size=14))
def test_the_connection_and_its_keys_follow_the_calls(steps: list[str]) -> None:
    """Against a model of four facts: connection, live keys, keys to be deleted, whether the store is there."""
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
        store = make(kms, cluster())
        connection, live, dying = "DISCONNECTED", list[str](), list[str]()
        for step in steps:
            code = None
            try:
                if step == "connect":
                    kms.connect_custom_key_store(CustomKeyStoreId=store)
                elif step == "disconnect":
                    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
                elif step == "delete":
                    kms.delete_custom_key_store(CustomKeyStoreId=store)
                elif step == "key":
                    live.append(kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)["KeyMetadata"]["KeyId"])
                elif step == "schedule" and live:
                    kms.schedule_key_deletion(KeyId=live[-1], PendingWindowInDays=7)
                    dying.append(live.pop())
                elif step in ("wait", "month"):
                    lab.clock.advance(days=30 if step == "month" else 0, seconds=1)
            except kms.exceptions.ClientError as error:
                code = error.response["Error"]["Code"]
            expected = None
            if step == "connect" and connection == "DISCONNECTED":
                connection = "CONNECTING"
            elif step == "disconnect":
                expected = "CustomKeyStoreInvalidStateException" if connection == "DISCONNECTED" else None
                connection = "DISCONNECTED"
            elif step == "key" and connection != "CONNECTED":
                expected = "CustomKeyStoreInvalidStateException"
            elif step == "delete" and (live or dying):
                expected = "CustomKeyStoreHasCMKsException"
            elif step == "delete" and connection != "DISCONNECTED":
                expected = "CustomKeyStoreInvalidStateException"
            elif step in ("wait", "month"):
                connection = "CONNECTED" if connection == "CONNECTING" else connection
                dying = [] if step == "month" else dying
            assert code == expected
            if step == "delete" and code is None:
                assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
                return
            assert entry(kms, store)["ConnectionState"] == connection
            for key in live:
                shown = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
                assert shown == ("Enabled" if connection == "CONNECTED" else "Unavailable")
            for key in dying:
                assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_update_changes_what_it_names(kms: Any, refused: Any, store_parameters: dict[str, Any]) -> None:
    store, other = make(kms, store_parameters), cluster()
    make(kms, other)
    before = entry(kms, store)
    assert set(kms.update_custom_key_store(CustomKeyStoreId=store, NewCustomKeyStoreName="new")) == {"ResponseMetadata"}
    assert entry(kms, store) == before | {"CustomKeyStoreName": "new"}
    with refused("CustomKeyStoreNameInUseException"):
        kms.update_custom_key_store(CustomKeyStoreId=store, NewCustomKeyStoreName=other["CustomKeyStoreName"])
    with refused("ValidationException"):
        kms.update_custom_key_store(CustomKeyStoreId=store)


def test_most_changes_need_a_disconnected_store(
    lab: Lab, kms: Any, refused: Any, store: str, store_parameters: Any
) -> None:
    kms.update_custom_key_store(CustomKeyStoreId=store, NewCustomKeyStoreName="while connected")
    if "CloudHsmClusterId" in store_parameters:
        change = {"CloudHsmClusterId": f"cluster-{random_text(11)}"}
    else:
        change = dict(VPC)
        kms.update_custom_key_store(CustomKeyStoreId=store, XksProxyUriPath="/kms/xks/v1")
        assert entry(kms, store)["XksProxyConfiguration"]["UriPath"] == "/kms/xks/v1"
    with refused("CustomKeyStoreInvalidStateException"):
        kms.update_custom_key_store(CustomKeyStoreId=store, **change)
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    kms.update_custom_key_store(CustomKeyStoreId=store, **change)
    if "CloudHsmClusterId" in change:
        assert entry(kms, store)["CloudHsmClusterId"] == change["CloudHsmClusterId"]
    else:
        assert entry(kms, store)["XksProxyConfiguration"]["VpcEndpointServiceOwner"] == "111122223333"
        kms.update_custom_key_store(CustomKeyStoreId=store, XksProxyConnectivity="PUBLIC_ENDPOINT")
        assert "VpcEndpointServiceName" not in entry(kms, store)["XksProxyConfiguration"]


def test_random_bytes_come_from_a_connected_cluster(lab: Lab, kms: Any, refused: Any) -> None:
    hsm, external = make(kms, cluster()), make(kms, proxy())
    with refused("CustomKeyStoreInvalidStateException"):
        kms.generate_random(NumberOfBytes=8, CustomKeyStoreId=hsm)
    for store in (hsm, external):
        connect(lab, kms, store)
    assert len(kms.generate_random(NumberOfBytes=8, CustomKeyStoreId=hsm)["Plaintext"]) == 8
    with refused("UnsupportedOperationException"):
        kms.generate_random(NumberOfBytes=8, CustomKeyStoreId=external)


def test_the_permissions_are_the_accounts(lab: Lab, kms: Any, refused: Any) -> None:
    store = make(kms, cluster())
    bob = lab.home.user("bob")
    with refused("AccessDeniedException"):
        bob.client("kms").describe_custom_key_stores()
    statement = {"Effect": "Allow", "Action": "kms:DescribeCustomKeyStores", "Resource": "*"}
    bob.allow({"Version": "2012-10-17", "Statement": [statement]})
    assert entry(bob.client("kms"), store)["CustomKeyStoreId"] == store
    stranger = lab.account("444455556666").admin.client("kms")
    with refused("CustomKeyStoreNotFoundException"):
        stranger.connect_custom_key_store(CustomKeyStoreId=store)
    with refused("CustomKeyStoreNotFoundException"):
        lab.home.admin.client("kms", "us-west-2").connect_custom_key_store(CustomKeyStoreId=store)
