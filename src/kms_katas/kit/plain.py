"""Text that only shows: what any format may hold of a text that somebody else wrote. Not for how a format looks."""

import re

# Also in the wide and small forms that spreadsheets of East Asia take, and behind a semicolon: where that parts the
# cells of a file, what follows it begins one, quotes aside.
_FORMULA = re.compile(r"(^|;)([\s\"]*)(?=[=+\-@＝＋－＠﹦﹢﹣﹫])")  # noqa: RUF001


def safe(text: str) -> str:
    """`text` without control characters: nothing that an answer makes moves a cursor, colours, or turns the writing.

    Lone surrogates and all that XML forbids go too: whatever is left can be encoded, in any format. Line feeds stay.
    """
    return "".join(map(_safe_character, text))


def one_line(text: str) -> str:
    return " ".join(safe(text).split())


def cell(text: str) -> str:
    """`text` on one line, with an apostrophe before what a spreadsheet would compute: `=`, `+`, `-`, `@` at a start."""
    return _FORMULA.sub(r"\1\2'", one_line(text))


def _safe_character(character: str) -> str:
    return character if character.isprintable() or character == "\n" else character.encode("unicode_escape").decode()
