"""key-policies/event-to-queue: name the key by its ID."""


def encrypt_queue(sqs, queue_url: str, key_arn: str) -> None:
    """A queue and its key are of one account and Region, so the ID is enough."""
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"KmsMasterKeyId": key_arn.rpartition("/")[2]})
