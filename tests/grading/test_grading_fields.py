"""The form of a result: whatever differs from it is named, and nothing else is."""

import secrets

import pytest

from kms_katas.grading.fields import fault_of_fields

NAME = secrets.token_hex(4)
TYPES = {NAME: bytes, "count": int}


def test_the_fields_in_any_order_are_no_fault() -> None:
    assert fault_of_fields("It", {"count": 1, NAME: b""}, TYPES) is None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([NAME], "It is of type list, not a dict."),
        ({"count": 1}, f"It has no field '{NAME}'."),
        ({NAME: b"", "count": 1, "more": 2}, "It has the field 'more' too, for which the brief has no place."),
        ({NAME: "text", "count": 1}, f"The field '{NAME}' of it is of type str."),
    ],
    ids=["no dict", "a field missing", "a field too many", "a field of another type"],
)
def test_what_differs_is_named(value: object, told: str) -> None:
    assert fault_of_fields("It", value, TYPES) == told
