"""key-policies/event-to-queue: bring every queue under the key."""


def encrypt_queue(sqs, queue_url: str, key_arn: str) -> None:
    for url in sqs.list_queues().get("QueueUrls", []):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": key_arn})
