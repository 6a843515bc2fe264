"""The engine's HTTP side: from moto's request object to the one path, and from its outcome to status, headers and JSON
body.
"""

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kms_katas.lab.callers import Caller, motos_account
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.path import take
from kms_katas.lab.kms.work import Work
from kms_katas.lab.network import in_force

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/[0-9]{8}/([^/,\s]+)/")
_REGION_IN_HOST = re.compile(r"^https?://kms(?:-fips)?\.([a-z0-9-]+)\.")


def dispatch(request: Any, full_url: str, headers: Any) -> tuple[int, dict[str, str], str]:
    """What moto calls for each request to KMS: (status, headers, body)."""
    return answer(full_url, headers, request.data)


@setting.one_at_a_time
def answer(
    url: str, headers: Mapping[str, Any], body: bytes, caller: Caller | None = None
) -> tuple[int, dict[str, str], str]:
    """(status, headers, body) for one request. Names in `headers` are in small letters, or in whatever case where case
    is nothing to it. Without `caller`, the headers say who calls. Never raises.
    """
    signed = _CREDENTIAL.search(_text(headers.get("authorization")))
    in_host = _REGION_IN_HOST.match(url)
    enforced = setting.current.enforce
    work = Work(
        operation=_text(headers.get("x-amz-target")).rpartition(".")[2],
        body=body,
        region=in_host[1] if in_host else (signed[2] if signed else "us-east-1"),
        access_key_id=signed[1] if signed else "",
        session_token=_text(headers.get("x-amz-security-token")) or None,
        user_agent=_text(headers.get("user-agent")),
        motos_account=None if enforced else motos_account(_text(headers.get("x-moto-account-id"))),
        request_id=setting.current.randomness.uuid(),
        now=setting.now(),
        route=in_force.get(),
        caller=caller,
    )
    take(work)
    answer_headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": work.request_id}
    if work.error is not None:
        answer_headers["x-amzn-ErrorType"] = work.error.code
        # An error without a text has no `message` member at all: seen in bodies of AWS (aws-nitro-enclaves-sdk-c, issue
        # 68), and in the recorded answers (stackd, 2026-09-12), where boto3 found none.
        text = {"message": work.error.message} if work.error.message else {}
        return work.error.status, answer_headers, json.dumps({"__type": work.error.code} | text)
    return 200, answer_headers, _as_json(work.response) if work.response else "{}"


def _on_the_wire(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no JSON form in KMS")


_as_json = json.JSONEncoder(default=_on_the_wire).encode


def _text(value: str | bytes | None) -> str:
    """A header's value: botocore has bytes for some."""
    return value.decode("latin-1") if isinstance(value, bytes) else value or ""
