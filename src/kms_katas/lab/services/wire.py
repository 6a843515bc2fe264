"""What a service refuses, as it goes over the wire. The forms themselves: lab/error_answers.py."""

from typing import Any

from moto.core.request import determine_request_protocol
from moto.core.utils import get_service_model

from kms_katas.lab.error_answers import error_answer
from kms_katas.lab.services.call import Answer, Refused


def protocol_of(name: str, request: Any) -> str:
    """One of botocore's: json, rest-json, rest-xml, query, ec2."""
    return determine_request_protocol(get_service_model(name), request.content_type)


def error(speaks: str, refused: Refused, request_id: str) -> Answer:
    """`speaks` is the family of the service: error_answers.py."""
    headers, body = error_answer(speaks, refused.shape or refused.code, refused.message, refused.status, request_id)
    if refused.shape:
        headers = dict(headers) | {"x-amzn-query-error": f"{refused.code};Sender"}
    return refused.status, headers, body


def unreadable(protocol: str) -> Refused:
    """For a body or a parameter that is not in the service's format. The text is S3's; for the others it is ours."""
    if protocol == "rest-xml":
        text = "The XML you provided was not well-formed or did not validate against our published schema"
        return Refused("MalformedXML", text)
    return Refused("SerializationException", "The request cannot be read: it is not in the format of this service.")
