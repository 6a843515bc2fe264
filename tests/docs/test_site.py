"""The site of docs/ builds without a warning: no broken link, no page left out, nothing from other hosts."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    # Not --quiet: with it mkdocs counts no warnings, and --strict fails nothing.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_every_page_is_in_the_site(site):
    pages = {page.relative_to(ROOT / "docs").with_suffix("") for page in (ROOT / "docs").rglob("*.md")}
    built = {page.parent.relative_to(site) for page in site.rglob("index.html")}
    assert {Path(".") if str(page) == "index" else page for page in pages} <= built


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
    assert sum(page.count('<pre class="mermaid">') for page in built) == diagrams
