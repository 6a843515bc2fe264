"""Spares moto a look at the user's AWS configuration, and 30 ms: it makes a boto3 session of its own to list a
service's Regions. Only while a lab is open.
"""

from functools import cache
from typing import Any

from moto.core.base_backend import AccountSpecificBackend

from kms_katas.lab.aws_session import isolated_session


@cache
def regions_of(service: str) -> tuple[str, ...]:
    """Every Region of the service in every partition, as botocore's endpoint data has them."""
    _, session = isolated_session()
    partitions = session.get_available_partitions()
    return tuple(
        region
        for partition in partitions
        for region in session.get_available_regions(service, partition_name=partition)
    )


_METHOD = "_generate_regions"


class _SharedRegionLists:
    def __init__(self) -> None:
        self._own: Any = None

    def start(self) -> None:
        self._own = getattr(AccountSpecificBackend, _METHOD)
        setattr(AccountSpecificBackend, _METHOD, lambda store, service: list(regions_of(service)))

    def stop(self) -> None:
        setattr(AccountSpecificBackend, _METHOD, self._own)


shared_region_lists = _SharedRegionLists()
