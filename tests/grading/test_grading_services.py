"""A kata's `services` say what its lane loads: nothing for KMS alone, and the others before the answer runs."""

import json
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from kms_katas.grading.answer import Answer
from kms_katas.grading.gate import Gate
from kms_katas.grading.runner import Runner
from kms_katas.kit import Kit
from kms_katas.lab import Lab

from .conftest import Hold, by_both_runners, signed

LOADED = """
import json, sys
from pathlib import Path
from kms_katas.grading.inprocess import InProcessRunner
from kms_katas.grading.lane import grade_in_lane
from kms_katas.kit import find_kit

kit = find_kit(Path(sys.argv[1]))
found = {}

def body(lane):
    found["before"] = sorted(sys.modules)
    found["passed"] = lane.grade(kit.katas[0], kit.solutions).passed
    found["after"] = sorted(sys.modules)

grade_in_lane(kit, kit.katas, InProcessRunner(), body)
print(json.dumps(found))
"""


def loaded(kit: Kit) -> tuple[set[str], set[str]]:
    """What a new process has loaded when its lane is ready, and when the reference answer has passed."""
    ended = subprocess.run(
        [sys.executable, "-P", "-c", LOADED, str(kit.root)], capture_output=True, text=True, check=True
    )
    found = json.loads(ended.stdout)
    assert found["passed"]
    return set(found["before"]), set(found["after"])


def listing(kit: Kit, services: str) -> None:
    place = Path(kit.starters) / kit.katas[0].folder / "kata.toml"
    text = place.read_text("utf-8")
    assert 'services = ["kms"]' in text
    place.write_text(text.replace('services = ["kms"]', f"services = {services}"), "utf-8")


OF_OTHERS = {"moto.s3", "moto.ec2", "moto.cloudformation", "kms_katas.lab.services.gate", "kms_katas.lab.services.s3"}


def test_a_kata_of_kms_alone_loads_no_other_service(mini_kit: Kit) -> None:
    _, after = loaded(mini_kit)
    assert "moto.kms" in after and not OF_OTHERS & after


def test_a_kata_of_s3_too_has_it_loaded_before_its_answer_runs_and_nothing_more(mini_kit: Kit) -> None:
    listing(mini_kit, '["kms", "s3"]')
    before, after = loaded(mini_kit)
    assert {"moto.s3.responses", "kms_katas.lab.services.s3", "kms_katas.lab.services.gate"} <= before
    assert not {"moto.ec2", "moto.cloudformation"} & after
    of_moto = {name for name in after - before if name.startswith("moto.")}
    assert of_moto == set()


KEEPS = """
import io


def keep(s3, bucket, text):
    s3.put_object(Bucket=bucket, Key="a b/c", Body=text)
    return s3.get_object(Bucket=bucket, Key="a b/c")["Body"].read()


def keep_a_file(s3, bucket, text):
    s3.upload_fileobj(io.BytesIO(text), bucket, "a")
    s3.copy({"Bucket": bucket, "Key": "a"}, bucket, "b")
    found = io.BytesIO()
    s3.download_fileobj(bucket, "b", found)
    return found.getvalue()


def made_beforehand():
    from kms_katas.child.serving import bridge

    return sorted(service for service, _ in bridge.clients._ready)
"""


@by_both_runners
def test_an_answer_has_the_clients_of_its_services_made_beforehand(hold: Hold, runner: Runner) -> None:
    runner.preparations = frozenset({"client s3"})
    try:
        # The spawned runner has one process ready that was started before.
        for _ in range(2):
            answer = hold(KEEPS, services=("kms", "s3"))
            found = answer.call("made_beforehand")
    finally:
        runner.preparations = frozenset()
    assert "s3" in found


@by_both_runners
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_an_answer_keeps_an_object_in_s3(hold: Hold, region: str) -> None:
    answer = hold(KEEPS, services=("kms", "s3"))
    text, bucket = secrets.token_bytes(40), f"b-{secrets.token_hex(4)}"
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    answer.lab.home.admin.client("s3", region=region).create_bucket(Bucket=bucket, **where)
    assert answer.call("keep", answer.client(service="s3", region=region), bucket, text) == text


@by_both_runners
def test_its_client_of_s3_has_what_boto3_adds(hold: Hold) -> None:
    answer = hold(KEEPS, services=("kms", "s3"))
    text, bucket = secrets.token_bytes(40), f"b-{secrets.token_hex(4)}"
    answer.lab.home.admin.client("s3").create_bucket(Bucket=bucket)
    assert answer.call("keep_a_file", answer.client(service="s3"), bucket, text) == text


@pytest.mark.parametrize(
    "host",
    [
        "kms.amazonaws.com",
        "a.kms.us-east-1.amazonaws.com",
        "b.s3.us-east-1.amazonaws.com.example",
        "b.s3-evil.us-east-1.amazonaws.com",
        "b/s3.us-east-1.amazonaws.com",
        "ec2.us-east-1.amazonaws.com",
    ],
)
def test_other_hosts_than_those_of_the_listed_services_are_not_reached(lab: Lab, host: str) -> None:
    question = signed(lab.home.admin, url=f"https://{host}/")
    assert "refused" in Gate(lab, ("kms", "s3")).reply(question)


HOOKS_ITSELF_IN = """
import boto3


def _double(params, **_):
    params["NumberOfBytes"] *= 2


def draw(kms, s3):
    kms.meta.events.register("provide-client-params.kms", _double)
    boto3.client("kms")
    boto3.DEFAULT_SESSION.events.register("provide-client-params.kms", _double)
    unwrapped = not hasattr(s3, "wrapped")
    s3.wrapped = True
    drawn = [len(one.generate_random(NumberOfBytes=8)["Plaintext"]) for one in (kms, boto3.client("kms"))]
    return [*drawn, unwrapped]
"""


@by_both_runners
def test_what_an_answer_hooked_into_a_client_is_gone_in_the_next_check(hold: Hold) -> None:
    """Else a library that wraps the client it is given would wrap it twice, in a right answer."""
    answer = hold(HOOKS_ITSELF_IN, services=("kms", "s3"))
    for _ in range(3):
        next_check = Answer(answer._run, answer.lab, answer.learner, answer._seed)
        clients = next_check.client(), next_check.client(service="s3")
        assert next_check.call("draw", *clients) == [16, 16, True]
        answer = next_check


KEEPS_ITS_CLIENT = """
def which(kms):
    kms.generate_random(NumberOfBytes=8)
    try:
        kms.describe_key(KeyId="none")
    except kms.exceptions.NotFoundException:
        return id(kms)
"""


def test_a_client_that_was_only_used_serves_the_next_check_too(hold: Hold) -> None:
    first = hold(KEEPS_ITS_CLIENT)
    second = Answer(first._run, first.lab, first.learner, first._seed)
    assert first.call("which", first.client()) == second.call("which", second.client())
