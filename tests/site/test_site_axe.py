"""axe finds nothing on a page of each kind, in light and in dark: WCAG 2.2 up to AA, and best practice."""

import pytest

from .conftest import ALL_RULES

pytestmark = pytest.mark.browser

# The same page in other colours differs in nothing else.
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


@pytest.mark.parametrize(
    "scheme, rules", [("default", ALL_RULES), ("slate", OF_COLOURS)], ids=["everything-in-light", "colours-in-dark"]
)
def test_axe_finds_nothing(page, kind, axe, scheme, rules):
    page.emulate_media(color_scheme="dark" if scheme == "slate" else "light")
    page.goto(kind)
    assert page.get_attribute("body", "data-md-color-scheme") == scheme
    assert axe(page, rules) == []


def test_axe_finds_nothing_while_the_search_is_open(page, site, found, axe):
    page.goto(site.url)
    page.click(".md-search__input")
    page.keyboard.type("grant")
    page.wait_for_selector(".md-search-result__link")
    assert axe(page) == []
