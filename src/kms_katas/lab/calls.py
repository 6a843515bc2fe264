"""What a check may look at after the fact: each KMS call with its real values.

For checks and tests only: it holds plaintexts.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kms_katas.lab.kms.work import Work
from kms_katas.policy import Decision


@dataclass(frozen=True)
class Call:
    """One request to KMS. `number` counts from 1 within the lab; `via` is the mark that `Lab.via` set."""

    number: int
    via: str
    time: datetime
    principal_arn: str | None
    """None when the credentials were refused, and when the Region was down."""
    region: str
    operation: str
    parameters: dict[str, Any] = field(repr=False)
    response: dict[str, Any] | None = field(repr=False)
    """None for an error."""
    error_code: str | None
    error_message: str | None
    key_arn: str | None
    request_id: str
    decision: Decision | None = field(repr=False)


def call_of(work: Work, number: int, via: str) -> Call:
    error = work.error
    return Call(
        number=number,
        via=via,
        time=work.now,
        principal_arn=work.caller.arn if work.caller is not None else None,
        region=work.region,
        operation=work.operation,
        parameters=work.parameters,
        response=work.response,
        error_code=error.code if error is not None else None,
        error_message=error.message if error is not None else None,
        key_arn=work.target.key.arn if work.target.key is not None else None,
        request_id=work.request_id,
        decision=work.decision,
    )
