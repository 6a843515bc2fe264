"""The Python on the pages of docs/ runs, and every fact that a note marks has a source with a date."""

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from kms_katas.lab import Lab

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = sorted(page for page in DOCS.rglob("*.md") if FENCE.search(page.read_text("utf-8")))
NOTES = sorted((DOCS / "learn").rglob("*.md"))
MARK = re.compile(r"\[\^(\w+)\](?!:)")
SOURCE = re.compile(r"^\[\^(\w+)\]: (.+)$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_of_a_page_run_in_order(page, monkeypatch):
    """As in `kata try`: `lab`, `kms` and `key_id` are there. A block that opens an AWS of its own gets none of them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    text = page.read_text("utf-8")
    names = {"__name__": "page"}
    with ExitStack() as stack:
        for block in FENCE.finditer(text):
            if re.search(r"^with (Lab|mock_aws)\(", block[1], re.MULTILINE):
                stack.close()
            elif "lab" not in names:
                names |= _as_in_try(stack.enter_context(Lab()))
            before = set(names)
            line = text.count("\n", 0, block.start(1))
            exec(compile("\n" * line + block[1], str(page), "exec"), names)
            for name in sorted(set(names) - before):
                if name.startswith("test_"):
                    names[name](names["lab"])


def _as_in_try(lab):
    kms = lab.home.admin.client("kms")
    return {"lab": lab, "kms": kms, "key_id": kms.create_key()["KeyMetadata"]["KeyId"]}


@pytest.mark.parametrize("page", NOTES, ids=lambda page: page.stem)
def test_every_mark_of_a_note_has_a_source_with_a_date(page):
    text = page.read_text("utf-8")
    sources = dict(SOURCE.findall(text))
    assert set(MARK.findall(text)) == set(sources) != set()
    assert not [source for source in sources.values() if not re.search(r"\b20\d\d-\d\d-\d\d\b", source)]
