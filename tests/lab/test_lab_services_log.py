"""What the log says of requests to the services that call KMS. Of KMS's own: test_lab_trail.py."""

import secrets

import pytest
from botocore.exceptions import ClientError

from kms_katas.lab import Lab


def _of_s3(lab: Lab) -> list[dict]:
    return [record for record in lab.trail if record["eventSource"] == "s3.amazonaws.com"]


def test_a_change_of_a_bucket_is_logged_with_who_made_it(lab: Lab) -> None:
    name = f"reports-{secrets.token_hex(4)}"
    lab.home.admin.client("s3").create_bucket(Bucket=name)

    (record,) = _of_s3(lab)
    assert (record["eventName"], record["requestParameters"]["bucketName"]) == ("CreateBucket", name)
    assert record["userIdentity"]["arn"] == lab.home.admin.arn
    assert not record["readOnly"] and record["managementEvent"]


def test_a_refused_request_is_logged_with_the_words_of_the_refusal(lab: Lab) -> None:
    name = f"reports-{secrets.token_hex(4)}"
    lab.home.admin.client("s3").create_bucket(Bucket=name)
    eve = lab.home.user("eve")
    with pytest.raises(ClientError) as denied:
        eve.client("s3").delete_bucket(Bucket=name)

    record = _of_s3(lab)[-1]
    assert record["userIdentity"]["arn"] == eve.arn
    assert (record["errorCode"], record["errorMessage"]) == (
        denied.value.response["Error"]["Code"],
        denied.value.response["Error"]["Message"],
    )


def test_what_is_done_with_objects_is_a_data_event_and_in_no_event_history(lab: Lab) -> None:
    s3, name = lab.home.admin.client("s3"), f"reports-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a", Body=b"x")
    s3.get_object(Bucket=name, Key="a")
    s3.list_objects_v2(Bucket=name)

    assert [record["eventName"] for record in _of_s3(lab)] == ["CreateBucket"]


def test_an_error_that_the_service_itself_answers_with_is_logged(lab: Lab) -> None:
    s3 = lab.home.admin.client("s3")
    with pytest.raises(ClientError) as absent:
        s3.get_bucket_policy(Bucket=f"nothing-{secrets.token_hex(4)}")

    assert _of_s3(lab)[-1]["errorCode"] == absent.value.response["Error"]["Code"]


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("secretsmanager", "create_secret", {"Name": "s", "SecretString": "{}"}),
        ("ssm", "put_parameter", {"Name": "p", "Type": "String", "Value": "{}"}),
        ("ssm", "put_parameter", {"Name": "p", "Type": "SecureString", "Value": "{}"}),
    ],
)
def test_what_is_kept_secret_is_not_in_the_log(
    lab: Lab, service: str, operation: str, parameters: dict[str, str]
) -> None:
    secret = secrets.token_hex(16)
    given = {name: value.replace("{}", secret) for name, value in parameters.items()}
    getattr(lab.home.admin.client(service), operation)(**given)

    (record,) = (record for record in lab.trail if record["eventSource"] == f"{service}.amazonaws.com")
    assert record["requestParameters"]["name"] == parameters["Name"]
    assert secret not in str(lab.trail)
