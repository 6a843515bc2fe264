"""Errors in the wire format of each service, and the words in which each says that it does not know who calls."""

import json
from typing import Any
from xml.sax.saxutils import escape

from moto.core.request import determine_request_protocol
from moto.core.utils import get_service_model

from kms_katas.lab.services.call import Answer, Refused


def protocol_of(name: str, request: Any) -> str:
    """One of botocore's: json, rest-json, rest-xml, query, ec2."""
    return determine_request_protocol(get_service_model(name), request.content_type)


def error(protocol: str, refused: Refused, request_id: str) -> Answer:
    if protocol in ("json", "rest-json"):
        name = refused.shape or refused.code
        body = json.dumps({"__type": name, "message": refused.message})
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": name}
        if refused.shape:
            headers["x-amzn-query-error"] = f"{refused.code};Sender"
        return refused.status, headers | {"x-amzn-RequestId": request_id}, body
    said = f"<Code>{refused.code}</Code><Message>{escape(refused.message)}</Message>"
    kind = "Sender" if refused.status < 500 else "Receiver"
    body = {
        "rest-xml": f"<Error>{said}<RequestId>{request_id}</RequestId></Error>",
        "ec2": f"<Response><Errors><Error>{said}</Error></Errors><RequestID>{request_id}</RequestID></Response>",
    }.get(
        protocol,
        f"<ErrorResponse><Error><Type>{kind}</Type>{said}</Error><RequestId>{request_id}</RequestId></ErrorResponse>",
    )
    headers = {"Content-Type": "text/xml", "x-amzn-RequestId": request_id, "x-amz-request-id": request_id}
    return refused.status, headers, body


def unreadable(protocol: str) -> Refused:
    """For a body or a parameter that is not in the service's format. The text is S3's; for the others it is ours."""
    if protocol == "rest-xml":
        text = "The XML you provided was not well-formed or did not validate against our published schema"
        return Refused("MalformedXML", text)
    return Refused("SerializationException", "The request cannot be read: it is not in the format of this service.")


_UNKNOWN = {
    "s3": ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403),
    "ec2": ("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
    "cloudformation": ("InvalidClientTokenId", "The security token included in the request is invalid.", 403),
    "sns": ("InvalidClientTokenId", "The security token included in the request is invalid.", 403),
}
_EXPIRED = {
    "s3": ("ExpiredToken", "The provided token has expired.", 400),
    "ec2": ("RequestExpired", "Request has expired.", 400),
    "cloudformation": ("ExpiredToken", "The security token included in the request is expired", 403),
    "sns": ("ExpiredToken", "The security token included in the request is expired", 403),
}
"""Seen in reports of real errors; those of the other services are the ones that all JSON services have."""


def unknown_credentials(name: str) -> Refused:
    common = ("UnrecognizedClientException", "The security token included in the request is invalid.", 400)
    return Refused(*_UNKNOWN.get(name, common))


def expired_credentials(name: str) -> Refused:
    common = ("ExpiredTokenException", "The security token included in the request is expired", 400)
    return Refused(*_EXPIRED.get(name, common))
