"""Notebooks of the mini kit, and kernels that run them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kms_katas.kit import Kata, Kit
from kms_katas.notebook.make import notebook

TWO_TASKS = '''"""keys/mini: two tasks."""

import os


def open_it(kms, blob):
    return blob  # TODO 1


def seal_it(kms, key, secret):
    # TODO 2: seal it
    return secret
'''


@pytest.fixture
def mini(mini_kit: Kit) -> Kata:
    return mini_kit.katas[0]


@pytest.fixture
def made(mini_kit: Kit, mini: Kata) -> Callable[..., dict[str, Any]]:
    """The notebook of keys/mini as data, with this code in place of the starter."""

    def make(code: str = TWO_TASKS, **options: Any) -> dict[str, Any]:
        brief = (mini_kit.starter(mini) / "README.md").read_text("utf-8")
        options = {"kit": str(mini_kit.root), "nbgrader": False} | options
        found: dict[str, Any] = json.loads(notebook(mini, brief, {"answer.py": code}, **options))
        return found

    return make


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def named(data: dict[str, Any], id: str) -> dict[str, Any]:
    """The cell with this id."""
    found: dict[str, Any] = next(cell for cell in data["cells"] if cell["id"] == id)
    return found


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Runs a notebook's code cells in a new kernel, in a folder, and gives what each printed, by the id of the cell."""
    import nbclient  # slow to load, and for these tests only
    import nbformat

    home = tmp_path / "home"
    home.mkdir()
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(home / name))

    def run(data: dict[str, Any], folder: Path) -> dict[str, str]:
        read = nbformat.reads(json.dumps(data), as_version=4)
        here = {"metadata": {"path": str(folder)}}
        nbclient.NotebookClient(read, timeout=300, kernel_name="python3", resources=here).execute()
        return {cell.id: _printed(cell) for cell in read.cells if cell.cell_type == "code"}

    return run


def _printed(cell: Any) -> str:
    """Each output as text; an error too, which nbclient raises unless the cell may raise."""
    return "\n".join(output.get("text") or output["data"]["text/plain"] for output in cell.outputs)
