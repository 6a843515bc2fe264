"""The Python on the pages of docs/ runs, and every fact that a note marks has a source with a date."""

import re
from inspect import signature
from pathlib import Path

import pytest

from kms_katas.cli.prompt import in_lab_of
from kms_katas.kit import find_kit
from kms_katas.lab import Lab

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = sorted(page for page in DOCS.rglob("*.md") if FENCE.search(page.read_text("utf-8")))
NOTES = sorted((DOCS / "learn").rglob("*.md"))
MARK = re.compile(r"\[\^(\w+)\](?!:)")
SOURCE = re.compile(r"^\[\^(\w+)\]: (.+)$", re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in PAGES if page in NOTES], ids=lambda page: page.stem)
def test_blocks_of_a_note_run_in_order_in_the_prompt_of_its_kata(page):
    kit = find_kit()
    kata = kit.find(f"{page.parent.name}/{page.stem}")
    in_lab_of(kit, kata, lambda answer, names: run(page, names))


@pytest.mark.parametrize("page", [page for page in PAGES if page not in NOTES], ids=lambda page: page.stem)
def test_blocks_of_other_pages_run_in_order(page, monkeypatch):
    """A block that opens an AWS of its own gets no other; a test on a page gets a lab."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    names = run(page, {"__name__": "page"})
    for name in [name for name in names if name.startswith("test_")]:
        with Lab() as lab:
            names[name](*([lab] if "lab" in signature(names[name]).parameters else []))


def run(page, names):
    text = page.read_text("utf-8")
    for block in FENCE.finditer(text):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(page), "exec"), names)
    return names


@pytest.mark.parametrize("page", NOTES, ids=lambda page: page.stem)
def test_every_mark_of_a_note_has_a_source_with_a_date(page):
    text = page.read_text("utf-8")
    sources = dict(SOURCE.findall(text))
    assert set(MARK.findall(text)) == set(sources) != set()
    assert not [source for source in sources.values() if not re.search(r"\b20\d\d-\d\d-\d\d\b", source)]
