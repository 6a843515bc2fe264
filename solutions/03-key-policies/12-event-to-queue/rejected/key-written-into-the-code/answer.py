"""key-policies/event-to-queue: name the key of the brief."""


def encrypt_queue(sqs, queue_url: str, key_arn: str) -> None:
    ours = "arn:aws:kms:us-east-1:111122223333:key/2f6d8b14-7c3e-4a95-b0d1-68e5f9a7c402"
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"KmsMasterKeyId": ours})
