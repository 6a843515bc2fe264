"""The landing page shows what the lab says today, and what its commands are."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "index.md").read_text("utf-8")


@pytest.fixture(scope="module")
def request_of_the_picture():
    """The page shows the request that denied_request.py draws for the README."""
    spec = importlib.util.spec_from_file_location("denied_request_of_the_page", DOCS / "assets" / "denied_request.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_denied_request_has_the_words_that_the_lab_gives_it_now(request_of_the_picture):
    error, explanation = request_of_the_picture.deny()
    assert re.search(r"^(.*)\n\{ \.said \}$", PAGE, re.MULTILINE)[1] == error
    denied = PAGE[PAGE.index("says why:**") : PAGE.index("</div>", PAGE.index("says why:**"))]
    assert [line[2:].replace("**", "") for line in denied.splitlines() if line.startswith("- ")] == list(explanation)


def test_the_key_policy_on_the_page_is_the_one_that_denied(request_of_the_picture):
    (shown,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert json.loads(shown) == json.loads(request_of_the_picture.KEY_POLICY)
