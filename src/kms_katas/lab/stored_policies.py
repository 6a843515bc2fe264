"""From a policy's text, as moto stores it, to one that can be decided on, each read once; and back."""

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import iam_backends

from kms_katas.lab.sessions import PARTITION
from kms_katas.policy import NamedPolicy, PolicyError, parse_document


def policy_text(document: Mapping[str, Any]) -> str:
    """The document as IAM stores it. Raises kms_katas.policy.PolicyError, a ValueError, that says what is wrong."""
    text = json.dumps(document)
    _read_once(text)
    return text


def managed_policy(account: str, arn: str) -> NamedPolicy | None:
    """The customer managed policy of this account, in its default version, or the AWS managed policy; None where there
    is none of this ARN.
    """
    policies = iam_backends[account][PARTITION].managed_policies if account in iam_backends else {}
    if arn in policies:
        return of_managed(policies[arn])
    if arn.startswith(f"arn:{PARTITION}:iam::aws:policy/"):
        return _of_aws().get(arn)
    return None


def of_managed(policy: Any) -> NamedPolicy:
    """moto's managed policy in its default version."""
    version = next(version for version in policy.versions if version.version_id == policy.default_version_id)
    return named_policy(policy.name, version.document)


@cache
def _of_aws() -> Mapping[str, NamedPolicy]:
    """As moto carries them; it makes them attachable only where it is told to load them."""
    known = json.loads(aws_managed_policies_data)
    return {
        f"arn:{PARTITION}:iam::aws:policy{one['Path']}{name}": NamedPolicy(name, one["Document"])
        for name, one in known.items()
    }


@lru_cache(maxsize=512)
def named_policy(name: str, text: str) -> NamedPolicy:
    """When the text is no policy at all, one that allows nothing."""
    return NamedPolicy(name, _parsed(text))


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        return _read_once(text)
    except PolicyError:
        return {"Statement": []}


@lru_cache(maxsize=512)
def _read_once(text: str) -> Mapping[str, Any]:
    return parse_document(text)
