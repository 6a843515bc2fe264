"""botocore's own call of KMS, made in a third of the time: the rest goes into events that nobody listens to.

What is asked is the same, header for header, and what comes of it too. Left to botocore is every client that was made
while an answer was there, or that a handler was hung on, every call while its log is read, and whatever could be tried
again.
"""

import logging
import uuid
from typing import Any

from botocore.awsrequest import HeadersDict
from botocore.client import BaseClient
from botocore.parsers import JSONParser
from botocore.retries.standard import DEFAULT_MAX_ATTEMPTS

from kms_katas.child import wire
from kms_katas.child.bridge import Bridge
from kms_katas.child.signing import sign_for_kms

FINAL = {
    "AccessDeniedException",
    "DisabledException",
    "IncorrectKeyException",
    "InvalidCiphertextException",
    "KMSInvalidStateException",
    "NotFoundException",
}
"""What KMS refuses most, with status 400, and botocore never tries again."""

_ATTEMPT = f"attempt=1; max={DEFAULT_MAX_ATTEMPTS}"
_LOG = logging.getLogger("botocore")
_botocores: Any = BaseClient._make_api_call


def call_quickly(bridge: Bridge) -> None:
    """From now on, in this process, for the clients of KMS that the bridge has made ready."""
    BaseClient._make_api_call = lambda *call: _made(bridge, *call)


def _made(bridge: Bridge, client: Any, operation: str, parameters: Any) -> Any:
    """What BaseClient._make_api_call does."""
    known = bridge.clients.of_kms.get(client)
    if known is None or not known.has_its_handlers or _LOG.isEnabledFor(logging.DEBUG):
        return _botocores(client, operation, parameters)
    model = client.meta.service_model.operation_model(operation)
    request = client._serializer.serialize_to_request(parameters, model)
    url, headers, body = f"{client.meta.endpoint_url}/", request["headers"], request["body"]
    headers["User-Agent"] = client._user_agent_creator.to_string()
    sign_for_kms(known.credentials, client.meta.region_name, url, headers, body)
    headers |= {
        "amz-sdk-invocation-id": str(uuid.uuid4()),
        "amz-sdk-request": _ATTEMPT,
        "Content-Length": str(len(body)),
    }
    reply = bridge.ask_aws(request["method"], url, [*map(list, headers.items())], body)
    status, parser = reply["status"], JSONParser()
    answer = {"headers": HeadersDict(reply["headers"]), "status_code": status, "body": wire.decode(reply["body"])}
    parsed = parser.parse(answer, model.output_shape)
    refused, code = status >= 300, parsed.get("Error", {}).get("Code")
    if refused and (status != 400 or code not in FINAL):
        with bridge.repeated(reply):
            return _botocores(client, operation, parameters)
    parsed["ResponseMetadata"]["RetryAttempts"] = 0
    if refused:
        client._endpoint._add_modeled_error_fields(answer, parsed, model, parser)
        raise client.exceptions.from_code(code)(parsed, operation)
    return parsed
