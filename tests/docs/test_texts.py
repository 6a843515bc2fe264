"""The pages of the published texts: every heading of the text in its order, and under it the claims standing there."""

import re
from pathlib import Path

import pytest

from kms_katas.kit import find_kit
from kms_katas.kit.claims import load_claims

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {page.name[0].upper(): page for page in sorted((DOCS / "texts").glob("*.md"))}
TEXTS = {text.letter: text for text in load_claims(DOCS / "claims")}
CLAIMS = [claim for text in TEXTS.values() for claim in text.claims]
KATAS = {kata.id: kata.title for kata in find_kit().katas}
FIRST = "Before the first heading"

HEADINGS = {
    "A": (
        FIRST,
        "Cost of CMK",
        "Key policy is the last line of defence for IAM policy errors",
        "Reasons not to use CMK",
        "ChatGPT: Is there a downside to using AWS CMK over AWS managed keys?",
    ),
    "B": (
        "Encrypt everything",
        "What is AWS Key Management System (KMS)?",
        "What's the difference between AWS-managed and customer-managed Custom Master Keys?",
        "When should we use Customer Managed KMS CMKs?",
        "In practice",
    ),
    "C": (
        "Key Management Service (KMS)",
        "How it works",
        "Why use customer provided key material?",
        "What are the cons of usind customer provided key material?",
        "Encryption-at-rest Only",
        "Compliance and Regulations",
        "Region-specific and Multi-region Keys",
        "Customer Master Key (CMK)",
        "Access",
        "Key Policies",
        "Creating CMKs",
        "Sharing CMKs across accounts",
        "Best practices on managing keys",
        "Key Rotation",
    ),
    "D": (
        "AWS KMS Key Design – Single CMK per Environment",  # noqa: RUF001 (as published)
        "Pros",
        "Cons",
        "When a Single Environment Key is Reasonable",
        "When to Avoid It (Strongly)",
        "Pragmatic Compromise Patterns",
        "Bottom Line",
    ),
}
"""The headings of each text as published, in their order. The texts themselves are not ours to keep here."""


def sections(letter):
    """Heading -> what stands under it, in the order of the page."""
    parts = re.split(r"^## (.+)\n", PAGES[letter].read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def linked(section):
    """Claim -> the verdict beside its link."""
    found = re.findall(r"\[([A-Z]\d+)\]\(\.\./claims/index\.md#([a-z]\d+)\) (\w+)", section)
    assert all(name.lower() == anchor for name, anchor, _ in found)
    return {name: verdict for name, _, verdict in found}


def test_every_text_of_the_ledger_has_a_page_with_its_name():
    names = {letter: page.read_text("utf-8").partition("\n")[0] for letter, page in PAGES.items()}
    assert names == {letter: f"# {text.name}" for letter, text in TEXTS.items()}


@pytest.mark.parametrize("letter", TEXTS)
def test_a_page_has_every_heading_of_its_text_in_order_and_says_something_under_each(letter):
    found = sections(letter)
    assert tuple(found) == HEADINGS[letter]
    for section in found.values():
        says = [part for part in section.strip().split("\n\n") if not part.startswith(("Claims: ", "Katas: ", "[^"))]
        assert says


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_is_linked_under_its_heading_with_its_verdict(claim):
    found = {heading: linked(section) for heading, section in sections(claim.id[0]).items()}
    assert [heading for heading, names in found.items() if claim.id in names] == [claim.section or FIRST]
    assert found[claim.section or FIRST][claim.id] == claim.verdict


@pytest.mark.parametrize("letter", TEXTS)
def test_the_katas_under_a_heading_are_those_of_its_claims(letter):
    for heading, section in sections(letter).items():
        here = [claim for claim in TEXTS[letter].claims if (claim.section or FIRST) == heading]
        titles = {f"[{KATAS[kata]}](../katas/{kata}.md)" for claim in here for kata in claim.katas}
        assert set(re.findall(r"\[[^\]]+\]\(\.\./katas/[^)]+\)", section)) == titles
