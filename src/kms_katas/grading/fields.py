"""The form of a result that is a dict, of bytes mostly. Not for what the bytes hold."""

from collections.abc import Mapping
from typing import Any

from kms_katas.grading.expect import expect, reject
from kms_katas.grading.show import show


def fault_of_fields(what: str, value: Any, types: Mapping[str, type]) -> str | None:
    """A sentence on why `value` is no dict with exactly these fields, each of its type; None where it is one."""
    if not isinstance(value, dict):
        return f"{what} is of type {type(value).__name__}, not a dict."
    for name in types:
        if name not in value:
            return f"{what} has no field {show(name)}."
    for name in value:
        if name not in types:
            return f"{what} has the field {show(name)} too, for which the brief has no place."
    for name, wanted in types.items():
        if not isinstance(value[name], wanted):
            return f"The field {show(name)} of {what[0].lower()}{what[1:]} is of type {type(value[name]).__name__}."
    return None


def expect_bytes_fields(
    function: str, result: Any, *names: str, next_step: str = "Return these fields and no other."
) -> None:
    """Refuse a result of `function` that is not a dict with exactly these fields, each of them bytes and not empty.

    `next_step` is for who gave back other fields.
    """
    form = "a dict with exactly " + " and ".join(f"`{name}: bytes`" for name in names)
    if fault := fault_of_fields(f"What `{function}` gave back", result, dict.fromkeys(names, object)):
        reject(fault, expected=form, next_step=next_step)
    for name in names:
        expect(
            isinstance(result[name], bytes),
            f"`{name}` is of type {type(result[name]).__name__}.",
            expected=form,
            next_step=f"Make `{name}` bytes; if you build it as text, call `.encode()` on it at the end.",
        )
        expect(
            bool(result[name]), f"`{name}` is empty.", expected=form, next_step=f"Put into `{name}` what is asked for."
        )
