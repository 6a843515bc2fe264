"""The HTML page: well made, loads nothing, runs nothing, and shows every text as text."""

import os
import re
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.reports.html_report import as_html, as_pages
from kms_katas.reports.public import one_line, public

from .samples import BROKEN, EVERY_KIND, HOSTILE, PASSED, check, several, texts, verdict_of, verdicts, with_text

VOID = {"meta"}
ATTRIBUTES = {
    "html": {"lang"},
    "meta": {"charset", "name", "content", "http-equiv"},
    "section": set(),
    "article": {"class"},
    "p": {"class"},
    "span": {"class"},
    "div": {"class"},
    "th": {"scope"},
    "a": {"href"},
}
PLAIN = {"head", "title", "style", "body", "main", "h1", "h2", "h3", "pre", "dl", "dt", "dd"}
PLAIN |= {"table", "thead", "tbody", "tr", "td"}


class Strict(HTMLParser):
    """Walks a page and fails on what does not belong: a tag or attribute not of ours, one left open, closed twice."""

    attributes, plain = ATTRIBUTES, PLAIN

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.text, self.links = [], {}, []

    def handle_starttag(self, tag, attributes):
        assert tag in self.attributes or tag in self.plain, tag
        assert {name for name, _ in attributes} <= self.attributes.get(tag, set()), (tag, attributes)
        self.links += [value for name, value in attributes if name == "href"]
        self.text.setdefault(tag, []).append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.text[self.open[-1]][-1] += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def unknown_decl(self, data):
        raise AssertionError(f"a declaration: {data}")

    def handle_decl(self, declaration):
        assert declaration == "doctype html" and not self.text


def read(page, parser_of=Strict):
    parser = parser_of()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


@given(several, texts)
def test_every_page_is_well_made_of_our_own_elements(found, name):
    read(as_html(found, name))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_is_shown_as_text(hostile):
    shown = public(with_text(hostile).checks[0])
    page = read(as_html([with_text(hostile)], hostile))
    assert shown.actual in page.text["pre"]
    assert page.text["title"][0].startswith(one_line(hostile))


@given(verdicts)
def test_a_page_shows_every_check_with_its_sentence_and_points(verdict):
    page = read(as_html([verdict]))
    assert len(page.text["h3"]) == len(verdict.checks)
    shown = " ".join(page.text["p"])
    assert shown.count(" points") == len(verdict.checks)
    assert f"{verdict.score} of {verdict.max_score} points" in page.text["h2"][0]


@pytest.mark.parametrize("found", [[EVERY_KIND], [PASSED, BROKEN]])
def test_a_page_loads_nothing_and_allows_nothing_to_load(found):
    page = as_html(found)
    assert not re.search(r"(src|srcset|action|background)\s*=|url\(|@import|http:|https:", page)
    assert "default-src 'none'" in page


def test_a_page_fits_a_phone_and_a_printer():
    page = as_html([EVERY_KIND])
    assert 'name="viewport" content="width=device-width' in page
    assert "@media print" in page


def luminance(colour):
    """Of `#rgb` or `#rrggbb`, by WCAG 2.2, "relative luminance"."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def test_every_colour_of_a_text_stands_out_from_what_browsers_put_behind_it():
    style = read(as_html([EVERY_KIND])).text["style"][0]
    colours = {}
    for scheme, roots in re.findall(r"(?:@media ([^{]*?) ?\{\s*)?:root \{([^}]*)\}", style):
        colours[scheme] = dict(re.findall(r"--(good|bad|dim): (#\w+);", roots))
    assert set(colours) == {"", "(prefers-color-scheme: dark)", "print"}
    for scheme, found in colours.items():
        behind = luminance("#121212" if "dark" in scheme else "#ffffff")
        assert len(found) == 3
        for colour in found.values():
            low, high = sorted((behind, luminance(colour)))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (scheme, colour)


def test_a_status_is_told_in_words_and_not_by_colour_alone():
    assert read(as_html([EVERY_KIND])).text["span"][1:] == ["pass", "fail", "error", "timeout", "skipped", "fail"]


def test_an_untouched_starter_is_called_not_started():
    assert "Not started" in as_html([verdict_of(check(), untouched=True)])


names = st.one_of(
    st.sampled_from(["ann", "a b", "50%", "a?b", "#1", "a&b", '"', "<b>", "é", "\udcff", "a:b"]),
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=6).filter(
        lambda name: name not in (".", "..")
    ),
)


@given(st.dictionaries(names, verdicts, max_size=4))
def test_the_index_leads_to_a_page_for_each_answer(graded):
    pages = as_pages(graded.items())
    index = read(pages["index.html"])
    led = {os.fsdecode(unquote_to_bytes(link.removeprefix("./"))) for link in index.links}
    assert led == set(pages) - {"index.html"} == {f"{name}/keys.mini.html" for name in graded}
    assert f"of {len(graded)} answers passed" in index.text["p"][0]


def test_katas_whose_names_differ_in_a_hyphen_s_place_have_a_page_each():
    pages = as_pages([("ann", verdict_of(check(), kata=kata)) for kata in ("keys/a-b", "keys-a/b")])
    assert len(pages) == 3
