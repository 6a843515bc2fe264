"""The page of statistics: well made of our own elements, loads nothing, hides no figure in a colour, leads to pages."""

import os
import random
import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.reports.charts import bands, tenths
from kms_katas.reports.html_report import as_pages
from kms_katas.reports.public import one_line
from kms_katas.reports.statistics import statistics_of
from kms_katas.reports.statistics_page import MAX_NAMES, as_statistics_page

from .samples import COHORT, HOSTILE, SECRET, check, hidden, texts, verdict_of, verdicts, with_text
from .test_reports_html import ATTRIBUTES, PLAIN, Strict, luminance, names, read
from .test_reports_statistics import cohorts

DRAWN = {
    "section": {"id", "class"},
    "h2": {"class", "id"},
    "dl": {"class"},
    "table": {"class"},
    "td": {"class"},
    "ol": {"class"},
    "ul": {"class"},
    "div": {"class", "role", "aria-label", "tabindex"},
    "svg": {"class", "viewbox", "preserveaspectratio", "aria-hidden", "role", "aria-label"},
    "rect": {"class", "x", "y", "width", "height"},
    "text": {"class", "x", "y"},
    "line": {"x1", "y1", "x2", "y2"},
}
MORE = {"nav", "li", "code", "blockquote", "figure", "figcaption", "details", "summary"}


class Page(Strict):
    attributes, plain = ATTRIBUTES | DRAWN, PLAIN | MORE


def shown(page):
    return read(page, Page)


@given(cohorts)
def test_every_page_is_well_made_of_our_own_elements(graded):
    page = as_statistics_page(graded)
    shown(page)
    ids = re.findall(r'id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in shown(page).links} <= set(ids)


@given(cohorts, st.randoms())
def test_the_order_in_which_answers_come_does_not_matter(graded, chance):
    assert as_statistics_page(chance.sample(graded, len(graded))) == as_statistics_page(graded)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_is_shown_as_text(hostile):
    page = shown(as_statistics_page([(hostile, with_text(hostile))]))
    assert one_line(hostile) in page.text["th"]
    assert one_line(hostile) in page.text["li"]


@given(st.dictionaries(names, verdicts, min_size=1, max_size=4), names)
def test_links_lead_to_the_page_for_each_answer_and_nowhere_else(graded, folder):
    page = shown(as_statistics_page(list(graded.items()), folder))
    led = [link for link in page.links if not link.startswith("#")]
    assert all(link.startswith("./") for link in led)
    found = {os.fsdecode(unquote_to_bytes(link)) for link in led}
    assert found == {f"./{folder}/{path}" for path in set(as_pages(graded.items())) - {"index.html"}}


def test_without_such_pages_nothing_leads_to_them():
    assert all(link.startswith("#") for link in shown(as_statistics_page(COHORT)).links)


def test_a_page_loads_nothing_and_allows_nothing_to_load():
    page = as_statistics_page(COHORT, "pages")
    assert not re.search(r"(src|srcset|action|background)\s*=|url\(|@import|http:|https:|<script", page)
    assert "default-src 'none'" in page


@given(cohorts)
def test_the_figures_of_each_kata_stand_in_words(graded):
    page = shown(as_statistics_page(graded))
    for kata in statistics_of(graded).katas:
        section = [text for text in page.text["p"] if text.startswith(f"{kata.passed} of {kata.answers} answer")]
        assert section


def test_nothing_that_a_hidden_check_found_is_told():
    found = verdict_of(check("pass"), hidden(number=2))
    page = as_statistics_page([("ann", found), ("bob", found)])
    assert SECRET not in page and "Sentence 2." in page


def test_what_nothing_is_known_of_stands_before_all_figures():
    lost = verdict_of(check("error", check="grading", message="The grading has not come to its end."))
    page = as_statistics_page([("ann", lost), ("bob", verdict_of(check("pass")))])
    assert page.index("Nothing is known of 1 answer<") < page.index("Katas</h2>")
    assert page.index("The grading has not come to its end.") < page.index("Katas</h2>")


def test_a_long_list_of_names_is_cut_and_counted():
    page = as_statistics_page([(f"learner {number:03}", verdict_of(check("fail"))) for number in range(MAX_NAMES + 7)])
    assert "<li>and 7 more</li>" in page
    assert all(f">learner {number:03}</th>" in page for number in range(MAX_NAMES + 7))


points = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=20, unique_by=lambda one: one[0])


@given(points, st.integers(0, 60))
def test_columns_leave_nobody_out_and_are_few(found, whole):
    counts = [(min(score, whole), number) for score, number in found]
    for drawn in (bands(counts, whole), tenths(counts, whole)):
        assert sum(column.count for column in drawn) == sum(number for _, number in counts)
        assert len(drawn) <= 12
        assert drawn[-1].count == sum(number for score, number in counts if score == whole)


def test_a_cohort_of_a_thousand_and_ten_katas_stays_below_two_megabytes():
    def answer(kata):
        found = [check(random.choice(("pass", "fail")), number=number, message="x" * 90) for number in range(1, 9)]
        return verdict_of(*found, kata=f"envelope/a-kata-of-name-{kata}")

    graded = [(f"Firstname Lastname {number:04}", answer(kata)) for number in range(1000) for kata in range(10)]
    assert len(as_statistics_page(graded, "pages").encode()) < 2_000_000


def test_every_colour_of_a_text_stands_out_in_the_light_and_in_the_dark():
    style = shown(as_statistics_page(COHORT)).text["style"][0]
    schemes = re.findall(r"(?:@media ([^{]*?) ?\{\s*)?:root \{([^}]*)\}", style)
    assert [scheme for scheme, _ in schemes] == ["", "(prefers-color-scheme: dark)", "print"]
    for scheme, root in schemes:
        colours = dict(re.findall(r"--(\w+): (#\w+);", root))
        behind = luminance(colours["paper"])

        def contrast(name, colours=colours, behind=behind):
            low, high = sorted((behind, luminance(colours[name])))
            return (high + 0.05) / (low + 0.05)

        assert all(contrast(name) >= 4.5 for name in ("text", "dim", "link", "good", "bad", "lost")), scheme
        # Of what is drawn (WCAG 2.2, 1.4.11); `track` and `late` are what is left of a bar.
        assert all(contrast(name) >= 3 for name in ("pass", "stop", "idle", "lost", "column")), scheme


def test_a_page_fits_a_phone_and_a_printer():
    page = as_statistics_page(COHORT)
    assert 'name="viewport" content="width=device-width' in page
    assert "@media print" in page and "@media screen and (max-width" in page


@given(texts)
def test_code_between_backticks_takes_no_tag_with_it(text):
    shown(as_statistics_page([("ann", verdict_of(check("fail", title=f"`{text}` is `{text}", message=text)))]))
