"""Code that holds moto in whatever way (decorator, class, fixture, context) does the same with the engine installed.

Each example runs under moto's own KMS and after `install()`. None of it knows of the engine.
"""

import threading
import unittest
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas.lab import install, uninstall


@pytest.fixture(autouse=True, params=["plain moto", "installed"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    if request.param == "installed":
        install()
    yield
    if request.param == "installed":
        uninstall()


def seal_and_open(kms: Any, plaintext: bytes = b"x") -> bytes:
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    opened: bytes = kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key_id, Plaintext=plaintext)["CiphertextBlob"])[
        "Plaintext"
    ]
    return opened


@mock_aws
def test_a_decorated_function() -> None:
    assert seal_and_open(boto3.client("kms")) == b"x"


@mock_aws(config={"core": {"mock_credentials": True, "service_whitelist": ["kms"]}})
def test_a_decorator_with_options() -> None:
    assert seal_and_open(boto3.client("kms")) == b"x"


@mock_aws
class TestADecoratedClass:
    def setup_method(self, method: Any) -> None:
        self.key_id = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]

    def test_sees_what_its_set_up_made(self) -> None:
        assert boto3.client("kms").describe_key(KeyId=self.key_id)["KeyMetadata"]["Enabled"] is True

    def test_starts_afresh_each_time(self) -> None:
        assert [one["KeyId"] for one in boto3.client("kms").list_keys()["Keys"]] == [self.key_id]


def test_a_unittest_class_that_starts_and_stops_the_mock() -> None:
    class Case(unittest.TestCase):
        def setUp(self) -> None:
            self.mock = mock_aws()
            self.mock.start()
            self.addCleanup(self.mock.stop)

        def runTest(self) -> None:
            assert boto3.client("kms").list_keys()["Keys"] == []
            assert seal_and_open(boto3.client("kms")) == b"x"

    for _ in range(2):
        result = unittest.TestResult()
        Case().run(result)
        assert not result.errors and not result.failures


def test_a_client_made_before_the_mock() -> None:
    kms = boto3.client("kms", aws_access_key_id="any", aws_secret_access_key="thing")
    with mock_aws():
        assert seal_and_open(kms) == b"x"


def test_a_session_with_a_region_and_credentials_of_its_own() -> None:
    with mock_aws():
        session = boto3.Session("any", "thing", region_name="ap-southeast-2")
        assert ":ap-southeast-2:" in session.client("kms").create_key()["KeyMetadata"]["Arn"]


def test_regions_do_not_see_each_others_keys() -> None:
    with mock_aws():
        here, there = (boto3.client("kms", region_name=region) for region in ("eu-west-1", "us-west-2"))
        key_id = here.create_key()["KeyMetadata"]["KeyId"]
        assert there.list_keys()["Keys"] == []
        with pytest.raises(there.exceptions.NotFoundException):
            there.describe_key(KeyId=key_id)


def test_a_replica_in_another_region_opens_what_its_primary_sealed() -> None:
    with mock_aws():
        here, there = (boto3.client("kms", region_name=region) for region in ("eu-west-1", "us-west-2"))
        key_id = here.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
        here.replicate_key(KeyId=key_id, ReplicaRegion="us-west-2")
        assert there.describe_key(KeyId=key_id)["KeyMetadata"]["MultiRegion"] is True


def test_a_nested_mock_sees_the_keys_outside_it() -> None:
    with mock_aws():
        key_id = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
        with mock_aws():
            boto3.client("kms").describe_key(KeyId=key_id)
        boto3.client("kms").describe_key(KeyId=key_id)
    with mock_aws(), pytest.raises(ClientError, match="NotFoundException"):
        boto3.client("kms").describe_key(KeyId=key_id)


def test_an_outside_reset_empties_the_account() -> None:
    from moto.moto_api._internal.models import moto_api_backend

    with mock_aws():
        boto3.client("kms").create_key()
        moto_api_backend.reset()
        assert boto3.client("kms").list_keys()["Keys"] == []
        assert seal_and_open(boto3.client("kms")) == b"x"


def test_threads_share_a_client() -> None:
    opened: list[bytes] = []
    with mock_aws():
        kms = boto3.client("kms")
        plaintexts = [b"%d" % number for number in range(8)]
        workers = [
            threading.Thread(target=lambda text=text: opened.append(seal_and_open(kms, text))) for text in plaintexts
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert sorted(opened) == plaintexts
