"""The Python on the pages of docs/ runs, and every fact that a page marks has a source with a date."""

import re
from inspect import signature
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from kms_katas.cli.prompt import in_lab_of
from kms_katas.kit import find_kit
from kms_katas.lab import Lab

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
MADE = "---\nmade_by: "  # from data, and only where somebody has run `python docs/make`
BY_HAND = sorted(page for page in DOCS.rglob("*.md") if not page.read_text("utf-8").startswith(MADE))
PAGES = [page for page in BY_HAND if FENCE.search(page.read_text("utf-8"))]
NOTES = [page for page in BY_HAND if page.is_relative_to(DOCS / "learn")]
MARKED = [page for page in BY_HAND if page in NOTES or "[^" in page.read_text("utf-8")]
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
    names, lacking = run(page, {"__name__": "page"}), []
    for name in [name for name in names if name.startswith("test_")]:
        with Lab() as lab:
            try:
                names[name](*([lab] if "lab" in signature(names[name]).parameters else []))
            except ClientError as error:
                if "which is not installed: pip install" not in str(error):
                    raise
                lacking.append(name)
    if lacking:
        pytest.skip(f"all but {', '.join(lacking)}: an extra of the kit that they need is not installed here")


def run(page, names):
    text = page.read_text("utf-8")
    for block in FENCE.finditer(text):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(page), "exec"), names)
    return names


@pytest.mark.parametrize("page", MARKED, ids=lambda page: page.stem)
def test_every_mark_has_a_source_with_a_date_and_a_note_has_marks(page):
    text = page.read_text("utf-8")
    sources = dict(SOURCE.findall(text))
    assert set(MARK.findall(text)) == set(sources) and (sources or page not in NOTES)
    assert not [source for source in sources.values() if not re.search(r"\b20\d\d-\d\d-\d\d\b", source)]
