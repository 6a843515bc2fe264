"""The frame of every HTML page that is made here: it loads nothing, runs nothing, and shows every text as text."""

from html import escape

from kms_katas.reports.public import safe

# No script, no other host, no form: not even if a text found its way out of its element.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(heading: str, body: str, style: str) -> str:
    """`body` and `style` are HTML and CSS; `heading` is any text."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="referrer" content="no-referrer">
<title>{text(heading)}</title>
<style>
{style}
</style>
</head>
<body>
<main>
<h1>{text(heading)}</h1>
{body}
</main>
</body>
</html>
"""


def text(any_text: str) -> str:
    """`any_text` as HTML that shows it."""
    return escape(safe(any_text))
