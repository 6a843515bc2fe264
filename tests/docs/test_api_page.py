"""The page of the Python API names what can be imported, and everything that the lab exports."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import kms_katas.lab

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"
NAMES = re.findall(r"^::: (\S+)$", PAGE.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_on_the_page_can_be_imported_and_says_what_it_is(name):
    module, _, last = name.rpartition(".")
    assert getattr(import_module(module), last).__doc__


@pytest.mark.parametrize("name", sorted({*kms_katas.lab.__all__} - {"Call"}))  # Lab.calls is for checks
def test_what_the_lab_exports_is_on_the_page(name):
    assert f"kms_katas.lab.{name}" in NAMES
