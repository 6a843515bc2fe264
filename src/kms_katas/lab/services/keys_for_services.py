"""What services ask of KMS: for a caller, with its permissions (forward access sessions), or as themselves.

A service asks over the same path as everybody: key policy, grants and key state count, quotas too, and the call stands
in the trail.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kms_katas.lab.callers import Caller
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.aws_managed import PREDEFINED
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.path import take
from kms_katas.lab.kms.work import Work
from kms_katas.lab.network import DIRECT, Route
from kms_katas.lab.services.call import ServiceCall, remember_denial


def ask_kms(call: ServiceCall, operation: str, parameters: Mapping[str, Any], via: str = "") -> dict[str, Any]:
    """KMS's answer to what the service asks for the caller, with kms:ViaService of `via`, by default the service
    itself.

    Raises KMSError.
    """
    way = replace(call.route, endpoint=None, via_service=f"{via or call.service}.{call.region}.amazonaws.com")
    return _asked(call.caller, call.region, way, operation, parameters, call)


def ask_kms_as_service(
    principal: str,
    region: str,
    operation: str,
    parameters: Mapping[str, Any],
    source_arn: str,
    source_account: str,
    call: ServiceCall | None = None,
) -> dict[str, Any]:
    """KMS's answer to what a service principal asks for a resource: "cloudtrail.amazonaws.com" for a trail.

    Both carry aws:SourceArn and aws:SourceAccount (IAM reference). Raises KMSError. `call` is the request that fails
    with that error, if one does, so that `Lab.explain` can tell why.
    """
    caller = Caller(principal, source_account, "AWSService", principal, "")
    way = replace(DIRECT, source_arn=source_arn, source_account=source_account)
    return _asked(caller, region, way, operation, parameters, call)


def default_key(account: str, region: str, alias: str) -> str:
    """The ARN of the AWS managed key behind an alias such as "alias/aws/s3", made when a service first needs it."""
    assert alias in PREDEFINED, alias
    return store_of(account, region, setting.now()).describe_key(alias).arn


def _asked(
    caller: Caller,
    region: str,
    way: Route,
    operation: str,
    parameters: Mapping[str, Any],
    call: ServiceCall | None,
) -> dict[str, Any]:
    work = Work(
        operation=operation,
        body=json.dumps(dict(parameters), default=_on_the_wire).encode(),
        region=region,
        access_key_id=caller.access_key_id,
        session_token=None,
        user_agent="",
        motos_account=None,
        request_id=setting.current.randomness.uuid(),
        now=setting.now(),
        route=way,
        caller=caller,
    )
    take(work)
    if work.error is not None:
        work.error.request_id = work.request_id
        if call is not None and work.error.code == "AccessDeniedException":
            remember_denial(call, work.decision)
        raise work.error
    return work.response or {}


def _on_the_wire(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)
