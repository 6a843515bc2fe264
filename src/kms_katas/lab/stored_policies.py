"""From a policy's text, as moto stores it, to one that can be decided on, each read once; and back."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from kms_katas.policy import NamedPolicy, PolicyError, parse_document


def policy_text(document: Mapping[str, Any]) -> str:
    """The document as IAM stores it. Raises kms_katas.policy.PolicyError, a ValueError, that says what is wrong."""
    text = json.dumps(document)
    parse_document(text)
    return text


@lru_cache(maxsize=4096)
def named_policy(name: str, text: str) -> NamedPolicy:
    """When the text is no policy at all, one that allows nothing."""
    return NamedPolicy(name, _parsed(text))


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        return parse_document(text)
    except PolicyError:
        return {"Statement": []}
