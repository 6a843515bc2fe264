"""key-policies/event-to-queue: name the queue of the brief."""


def encrypt_queue(sqs, queue_url: str, key_arn: str) -> None:
    url = sqs.get_queue_url(QueueName="invoices")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": key_arn})
