"""Which services have a module here, by moto's name of them. Loads none before it is asked for."""

from importlib import import_module

from kms_katas.lab.services.call import Service

SERVICES = frozenset({"autoscaling", "awslambda", "cloudtrail", "ec2", "s3"})
_BOTO3_NAMES = {"awslambda": "lambda"}
"""Where moto has another name for a service."""


def boto3_name(name: str) -> str:
    return _BOTO3_NAMES.get(name, name)


def service(name: str) -> Service:
    found: Service = import_module(f"kms_katas.lab.services.{name}").SERVICE
    return found
