"""LookupEvents over the log of a lab; the other operations of CloudTrail are moto's, which stands behind.

Source: the API text inside botocore. The codes are of that text, the sentences are the lab's own: none of AWS's is
recorded. Doubtful: a StartTime of more than 90 days ago is taken and finds nothing older, where the text leaves open
whether it is an error; the Username of a session is the name of the session. A look-up is not itself in the log.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.identity import authenticated
from kms_katas.lab.kms.models import catch_up_everywhere
from kms_katas.lab.trail import Record

_KEPT = timedelta(days=90)
_MOST = 50
_LONGEST = 2000  # characters of an AttributeValue
_KEYS = {"EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"}
_KEYS_FOR_INSIGHTS = {"EventId", "EventName", "EventSource"}
_SIGNED_BY = re.compile(r"Credential=([^/,\s]+)/[0-9]{8}/([^/,\s]+)/")


def dispatch(request: Any, full_url: str, headers: Any) -> Any:
    """What moto calls for each request to CloudTrail: (status, headers, body)."""
    if str(headers.get("X-Amz-Target", "")).rpartition(".")[2] != "LookupEvents":
        return CloudTrailResponse.dispatch(request, full_url, headers)
    return _answered(headers, request.data)


@setting.one_at_a_time
def _answered(headers: Any, body: bytes) -> tuple[int, dict[str, str], str]:
    answer_headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "x-amzn-RequestId": setting.current.randomness.uuid(),
    }
    try:
        return 200, answer_headers, json.dumps(_answer(headers, body))
    except KMSError as error:
        code, message, status = error.code, error.message, error.status
    except Exception as fault:
        code, status = "InternalFailure", 500
        message = f"The lab failed inside LookupEvents ({type(fault).__name__}). This is a fault of the lab, not yours."
    return status, answer_headers, json.dumps({"__type": code, "message": message})


def _answer(headers: Any, body: bytes) -> dict[str, Any]:
    trail, now = setting.current.trail, setting.now()
    if trail is None:
        raise KMSError(
            "UnsupportedOperationException",
            "Only a Lab keeps a log, and none is open: look events up inside `with Lab() as lab:`, with the client of "
            "one of its principals.",
        )
    signed = _SIGNED_BY.search(_text(headers.get("Authorization")))
    token = _text(headers.get("X-Amz-Security-Token")) or None
    caller = authenticated(signed[1] if signed else "", token, now)
    question = read_question(body)
    catch_up_everywhere(now)
    region = signed[2] if signed else "us-east-1"
    history = [
        record
        for record in reversed(trail.records())
        if record["recipientAccountId"] == caller.account and record["awsRegion"] == region
    ]
    return look_up(history, question, now)


@dataclass(frozen=True, slots=True)
class Question:
    """What LookupEvents is asked. `after` is the EventId at which the page before ended."""

    attribute: tuple[str, str] | None = None
    start: datetime | None = None
    end: datetime | None = None
    most: int = _MOST
    insights: bool = False
    after: str | None = None

    @property
    def mark(self) -> str:
        """The same for questions that differ in the page alone; part of the token."""
        asked = (self.attribute, self.start, self.end, self.most, self.insights)
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


def look_up(history: Iterable[Record], question: Question, now: datetime) -> dict[str, Any]:
    """A page of the records, which are one account's in one Region, newest first. Raises KMSError for a strange token.

    Data events are no part of the history. The lab has no Insights events.
    """
    found = [record for record in history if not question.insights and _is_answer(record, question, now - _KEPT)]
    if question.after is not None:
        places = [place for place, record in enumerate(found) if record["eventID"] == question.after]
        found = found[places[0] + 1 :] if places else []
    page = found[: question.most]
    whole = [_event(record) | {"CloudTrailEvent": json.dumps(record, separators=(",", ":"))} for record in page]
    answer: dict[str, Any] = {"Events": whole}
    if len(found) > len(page):
        place = f"{question.mark} {page[-1]['eventID']}"
        answer["NextToken"] = base64.urlsafe_b64encode(place.encode()).decode()
    return answer


def _is_answer(record: Record, question: Question, oldest: datetime) -> bool:
    time = _time(record)
    if record["eventCategory"] != "Management" or time < oldest:
        return False
    if (question.start is not None and time < question.start) or (question.end is not None and time > question.end):
        return False
    if question.attribute is None:
        return True
    key, value = question.attribute
    event = _event(record)
    if key in ("ResourceType", "ResourceName"):
        return any(resource[key] == value for resource in event["Resources"])
    return event.get(key) == value


def _event(record: Record) -> dict[str, Any]:
    """Without the record itself."""
    event: dict[str, Any] = {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": "true" if record["readOnly"] else "false",
        "EventTime": _time(record).timestamp(),
        "EventSource": record["eventSource"],
        "Resources": [
            {"ResourceType": one["type"], "ResourceName": one["ARN"].removeprefix("arn:aws:s3:::")}
            for one in record["resources"]
        ],
    }
    identity = record["userIdentity"]
    if "accessKeyId" in identity:
        event["AccessKeyId"] = identity["accessKeyId"]
    if (name := _user_name(identity)) is not None:
        event["Username"] = name
    return event


def _user_name(identity: Mapping[str, Any]) -> str | None:
    """None for a service and for the caller of another account, whose name the record does not tell."""
    if identity.get("type") == "Root":
        return "root"
    name: str | None = identity.get("userName")
    return identity["arn"].rpartition("/")[2] if identity.get("type") == "AssumedRole" else name


def _time(record: Record) -> datetime:
    return datetime.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def read_question(body: bytes) -> Question:
    """Raises KMSError with the codes of CloudTrail."""
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise KMSError("SerializationException", "The body of a request to CloudTrail is a JSON object.")
    category = asked.get("EventCategory")
    if category not in (None, "insight"):
        sentence = f"EventCategory is {category!r}: give 'insight', or leave it out for management events."
        raise KMSError("InvalidEventCategoryException", sentence)
    attribute = _attribute(asked.get("LookupAttributes"), _KEYS if category is None else _KEYS_FOR_INSIGHTS)
    start, end = _moment(asked, "StartTime"), _moment(asked, "EndTime")
    if start is not None and end is not None and start > end:
        raise KMSError("InvalidTimeRangeException", f"StartTime {start} is after EndTime {end}: exchange them.")
    most = asked.get("MaxResults", _MOST)
    if type(most) is not int or not 1 <= most <= _MOST:
        raise KMSError("InvalidMaxResultsException", f"MaxResults is {most!r}: give a number from 1 to {_MOST}.")
    first = Question(attribute, start, end, most, category is not None)
    after = _place(asked["NextToken"], first.mark) if "NextToken" in asked else None
    return Question(attribute, start, end, most, category is not None, after)


def _attribute(given: Any, keys: set[str]) -> tuple[str, str] | None:
    if given is None or given == []:
        return None
    if not isinstance(given, list) or len(given) > 1:
        raise _bad_attribute("There can be one lookup attribute. Ask for one, and sift the events for the others.")
    one = given[0] if isinstance(given[0], dict) else {}
    key, value = one.get("AttributeKey"), one.get("AttributeValue")
    if key not in keys:
        raise _bad_attribute(f"AttributeKey is {key!r}: give one of {', '.join(sorted(keys))}.")
    if not isinstance(value, str) or not 1 <= _length(value) <= _LONGEST:
        raise _bad_attribute(
            f"An AttributeValue has 1 to {_LONGEST} characters; '_', ' ', ',' and a new line count twice."
        )
    return key, value


def _length(value: str) -> int:
    return len(value) + sum(value.count(twice) for twice in "_ ,\n")


def _bad_attribute(sentence: str) -> KMSError:
    return KMSError("InvalidLookupAttributesException", sentence)


def _moment(asked: Mapping[str, Any], name: str) -> datetime | None:
    """A number of seconds since 1970, as this protocol writes times."""
    given = asked.get(name)
    if given is None:
        return None
    try:
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise ValueError
        return datetime.fromtimestamp(given, UTC)
    except (ValueError, OverflowError, OSError):
        sentence = f"{name} is {given!r}, which is no time. Give one with its time zone, not before 1970."
        raise KMSError("InvalidTimeRangeException", sentence) from None


def _place(token: Any, mark: str) -> str:
    try:
        told, _, place = base64.b64decode(str(token), altchars=b"-_", validate=True).decode().partition(" ")
    except (binascii.Error, ValueError):
        told, place = "", ""
    if told != mark or not place:
        sentence = (
            "NextToken is none that an answer to this same question gave. Repeat the call with the same parameters."
        )
        raise KMSError("InvalidNextTokenException", sentence)
    return place


def _text(value: str | bytes | None) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value or ""
