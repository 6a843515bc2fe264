"""Which services have a module here, by moto's name of them. Loads none before it is asked for."""

from importlib import import_module

from kms_katas.lab.services.call import Service

SERVICES = frozenset({"autoscaling", "awslambda", "cloudtrail", "ec2", "s3", "secretsmanager", "sns", "sqs", "ssm"})

AS_AWS_NAMES_IT = {"awslambda": "lambda"}


def service(name: str) -> Service:
    found: Service = import_module(f"kms_katas.lab.services.{name}").SERVICE
    return found
