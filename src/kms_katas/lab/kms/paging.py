"""Limit, Marker, NextMarker and Truncated of the list operations.

A marker names the last item given, so items made or deleted between two pages do no harm.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, TypeVar

from kms_katas.lab.kms.errors import KMSError

Item = TypeVar("Item")


def page(
    items: Mapping[str, Item], parameters: Mapping[str, Any], name: str, default: int, most: int
) -> dict[str, Any]:
    """One page of `items` in the order of their keys, as the response member `name`.

    Raises ValidationException and InvalidMarkerException.
    """
    limit = parameters.get("Limit", default)
    if limit > most:
        constraint = f"Member must have value less than or equal to {most}"
        raise KMSError(
            "ValidationException",
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: {constraint}",
        )
    after = _read_marker(parameters["Marker"], name) if "Marker" in parameters else None
    remaining = sorted(place for place in items if after is None or place > after)
    shown = remaining[:limit]
    answer: dict[str, Any] = {name: [items[place] for place in shown], "Truncated": len(remaining) > limit}
    if answer["Truncated"]:
        answer["NextMarker"] = base64.urlsafe_b64encode(f"{name} {shown[-1]}".encode()).decode()
    return answer


def _read_marker(marker: str, name: str) -> str:
    try:
        kind, _, place = base64.b64decode(marker, altchars=b"-_", validate=True).decode().partition(" ")
    except (binascii.Error, ValueError):
        kind, place = "", ""
    if kind != name:
        raise KMSError("InvalidMarkerException")  # without a text, as recorded (see operations/rotation.py)
    return place
