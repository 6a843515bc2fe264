"""An answer in a child meets what a check has set in the lab: quotas, and Regions that are down. Waiting costs it the
lab's time alone.
"""

import secrets

import pytest

from kms_katas.lab import Lab, Quotas

from .conftest import Hold, by_both_runners

HURRY = """
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

def make(count, **retries):
    kms = boto3.client("kms", config=Config(retries=retries))
    for _ in range(count):
        kms.generate_random(NumberOfBytes=8)

def back_off(kms, count):
    done = 0
    while done < count:
        try:
            kms.generate_random(NumberOfBytes=8)
            done += 1
        except ClientError as error:
            if error.response["Error"]["Code"] != "ThrottlingException":
                raise
            time.sleep(1)
"""


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_retries_of_boto3_wait_by_the_labs_clock(hold: Hold, lab: Lab, mode: str) -> None:
    lab.quotas = Quotas({"symmetric": 3})
    began = lab.clock.now()
    answer = hold(HURRY)
    answer.call("make", 9, mode=mode, total_max_attempts=10)
    assert sum(call.error_code is None for call in answer.calls) == 9
    assert {call.error_code for call in answer.calls} == {None, "ThrottlingException"}
    assert lab.clock.now() > began


@by_both_runners
def test_an_answer_that_backs_off_gets_through(hold: Hold, lab: Lab) -> None:
    lab.quotas = Quotas({"symmetric": 3})
    answer = hold(HURRY)
    answer.call("back_off", answer.client(), 7)
    assert [call.error_code for call in answer.calls].count(None) == 7


def test_an_answer_that_does_not_back_off_is_told_by_aws(hold: Hold, lab: Lab) -> None:
    lab.quotas = Quotas({"symmetric": 3})
    answer = hold(HURRY)
    raised = answer.raises("make", 4, total_max_attempts=1)
    assert raised is not None and raised.code == "ThrottlingException"
    assert len(answer.calls) == 4


FAIL_OVER = """
from botocore.exceptions import ClientError

def open_it(clients, blob):
    for kms in clients:
        try:
            return kms.decrypt(CiphertextBlob=blob)["Plaintext"]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
"""


@by_both_runners
def test_an_answer_fails_over_to_the_replica_of_a_region_that_is_down(hold: Hold, lab: Lab) -> None:
    admin, secret = lab.home.admin.client("kms"), secrets.token_bytes(20)
    key = admin.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    admin.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
    lab.clock.advance(minutes=1)
    blob = admin.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
    lab.regions_down = {"us-east-1"}
    answer = hold(FAIL_OVER)
    assert answer.call("open_it", [answer.client(), answer.client(region="eu-west-1")], blob) == secret
    assert {call.error_code for call in answer.calls if call.region == "us-east-1"} == {"ServiceUnavailable"}
    assert [call.error_code for call in answer.calls if call.region == "eu-west-1"] == [None]
