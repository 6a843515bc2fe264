"""The page of lint's rules has a section for each rule, whose examples the linter judges as the page says."""

import re
from pathlib import Path

import pytest

from kms_katas.policy.lint import RULES, lint

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "lint.md"
KEY = re.compile(r"arn:aws:kms:[\w-]+:\d{12}:key/[0-9a-f-]{36}")
EXAMPLE = re.compile(r"^(Wrong|Right)(, in an IAM policy)?:\n\n```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
TEXT = PAGE.read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (\w+): .*?\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
EXAMPLES = [(rule, *found) for rule, section in SECTIONS.items() for found in EXAMPLE.findall(section)]


def judged(rule: str, text: str, in_iam: str) -> list[str]:
    """The ids of what lint finds; a statement alone is put into a policy."""
    whole = text if '"Statement"' in text else '{"Version": "2012-10-17", "Statement": ' + text + "}"
    key = KEY.search(TEXT)
    assert key
    kind = "identity-policy" if in_iam else "key-policy"
    return [one.id for one in lint(whole, key_arn=key[0], kind=kind, semantic=rule.startswith("S"))]


def test_each_rule_has_its_section_and_each_section_its_rule():
    assert list(SECTIONS) == list(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_section_has_the_title_and_the_level_of_its_rule_and_both_examples(rule):
    assert f"\n## {rule.id}: {rule.title}\n" in TEXT
    assert f"Level: {rule.level}" in SECTIONS[rule.id]
    assert {kind for kind, _, _ in EXAMPLE.findall(SECTIONS[rule.id])} == {"Wrong", "Right"}


@pytest.mark.parametrize(("rule", "word", "in_iam", "text"), EXAMPLES, ids=[f"{one[0]}-{one[1]}" for one in EXAMPLES])
def test_the_linter_judges_the_examples_so(rule, word, in_iam, text):
    assert judged(rule, text, in_iam) == ([rule] if word == "Wrong" else [])


def test_the_anchor_of_a_rule_is_that_of_its_heading():
    slugify = pytest.importorskip("markdown.extensions.toc").slugify
    for rule in RULES.values():
        assert rule.page == f"docs/reference/lint.md#{slugify(f'{rule.id}: {rule.title}', '-')}"
