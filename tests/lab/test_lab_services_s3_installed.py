"""S3 without enforcement, as code that knows moto alone uses it: keys have their effects, and everything else goes on.

And who uses KMS alone pays nothing for S3.
"""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from conftest import Refused
from moto import mock_aws
from moto.core.utils import get_service_model

from kms_katas.lab import install, uninstall
from kms_katas.lab.services.s3 import FIDELITY, SERVICE


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    install()
    with mock_aws():
        yield boto3.client
    uninstall()


@pytest.fixture
def bucket(aws: Any) -> str:
    name = f"reports-{secrets.token_hex(6)}"
    aws("s3").create_bucket(Bucket=name)
    return name


def test_the_key_has_its_effect_without_any_permission_being_asked(aws: Any, bucket: str, refused: Refused) -> None:
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    aws("s3").put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    assert aws("s3").get_object(Bucket=bucket, Key="a")["SSEKMSKeyId"] == key
    aws("kms").disable_key(KeyId=key)
    with refused("KMS.DisabledException"):
        aws("s3").get_object(Bucket=bucket, Key="a")


def test_the_aws_managed_key_is_there_once_s3_needs_it(aws: Any, bucket: str) -> None:
    used = aws("s3").put_object(Bucket=bucket, Key="a", ServerSideEncryption="aws:kms")["SSEKMSKeyId"]
    assert aws("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"] == used


def test_large_files_go_up_in_parts_and_come_down_again(aws: Any, bucket: str, tmp_path: Any) -> None:
    text = secrets.token_bytes(9 << 20)
    (tmp_path / "up").write_bytes(text)
    aws("s3").upload_file(str(tmp_path / "up"), bucket, "a", ExtraArgs={"ServerSideEncryption": "aws:kms"})
    aws("s3").download_file(bucket, "a", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == text


def test_acls_and_customer_keys_are_motos_own_business(aws: Any, bucket: str) -> None:
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": secrets.token_bytes(32)}
    aws("s3").put_object(Bucket=bucket, Key="a", Body=b"x", ACL="public-read", **key)
    assert aws("s3").get_object(Bucket=bucket, Key="a", **key)["Body"].read() == b"x"


def test_a_presigned_url_of_the_old_kind_still_works(aws: Any, bucket: str) -> None:
    aws("s3").put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="aws:kms")
    url = aws("s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
    assert requests.get(url, timeout=9).content == b"x"


def test_kms_alone_loads_neither_motos_s3_nor_this(tmp_path: Any) -> None:
    code = (
        "import sys\n"
        "from kms_katas.lab import Lab\n"
        "with Lab() as lab:\n"
        "    lab.home.admin.client('kms').create_key()\n"
        "print([name for name in sys.modules if name.startswith(('moto.s3.', 'kms_katas.lab.services.s3'))])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ran.stdout.strip() == "[]"


def test_what_s3_simulates_is_told_in_whole_sentences() -> None:
    assert all(what and how.endswith(".") for what, how in FIDELITY)


def test_no_operation_slips_past_the_permissions_but_the_preflights_of_browsers() -> None:
    unseen = set(get_service_model("s3").operation_names) - SERVICE.permissions.keys() - SERVICE.answers.keys()
    assert unseen == {"BucketCORSPreflightCheck", "ObjectCORSPreflightCheck"}
