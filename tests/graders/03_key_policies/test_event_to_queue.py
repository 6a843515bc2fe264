"""The checks of key-policies/event-to-queue: what the key policy gives S3, proved; and events on their way, in the lab.

Not for how the policy is written: any that means the same passes. Nor for how the queue gets its key.
"""

import json
from dataclasses import replace
from urllib.parse import unquote_plus

import pytest
from botocore.exceptions import ClientError

from kms_katas.grading import AnswerRaised, expect, reject
from kms_katas.grading.intents import (
    SYMMETRIC,
    allow,
    allow_service,
    asked_by_service,
    both,
    inside,
    outside,
    people_with_a_source,
    policy,
)
from kms_katas.grading.judge import must_allow, must_allow_no_more
from kms_katas.policy import Documents, Principal, explain

OWNER, STRANGERS = "111122223333", "444455556666"
KEY_ID = "2f6d8b14-7c3e-4a95-b0d1-68e5f9a7c402"
BUCKET, QUEUE = f"invoices-{OWNER}", "invoices"
BUCKET_ARN, QUEUE_ARN = f"arn:aws:s3:::{BUCKET}", f"arn:aws:sqs:us-east-1:{OWNER}:{QUEUE}"
S3 = "s3.amazonaws.com"
TO_SEND = ["kms:GenerateDataKey", "kms:Decrypt"]
AT_MOST = ["kms:GenerateDataKey*", "kms:Decrypt"]
TO_THE_OWNER = allow("kms:*", by=OWNER)
NO_SIGN = ("ApproximateNumberOf", "LastModified", "KmsMasterKeyId", "SqsManagedSse")


@pytest.fixture
def key(lab):
    """The key, by its ARN."""
    return lab.home.create_key(key_id=KEY_ID)


@pytest.fixture
def worker(lab, key):
    """Who reads the queue, with an IAM policy for it and for the key."""
    reads = allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]) | {"Resource": QUEUE_ARN}
    opens = allow("kms:Decrypt") | {"Resource": key}
    return lab.home.role("worker", {"reads": policy("reads", reads, opens).document})


@pytest.fixture
def operator(lab):
    """Whose client the answer's function gets: everything in SQS, and nothing else."""
    return lab.home.role("operator", {"queues": policy("queues", allow("sqs:*")).document}).session("operator")


@pytest.fixture
def learner(operator):
    """Whom `encrypt_queue` acts as."""
    return operator


@pytest.fixture
def bucket(lab):
    """The name of the bucket."""
    lab.home.admin.client("s3").create_bucket(Bucket=BUCKET)
    return BUCKET


@pytest.fixture
def queue_url(lab):
    """The queue of the brief."""
    return _queue(lab, QUEUE)


@pytest.fixture
def in_force(key_policy_on, key, worker, operator):
    """The question about the learner's key policy."""
    return key_policy_on(key)


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_key_policy_lets_s3_send(in_force, lab):
    """The key policy gives S3 what it needs to send an event of the bucket to an encrypted queue."""
    requests = both(asked_by_service(lab.region, lab.clock.now(), BUCKET_ARN, OWNER), SYMMETRIC)
    requests = both(
        requests,
        {
            "StringEquals": {"kms:EncryptionContext:aws:sqs:arn": QUEUE_ARN},
            "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "aws:sqs:arn"},
            "Null": {"aws:SourceOrgID": "true"},
        },
    )
    must_allow(
        replace(in_force, callers=[Principal(S3)]),
        Documents(policy("S3's part", allow_service(TO_SEND, S3, requests))),
        "S3 sends as itself and has no IAM policy: it makes a data key for the message and must be able to open one.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_key_policy_gives_nothing_else(in_force):
    """The key policy gives S3 no other operation, and nothing to another AWS service or another account."""
    lesson = "What the key policy gives to a service or to another account, nothing in your account takes back."
    for aside in (people_with_a_source(), []):
        at_most = policy("S3's part", inside(OWNER), allow_service(AT_MOST, S3), *aside)
        must_allow_no_more(in_force, Documents(at_most), lesson)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_owner_keeps_the_key(in_force):
    """In account 111122223333 IAM policies decide on the key as before, on the reader's rights too."""
    lesson = "The key policy is for the sender; the worker reads by its IAM policy, as does everybody in the account."
    must_allow(in_force, Documents(policy("as before", TO_THE_OWNER)), lesson)
    must_allow_no_more(in_force, Documents(policy("as before", TO_THE_OWNER, outside(OWNER))), lesson)


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_events_reach_the_queue(answer, lab, in_force, key, bucket, queue_url, worker, fresh):
    """After `encrypt_queue` S3 takes the configuration, and the worker reads the event of a new invoice."""
    waiting = fresh.text(12)
    lab.home.admin.client("sqs").send_message(QueueUrl=queue_url, MessageBody=waiting)
    _encrypt(answer, queue_url, key)
    _set_up_events(lab.home, bucket, lab)
    name = f"{fresh.text(6)}/{fresh.text(8)}.pdf"
    lab.home.admin.client("s3").put_object(Bucket=bucket, Key=name, Body=fresh.bytes(40))
    bodies = _read(worker, queue_url)
    told = [
        unquote_plus(record["s3"]["object"]["key"])
        for body in bodies
        if body != waiting
        for record in json.loads(body).get("Records", [])
    ]
    expect(
        told == [name],
        "S3 took the configuration, and yet the event of the new invoice did not reach the worker.",
        expected="one event, with the name of the new object",
        next_step="Let the queue lie under `key_arn`, and leave its policy as it is.",
        actual=f"{len(told)} events among {len(bodies)} messages",
    )
    expect(
        waiting in bodies,
        "A message that waited in the queue is gone. To change the key of a queue takes no message away.",
        expected="the message that waited, beside the event",
        next_step="Change the attribute alone: do not empty the queue, and do not make it again.",
    )
    under = {call.key_arn for call in lab.calls if call.principal_arn == S3 and call.operation == "GenerateDataKey"}
    expect(
        under == {key},
        "The event came, and it does not lie under the company's key. Without SSE-KMS S3 asks KMS for nothing, so it "
        "works, and nobody can audit or stop who reads the queue.",
        expected="S3 asks KMS for a data key under `key_arn`",
        next_step="Name `key_arn` as the queue's KmsMasterKeyId.",
        actual="no call of KMS by S3" if not under else "data keys under other keys",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_all_else_about_the_queue_stays(answer, lab, in_force, key, queue_url, fresh):
    """`encrypt_queue` changes the key of whichever queue it is given, and leaves its policy and settings alone."""
    before = _attributes(lab, queue_url)
    _encrypt(answer, queue_url, key)
    after = _attributes(lab, queue_url)
    stranger, theirs = lab.account(STRANGERS), f"planted-{fresh.text(10)}"
    stranger.admin.client("s3").create_bucket(Bucket=theirs)
    try:
        _notify(stranger, theirs)
        let_in = True
    except ClientError:
        let_in = False
    expect(
        not let_in,
        f"A bucket of account {STRANGERS} now sends events to the queue. The name s3.amazonaws.com stands for S3 at "
        "work for any bucket of anybody; the policy of the queue said for which.",
        expected="S3 may send for the one bucket, as before",
        next_step="Leave Policy out of the attributes that you set.",
    )
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    expect(
        not changed,
        f"`encrypt_queue` changed more than the key of the queue: {', '.join(changed)}.",
        expected="all other attributes as they were",
        next_step="Set the attribute that names the key, and no other.",
    )
    under = _key_of(lab, queue_url)
    _another_queue_and_key(answer, lab, f"orders-{fresh.text(8)}")
    expect(
        _key_of(lab, queue_url) == under,
        "Called with one queue, `encrypt_queue` changed the key of another queue, too. Who sends to that one may have "
        "no right to the key.",
        expected="the queue of `queue_url` alone",
        next_step="Use `queue_url`, and look for no other queues.",
    )


def _another_queue_and_key(answer, lab, name):
    key, url = lab.home.create_key(), _queue(lab, name)
    _encrypt(answer, url, key)
    under = _key_of(lab, url)
    expect(
        under in (key, key.rpartition("/")[2]),
        "Called with another queue and another key, `encrypt_queue` does not bring that queue under that key. It has "
        "to do so with whatever it is given.",
        expected=f"KmsMasterKeyId {key}",
        next_step="Use `queue_url` and `key_arn`, and write neither into the code.",
        actual=f"KmsMasterKeyId {under or 'not set'}",
    )


def _encrypt(answer, queue_url, key):
    try:
        answer.call("encrypt_queue", answer.client(service="sqs"), queue_url, key)
    except AnswerRaised as raised:
        reject(
            f"`encrypt_queue` raised {raised.type}. It has to bring the queue under the key, and its client may do "
            "everything with the queue.",
            expected="no exception",
            next_step="Mend what the error below names.",
        )


def _notify(account, bucket):
    one = {"QueueArn": QUEUE_ARN, "Events": ["s3:ObjectCreated:*"]}
    account.admin.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [one]}
    )


def _set_up_events(account, bucket, lab):
    before = len(lab.calls)
    try:
        _notify(account, bucket)
    except ClientError as error:
        for call in lab.calls[before:]:
            lab.remark(call, "answer")
        try:
            decision = lab.explain(error)
        except LookupError:
            reject(
                "S3 does not find the queue any more, or cannot use what its key is now.",
                expected="S3 takes the configuration",
                next_step="Change the attribute alone, and name the key by `key_arn`.",
            )
        _say_why(decision)


def _say_why(decision):
    """Refuse, by what S3 asked for and who said no."""
    request = decision.request
    if request.resource.split(":")[2] == "sqs":
        reject(
            "S3 refuses the configuration: the policy of the queue no longer lets it send.",
            expected="the queue's policy as it was",
            next_step="Leave Policy out of the attributes that you set.",
        )
    if not request.resource.endswith(KEY_ID):
        reject(
            "S3 refuses the configuration, for the queue lies under a key that does not let it in. The key policy of "
            "aws/sqs names the principals of the account, nobody can change it, and S3 is none of them.",
            expected="the queue under `key_arn`",
            next_step="Let `encrypt_queue` name `key_arn` as the queue's KmsMasterKeyId.",
        )
    reject(
        f"S3 refuses the configuration: for an event it asked for {request.action} on your key, and the key "
        "policy does not let it. S3 itself does not say which of the two permissions is missing.",
        expected="the key policy lets S3 make a data key and open it",
        next_step="Mend key-policy.json as the checks of task 1 say.",
        actual=" ".join(explain(decision))[:300],
    )


def _read(worker, queue_url):
    """The bodies of all messages, as the worker gets them."""
    sqs, bodies = worker.session("reads").client("sqs"), []
    try:
        while found := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [one["Body"] for one in found]
    except ClientError as error:
        reject(
            f"The worker cannot read the queue: {error.response['Error']['Code']}. Its IAM policy lets it decrypt with "
            "`key_arn`, and the key policy has to leave that to IAM.",
            expected="the worker reads the messages",
            next_step="Keep the first statement of the key policy, and name `key_arn` for the queue.",
        )
    return bodies


def _queue(lab, name):
    """The URL of a new queue: under aws/sqs, and its policy lets S3 send for the bucket alone."""
    only = {"ArnEquals": {"aws:SourceArn": BUCKET_ARN}, "StringEquals": {"aws:SourceAccount": OWNER}}
    lets = allow_service("sqs:SendMessage", S3, only) | {"Resource": QUEUE_ARN.replace(QUEUE, name)}
    attributes = {
        "KmsMasterKeyId": "alias/aws/sqs",
        "Policy": json.dumps(policy("queue policy", lets).document),
        "VisibilityTimeout": "120",
    }
    made = lab.home.admin.client("sqs").create_queue(QueueName=name, Attributes=attributes)
    return made["QueueUrl"]


def _key_of(lab, queue_url):
    """What the queue calls its key; "" where it has none."""
    read = lab.home.admin.client("sqs").get_queue_attributes
    return read(QueueUrl=queue_url, AttributeNames=["KmsMasterKeyId"]).get("Attributes", {}).get("KmsMasterKeyId", "")


def _attributes(lab, queue_url):
    """What is to stay: the settings, the policy as data, and the tags."""
    sqs = lab.home.admin.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    found = {"KmsDataKeyReusePeriodSeconds": "300"} | {  # the default
        name: value for name, value in found.items() if not name.startswith(NO_SIGN)
    }
    tags = sqs.list_queue_tags(QueueUrl=queue_url).get("Tags", {})
    return found | {"Policy": json.loads(found["Policy"]) if found.get("Policy") else None, "tags": tags}
