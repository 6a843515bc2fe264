"""The key policy that KMS attaches when the request brings none, and the layout of the policies that KMS writes itself.
Not for checking policies.
"""

import json
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=64)
def default_key_policy(partition: str, account: str) -> str:
    """One statement that hands permissions over to the account's IAM policies.

    The Sid is the one that KMS has given to keys made through the API for years; newer pages of the developer guide
    write "Enable IAM policies" in its place.
    """
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return laid_out({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


def laid_out(value: Any, indent: str = "") -> str:
    """JSON as KMS lays out its own policies: a line for each member, spaces around each colon, lists in one row
    (recorded, stackd, multi_region.json and rotation.json).
    """
    if isinstance(value, list):
        return f"[ {', '.join(laid_out(one, indent) for one in value)} ]"
    if isinstance(value, dict):
        members = [f'{indent}  "{name}" : {laid_out(one, indent + "  ")}' for name, one in value.items()]
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    return json.dumps(value)
