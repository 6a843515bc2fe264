"""How an error looks on the wire, in the manner of each family of services. Not for which error it is.

The shapes are those that botocore's parsers read: JSON, the query protocol, EC2's and S3's.
"""

import json
import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML = {
    "query": "<ErrorResponse><Error><Type>{kind}</Type>{said}</Error><RequestId>{id}</RequestId></ErrorResponse>",
    "ec2": "<Response><Errors><Error>{said}</Error></Errors><RequestID>{id}</RequestID></Response>",
    "s3": '<?xml version="1.0" encoding="UTF-8"?>\n<Error>{said}<RequestId>{id}</RequestId></Error>',
}


def family(service: str, content_type: str) -> str:
    """How this service speaks: "json", "query", "ec2" or "s3"."""
    if service in ("s3", "ec2"):
        return service
    return "query" if "x-www-form-urlencoded" in content_type else "json"


def error_answer(
    family: str, code: str, message: str, status: int = 400, request_id: str = ""
) -> tuple[Mapping[str, str], str]:
    """The headers and the body."""
    ids = {"x-amzn-RequestId": request_id} if request_id else {}
    if family == "json":
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code}
        return headers | ids, json.dumps({"__type": code, "message": message})
    text = escape(_NOT_IN_XML.sub("\ufffd", message))
    said = f"<Code>{code}</Code><Message>{text}</Message>"
    kind = "Sender" if status < 500 else "Receiver"
    if family == "s3" and request_id:
        ids["x-amz-request-id"] = request_id
    return {"Content-Type": "text/xml"} | ids, _XML[family].format(kind=kind, said=said, id=request_id)
