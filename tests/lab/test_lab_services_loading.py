"""What a lab loads of the services, and moto's switches for the account. Not for what a service does."""

import subprocess
import sys

import boto3
import pytest
from moto import mock_aws

from kms_katas.lab import install, uninstall
from kms_katas.lab.services.table import SERVICES


def test_a_lab_that_uses_kms_alone_loads_no_other_service() -> None:
    look = (
        "import sys\n"
        "from kms_katas.lab import Lab\n"
        "with Lab() as lab:\n"
        "    kms = lab.home.admin.client('kms')\n"
        "    kms.encrypt(KeyId=kms.create_key()['KeyMetadata']['KeyId'], Plaintext=b'x')\n"
        f"names = {sorted(SERVICES)!r}\n"
        "print([name for name in names if 'kms_katas.lab.services.' + name in sys.modules])\n"
        "print([name for name in names if f'moto.{name}.models' in sys.modules])\n"
    )
    told = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout

    assert told.split("\n")[:2] == ["[]", "[]"]


def test_a_lab_that_uses_buckets_without_events_loads_neither_queues_nor_topics() -> None:
    look = (
        "import sys\n"
        "from kms_katas.lab import Lab\n"
        "with Lab() as lab:\n"
        "    s3 = lab.home.admin.client('s3')\n"
        "    s3.create_bucket(Bucket='plain-bucket')\n"
        "    s3.put_object(Bucket='plain-bucket', Key='k', Body=b'x')\n"
        "print([name for name in ('queues', 'topics') if 'kms_katas.lab.services.' + name in sys.modules])\n"
    )
    told = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout

    assert told.strip() == "[]"


def test_without_enforcement_motos_account_is_the_callers_for_every_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "210987654321")
    install()
    try:
        with mock_aws():
            session = boto3.Session("AKIA", "secret", region_name="us-east-1")
            key = session.client("kms").create_key()["KeyMetadata"]["KeyId"]
            ssm, secrets, sqs = (session.client(name) for name in ("ssm", "secretsmanager", "sqs"))
            ssm.put_parameter(Name="token", Value="x", Type="SecureString", KeyId=key)
            assert ssm.get_parameter(Name="token", WithDecryption=True)["Parameter"]["Value"] == "x"
            secrets.create_secret(Name="db", SecretString="x", KmsKeyId=key)
            assert secrets.get_secret_value(SecretId="db")["SecretString"] == "x"
            url = sqs.create_queue(QueueName="q", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody="x")
            assert "210987654321" in url and sqs.receive_message(QueueUrl=url)["Messages"]
            session.client("kms").disable_key(KeyId=key)
            with pytest.raises(secrets.exceptions.DecryptionFailure):
                secrets.get_secret_value(SecretId="db")
    finally:
        uninstall()
