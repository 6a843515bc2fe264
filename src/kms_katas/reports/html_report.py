"""A verdict as one HTML page, to be read on a phone or printed. It loads nothing, runs nothing, and needs no server."""

import os
import re
from collections.abc import Iterable
from urllib.parse import quote

from kms_katas.kit.verdict import CheckResult, Verdict
from kms_katas.reports.html_page import page, text
from kms_katas.reports.public import facts, hidden_note, one_line, points, public, total, why

_STYLE = """
:root { color-scheme: light dark; --good: #1a7f37; --bad: #b42318; --dim: #5f6b76; --line: #d0d7de; }
@media (prefers-color-scheme: dark) { :root { --good: #56d364; --bad: #ff8a80; --dim: #a3adb8; --line: #3d444d; } }
* { box-sizing: border-box; }
body { max-width: 48rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.2rem; } h3 { font-size: 1rem; margin: 0; }
h1, h2, h3, p, dd, td { overflow-wrap: anywhere; }
.check { border-top: 1px solid var(--line); padding: .75rem 0; }
.status { font-weight: bold; color: var(--bad); } .pass { color: var(--good); }
.about, dt { color: var(--dim); font-size: .875rem; }
dd { margin: 0 0 .5rem; } dl { margin: .5rem 0 0; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .875rem; }
.table { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child { min-width: 7rem; } td:nth-child(n + 2):nth-child(-n + 4) { white-space: nowrap; }
@media screen and (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  td { display: block; padding: 0; border: 0; }
}
@media print {
  :root { color-scheme: light; --good: #000; --bad: #000; --dim: #333; }
  .check, tr { break-inside: avoid; }
}
""".strip()


def as_html(verdicts: Iterable[Verdict], name: str = "") -> str:
    """One page with a section for each verdict. `name` says whose answers they are."""
    verdicts = list(verdicts)
    katas = verdicts[0].kata if len(verdicts) == 1 else f"{len(verdicts)} katas"
    heading = ": ".join(filter(None, (one_line(name), katas)))
    summary = f"<p>{text(total(verdicts))}</p>" if len(verdicts) != 1 else ""
    return page(heading, "\n".join(filter(None, (summary, *map(_section, verdicts)))), _STYLE)


def as_pages(graded: Iterable[tuple[str, Verdict]]) -> dict[str, str]:
    """Path to page: one for each answer, `LEARNER/TRACK.KATA.html`, and index.html, which leads to them all."""
    graded = list(graded)
    pages = {path_of(name, verdict.kata): as_html([verdict], name) for name, verdict in graded}
    rows = [_row(path, name, verdict) for path, (name, verdict) in zip(pages, graded, strict=True)]
    head = "".join(f'<th scope="col">{column}</th>' for column in ("learner", "kata", "result", "points", "why"))
    table = (
        f'<div class="table"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{"".join(rows)}</tbody>\n</table></div>'
    )
    passed = f"{sum(verdict.passed for _, verdict in graded)} of {len(graded)} answers passed."
    return pages | {"index.html": page("Answers", f"<p>{passed}</p>\n{table}", _STYLE)}


def path_of(learner: str, kata: str) -> str:
    """Of the page for one answer, below the folder of all."""
    return f"{_folder(learner)}/{kata.replace('/', '.')}.html"


def link_to(path: str) -> str:
    """The path for an href. A name of a file may hold bytes that are no text: in the link they stay what they are."""
    return f"./{quote(os.fsencode(path))}"


def _folder(learner: str) -> str:
    """The learner's name; a learner of the name `index.html`, in any letters, would take the place of our own page."""
    return f"{learner}_" if re.fullmatch("index[.]html_*", learner, re.IGNORECASE) else learner


def _section(verdict: Verdict) -> str:
    about = f"Seed {verdict.seed}. KMS Katas {verdict.kit_version}. Isolation: {verdict.isolation}."
    about += f" Checks {verdict.checks_digest[:12]}."
    if verdict.untouched:
        about = f"Not started: this is the starter. {about}"
    lines = [f"<section>\n<h2>{text(verdict.kata)}: {_status(verdict.status)}, {points(verdict)}</h2>"]
    lines += [f"<p>{text(note)}</p>" for note in (hidden_note([verdict]),) if note]
    lines += [_check(public(check)) for check in verdict.checks]
    return "\n".join([*lines, f'<p class="about">{text(about)}</p>', "</section>"])


def _check(check: CheckResult) -> str:
    earned = f"task {check.task}, {check.points} of {check.max_points} points" + (", hidden" if check.hidden else "")
    lines = ['<article class="check">', f"<h3>{_status(check.status)} {text(check.title)}</h3>"]
    lines.append(f'<p class="about">{earned}</p>')
    if check.status == "pass" and check.message:
        lines.append(f"<pre>{text(check.message)}</pre>")
    if check.status != "pass" and not check.hidden:
        lines += [f"<p>{text(check.message)}</p>"] if check.message else []
        if named := list(facts(check)):
            lines += ["<dl>", *(f"<dt>{name}</dt><dd><pre>{text(said)}</pre></dd>" for name, said in named), "</dl>"]
    return "\n".join([*lines, "</article>"])


def _row(path: str, name: str, verdict: Verdict) -> str:
    cells = [text(one_line(name)), f'<a href="{link_to(path)}">{text(verdict.kata)}</a>', _status(verdict.status)]
    cells += [f"{verdict.score} of {verdict.max_score}", text(why(verdict))]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _status(status: str) -> str:
    return f'<span class="status {status}">{status}</span>'
