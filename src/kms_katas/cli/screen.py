"""The terminal: one console, and the words with which a learner calls the kit again."""

import os
from functools import cache

from rich.console import Console
from rich.theme import Theme


@cache
def console() -> Console:
    """Colours only on a terminal; NO_COLOR and width are rich's business. In a pipe lines are not cut."""
    made = Console(highlight=False, theme=Theme({"markdown.code": "bold", "markdown.code_block": ""}), soft_wrap=False)
    return made if made.is_terminal else Console(highlight=False, width=max(120, made.width), no_color=True)


def command(words: str = "") -> str:
    """What to type in this very shell: `kata WORDS`, or `python3 kata.py WORDS` for who came in that way."""
    return f"{os.environ.get('KATA_COMMAND', 'kata')} {words}".strip()
