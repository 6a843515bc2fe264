"""The page on how faithful the lab is says what the engine's tables say."""

import importlib.util
from pathlib import Path
from typing import Any

from kms_katas.lab.kms.request import service_model

SCRIPT = Path(__file__).parents[2] / "docs" / "assets" / "fidelity_page.py"


def script() -> Any:
    spec = importlib.util.spec_from_file_location("fidelity_page", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_tables_say_now() -> None:
    module = script()
    assert module.PAGE.read_text("utf-8") == module.page(), f"write it anew: python docs/assets/{SCRIPT.name}"


def test_every_operation_of_kms_has_one_line_with_its_level() -> None:
    lines = script().PAGE.read_text("utf-8").partition("<!-- end of operations -->")[0].splitlines()
    for operation in service_model().operation_names:
        [line] = [line for line in lines if line.startswith(f"| {operation} |")]
        level = line.split("|")[2].strip()
        assert level in ("exact", "simplified")
