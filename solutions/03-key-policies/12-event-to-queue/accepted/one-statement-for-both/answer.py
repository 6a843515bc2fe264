"""key-policies/event-to-queue: bring a queue under a KMS key of your own, so that S3 can send to it."""


def encrypt_queue(sqs, queue_url: str, key_arn: str) -> None:
    """From now on messages of the queue lie under the KMS key `key_arn`; all else about the queue stays."""
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"KmsMasterKeyId": key_arn})
