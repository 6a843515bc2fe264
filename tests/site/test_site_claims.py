"""The filter of the page of claims, in a real browser: what is chosen is shown, told, and kept in the address."""

import random
from pathlib import Path

import pytest

from kms_katas.kit.claims import VERDICTS, load_claims

pytestmark = pytest.mark.browser

CLAIMS = [claim for text in load_claims(Path(__file__).parents[2] / "docs" / "claims") for claim in text.claims]
SHOWN = "() => [...document.querySelectorAll('.claim')].filter(one => one.offsetParent).map(one => one.children[0].id)"


@pytest.fixture
def claims(page, site):
    page.goto(f"{site.url}claims/")
    page.wait_for_selector("#claim-filter")
    return page


def fitting(**wanted):
    """The anchors of the claims of this verdict or topic, in order."""
    verdict, topic = wanted.get("verdict"), wanted.get("topic")
    return [
        claim.id.lower()
        for claim in CLAIMS
        if verdict in (None, claim.verdict) and (topic is None or topic in claim.topics)
    ]


def said(page):
    return page.inner_text("#claim-filter [role=status]")


def test_what_is_chosen_is_shown_and_told(claims):
    assert claims.evaluate(SHOWN) == fitting()
    for verdict in VERDICTS:
        claims.select_option("[name=verdict]", verdict)
        assert claims.evaluate(SHOWN) == fitting(verdict=verdict)
        assert said(claims) == f"{len(fitting(verdict=verdict))} of {len(CLAIMS)} claims"
    topic = random.choice(random.choice(CLAIMS).topics)
    claims.select_option("[name=topic]", topic)
    assert claims.evaluate(SHOWN) == fitting(verdict=VERDICTS[-1], topic=topic)
    claims.click("#claim-filter [type=reset]")
    claims.wait_for_function(f"location.hash === '' && ({SHOWN})().length === {len(CLAIMS)}")


def test_the_address_brings_the_choice_back(claims):
    claim = random.choice(CLAIMS)
    claims.select_option("[name=verdict]", claim.verdict)
    claims.select_option("[name=topic]", claim.topics[0])
    address = claims.url
    claims.goto("about:blank")
    claims.goto(address)
    assert claims.evaluate(SHOWN) == fitting(verdict=claim.verdict, topic=claim.topics[0])
    assert claims.input_value("[name=topic]") == claim.topics[0]


def test_words_are_looked_for_in_all_that_is_said(claims):
    claim = random.choice(CLAIMS)
    claims.fill("[name=words]", f"  {claim.id.lower()}: {claim.confirmed} ")
    assert claims.evaluate(SHOWN) == [claim.id.lower()]


def test_a_link_to_a_claim_shows_it_whatever_was_chosen(claims):
    claim = random.choice([claim for claim in CLAIMS if claim.verdict != "opinion"])
    claims.select_option("[name=verdict]", "opinion")
    claims.evaluate(f"location.hash = '{claim.id.lower()}'")
    claims.wait_for_function(f"({SHOWN})().length === {len(CLAIMS)}")
    claims.wait_for_function(
        f"Math.abs(document.getElementById('{claim.id.lower()}').getBoundingClientRect().top) < 900"
    )


def test_the_filter_works_by_keyboard(claims):
    claims.focus("[name=verdict]")
    claims.keyboard.type("w")
    assert claims.evaluate(SHOWN) == fitting(verdict="wrong")
    claims.keyboard.press("Tab")
    assert claims.evaluate("document.activeElement.name") == "words"


def test_without_scripts_every_claim_is_there_and_no_dead_control(site, browser):
    context = browser.tab.context.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}claims/")
    assert not page.is_visible("#claim-filter")
    assert all(page.is_visible(f"#{claim.id.lower()}") for claim in random.sample(CLAIMS, 5))
    context.close()
