"""The key policy that KMS attaches when the request brings none. Not for checking policies."""

import json


def default_key_policy(partition: str, account: str) -> str:
    """One statement that hands permissions over to the account's IAM policies.

    The Sid is the one that KMS has given to keys made through the API for years; newer pages of the developer guide
    write "Enable IAM policies" in its place. Spaces stand before and after each colon in the text that KMS returns.
    """
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    document = {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}
    return json.dumps(document, indent=2, separators=(",", " : "))
