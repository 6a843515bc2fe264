"""How an error looks on the wire, in the manner of each family of services. Not for which error it is.

The shapes are those that botocore's parsers read: JSON, the query protocol, EC2's and S3's.
"""

import json
import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML = {
    "query": "<ErrorResponse><Error><Type>Sender</Type>{}</Error></ErrorResponse>",
    "ec2": "<Response><Errors><Error>{}</Error></Errors></Response>",
    "s3": '<?xml version="1.0" encoding="UTF-8"?>\n<Error>{}</Error>',
}


def family(service: str, content_type: str) -> str:
    """How this service speaks: "json", "query", "ec2" or "s3"."""
    if service in ("s3", "ec2"):
        return service
    return "query" if "x-www-form-urlencoded" in content_type else "json"


def error_answer(family: str, code: str, message: str) -> tuple[Mapping[str, str], str]:
    """The headers and the body."""
    if family == "json":
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code}
        return headers, json.dumps({"__type": code, "message": message})
    text = escape(_NOT_IN_XML.sub("\ufffd", message))
    return {"Content-Type": "text/xml"}, _XML[family].format(f"<Code>{code}</Code><Message>{text}</Message>")
