"""The wheels for a room without a network: those of the lock, to the last byte, and last a note of their digests."""

import hashlib
import secrets
import tomllib
from pathlib import Path

import pytest

from kms_katas.cli import bundle
from kms_katas.kit import KitError


@pytest.fixture
def store(mini_root, monkeypatch):
    """A kit with a lock of three packages, and a stand-in for pip that has their wheels. Gives what it was asked."""
    wheels = {f"{name}-1-py3-none-any.whl": secrets.token_bytes(40) for name in ("builder", "pip", "editables")}
    lock = [
        f'[[package]]\nname = "{name.split("-")[0]}"\nversion = "1"\n'
        f'wheels = [{{ url = "https://index/{name}", hash = "sha256:{hashlib.sha256(content).hexdigest()}" }}]\n'
        for name, content in wheels.items()
    ]
    (mini_root / "uv.lock").write_text('[[package]]\nname = "own"\n' + "".join(lock), "utf-8")
    (mini_root / "pyproject.toml").write_text('[build-system]\nrequires = ["builder"]\n[project]\nname = "own"\n')
    asked = []

    def pip(what, words, **settings):
        asked.append(words)
        option = "--dest=" if words[0] == "download" else "--wheel-dir="
        into = Path(next(word.removeprefix(option) for word in words if word.startswith(option)))
        made = wheels if words[0] == "download" else {"kms_katas-1-py3-none-any.whl": b"kit"}
        for name, content in made.items():
            (into / name).write_bytes(content)

    monkeypatch.setattr(bundle, "_pip", pip)
    return asked


def test_it_lies_beside_kata_py_and_each_digest_is_noted(kata, store, mini_root):
    assert kata("dev", "bundle", "--platform", "linux-x86_64", "--python", "3.13").status == 0
    folder = mini_root / "wheels"
    noted = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines())
    assert noted == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.whl")}
    assert len(noted) == 4


def test_pip_is_asked_for_each_system_and_python_and_holds_to_the_locks_digests(kata, store, here):
    kata("dev", "bundle", here / "b", "--platform", "windows-x86_64", "--platform", "macos-arm64", "--python", "3.11",
         "--python", "3.14")  # fmt: skip
    downloads = [words for words in store if words[0] == "download"]
    assert len(downloads) == 4
    assert all({"--require-hashes", "--only-binary=:all:", "--no-deps"} <= set(words) for words in downloads)


def test_without_options_it_is_for_all(kata, store, here):
    kata("dev", "bundle", here / "b")
    assert len(store) == len(bundle.PLATFORMS) * len(bundle.PYTHONS) + 1


def test_again_it_takes_what_is_there(kata, store, here):
    for _ in range(2):
        assert kata("dev", "bundle", here / "b", "--python", "3.13").status == 0


@pytest.mark.parametrize("change", ["altered", "foreign", "folder"])
def test_what_is_not_of_the_lock_is_refused_and_left(kata, store, here, change):
    kata("dev", "bundle", here / "b", "--python", "3.13")
    file = here / "b" / {"altered": "pip-1-py3-none-any.whl", "foreign": "evil-1.whl", "folder": "x"}[change]
    file.mkdir() if change == "folder" else file.write_bytes(b"other")
    before = len(store)
    ran = kata("dev", "bundle", here / "b", "--python", "3.13")
    assert ran.status == 2
    assert file.name in ran.said
    assert file.exists() and len(store) == before


def test_what_pip_brings_and_is_not_of_the_lock_is_in_no_bundle(kata, store, here, monkeypatch):
    honest = bundle._pip

    def brings_more(what, words, **settings):
        honest(what, words, **settings)
        (here / "b" / "pip-1-py3-none-any.whl").write_bytes(secrets.token_bytes(40))

    monkeypatch.setattr(bundle, "_pip", brings_more)
    ran = kata("dev", "bundle", here / "b", "--python", "3.13")
    assert ran.status == 2 and "pip-1-py3-none-any.whl" in ran.said
    assert not (here / "b" / "SHA256SUMS").exists()


def test_where_pip_fails_there_is_no_note_of_digests(kata, store, here, monkeypatch):
    kata("dev", "bundle", here / "b", "--python", "3.13")

    def fails(what, words, **settings):
        raise KitError("pip said no")

    monkeypatch.setattr(bundle, "_pip", fails)
    ran = kata("dev", "bundle", here / "b", "--python", "3.13")
    assert ran.status == 2 and "pip said no" in ran.said
    assert not (here / "b" / "SHA256SUMS").exists()


@pytest.mark.parametrize(
    "words, sentence",
    [(["--python", "three"], "3.13"), (["--platform", "beos"], "beos"), (["there"], "not a folder")],
)
def test_what_cannot_be_is_told(kata, store, here, words, sentence):
    (here / "there").write_text("")
    ran = kata("dev", "bundle", *words)
    assert ran.status == 2
    assert sentence in ran.said
    assert store == []


def test_a_kit_without_a_lock_is_told_to_be_no_clone(kata, mini_root):
    ran = kata("dev", "bundle")
    assert ran.status == 2
    assert "uv.lock" in ran.said and "clone" in ran.said


def test_what_the_command_line_offers_is_what_there_is():
    from kms_katas.cli.dev_verbs import Platform

    assert [each.value for each in Platform] == list(bundle.PLATFORMS)


def test_the_pythons_are_all_that_the_kit_runs_on_and_kata_py_looks_for():
    root = Path(__file__).resolve().parents[2]
    least = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert least == f">={bundle.PYTHONS[0]}"
    assert all(f'"{version}"' in (root / "kata.py").read_text("utf-8") for version in bundle.PYTHONS)
