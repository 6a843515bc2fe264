"""What CloudTrail logs of a request to a service that calls KMS: management events. Not for the KMS calls behind it.

Data events, such as those on S3's objects and on messages, are in no event history, and in a trail only where one asks
for them (CloudTrail guide, "Logging data events"): here they are left out. So are operations that the lab leaves to
moto alone. Which parameters and answers AWS shows is documented by examples, and differs from service to service: here
all but what botocore's model marks as sensitive. Before error codes of EC2 AWS writes "Client."; the lab does not.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.model import OperationModel, Shape
from botocore.parsers import create_parser

from kms_katas.lab.kms import setting
from kms_katas.lab.services.call import Answer, Refused, ServiceCall
from kms_katas.lab.trail import LoggedCall, log_call, written_date

_DATA_EVENTS = {
    "s3": ("DeleteObjects", "HeadBucket", "ListMultipartUploads", "ListObjects", "ListObjectsV2", "ListObjectVersions"),
    "sqs": (
        *("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch"),
        *("ChangeMessageVisibility", "ChangeMessageVisibilityBatch"),
    ),
    "sns": ("Publish", "PublishBatch"),
    "lambda": ("Invoke", "InvokeAsync"),
}
_READS = ("Get", "Describe", "List", "Head", "BatchGet", "Select")


def log_service_call(
    call: ServiceCall, model: OperationModel, protocol: str, answer: Answer, refused: Refused | None = None
) -> None:
    """`answer` is what the caller gets; it is read for what was made, where the request changed something."""
    if setting.current.trail is None or _is_data_event(call, model):
        return
    reads = call.operation.startswith(_READS)
    error = None if refused is None else (refused.code, refused.message)
    if error is None and answer[0] >= 400:
        told = _parsed(protocol, answer, model).get("Error", {})
        error = (str(told.get("Code", answer[0])), str(told.get("Message", "")))
    response = None if reads or error is not None else _shown(_parsed(protocol, answer, model), model.output_shape)
    host = f"{model.service_model.endpoint_prefix}.{call.region}.amazonaws.com"
    log_call(
        LoggedCall(
            call.caller,
            f"{model.service_model.endpoint_prefix}.amazonaws.com",
            call.operation,
            call.region,
            call.request_id,
            call.now,
            parameters=_shown(call.parameters, model.input_shape),
            response=response,
            error=error,
            read_only=reads,
            source_ip=call.route.source_ip,
            user_agent=call.user_agent,
            host=host,
        )
    )


def _is_data_event(call: ServiceCall, model: OperationModel) -> bool:
    name = str(model.service_model.service_name)
    return call.operation in _DATA_EVENTS.get(name, ()) or (name == "s3" and "Key" in call.parameters)


def _parsed(protocol: str, answer: Answer, model: OperationModel) -> Mapping[str, Any]:
    """The answer as boto3 would give it; nothing where it cannot be read."""
    status, headers, body = answer
    told = {"status_code": status, "headers": headers, "body": body.encode() if isinstance(body, str) else body}
    try:
        found: Mapping[str, Any] = create_parser(protocol).parse(told, model.output_shape)
    except Exception:  # botocore's ResponseParserError, and what an answer of another form brings
        return {}
    return found


def _shown(given: Mapping[str, Any], shape: Shape | None) -> dict[str, Any] | None:
    members = getattr(shape, "members", {})
    shown = {
        "bucketName" if name == "Bucket" else name[:1].lower() + name[1:]: _plain(value, members[name])
        for name, value in given.items()
        if name in members and not _is_secret(members[name])
    }
    return shown or None


def _is_secret(shape: Shape) -> bool:
    return bool(shape.metadata.get("sensitive")) or shape.type_name == "blob"


def _plain(value: Any, shape: Shape) -> Any:
    if isinstance(value, Mapping) and shape.type_name == "structure":
        return _shown(value, shape) or {}
    if isinstance(value, Mapping):
        return dict(value) if not _is_secret(shape.value) else {}
    if isinstance(value, list):
        return [_plain(one, shape.member) for one in value] if not _is_secret(shape.member) else []
    return written_date(value) if isinstance(value, datetime) else value
