"""The statistics of a cohort as one HTML page, for those who teach it. It names learners; it loads and runs nothing."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from kms_katas.kit.verdict import Verdict
from kms_katas.reports.charts import bands, bar, columns, tenths
from kms_katas.reports.html_page import page, text
from kms_katas.reports.html_report import link_to, path_of
from kms_katas.reports.public import cut, one_line
from kms_katas.reports.statistics import (
    CheckStatistics,
    CohortStatistics,
    Graded,
    KataStatistics,
    is_unknown,
    is_untouched,
    statistics_of,
)
from kms_katas.reports.statistics_style import STYLE

MAX_STOPS = 10
"""Checks in the list of those that stop most learners."""
MAX_MESSAGES = 3
MAX_MESSAGE = 400
"""Characters of a message."""
MAX_NAMES = 50
"""Names in one list. The table of learners and the JSON have all."""


def as_statistics_page(graded: Graded, pages: str | None = None) -> str:
    """The page on all (learner, verdict). The same text, in whatever order they come.

    `pages` is where the pages for each answer lie (see html_report.as_pages), as a path from this page, with `/`
    between; without it nothing is a link to them.
    """
    cohort = statistics_of(graded)
    anchors = {kata.kata: f"k{number}" for number, kata in enumerate(cohort.katas, 1)}
    heading = f"{_count(len(cohort.learners), 'learner')}, {_count(len(cohort.katas), 'kata')}"
    parts = [
        _at_a_glance(cohort),
        _NAVIGATION,
        _unknown(cohort, pages),
        _katas(cohort, anchors),
        _points(cohort),
        _stops(cohort, anchors),
        _each_kata(cohort, anchors, pages),
        _learners(graded, cohort, anchors, pages),
        _about(cohort),
    ]
    return page(heading, "\n".join(filter(None, parts)), STYLE)


_NAVIGATION = (
    '<nav><a href="#katas">Katas</a> <a href="#stops">What stops people</a> <a href="#each">Kata by kata</a> '
    '<a href="#learners">Learners</a></nav>'
)


def _at_a_glance(cohort: CohortStatistics) -> str:
    all_passed = sum(learner.passed == len(cohort.katas) for learner in cohort.learners)
    tiles = [(f"{cohort.passed:,} of {cohort.answers:,}", f"answers passed ({_share(cohort.passed, cohort.answers)})")]
    if len(cohort.katas) > 1:
        tiles.append((str(all_passed), "passed every kata"))
        tiles.append((f"{max(len(cohort.learners) * len(cohort.katas) - cohort.answers, 0):,}", "not handed in"))
    tiles.append((str(sum(len(kata.untouched) for kata in cohort.katas)), "not started: the starter as it was"))
    shown = "".join(f"<div><dt>{what}</dt><dd>{figure}</dd></div>" for figure, what in tiles)
    return f'<dl class="tiles">{shown}</dl>'


def _unknown(cohort: CohortStatistics, pages: str | None) -> str:
    """What is to be graded again, before anybody reads a figure."""
    names = [(f"{name}, {kata.kata}", _link(name, kata.kata, pages)) for kata in cohort.katas for name in kata.unknown]
    if not names:
        return ""
    said = sorted(
        {
            said.message
            for kata in cohort.katas
            for check in kata.checks
            if check.check == "grading"
            for said in check.said
        }
    )
    why = "".join(f"<p>{_prose(cut(message, MAX_MESSAGE))}</p>" for message in said[:MAX_MESSAGES])
    return (
        f'<section class="unknown"><h2>Nothing is known of {_count(len(names), "answer")}</h2>'
        f"<p>They were not judged. That is no zero: grade them again. Until then their learners lack these points; "
        f"medians leave them out.</p>{why}"
        f"{_names(names)}</section>"
    )


def _katas(cohort: CohortStatistics, anchors: dict[str, str]) -> str:
    """A bar for each kata: how many of all learners passed it, were stopped, and so on."""
    learners = len(cohort.learners)
    keys = [("pass", "passed"), ("stop", "stopped at a check"), ("idle", "not started")]
    keys += [("lost", "nothing is known")] if any(kata.unknown for kata in cohort.katas) else []
    keys += [("track", "not handed in")] if any(kata.answers < learners for kata in cohort.katas) else []
    rows = []
    for kata in cohort.katas:
        parts = [("pass", kata.passed), ("stop", _stopped(kata)), ("idle", len(kata.untouched))]
        parts.append(("lost", len(kata.unknown)))
        cells = [f'<th scope="row"><a href="#{anchors[kata.kata]}">{text(kata.kata)}</a></th>']
        cells.append(f'<td class="drawn">{bar(parts, max(learners, kata.answers))}</td>')
        cells.append(f"<td>{kata.passed} of {kata.answers}{_word('passed')}</td>")
        cells.append(f"<td>{_stopped(kata)}{_word('stopped')}</td>")
        cells.append(f"<td>{len(kata.untouched)}{_word('not started')}</td><td>{_median(kata)}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>\n")
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("kata", "chart", "passed", "stopped", "not started", "points")
    )
    return (
        f'<section id="katas"><h2>Katas</h2>\n<p class="key">{_legend(keys)}</p>\n'
        f'<table class="katas"><thead><tr>{head}</tr></thead>\n<tbody>\n{"".join(rows)}</tbody></table></section>'
    )


def _points(cohort: CohortStatistics) -> str:
    """How the learners' points spread. Of one kata its own section says that."""
    if len(cohort.katas) < 2:
        return ""
    counts = sorted(Counter(learner.score for learner in cohort.learners).items())
    title = f"Learners by their share of all {cohort.max_score} points, in %"
    drawn = columns(title, "share of the points", "learners", tenths(counts, cohort.max_score))
    return (
        f"<section><h2>Points</h2>\n{drawn}\n"
        f'<p class="about">A kata that was not handed in gives no points.</p></section>'
    )


def _stops(cohort: CohortStatistics, anchors: dict[str, str]) -> str:
    """The checks that stop most learners, of all katas."""
    found = [(kata, check) for kata in cohort.katas for check in kata.checks if check.stopped]
    if not found:
        return '<section id="stops"><h2>What stops people</h2>\n<p>No check stopped anybody.</p></section>'
    found.sort(key=lambda pair: -len(pair[1].stopped))
    most = len(found[0][1].stopped)
    items = []
    for kata, check in found[:MAX_STOPS]:
        items.append(
            f'<li><p class="stops">{_count(len(check.stopped), "learner")}, '
            f'<a href="#{anchors[kata.kata]}">{text(kata.kata)}</a>, task {check.task}</p>'
            f"{bar([('stop', len(check.stopped))], most)}<p>{_title(check)}</p>{_said(check, 1)}</li>\n"
        )
    more = (
        ""
        if len(found) <= MAX_STOPS
        else f'<p class="about">And {len(found) - MAX_STOPS} more, kata by kata below.</p>'
    )
    return (
        '<section id="stops"><h2>What stops people</h2>\n'
        '<p class="about">A check stops a learner when it is the first that does not pass. Below its sentence: what it '
        f'said most often.</p>\n<ol class="top">\n{"".join(items)}</ol>{more}</section>'
    )


def _each_kata(cohort: CohortStatistics, anchors: dict[str, str], pages: str | None) -> str:
    keys = _legend([("stop", "stopped by this check"), ("late", "stopped before, and does not pass this one either")])
    found = "\n".join(_kata(kata, anchors[kata.kata], pages) for kata in cohort.katas)
    return f'<h2 class="part" id="each">Kata by kata</h2>\n<p class="key">{keys}</p>\n{found}'


def _kata(kata: KataStatistics, anchor: str, pages: str | None) -> str:
    words = [f"{kata.passed} of {_count(kata.answers, 'answer')} passed", _median(kata)]
    words += [f"{len(kata.untouched)} not started"] if kata.untouched else []
    words += [f"nothing is known of {len(kata.unknown)}"] if kata.unknown else []
    lines = [f'<section id="{anchor}"><h3>{text(kata.kata)}</h3>\n<p>{", ".join(words)}.</p>']
    if len(kata.checks_digests) > 1:
        lines.append(f"<p>These answers were graded by {len(kata.checks_digests)} versions of the checks.</p>")
    if kata.scores:
        drawn = bands(kata.scores, kata.max_score)
        lines.append(columns(f"Answers by points, of {kata.max_score}", "points", "answers", drawn))
    begun = kata.answers - len(kata.untouched)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("check", "stops", "does not pass"))
    rows = "".join(_check(check, begun, kata.kata, pages) for check in kata.checks)
    lines.append(f'<table class="checks"><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table>')
    return "\n".join([*lines, "</section>"])


def _check(check: CheckStatistics, begun: int, kata: str, pages: str | None) -> str:
    """A row: the sentence, a bar, what learners read and whom it stopped, and the two figures."""
    stops, ran = len(check.stopped), check.passed + check.not_passed
    drawn = bar([("stop", stops), ("late", max(check.not_passed - stops, 0))], max(begun, ran, 1))
    about = f"task {check.task}, {_count(check.max_points, 'point')}" + (", hidden" if check.hidden else "")
    statuses = [
        ("fail", check.failed),
        ("error", check.errors),
        ("timeout", check.timeouts),
        ("skipped", check.skipped),
    ]
    named = ", ".join(f"{count} {status}" for status, count in statuses if count)
    links = [(name, _link(name, kata, pages)) for name in check.stopped]
    inside = f"<p>{named}.</p>" if named else ""
    inside += _said(check, MAX_MESSAGES)
    inside += f"<p>It stopped:</p>{_names(links)}" if links else ""
    summary = "What it said, and whom it stopped" if links else "What it said"
    more = f"<details><summary>{summary}</summary>{inside}</details>" if check.not_passed else ""
    return (
        f'<tr><td class="what"><p>{_title(check)}</p>{drawn}<p class="about">{about}</p>{more}</td>'
        f"<td>{stops}{_word('stopped')}</td>"
        f"<td>{check.not_passed} of {ran}{_word('not passed')}</td></tr>\n"
    )


_MARKS = (
    ("p", "passed"),
    ("f", "failed"),
    ("e", "error"),
    ("t", "timeout"),
    ("i", "not started"),
    ("u", "nothing is known"),
)
"""Class of a cell, and what it means; the style puts a mark into it, with these words for those who hear it."""
_STATUS = {"pass": "p", "fail": "f", "error": "e", "timeout": "t", "skipped": "f"}


def _learners(graded: Graded, cohort: CohortStatistics, anchors: dict[str, str], pages: str | None) -> str:
    """A line for each learner, a cell for each kata: a mark and the points, which lead to the page for that answer."""
    cells: dict[tuple[str, str], list[str]] = {}
    for name, verdict in sorted(graded, key=lambda one: (one[0], one[1].kata, one[1].score, _mark(one[1]))):
        shown = str(verdict.score)
        if link := _link(name, verdict.kata, pages):
            shown = f'<a href="{link}">{shown}</a>'
        cells.setdefault((name, verdict.kata), []).append(f'<span class="{_mark(verdict)}">{shown}</span>')
    absent = ['<span class="n"></span>']
    rows = []
    for learner in cohort.learners:
        row = [f'<th scope="row">{text(one_line(learner.name)) or "(no name)"}</th>']
        row.append(f"<td>{learner.passed}</td><td>{learner.score}</td>")
        row += [f"<td>{''.join(cells.get((learner.name, kata.kata), absent))}</td>" for kata in cohort.katas]
        rows.append(f"<tr>{''.join(row)}</tr>\n")
    head = '<th scope="col">learner</th><th scope="col">passed</th><th scope="col">points</th>'
    head += "".join(
        f'<th scope="col"><a href="#{anchors[kata.kata]}">{text(kata.kata)}</a></th>' for kata in cohort.katas
    )
    key = "".join(
        f'<span><span class="{mark}"></span> {meaning}</span>' for mark, meaning in (*_MARKS, ("n", "not handed in"))
    )
    return (
        f'<section id="learners"><h2>Learners</h2>\n<p class="marks">{key}</p>\n'
        '<div class="wide" role="region" aria-label="Learners and katas" tabindex="0">'
        f'<table class="learners"><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{''.join(rows)}</tbody></table></div></section>"
    )


def _mark(verdict: Verdict) -> str:
    return "u" if is_unknown(verdict) else "i" if is_untouched(verdict) else _STATUS[verdict.status]


def _about(cohort: CohortStatistics) -> str:
    seeds = f"Seed{'' if len(cohort.seeds) == 1 else 's'} {', '.join(map(str, cohort.seeds))}."
    return f'<p class="about">{seeds} KMS Katas {text(", ".join(cohort.kit_versions))}.</p>'


def _said(check: CheckStatistics, most: int) -> str:
    if check.hidden:
        return '<p class="about">Hidden: it shows its sentence only.</p>'
    lines = [
        f"<blockquote><p>{_prose(cut(said.message, MAX_MESSAGE))}</p>"
        + (f'<p class="about">{_count(said.answers, "answer")}</p>' if most > 1 else "")
        + "</blockquote>"
        for said in check.said[:most]
    ]
    others = len(check.said) - most
    return "".join(lines) + ('<p class="about">and other messages</p>' if others > 0 and most > 1 else "")


def _link(learner: str, kata: str, pages: str | None) -> str | None:
    """To the page for the answer, where there are such pages."""
    return None if pages is None else link_to(f"{pages}/{path_of(learner, kata)}")


def _names(names: Sequence[tuple[str, str | None]]) -> str:
    shown = []
    for name, link in names[:MAX_NAMES]:
        said = text(one_line(name)) or "(no name)"
        shown.append(f'<li><a href="{link}">{said}</a></li>' if link else f"<li>{said}</li>")
    if len(names) > MAX_NAMES:
        shown.append(f"<li>and {len(names) - MAX_NAMES} more</li>")
    return f'<ul class="names">{"".join(shown)}</ul>'


def _legend(keys: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<span>{_swatch(colour)} {meaning}</span>" for colour, meaning in keys)


def _swatch(colour: str) -> str:
    return (
        '<svg class="swatch" viewBox="0 0 1 1" aria-hidden="true">'
        f'<rect class="{colour}" width="1" height="1"></rect></svg>'
    )


def _word(said: str) -> str:
    """Where the head of the table is not in sight, a figure has its word beside it."""
    return f'<span class="word"> {said}</span>'


def _title(check: CheckStatistics) -> str:
    return _prose(check.title)


def _prose(said: str) -> str:
    """On one line; what stands between backticks is code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", text(one_line(said)))


def _stopped(kata: KataStatistics) -> int:
    return sum(len(check.stopped) for check in kata.checks)


def _median(kata: KataStatistics) -> str:
    return "no points known" if kata.median_score is None else f"median {kata.median_score:g} of {kata.max_score}"


def _share(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)}&nbsp;%" if whole else "0&nbsp;%"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
