"""Seals or opens with the AWS Encryption SDK for Python: seal|open, the key's ARN, text or message as base64, context.

Run in an environment of its own, by test_clients_encryption_sdk.py.
"""

import base64
import json
import sys

import aws_encryption_sdk
from aws_encryption_sdk import CommitmentPolicy, StrictAwsKmsMasterKeyProvider
from botocore.exceptions import ClientError

what, key, given, *context = sys.argv[1:]
client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
provider = StrictAwsKmsMasterKeyProvider(key_ids=[key])
source = base64.b64decode(given)
try:
    if what == "seal":
        out, _ = client.encrypt(source=source, key_provider=provider, encryption_context=json.loads(context[0]))
        seen = {"bytes": base64.b64encode(out).decode()}
    else:
        out, header = client.decrypt(source=source, key_provider=provider)
        seen = {"bytes": base64.b64encode(out).decode(), "context": header.encryption_context}
except (ClientError, aws_encryption_sdk.exceptions.AWSEncryptionSDKClientError) as error:
    seen = {"error": f"{type(error).__name__}: {error}"}
print(json.dumps(seen))
