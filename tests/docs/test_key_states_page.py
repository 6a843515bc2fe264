"""The page of key states says what the engine's tables say."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from kms_katas.lab.kms.states import ORIGINS, REFUSALS

SCRIPT = Path(__file__).parents[2] / "docs" / "assets" / "key_states_page.py"


def script() -> Any:
    spec = importlib.util.spec_from_file_location("key_states_page", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(name: str) -> list[list[str]]:
    text = script().PAGE.read_text("utf-8").partition(f"<!-- {name} -->")[2].partition(f"<!-- end of {name} -->")[0]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]


def test_the_page_is_what_the_tables_say_now():
    module = script()
    assert module.PAGE.read_text("utf-8") == module.page(), f"write it anew: python docs/assets/{SCRIPT.name}"


@pytest.mark.parametrize("operation", REFUSALS)
def test_an_operation_has_one_row_with_the_states_that_refuse_it(operation):
    [row] = [row for row in rows("states")[2:] if operation in row[0].split(", ")]
    told = set() if row[1].startswith("never") else set(row[1].split(", "))
    refused = set(REFUSALS[operation])
    assert ("PendingReplicaDeletion" in refused) == ("PendingDeletion" in refused)
    assert told == refused - {"PendingReplicaDeletion"}


def test_what_the_errors_say_is_on_the_page():
    told = {(state, code, text.strip("`").removeprefix("KEY-ARN ")) for state, code, text in rows("messages")[2:]}
    for operation in set(REFUSALS) - {"CancelKeyDeletion"}:
        assert {(state, code, f"{text}.") for state, (code, text) in REFUSALS[operation].items()} <= told
    [(code, text)] = set(REFUSALS["CancelKeyDeletion"].values())
    assert f"{code}, `KEY-ARN {text}.`" in script().PAGE.read_text("utf-8")


@pytest.mark.parametrize("operation", ORIGINS)
def test_an_operation_of_some_origins_names_them(operation):
    [row] = [row for row in rows("kinds") if operation in row[0].split(", ")]
    assert f"of the origin {' or '.join(ORIGINS[operation])}" in row[1]
