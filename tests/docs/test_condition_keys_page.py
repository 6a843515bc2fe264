"""The page of condition keys says what the table of the policy engine says."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from kms_katas.policy.kms_table import condition_key, condition_keys, may_occur, permissions

SCRIPT = Path(__file__).parents[2] / "docs" / "assets" / "condition_keys_page.py"
ON_A_KEY = {one.name.removeprefix("kms:") for one in permissions().values() if one.on_a_key}


def script() -> Any:
    spec = importlib.util.spec_from_file_location("condition_keys_page", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TEXT = script().PAGE.read_text("utf-8")
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| ", re.MULTILINE)
SECTION = re.compile(r"^### `([^`]+)`\n\n\*\*(.+?)\*\*, in requests for (.+)\.\n\n\S", re.MULTILINE)
OF_KMS = SECTION.findall(TEXT)


def test_the_page_is_what_the_table_says_now():
    module = script()
    assert module.PAGE.read_text("utf-8") == module.page(), f"write it anew: python docs/assets/{SCRIPT.name}"


@pytest.mark.parametrize("key", condition_keys(), ids=lambda key: key.name)
def test_each_condition_key_is_on_the_page_once(key):
    name = re.sub(r"PCR\d+$", "PCRN", key.name)
    name += {":": "NAME", "/": "TAG"}.get(name[-1], "")
    others = re.findall(r"`([^`]+)`", TEXT.partition("The others: ")[2].partition("\n")[0])
    shown = [*(row[0] for row in ROW.findall(TEXT)), *(section[0] for section in OF_KMS)]
    assert shown.count(name) + others.count(key.name) == 1


@pytest.mark.parametrize("row", ROW.findall(TEXT), ids=lambda row: row[0])
def test_a_row_has_the_type_of_its_key(row):
    key = condition_key(row[0])
    assert key is not None and row[1] == f"{key.type}{', many values' * key.many}"


@pytest.mark.parametrize("section", OF_KMS, ids=lambda section: section[0])
def test_a_section_has_the_type_of_its_key_and_the_requests_that_can_have_it(section):
    name, kind, requests = section
    key = condition_key(re.sub("PCRN$", "PCR0", name))
    assert key is not None and kind == f"{key.type}{', many values' * key.many}"
    words = re.fullmatch(r"everything on a key(?: but (.+?))?(?:, and (.+))?", requests)
    if words:
        lacking, more = (set(part.split(", ")) if part else set() for part in words.groups())
        named = ON_A_KEY - lacking | more
    else:
        named = set() if requests == "nothing any more" else set(requests.split(", "))
    occurs = {one.name.removeprefix("kms:") for one in permissions().values() if may_occur(key.name, one)}
    assert named == occurs
