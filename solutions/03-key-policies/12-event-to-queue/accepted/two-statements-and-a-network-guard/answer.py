"""key-policies/event-to-queue: bring a queue under a KMS key of your own, so that S3 can send to it."""


def encrypt_queue(sqs, queue_url: str, key_arn: str) -> None:
    """From now on messages of the queue lie under the KMS key `key_arn`; all else about the queue stays."""

    def _attributes():
        return {"KmsMasterKeyId": key_arn}

    name = queue_url.rsplit("/", 1)[-1]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=_attributes())
    now = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])["Attributes"]
    assert now["KmsMasterKeyId"] == key_arn
