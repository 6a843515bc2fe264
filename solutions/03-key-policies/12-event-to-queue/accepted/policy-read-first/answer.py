"""key-policies/event-to-queue: look at the policy, and leave it."""

import json


def encrypt_queue(sqs, queue_url: str, key_arn: str) -> None:
    policy = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    same = json.dumps(json.loads(policy), sort_keys=True)
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"KmsMasterKeyId": key_arn, "Policy": same})
