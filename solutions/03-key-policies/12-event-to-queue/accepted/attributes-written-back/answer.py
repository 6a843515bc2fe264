"""key-policies/event-to-queue: read all settings, and write them back with another key."""

SETTABLE = (
    *("DelaySeconds", "KmsDataKeyReusePeriodSeconds", "MaximumMessageSize", "MessageRetentionPeriod", "Policy"),
    *("ReceiveMessageWaitTimeSeconds", "RedrivePolicy", "VisibilityTimeout"),
)


def encrypt_queue(sqs, queue_url: str, key_arn: str) -> None:
    now = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    kept = {name: value for name, value in now.items() if name in SETTABLE}
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes=kept | {"KmsMasterKeyId": key_arn})
