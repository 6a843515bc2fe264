"""The form of a result that is a dict of bytes. Not for what the bytes hold."""

from typing import Any

from kms_katas.grading.expect import expect, reject


def expect_bytes_fields(
    function: str, result: Any, *names: str, next_step: str = "Return these fields and no other."
) -> None:
    """Refuse a result of `function` that is not a dict with exactly these fields, each of them bytes and not empty.

    `next_step` is for who gave back other fields.
    """
    form = "a dict with exactly " + " and ".join(f"`{name}: bytes`" for name in names)
    if not isinstance(result, dict) or set(result) != set(names):
        reject(
            f"`{function}` gave back something else than the brief asks for.",
            expected=form,
            next_step=next_step,
        )
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
