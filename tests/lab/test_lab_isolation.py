"""A lab touches no network, reads nothing of the user's, leaves nothing behind, and repeats under a seed."""

import os
import random
import socket
from pathlib import Path
from typing import Any

import boto3
import moto.core.utils
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.base_backend import AccountSpecificBackend
from moto.moto_api._internal import mock_random

from kms_katas.lab import Lab
from kms_katas.lab.aws_session import isolated_session
from kms_katas.lab.region_list import regions_of


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user whose AWS set-up would lead astray, and a machine on which every connection fails the test."""
    trap = tmp_path / "config"
    trap.write_text("[default]\nregion = cn-north-1\nendpoint_url = http://trap.invalid\n[profile broken\n")
    settings = {
        "AWS_PROFILE": "no-such-profile",
        "AWS_DEFAULT_PROFILE": "no-such-profile",
        "AWS_CONFIG_FILE": str(trap),
        "AWS_SHARED_CREDENTIALS_FILE": str(trap),
        "AWS_ENDPOINT_URL": "http://trap.invalid",
        "AWS_ENDPOINT_URL_KMS": "http://trap.invalid",
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_REGION": "cn-north-1",
        "AWS_DEFAULT_REGION": "cn-north-1",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_RETRY_MODE": "nonsense",
        "HTTPS_PROXY": "http://trap.invalid:1",
        "HOME": str(tmp_path),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    def no_network(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    for remembered in (isolated_session, regions_of, AccountSpecificBackend.get_session):
        remembered.cache_clear()
    return trap


def use_everything(lab: Lab) -> None:
    admin = lab.home.admin
    kms = admin.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"])["Plaintext"] == b"x"
    admin.client("s3").create_bucket(Bucket="bucket")
    admin.client("iam").list_users()
    admin.client("sts").get_caller_identity()
    lab.account("444455556666").admin.client("kms", region="eu-west-1").list_keys()
    lab.home.role("app").session("s1").client("sts").get_caller_identity()


def test_nothing_of_the_users_set_up_reaches_a_lab(hostile: Path) -> None:
    with Lab() as lab:
        use_everything(lab)
        assert lab.home.admin.client("kms").meta.endpoint_url == "https://kms.us-east-1.amazonaws.com"
        assert {call.region for call in lab.calls} == {"us-east-1", "eu-west-1"}


def test_the_users_files_are_never_opened(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    opened: list[str] = []
    real_open = builtins.open

    def watched(file: Any, *rest: Any, **more: Any) -> Any:
        opened.append(str(file))
        return real_open(file, *rest, **more)

    monkeypatch.setattr(builtins, "open", watched)
    with Lab() as lab:
        use_everything(lab)
    assert not [name for name in opened if name.startswith(str(hostile.parent))]


def test_the_environment_is_as_before_when_a_lab_closes(hostile: Path) -> None:
    before = dict(os.environ)
    with Lab() as lab:
        use_everything(lab)
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("transcribe", lambda client: client.list_call_analytics_categories(NextToken="x")),
        ("s3", lambda client: client.get_bucket_metadata_table_configuration(Bucket="bucket")),
        ("ec2", lambda client: client.describe_trunk_interface_associations()),
        ("iam", lambda client: client.get_organizations_access_report(JobId="a" * 36)),
        ("outposts", lambda client: client.list_orders()),
    ],
)
def test_what_moto_does_not_serve_is_a_client_error_and_no_connection(hostile: Path, service: str, call: Any) -> None:
    with Lab() as lab, pytest.raises(ClientError):
        call(lab.home.admin.client(service))


def test_a_foreign_host_is_refused(hostile: Path) -> None:
    from botocore.awsrequest import AWSRequest

    with Lab() as lab:
        for url in (
            "https://example.com/",
            "http://169.254.169.254/latest",
            "http://motoapi.amazonaws.com/moto-api/reset",
        ):
            answer = lab.send(AWSRequest("POST", url, {}, b"{}").prepare())
            assert answer.status_code == 400
        lab.home.admin.client("kms").list_keys()


def test_a_client_of_a_closed_lab_says_so_and_connects_to_nothing(hostile: Path) -> None:
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
    with pytest.raises(ClientError, match="lab that is closed"):
        kms.list_keys()


def test_a_client_of_another_lab_is_not_recognised() -> None:
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
    with Lab(), pytest.raises(ClientError, match="UnrecognizedClientException"):
        kms.list_keys()


def test_each_lab_starts_empty() -> None:
    for _ in range(2):
        with Lab() as lab:
            assert lab.calls == () and lab.trail == ()
            use_everything(lab)
            assert len(lab.home.admin.client("kms").list_keys()["Keys"]) == 1
            assert len(lab.home.admin.client("s3").list_buckets()["Buckets"]) == 1


def test_a_closed_lab_leaves_moto_as_it_was() -> None:
    before = (moto.core.utils.datetime, AccountSpecificBackend._generate_regions, mock_random.getstate())
    with Lab(seed=1) as lab:
        use_everything(lab)
        lab.clock.advance(days=1000)
    assert (moto.core.utils.datetime, AccountSpecificBackend._generate_regions, mock_random.getstate()) == before


def test_a_lab_closes_after_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), Lab():
        raise ZeroDivisionError
    with Lab() as lab:
        use_everything(lab)


@mock_aws
def test_a_lab_does_not_open_inside_mock_aws() -> None:
    with pytest.raises(RuntimeError, match="mock_aws"), Lab():
        pass


def run(seed: int | None) -> list[Any]:
    with Lab(seed) as lab:
        assumed = lab.home.admin.client("sts").assume_role(RoleArn=lab.home.role("r").arn, RoleSessionName="mine")
        user, session = lab.home.user("alice"), lab.home.role("app").session("s1")
        kms = lab.home.admin.client("kms")
        key = kms.create_key()["KeyMetadata"]
        blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
        data_key = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
        secrets = [
            assumed["Credentials"]["SessionToken"],
            user.access_key_id,
            user.secret_access_key,
            session.access_key_id,
            session.session_token,
        ]
        ids = [key["KeyId"], key["CurrentKeyMaterialId"], *(call.request_id for call in lab.calls)]
        return [*secrets, *ids, blob, data_key["Plaintext"], data_key["CiphertextBlob"], lab.trail[0]["eventID"]]


def test_equal_seeds_repeat_every_id_key_and_ciphertext() -> None:
    seed = random.randrange(2**32)
    assert run(seed) == run(seed)


@pytest.mark.parametrize("other", [None, 2])
def test_other_seeds_and_no_seed_share_nothing(other: int | None) -> None:
    assert not set(run(1)) & set(run(other))
    assert not set(run(None)) & set(run(None))


def test_a_plain_boto3_client_inside_a_lab_holds_no_special_credentials(lab: Lab) -> None:
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        boto3.client("kms", region_name="us-east-1").list_keys()


def test_a_plain_boto3_client_with_a_principals_keys_works(lab: Lab) -> None:
    admin = lab.home.admin
    client = boto3.client(
        "kms",
        region_name="us-east-1",
        aws_access_key_id=admin.access_key_id,
        aws_secret_access_key=admin.secret_access_key,
    )
    assert client.list_keys()["Keys"] == []
    assert lab.calls[-1].principal_arn == admin.arn
