"""key-policies/event-to-queue: leave a note on the queue."""


def encrypt_queue(sqs, queue_url: str, key_arn: str) -> None:
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"KmsMasterKeyId": key_arn})
    sqs.tag_queue(QueueUrl=queue_url, Tags={"encrypted": "yes"})
