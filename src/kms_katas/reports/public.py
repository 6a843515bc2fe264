"""Text in characters that only show: what others wrote, made fit for a screen. Not for laying anything out."""


def safe(text: str) -> str:
    """`text` without control characters: nothing in it moves a cursor, colours, or turns the writing.

    Lone surrogates go too, so that what is left can be encoded. Line feeds stay.
    """
    return "".join(map(_safe_character, text))


def _safe_character(character: str) -> str:
    return character if character.isprintable() or character == "\n" else character.encode("unicode_escape").decode()
