"""Charts as inline SVG, in the colours of the page's style. The text around them, or a table, says the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from kms_katas.reports.html_page import text

_WIDTH, _HEIGHT, _FOOT, _HEAD = 360, 150, 18, 16
_DIGIT = 7
"""Of a figure above a column: its width, at the size of letters in the style."""


@dataclass(frozen=True)
class Column:
    """A column of a chart: what stands below it, what it is called in the table, how many, and its class of colour."""

    mark: str
    name: str
    count: int
    colour: str = "column"


def bar(parts: Sequence[tuple[str, int]], whole: int) -> str:
    """A bar of (class of colour, count), as long as `whole`. For the eye alone: the figures stand beside it."""
    drawn, at = [], 0.0
    for colour, count in parts:
        if count:
            width = 100 * count / whole
            drawn.append(f'<rect class="{colour}" x="{at:.4g}" width="{width:.4g}" height="1"></rect>')
            at += width
    return (
        '<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="100" height="1"></rect>{"".join(drawn)}</svg>'
    )


def columns(title: str, unit: str, counted: str, found: Sequence[Column]) -> str:
    """Columns side by side, and a table that says the same. `unit` is of the names, `counted` of the counts."""
    most = max((column.count for column in found), default=0) or 1
    step = _WIDTH / max(len(found), 1)
    room = _HEIGHT - _FOOT - _HEAD
    drawn = []
    for place, column in enumerate(found):
        left, middle = place * step + 1, (place + 0.5) * step
        height = room * column.count / most
        top = _HEAD + room - height
        if column.count:
            drawn.append(
                f'<rect class="{column.colour}" x="{left:.1f}" y="{top:.1f}" '
                f'width="{step - 2:.1f}" height="{height:.1f}"></rect>'
            )
            if len(str(column.count)) * _DIGIT <= step + 4:
                drawn.append(f'<text x="{middle:.1f}" y="{top - 4:.1f}">{column.count}</text>')
        drawn.append(f'<text class="mark" x="{middle:.1f}" y="{_HEIGHT - 4}">{text(column.mark)}</text>')
    foot = _HEIGHT - _FOOT
    rows = "".join(
        f'<tr><th scope="row">{text(column.name)}</th><td>{column.count}</td></tr>' for column in found if column.count
    )
    return (
        f'<figure>\n<figcaption>{text(title)}</figcaption>\n<svg class="columns" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'role="img" aria-label="{text(title)}. The table below has its figures.">{"".join(drawn)}'
        f'<line x1="0" y1="{foot}" x2="{_WIDTH}" y2="{foot}"></line></svg>\n'
        f"<details><summary>As a table</summary><table><thead><tr>"
        f'<th scope="col">{text(unit)}</th><th scope="col">{text(counted)}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>\n</figure>"
    )


def bands(counts: Sequence[tuple[int, int]], whole: int, most: int = 12) -> list[Column]:
    """(points, how many) as at most `most` columns of equal width up to `whole`, the last of them `whole` alone."""
    width = max(-(-whole // (most - 1)), 1)
    found = []
    for low in range(0, whole, width):
        high = min(low + width, whole) - 1
        name = str(low) if low == high else f"{low} to {high}"
        found.append(Column(str(low), name, sum(count for points, count in counts if low <= points <= high)))
    return [*found, Column(str(whole), str(whole), sum(count for points, count in counts if points >= whole), "pass")]


def tenths(counts: Sequence[tuple[int, int]], whole: int) -> list[Column]:
    """(points, how many) by the share of `whole`: a column for each tenth, and one for all of it."""
    found = [0] * 11
    for points, count in counts:
        found[10 * points // whole if whole else 10] += count
    named = [Column(str(10 * ten), f"{10 * ten} to below {10 * ten + 10} %", found[ten]) for ten in range(10)]
    return [*named, Column("100", "100 %", found[10], "pass")]
