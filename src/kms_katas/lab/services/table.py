"""Which services have a module here, by moto's name of them. Loads none before it is asked for."""

from importlib import import_module

from kms_katas.lab.services.call import Service

SERVICES = frozenset({"cloudformation", "s3"})


def service(name: str) -> Service:
    found: Service = import_module(f"kms_katas.lab.services.{name}").SERVICE
    return found
