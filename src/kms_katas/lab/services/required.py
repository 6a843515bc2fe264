"""Requests without a parameter that the service's model requires, which SDKs that check nothing send: refused before
any module reads it. The codes are those of each family of services; the text of EC2 is seen in reports of real errors,
those of SNS and SQS are from memory.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from moto.core.utils import get_service_model

from kms_katas.lab.services.call import Refused, Service, ServiceCall

Said = TypeVar("Said")


def with_required(service: Service) -> Service:
    """The service, with this check before its permissions and before its answers."""
    return replace(
        service,
        permissions={name: _checked(needs) for name, needs in service.permissions.items()},
        answers={name: _checked(answer) for name, answer in service.answers.items()},
    )


def _checked(function: Callable[[ServiceCall], Said]) -> Callable[[ServiceCall], Said]:
    def checked(call: ServiceCall) -> Said:
        shape = get_service_model(call.service).operation_model(call.operation).input_shape
        missing = next(
            (name for name in getattr(shape, "required_members", ()) if call.parameters.get(name) is None), None
        )
        if missing is not None:
            raise _refused(call.service, missing)
        return function(call)

    return checked


def _refused(service: str, name: str) -> Refused:
    if service == "ec2":
        return Refused("MissingParameter", f"The request must contain the parameter {name}")
    if service == "sqs":
        return Refused("MissingParameter", f"The request must contain the parameter {name}.")
    if service == "sns":
        return Refused("InvalidParameter", f"Invalid parameter: {name} Reason: no value for required parameter")
    code = "ValidationError" if service == "autoscaling" else "ValidationException"
    place = name[:1].lower() + name[1:]
    sentence = f"1 validation error detected: Value null at '{place}' failed to satisfy constraint: "
    return Refused(code, f"{sentence}Member must not be null")
