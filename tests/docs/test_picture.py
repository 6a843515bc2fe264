"""The README's picture of a denied request shows what the lab does today."""

import importlib.util
from pathlib import Path
from typing import Any

DRAWING = Path(__file__).parents[2] / "docs" / "assets" / "denied_request.py"


def drawing() -> Any:
    spec = importlib.util.spec_from_file_location("denied_request", DRAWING)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_what_the_lab_says_now() -> None:
    module = drawing()
    assert module.PICTURE.read_text("utf-8") == module.picture(), f"draw it anew: python {DRAWING.name}"


def test_the_picture_asks_no_other_host_for_anything() -> None:
    picture = drawing().PICTURE.read_text("utf-8")
    assert "@font-face" not in picture
    assert "url(http" not in picture


def test_the_request_in_the_picture_is_denied_by_the_key_policy() -> None:
    error, explanation = drawing().deny()
    assert "no resource-based policy allows the kms:Decrypt action" in error
    assert explanation
