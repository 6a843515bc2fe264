"""Values as a learner reads them: short, on one line, without control characters."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

LIMIT = 100


def show(value: Any, limit: int = LIMIT) -> str:
    """`value` in at most about `limit` characters.

    Long bytes and texts give their length; nothing but printable characters comes out.
    """
    if isinstance(value, (bytes, str)) and len(value) > limit // 2:
        unit = "bytes" if isinstance(value, bytes) else "characters"
        return f"{_printable(repr(value[: limit // 3]))}… ({len(value)} {unit})"
    if isinstance(value, dict):
        pairs = (f"{show(key, 40)}: {show(entry, limit // 2)}" for key, entry in islice(value.items(), 20))
        return _shorten("{" + _joined(pairs, limit * 2) + "}", limit * 2)
    if isinstance(value, (list, tuple)):
        left, right = "[]" if isinstance(value, list) else "()"
        return _shorten(left + _joined((show(entry, limit // 2) for entry in value[:20]), limit * 2) + right, limit * 2)
    return _shorten(_printable(repr(value)), limit * 2)


def show_text(text: object, limit: int = LIMIT) -> str:
    """A text as it reads, without quotes: one line, at most `limit` characters."""
    return _shorten(_printable(str(text)[: limit + 1]), limit)


def show_call(function: str, arguments: Sequence[Any], keywords: dict[str, Any]) -> str:
    """A call as it would be written: `open_secret(<kms client of user/app>, b'...')`."""
    shown = [show(argument, 60) for argument in arguments] + [
        f"{name}={show(value, 60)}" for name, value in keywords.items()
    ]
    return f"{function}({', '.join(shown)})"


def _joined(parts: Iterable[str], limit: int) -> str:
    """All of them, or as many as fill `limit` characters: what comes after those is never seen, and costs."""
    text = ""
    for part in parts:
        text += f", {part}" if text else part
        if len(text) > limit:
            break
    return text


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
