"""The page on what courses get wrong: no false claim of the ledger is missing, and each item leads to one."""

import re
from pathlib import Path

import pytest

from kms_katas.kit.claims import load_claims

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "explanation" / "what-courses-get-wrong.md").read_text("utf-8")
CLAIMS = {claim.id: claim for text in load_claims(DOCS / "claims") for claim in text.claims}
ITEMS = dict(re.findall(r"^### ([^\n]+)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
LINK = re.compile(r"\[([A-Z]\d+)\]\(\.\./claims/index\.md#([a-z]\d+)\)")


def test_every_claim_that_is_wrong_or_outdated_is_on_the_page():
    false = {claim.id for claim in CLAIMS.values() if claim.verdict in ("wrong", "outdated")}
    assert false <= {name for name, _ in LINK.findall(TEXT)}


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_says_why_it_matters_and_leads_to_its_claims_and_a_source(item):
    links = LINK.findall(ITEMS[item])
    assert links and all(name in CLAIMS and name.lower() == anchor for name, anchor in links)
    assert re.search(r"\*Why it\smatters\*: ", ITEMS[item])
    assert re.search(r"\[\^\w+\]", ITEMS[item])


@pytest.mark.parametrize("item", ITEMS)
def test_the_katas_of_an_item_are_katas_of_its_claims(item):
    ours = {kata for name, _ in LINK.findall(ITEMS[item]) for kata in CLAIMS[name].katas}
    assert set(re.findall(r"\]\(\.\./katas/([^)]+)\.md\)", ITEMS[item])) <= ours


def test_every_mark_has_a_source_with_a_day():
    sources = dict(re.findall(r"^\[\^(\w+)\]: (.+)$", TEXT, re.MULTILINE))
    assert set(re.findall(r"\[\^(\w+)\](?!:)", TEXT)) == set(sources)
    assert all(re.search(r"20\d\d-\d\d-\d\d", source) for source in sources.values())
