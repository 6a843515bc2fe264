"""The verdicts on claims, as pages show them: a sign, a word, and what it means. Not for the claims."""

VERDICTS = {
    "true": ("✓", "It is so."),
    "nuance": ("≈", "It is so in part: something that matters is left out."),
    "outdated": ("↻", "It was so, and is no longer."),
    "wrong": ("✗", "It is not so."),
    "opinion": ("…", "One may see it so or otherwise."),
}


def verdict_mark(verdict: str) -> str:
    """The sign is for the eye alone; a screen reader reads the word."""
    sign = f'<span aria-hidden="true">{VERDICTS[verdict][0]}</span>'
    return f'<span class="verdict verdict--{verdict}">{sign} {verdict}</span>'
