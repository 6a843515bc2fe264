"""key-policies/event-to-queue: save KMS requests while at it."""


def encrypt_queue(sqs, queue_url: str, key_arn: str) -> None:
    attributes = {"KmsMasterKeyId": key_arn, "KmsDataKeyReusePeriodSeconds": "86400"}
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes=attributes)
