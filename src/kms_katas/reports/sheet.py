"""Facilitator's sheets as one page, in Markdown or in HTML that prints well. Not for learners: it tells what they find.

Which mistakes people make is in the sheets already; here they are only laid out.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape

from kms_katas.kit.paths import KataPath
from kms_katas.kit.sheet import Sheet
from kms_katas.reports.public import one_line, safe

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 48rem; margin: 0 auto; padding: 1rem; font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; } h3 { font-size: 1rem; margin-bottom: .25rem; }
li { margin: .2rem 0; } p, li { overflow-wrap: anywhere; }
pre { white-space: pre-wrap; font-size: .875rem; } .ask { border-left: .25rem solid; padding-left: .75rem; }
@media print {
  :root { color-scheme: light; }
  body { font-size: 10pt; padding: 0; } h2 { break-before: page; } h2:first-of-type { break-before: auto; }
  li, h3 { break-inside: avoid; } h3 { break-after: avoid; }
}
""".strip()
_STUCK = "Who is stuck, say in this order. Where a check fails: its sentence, and ask which line of theirs breaks it."
_WRITTEN = "What people write instead:"
_FOR = "For who leads the workshop. It says what learners are to find out themselves: do not hand it to them."


def as_markdown(sheets: Sequence[Sheet], path: KataPath | None = None) -> str:
    """One page with a section for each kata."""
    lines = [f"# {_heading(sheets, path)}", "", _FOR, ""]
    lines += [f"{_summary(path)}", ""] if path else []
    for sheet in sheets:
        lines += [f"## {_title(sheet)}", "", _about(sheet), ""]
        for task in sheet.kata.tasks:
            lines += [f"### Task {task.number}: {task.title}", "", _STUCK, ""]
            lines += [f"{number}. {_indented(hint)}" for number, hint in enumerate(task.hints, 1)]
            lines.append("")
            for slip in sheet.slips_of(task):
                lines += [f"**{one_line(slip.sentence)}** {_WRITTEN}", ""]
                lines += [*(f"- {one_line(mistake)}" for mistake in slip.mistakes), ""]
        if sheet.kata.debrief:
            lines += ["### To ask afterwards", "", f"> {sheet.kata.debrief}", ""]
    return safe("\n".join(lines))


def as_html(sheets: Sequence[Sheet], path: KataPath | None = None) -> str:
    """The same page for a browser or a printer, a kata a sheet of paper. It loads nothing and runs nothing."""
    body = [f"<h1>{_text(_heading(sheets, path))}</h1>", f"<p><strong>{_FOR}</strong></p>"]
    body += [f"<p>{_text(_summary(path))}</p>"] if path else []
    for sheet in sheets:
        body += [f"<h2>{_text(_title(sheet))}</h2>", f"<p>{_text(_about(sheet))}</p>"]
        for task in sheet.kata.tasks:
            body += [f"<h3>Task {task.number}: {_inline(task.title)}</h3>", f"<p>{_STUCK}</p>"]
            body += ["<ol>", *(f"<li>{''.join(_blocks(hint))}</li>" for hint in task.hints), "</ol>"]
            for slip in sheet.slips_of(task):
                body += [f"<p><strong>{_inline(one_line(slip.sentence))}</strong> {_WRITTEN}</p>", "<ul>"]
                body += [*(f"<li>{_inline(one_line(mistake))}</li>" for mistake in slip.mistakes), "</ul>"]
        if sheet.kata.debrief:
            body += ["<h3>To ask afterwards</h3>", f'<p class="ask">{_inline(sheet.kata.debrief)}</p>']
    title = _text(_heading(sheets, path))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{title}</title>
<style>
{_STYLE}
</style>
</head>
<body>
{"".join(f"{line}{chr(10)}" for line in body)}</body>
</html>
"""


def _heading(sheets: Sequence[Sheet], path: KataPath | None) -> str:
    return f"Facilitator's sheet: {path.name if path else ', '.join(sheet.kata.id for sheet in sheets)}"


def _summary(path: KataPath) -> str:
    rest = path.minutes - path.solving
    return f"{path.title}. {path.minutes} minutes: {path.solving} of solving, {rest} to begin, to talk and to be late."


def _title(sheet: Sheet) -> str:
    return f"{sheet.kata.id}: {sheet.kata.title}"


def _about(sheet: Sheet) -> str:
    kata = sheet.kata
    when = f", after {sheet.begins} minutes of solving" if sheet.begins else ""
    return f"{kata.minutes} minutes{when}. Level {kata.level}, {kata.points} points. The note: docs/learn/{kata.id}.md"


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" if line else "" for line in text.splitlines()).strip()


def _blocks(text: str) -> Iterator[str]:
    """Markdown as hints have it: paragraphs, and code that is set in by four spaces."""
    for block in re.split(r"\n\s*\n", text):
        lines = block.split("\n")
        if all(line.startswith("    ") for line in lines):
            yield "<pre>" + _text("\n".join(line[4:] for line in lines)) + "</pre>"
        else:
            yield f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    """`code` and **words**: what sentences of the kit have of Markdown."""
    parts = re.split(r"`([^`]+)`", text)
    return "".join(
        f"<code>{_text(part)}</code>" if number % 2 else re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", _text(part))
        for number, part in enumerate(parts)
    )


def _text(text: str) -> str:
    return escape(safe(text))
