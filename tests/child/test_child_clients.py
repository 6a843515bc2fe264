"""The clients behind an answer's boto3.client(): a ready one stands in only where it is what boto3 would have made."""

import gc
import weakref

import boto3
import pytest
from botocore.config import Config

from kms_katas.child.clients import Clients

MINE = {"AWS_ACCESS_KEY_ID": "AKIAMINE", "AWS_SECRET_ACCESS_KEY": "mine", "AWS_SESSION_TOKEN": "my token"}


@pytest.fixture
def clients(monkeypatch):
    """With one ready client of KMS, in a check that has begun."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name, value in {**MINE, "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    made = Clients()
    made.start_over({})
    made.ready = made.prepare("kms", "us-east-1")
    made.start_over(MINE)
    return made


def credentials_of(client):
    held = client._request_signer._credentials
    return held.access_key, held.secret_key, held.token


@pytest.mark.parametrize("how", [("kms",), ("kms", "us-east-1")])
def test_a_plain_client_is_a_ready_one_and_the_learners(clients, how):
    assert boto3.client(*how) is clients.ready
    assert credentials_of(clients.ready) == tuple(MINE.values())


@pytest.mark.parametrize(
    "how", [((), Config(region_name="us-east-1")), (("us-east-1",), Config(region_name="eu-west-1"))]
)
def test_a_client_of_which_a_config_says_the_region_alone_is_a_ready_one(clients, how):
    region, config = how
    assert boto3.client("kms", *region, config=config) is clients.ready
    assert credentials_of(clients.ready) == tuple(MINE.values())


def test_a_region_in_a_config_counts(clients):
    assert boto3.client("kms", config=Config(region_name="eu-west-1")).meta.region_name == "eu-west-1"
    both = Config(region_name="us-east-1", connect_timeout=7)
    assert boto3.client("kms", config=both).meta.config.connect_timeout == 7
    assert boto3.client("kms", config=Config(region_name="us-east-1"), use_ssl=False) is not clients.ready
    assert boto3.client("kms", config=Config(region_name="us-east-1"), verify=None) is not clients.ready
    assert boto3.client("kms") is clients.ready


def test_no_two_plain_clients_are_one(clients):
    assert boto3.client("kms") is not boto3.client("kms")


def test_a_plain_client_is_no_clients_of_a_handle(clients):
    described = {"access_key_id": "A", "secret_access_key": "s", "session_token": None}
    plain = boto3.client("kms")
    assert clients.lend({"kind": "client", "service": "kms", "region": "us-east-1", **described}) is not plain


@pytest.mark.parametrize(
    "asked",
    [{"config": Config(retries={"max_attempts": 1})}, {"endpoint_url": "https://elsewhere.test"}, {"use_ssl": False}],
)
def test_whoever_asks_for_more_gets_it(clients, asked):
    assert boto3.client("kms", **asked) is not clients.ready


def test_another_region_is_another_client(clients, monkeypatch):
    assert boto3.client("kms", "eu-west-1").meta.region_name == "eu-west-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert boto3.client("kms").meta.region_name == "eu-central-1"


def test_a_setting_in_the_environment_holds(clients, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    assert boto3.client("kms").meta.config.retries["total_max_attempts"] == 7


def test_a_setting_in_the_session_holds(clients):
    clients.core.set_default_client_config(Config(connect_timeout=7))
    assert boto3.client("kms").meta.config.connect_timeout == 7


def test_a_handler_of_the_session_is_called(clients):
    heard = []
    boto3.DEFAULT_SESSION.events.register("provide-client-params.kms", lambda params, **_: heard.append(params))
    with pytest.raises(Exception):  # noqa: B017  (nobody is at the other end)
        boto3.client("kms").describe_key(KeyId="")
    assert heard


def test_an_own_session_is_its_own(clients):
    boto3.setup_default_session(region_name="eu-west-1")
    assert boto3.client("kms").meta.region_name == "eu-west-1"
    clients.start_over(MINE)
    assert boto3.client("kms") is clients.ready


def test_in_the_next_check_it_is_ready_again_unless_it_was_changed(clients):
    for _ in range(2):
        assert boto3.client("kms") is clients.ready
        clients.start_over(MINE)
    boto3.client("kms").meta.events.register("before-call", lambda **_: None)
    clients.start_over(MINE)
    assert boto3.client("kms") is not clients.ready


def test_nobody_gets_a_changed_client_and_nothing_is_spent_on_letting_it_go(clients):
    changed = boto3.client("kms")
    changed.meta.events.register("before-call", lambda **_: None)
    gone = weakref.ref(changed)
    del changed, clients.ready
    clients.start_over(MINE)
    gc.collect()
    assert gone() is not None
    assert all(boto3.client("kms") is not gone() for _ in range(2))
