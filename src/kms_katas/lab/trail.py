"""The log of a lab, as CloudTrail would keep it, and the way in for the calls of any service: `log_call`.

Shape: CloudTrail user guide, "record contents" and "userIdentity element". What a request to KMS leaves is told by
kms/trail.py; here is what the records of all services share. Not for who may read the log: see cloudtrail.py.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kms_katas.lab.callers import Caller
from kms_katas.lab.kms import setting
from kms_katas.lab.network import SOURCE_ADDRESS

Record = dict[str, Any]
"""One record, in JSON's types."""

EVENT_VERSION = "1.11"


class Trail:
    """The records of every account and Region. What is added is asked again each time: nobody can change a record."""

    def __init__(self) -> None:
        self._told: list[Callable[[], Iterable[Record]]] = []

    def add(self, tell: Callable[[], Iterable[Record]]) -> None:
        """`tell` gives the same records whenever it is called."""
        self._told.append(tell)

    def records(self) -> tuple[Record, ...]:
        """Oldest first; those of one second in the order in which they were added."""
        found = [record for tell in self._told for record in tell()]
        return tuple(sorted(found, key=lambda record: record["eventTime"]))


@dataclass(frozen=True, slots=True)
class Resource:
    """What a call was about: `type` is as CloudFormation writes it, such as "AWS::S3::Object"."""

    account: str
    type: str
    arn: str


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call to a service that is not KMS, as far as CloudTrail tells of it.

    `source` is such as "s3.amazonaws.com". `parameters` and `response` are in the form of the log (names begin with a
    small letter) and hold nothing secret. `error` is code and message. `data_event` marks what CloudTrail counts as
    data and LookupEvents never shows, such as GetObject. `invoked_by` is the service that called for the caller.
    """

    caller: Caller
    source: str
    name: str
    region: str
    request_id: str
    time: datetime
    parameters: Mapping[str, Any] | None = field(default=None, repr=False)
    response: Mapping[str, Any] | None = field(default=None, repr=False)
    resources: tuple[Resource, ...] = ()
    error: tuple[str, str] | None = None
    read_only: bool = False
    data_event: bool = False
    invoked_by: str = ""
    source_ip: str = SOURCE_ADDRESS
    user_agent: str = ""
    host: str = ""


def log_call(call: LoggedCall) -> None:
    """Puts the call into the log of the lab that is open, if one is.

    The caller's account gets a record; where the call succeeded, so does each account that owns one of its resources,
    all with one sharedEventID.
    """
    if setting.current.trail is not None:
        setting.current.trail.add(lambda: records_of(call))


def records_of(call: LoggedCall) -> tuple[Record, ...]:
    service = calling_service(call.caller, call.invoked_by)
    record: Record = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": identity_of(call.caller, call.invoked_by),
        "eventTime": time_of(call.time),
        "eventSource": call.source,
        "eventName": call.name,
        "awsRegion": call.region,
        "sourceIPAddress": service or call.source_ip,
        "userAgent": service or call.user_agent,
    }
    if call.error is not None:
        record["errorCode"], record["errorMessage"] = call.error
    record["requestParameters"] = deepcopy(call.parameters)
    record["responseElements"] = deepcopy(call.response)
    record |= {
        "requestID": call.request_id,
        "eventID": event_id(call.request_id, "event"),
        "readOnly": call.read_only,
        "resources": [resource_of(one) for one in call.resources],
        "eventType": "AwsApiCall",
        "managementEvent": not call.data_event,
        "eventCategory": "Data" if call.data_event else "Management",
    }
    if call.host and not service:
        record["tlsDetails"] = tls_to(call.host)
    owners = tuple(one.account for one in call.resources) if call.error is None or not call.caller.account else ()
    return for_each_account(record, call.caller, owners)


def for_each_account(record: Record, caller: Caller, owners: Iterable[str]) -> tuple[Record, ...]:
    """The record as the caller's account gets it and, with another eventID, as each other account of `owners` does.

    To those the caller is an AWSAccount with principalId and accountId: so the IAM guide shows it of AssumeRole in the
    role's account ("Logging IAM and AWS STS API calls with CloudTrail"). That it is so for every service is our
    reading of "AWSAccount: the request was made by another AWS account" (userIdentity element). A service that calls
    for itself has no account: its records are the owners' alone, and published ones have a sharedEventID too.
    """
    accounts = tuple(dict.fromkeys((caller.account, *owners) if caller.account else owners))
    if accounts == (caller.account,):
        return (record | {"recipientAccountId": caller.account},)
    shared = event_id(record["requestID"], "shared")
    stranger = {"type": "AWSAccount", "principalId": caller.user_id, "accountId": caller.account}
    if "invokedBy" in record["userIdentity"]:
        stranger["invokedBy"] = record["userIdentity"]["invokedBy"]
    records = []
    for account in accounts:
        its: Record = {
            "eventID": event_id(record["requestID"], account),
            "recipientAccountId": account,
            "sharedEventID": shared,
        }
        if caller.account not in ("", account):
            its["userIdentity"] = stranger
        records.append(record | its)
    return tuple(records)


def identity_of(caller: Caller, invoked_by: str = "") -> dict[str, Any]:
    """The userIdentity element. `invoked_by` is the service that makes the request for the caller, if one does."""
    if caller.kind == "AWSService":
        return {"type": caller.kind, "invokedBy": caller.arn}
    identity: dict[str, Any] = {
        "type": caller.kind,
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key_id,
    }
    if caller.kind == "IAMUser":
        identity["userName"] = caller.arn.rpartition("/")[2]
    terms = caller.session
    attributes = {"mfaAuthenticated": "true" if terms is not None and terms.with_mfa else "false"}
    if terms is not None:
        attributes = {"creationDate": time_of(terms.issued)} | attributes
    if caller.role_arn is not None:
        issuer = {
            "type": "Role",
            "principalId": caller.user_id.partition(":")[0],
            "arn": caller.role_arn,
            "accountId": caller.account,
            "userName": caller.role_arn.rpartition("/")[2],
        }
        identity["sessionContext"] = {"sessionIssuer": issuer, "attributes": attributes}
    elif terms is not None:
        identity["sessionContext"] = {"attributes": attributes}
    if terms is not None and terms.source_identity:
        identity["sessionContext"]["sourceIdentity"] = terms.source_identity
    if invoked_by:
        identity["invokedBy"] = invoked_by
    return identity


def calling_service(caller: Caller, invoked_by: str) -> str:
    """The service whose name stands where an address and a user agent would; empty where a person's program calls."""
    return caller.arn if caller.kind == "AWSService" else invoked_by


def resource_of(resource: Resource) -> dict[str, str]:
    return {"accountId": resource.account, "type": resource.type, "ARN": resource.arn}


def tls_to(host: str) -> dict[str, str]:
    return {"tlsVersion": "TLSv1.3", "clientProvidedHostHeader": host}


def event_id(request_id: str, purpose: str) -> str:
    """A UUID-shaped ID that follows from the request ID, so that a trail reads the same each time."""
    digits = hashlib.sha256(f"{request_id} {purpose}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def time_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def written_date(moment: datetime) -> str:
    """A date inside requestParameters or responseElements, as the examples of the guides have it."""
    return f"{moment:%b} {moment.day}, {moment.year}, {moment.hour % 12 or 12}:{moment:%M:%S %p}"
