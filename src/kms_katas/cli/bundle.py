"""`kata dev bundle`: all wheels of a set-up in one folder, for rooms without a network. Not for installing them.

kata.py installs from the folder `wheels` beside it, where there is one, and asks no index.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kms_katas.cli import PASSED, screen
from kms_katas.cli.place import Place
from kms_katas.grading.source import display_path
from kms_katas.kit import KitError
from kms_katas.kit.lock import Locked, needed

FOLDER = "wheels"
DIGESTS = "SHA256SUMS"
OWN = "kms_katas-"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# Oldest systems first that Python's own installers and the wheels of the lock still support. pip knows older tags of
# macOS by itself, and of Linux it has to be told each.
PLATFORMS = {
    "linux-x86_64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "linux-aarch64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    "macos-arm64": ("macosx_12_0_arm64",),
    "macos-x86_64": ("macosx_12_0_x86_64",),
    "windows-x86_64": ("win_amd64",),
}


def bundle(place: Place, folder: Path | None, platforms: Sequence[str], pythons: Sequence[str]) -> int:
    """Fetch, compare each file with the lock, build the kit's own wheel, note all digests. Raises KitError."""
    for python in pythons:
        if not re.fullmatch(r"3\.[0-9]{1,2}", python):
            raise KitError(f"--python {python} is no version such as 3.13.")
    root = place.of(None).kit.root
    locked = needed(root)
    into = (folder or root / FOLDER).absolute()
    _refuse_strangers(into, locked)
    try:
        into.mkdir(parents=True, exist_ok=True)
        (into / DIGESTS).unlink(missing_ok=True)  # written last: a bundle without it is not whole
        for platform in platforms or PLATFORMS:
            for python in pythons or PYTHONS:
                with screen.waiting(f"Fetching {len(locked)} packages for {platform}, Python {python} ..."):
                    _fetch(into, locked, platform, python)
        with screen.waiting("Building the kit's own wheel ..."):
            _build(root, into)
        _refuse_strangers(into, locked)
        digests = {path.name: _digest(path) for path in sorted(into.glob("*.whl"))}
        (into / DIGESTS).write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()), "utf-8")
    except OSError as error:
        raise KitError(f"{error.filename} cannot be written: {error.strerror}. Give another folder.") from error
    size = sum(path.stat().st_size for path in into.glob("*.whl")) / 1e6
    console = screen.console()
    console.print(f"{screen.count(len(digests), 'wheel')}, {size:.0f} MB, in {display_path(into)}. Each is the lock's.")
    console.print(f"Where {FOLDER}/ lies beside kata.py, `python3 kata.py start` needs no network.")
    return PASSED


def _fetch(into: Path, locked: Sequence[Locked], platform: str, python: str) -> None:
    version = python.replace(".", "")
    tags = [f"--platform={tag}" for tag in PLATFORMS[platform]]
    abis = [f"--abi={abi}" for abi in (f"cp{version}", "abi3", "none")]
    with tempfile.TemporaryDirectory() as temporary:
        asked = Path(temporary, "requirements.txt")
        asked.write_text("".join(f"{one.requirement}\n" for one in locked), "utf-8")
        words = ["--no-deps", "--only-binary=:all:", "--require-hashes", f"--dest={into}", "-r", str(asked)]
        _pip(
            f"for {platform}, Python {python}",
            ["download", *words, *tags, f"--python-version={python}", "--implementation=cp", *abis],
        )


def _build(root: Path, into: Path) -> None:
    """Out of the bundle itself, which shows that it has what builds the kit."""
    for old in into.glob(f"{OWN}*.whl"):
        old.unlink()
    words = ["wheel", "--no-deps", "--no-index", f"--find-links={into.as_uri()}", f"--wheel-dir={into}", str(root)]
    _pip("the kit's own wheel", words, PIP_NO_INDEX="1", PIP_FIND_LINKS=into.as_uri())


def _pip(what: str, words: Sequence[str], **settings: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    # Versions are the lock's: nobody's constraints change them.
    env = {name: text for name, text in os.environ.items() if name != "PIP_CONSTRAINT"} | settings
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise KitError(f"{said}\nThat was pip, {what}. Nothing is lost: the same line goes on from here.")


def _refuse_strangers(into: Path, locked: Sequence[Locked]) -> None:
    """Whatever lies there could be installed later: it is of the lock to the last byte, or the kit's own."""
    if into.exists() and not into.is_dir():
        raise KitError(f"{into} is not a folder. Give one that is empty, or that holds an earlier bundle.")
    digests = {name: digest for one in locked for name, digest in one.digests.items()}
    for path in sorted(into.iterdir()) if into.exists() else ():
        if path.name == DIGESTS or (path.name.startswith(OWN) and path.suffix == ".whl"):
            continue
        if path.name not in digests:
            raise KitError(f"{path} is not in uv.lock. Move it away, or give an empty folder.")
        if not path.is_file() or _digest(path) != digests[path.name]:
            raise KitError(
                f"{path} is not the file that uv.lock names: its digest differs. Delete it, and say it again."
            )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
