"""What a set-up needs, by a lock: all that is reached, nothing else, with the digests of the lock."""

import json
import secrets
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms_katas.kit import KitError
from kms_katas.kit.lock import BESIDES, needed

ROOT = Path(__file__).resolve().parents[2]
PROJECT = '[build-system]\nrequires = ["builder>=1,<2"]\n[project]\nname = "own"\n'


def write_lock(root, links, extras=()):
    """A lock in which each package needs those named; (package, needed, extra) of `extras` are optional."""
    lines = []
    for name in sorted({"own", "builder", *BESIDES, *links, *(one for found in links.values() for one in found)}):
        wheel = f'{{ url = "https://index/{name}-1-py3-none-any.whl", hash = "sha256:{secrets.token_hex(32)}" }}'
        lines += ["[[package]]", f'name = "{name}"', 'version = "1"', f"wheels = [{wheel}]"]
        asked = [
            f'{{ name = "{one}", extra = {json.dumps([e for p, e in extras if p == one])} }}'
            for one in links.get(name, [])
        ]
        lines += [f"dependencies = [{', '.join(asked)}]"]
        for package, extra in extras:
            if package == name:
                lines += [
                    "[package.optional-dependencies]",
                    f'{extra} = [{{ name = "builder" }}, {{ name = "of-{name}" }}]',
                ]
    (root / "uv.lock").write_text("\n".join(lines), "utf-8")
    (root / "pyproject.toml").write_text(PROJECT, "utf-8")


names = st.sampled_from([f"p{number}" for number in range(8)])


@given(st.dictionaries(names | st.just("own"), st.lists(names, max_size=3), max_size=8))
def test_it_is_what_can_be_reached_from_the_project_its_build_and_pip(tmp_path_factory, links):
    root = tmp_path_factory.mktemp("lock")
    write_lock(root, links)
    reached, todo = set(), [*links.get("own", []), "builder", *BESIDES]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += links.get(name, [])
    assert {one.name for one in needed(root)} == reached


def test_an_extra_that_is_asked_for_brings_what_it_needs(tmp_path):
    write_lock(tmp_path, {"own": ["a"], "z": ["of-a"]}, extras=[("a", "more")])
    assert "of-a" in {one.name for one in needed(tmp_path)}


def test_a_requirement_names_one_version_and_each_digest(tmp_path):
    write_lock(tmp_path, {"own": ["a"]})
    (found,) = (one for one in needed(tmp_path) if one.name == "a")
    (digest,) = found.digests.values()
    assert found.requirement == f"a==1 --hash=sha256:{digest}"


@pytest.mark.parametrize("fault", ["absent", "no toml", "other", "gap"])
def test_a_lock_that_cannot_be_used_is_told_in_a_sentence(tmp_path, fault):
    write_lock(tmp_path, {"own": ["a"]})
    lock = tmp_path / "uv.lock"
    if fault == "absent":
        lock.unlink()
    else:
        text = {
            "no toml": "= =",
            "other": "[package]\nx = 1\n",
            "gap": lock.read_text().replace('name = "a"\n', 'name = "b"\n', 1),
        }
        lock.write_text(text[fault])
    with pytest.raises(KitError, match=r"uv\.lock"):
        needed(tmp_path)


def test_the_lock_of_this_kit_has_a_wheel_for_each_system_and_python_and_one_version_of_each():
    found = needed(ROOT)
    assert {"boto3", "moto", "hatchling", "pip"} <= {one.name for one in found}
    assert not {"mkdocs-material", "mypy", "ruff"} & {one.name for one in found}
    locked = [package["name"] for package in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]]
    assert all(locked.count(one.name) == 1 for one in found)
    for one in found:
        for system in ("manylinux", "macosx", "win_amd64"):
            assert any(system in name or name.endswith("-any.whl") for name in one.digests), (one.name, system)
