"""What a process has ready before any answer: a library's practice may fail, and what answers meet stays the same."""

import gc
import logging
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import boto3
import botocore.handlers
import pytest

from kms_katas.child import serving
from kms_katas.child.bridge import Bridge


def test_a_librarys_log_is_nobodys_though_its_practice_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise AssertionError

    name = "a_library_of_another_release"
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(serving, "practise_with", fails)
    serving.make_ready(f"import {name}")
    gc.unfreeze()
    assert [type(handler) for handler in logging.getLogger(name).handlers] == [logging.NullHandler]


def test_sessions_share_what_was_read_and_no_session_shares_what_its_own_folder_holds(tmp_path: Path) -> None:
    shared = serving._shared_loader()
    folder = "a folder that boto3 adds"
    shared.search_paths.extend([folder] * 3)
    try:
        assert serving._shared_loader() is shared
        assert shared.search_paths.count(folder) == 1
    finally:
        shared.search_paths.remove(folder)
    own = serving._shared_loader(str(tmp_path))
    assert own is not shared
    assert str(tmp_path) in own.search_paths
    assert str(tmp_path) not in shared.search_paths


@pytest.mark.parametrize("service", serving.OFTEN)
def test_each_client_made_ready_has_made_each_call_and_met_an_error(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[dict[str, object]]()
    bridge = Bridge(lambda question: asked.append(question) or serving._practice(question))  # type: ignore[func-returns-value]
    handlers = [("before-send", bridge.send_request), *botocore.handlers.BUILTIN_HANDLERS]
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", handlers)
    monkeypatch.setattr(serving, "bridge", bridge)
    serving._prepare(service, 3, 1)
    ready = bridge.clients._ready[service, "us-east-1"]
    assert len(ready) == 3 and len(asked) == 3 * len(serving.OFTEN[service]) + 3
    assert all(made.is_as_it_was and "error_shapes" in vars(made.client.meta.service_model) for made in ready)


_FIRST_PRACTICE_OF_A_CHILD = """
import sys
from kms_katas.child import answer, practice, serving
serving.warm()
read = answer._compiled.cache_info().misses
assert "answer" not in sys.modules, "the practice stayed"
practice.practise(serving.bridge)
print(answer._compiled.cache_info().misses - read)
"""


def test_nothing_of_the_practice_is_new_to_a_child_and_no_module_of_it_stays() -> None:
    ran = subprocess.run([sys.executable, "-I", "-c", _FIRST_PRACTICE_OF_A_CHILD], capture_output=True, text=True)
    assert (ran.stdout.split(), ran.stderr) == (["0"], "")
