"""Which services have a module here, by moto's name of them. Loads none before it is asked for."""

from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module

from kms_katas.lab.services.call import Service

SERVICES = frozenset(
    {"autoscaling", "awslambda", "cloudformation", "cloudtrail", "ec2", "s3", "secretsmanager", "sns", "sqs", "ssm"}
)

AS_AWS_NAMES_IT = {"awslambda": "lambda"}
FOR_KATAS = frozenset({"kms", "sts", *(AS_AWS_NAMES_IT.get(name, name) for name in SERVICES)})
"""What a kata.toml may list, by the names in AWS's host names."""


def load(names: Iterable[str]) -> None:
    """Imports now what a lab would import when each of these services is first asked for something. What is not there,
    or needs packages that are not, is left to whoever asks.
    """
    from moto.backends import get_backend
    from moto.core.routing import get_service_router

    for name in sorted(FOR_KATAS.intersection(names) - {"kms", "sts"}):
        with suppress(ModuleNotFoundError):
            package = get_backend(name).backend.__module__.split(".")[1]  # type: ignore[call-overload]
            import_module(f"moto.{package}.urls")
            get_service_router(name)
            import_module("kms_katas.lab.services.gate")
            service(package)


def service(name: str) -> Service:
    found: Service = import_module(f"kms_katas.lab.services.{name}").SERVICE
    return found
