"""The site of docs/ builds without a warning: no broken link, no page left out, nothing from other hosts."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from make.writing import made_places

from kms_katas.kit import find_kit
from kms_katas.kit.claims import load_claims

ROOT = Path(__file__).parents[2]
KIT = find_kit(ROOT)
RUN = 3
"""So many lines of an answer in a row give it away; fewer are in many a text."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Built once, by whichever process of the tests is there first."""
    pytest.importorskip("mkdocs")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "site"
    said = folder.with_suffix(".log")
    try:
        folder.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + 300
        while not said.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
    else:
        built = _build(folder)
        said.with_suffix(".part").write_text(f"{built.returncode}\n{built.stdout}{built.stderr}", "utf-8")
        said.with_suffix(".part").replace(said)
    status, _, words = said.read_text("utf-8").partition("\n")
    assert status == "0", words
    return folder


def _build(folder):
    subprocess.run([sys.executable, "docs/make"], cwd=ROOT, check=True, timeout=60)
    # Not --quiet: with it mkdocs counts no warnings, and --strict fails nothing.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


def test_every_page_is_in_the_site(site):
    ours = [page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md")]
    pages = [page for page in ours if not page.is_relative_to("how-to/example-course")]
    built = {page.parent.relative_to(site) for page in site.rglob("index.html")}
    assert {page.parent if page.stem == "index" else page.with_suffix("") for page in pages} <= built


def test_pages_load_nothing_from_other_hosts(site):
    loads = re.compile(
        r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?(https?:)?//|<link\b[^>]*\bhref=\"?(?:https?:)?//"
    )
    assert not [str(page) for page in site.rglob("*.html") if loads.search(page.read_text("utf-8"))]


def test_no_python_file_is_published(site):
    assert not list(site.rglob("*.py"))


def test_diagrams_are_drawn_by_our_copy_of_mermaid_which_is_the_published_one(site):
    """Without window.mermaid the theme would fetch one from another host."""
    assert (site / "assets" / "diagrams.js").is_file()
    pages = [page.read_text("utf-8") for page in site.rglob("index.html")]
    assert all('assets/diagrams.js"' in page for page in pages)
    assert all("window.mermaid" not in page and "unpkg.com" not in page for page in pages)
    # @mermaid-js/tiny 11.17.2, dist/mermaid.tiny.js
    published = "7a644017d37f93c8359790884e6b67fb1f747c78eb20475952404bd87190a3f8"
    assert hashlib.sha256((site / "assets" / "mermaid.tiny.js").read_bytes()).hexdigest() == published


def test_a_diagram_is_given_to_mermaid_and_not_shown_as_code(site):
    sources = [page.read_text("utf-8") for page in (ROOT / "docs").rglob("*.md")]
    built = [page.read_text("utf-8") for page in site.rglob("*.html")]
    diagrams = sum(len(re.findall("^```mermaid$", source, re.MULTILINE)) for source in sources)
    assert sum(page.count('<pre class="mermaid" data-search-exclude="">') for page in built) == diagrams


def test_the_search_does_not_read_the_source_of_a_diagram(site):
    found = json.loads((site / "search" / "search_index.json").read_text("utf-8"))["docs"]
    kinds = ("sequenceDiagram", "stateDiagram-v2", "flowchart ")
    assert not [one["location"] for one in found if any(f"<code>{kind}" in one["text"] for kind in kinds)]


def test_every_made_page_is_in_the_menu(site):
    menu = set(re.findall(r"[\w./-]+\.md$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE))
    assert made_places(ROOT / "docs") - menu == set()


@pytest.mark.parametrize("kata", KIT.katas, ids=lambda kata: kata.id)
def test_a_kata_and_its_note_lead_to_each_other(site, kata):
    def leads(place, to):
        return f'href="../../../{to}/"' in (site / place / "index.html").read_text("utf-8").partition("<article")[2]

    assert leads(f"katas/{kata.id}", f"learn/{kata.id}"), "the brief or its facts name no note"
    assert leads(f"learn/{kata.id}", f"katas/{kata.id}"), "begin the note with a link to its kata's page"


def test_the_page_of_claims_has_every_claim_at_its_anchor_and_is_light(site):
    page = (site / "claims" / "index.html").read_text("utf-8")
    for text in load_claims(KIT.claims):
        for claim in text.claims:
            assert f'id="{claim.id.lower()}"' in page
    assert len(page.encode()) < 300_000


def lines_of(text):
    """The lines that a reader sees, of HTML, Markdown or a program, without the space around them."""
    seen = unescape(re.sub(r"</?[a-z][^>]*>", "", text))
    return [" ".join(line.split()) for line in seen.splitlines() if line.strip()]


def runs_of(text):
    lines = lines_of(text)
    return {tuple(lines[at : at + RUN]) for at in range(len(lines) - RUN + 1)}


def prose_of(text):
    return re.sub(r"[`*]", "", " ".join(lines_of(text)))


@cache
def public():
    """What learners may read, text by text: the pages by hand, the briefs and starters, the hints."""
    made = made_places(ROOT / "docs")
    pages = [page for page in (ROOT / "docs").rglob("*.md") if page.relative_to(ROOT / "docs").as_posix() not in made]
    given = [path for kata in KIT.katas for path in KIT.starter(kata).iterdir() if path.name != "kata.toml"]
    hints = [hint for kata in KIT.katas for task in kata.tasks for hint in task.hints]
    return [*(path.read_text("utf-8") for path in (*pages, *given)), *hints]


@pytest.fixture(scope="module")
def readable(site):
    """What can be read of the site: each page, and each entry of its search."""
    pages = [page.read_text("utf-8").partition("<article")[2] for page in site.rglob("*.html")]
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    return [*pages, *(entry["text"] for entry in index["docs"])]


def test_no_answer_is_in_the_site_or_its_search(readable):
    """Right or wrong, of any kata: no three lines of it in a row, but those that a brief, a starter or a note has."""
    answers = [path for kata in KIT.katas for name in kata.answer for path in KIT.reference(kata).rglob(name)]
    secret = set().union(*(runs_of(path.read_text("utf-8")) for path in answers))
    secret -= set().union(*map(runs_of, public()))
    secret = {run for run in secret if not all(line.startswith(("import ", "from ")) for line in run)}
    assert len(secret) > 1000
    assert secret & set().union(*map(runs_of, readable)) == set()


def test_nothing_is_in_the_site_that_is_told_after_passing_or_to_authors_alone(readable):
    told = [kata.why for kata in KIT.katas] + [kata.debrief for kata in KIT.katas]
    for kata in KIT.katas:
        answers = tomllib.loads((KIT.reference(kata) / "answers.toml").read_text("utf-8"))
        told += [answer["mistake"] for answer in answers["rejected"].values()]
    sentences = {one for text in told for one in re.split(r"(?<=[.:?]) ", prose_of(text)) if len(one) > 40}
    known, seen = "\n".join(map(prose_of, public())), "\n".join(map(prose_of, readable))
    secret = [sentence for sentence in sentences if sentence not in known]
    assert len(secret) > 500
    assert [sentence for sentence in secret if sentence in seen] == []


def test_the_search_knows_no_hint(site):
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    found = "\n".join(prose_of(entry["text"]) for entry in index["docs"])
    hints = {prose_of(hint) for kata in KIT.katas for task in kata.tasks for hint in task.hints}
    assert [hint for hint in hints if len(hint) > 40 and hint in found] == []


def test_the_search_knows_no_quiz(site):
    """Else it would find what is wrong, as an option, beside what is so."""
    quizzes = [page for page in site.rglob("*.html") if 'class="question"' in page.read_text("utf-8")]
    assert quizzes
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    assert [entry["location"] for entry in index["docs"] if "Not right:" in entry["text"]] == []
    assert [entry["location"] for entry in index["docs"] if entry["title"] == "Check yourself"] == []
