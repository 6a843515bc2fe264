"""What a worker of a Dask cluster does for `kata grade --cluster`: says whether it can grade, and grades an answer.

Both functions take and give bytes of JSON, and the second also the files of an answer; cluster.py asks them. Answers
run in lanes (lanes.py), so in processes of their own: the worker's own process never holds one. Not for who is asked.
"""

import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import kms_katas
from kms_katas.grading.lanes import Job, Lane, Lanes, judged, verdict_data
from kms_katas.grading.outcome import Infra
from kms_katas.grading.runner import best_runner, lacking
from kms_katas.grading.source import display_path
from kms_katas.kit import Kata, KataError, Kit, KitError, find_kit

VARIABLE = "KATA_KITS"
"""The environment variable that names the folders of more kits on a worker, such as a course's own."""
IDLE_SECONDS = 60.0
"""After so long without an answer the lanes are ended: whoever asked for them may have been killed."""

Homes = Mapping[str, tuple[Kata, Kit]]
"""By the id of a kata, what it is and the kit that holds its files."""


def able(order: bytes) -> bytes:
    """What this worker is, beside what is asked for: `kit_version`, `isolation` and `checks`, id to digest.

    It says `kit_version`; then of the katas `absent`, those whose checks are `other` ones, those that are `lacking` a
    package; and the `isolation` that it gives, with what it `lacks` for the next better one; or why it `failed`.
    """
    asked = json.loads(order)
    said: dict[str, Any] = {"kit_version": kms_katas.__version__}
    try:
        homes, kits = _homes(asked["checks"])
        said |= _misfits(asked["checks"], homes, kits)
        if asked["isolation"] and not any(said[name] for name in ("absent", "other", "lacking")):
            said |= _closed_off(asked["isolation"], kits)
    except (Infra, KitError, KataError) as error:
        said["failed"] = str(error)
    return json.dumps(said).encode()


def grade(order: bytes, *contents: bytes) -> bytes:
    """The verdict on one answer. Beside what `able` is asked, `order` names its `kata`, the `seed`, and its `files`.

    Each of those has a `name` and, where it is an ordinary file, its `size`; its beginning is the next of `contents`.
    What is something else is named by `is`. Gives `verdict`, and `places`: what stands in its texts for the folder of
    the answer; or, where this worker must not grade, what it is, as `able` says it; or why it `failed`.
    """
    asked = json.loads(order)
    said: dict[str, Any]
    try:
        with _lent(asked) as (lane, kata), tempfile.TemporaryDirectory(prefix="answer-", dir=_scratch()) as name:
            folder = Path(name)
            _unpack(asked["files"], contents, folder)
            verdict = judged(lane, Job("", kata, folder, folder, asked["seed"]))
            said = {"verdict": verdict_data(verdict)}
            said["places"] = [f"{folder}{os.sep}", f"{display_path(folder)}{os.sep}"]
    except _Unfit:
        said = {"unfit": json.loads(able(order))}
    except (Infra, KitError, KataError, OSError) as error:
        said = {"failed": str(error)}
    return json.dumps(said | {"worker": _address()}).encode()


class _Unfit(Exception):
    """The kit or the checks here are other ones than those of who asks."""


class _Pool:
    """The lanes for one list of katas, at one level: as many as there are answers at a time. Used by all threads."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        """Raises _Unfit."""
        self._homes, kits = _homes(asked["checks"])
        if asked["kit_version"] != kms_katas.__version__ or any(_misfits(asked["checks"], self._homes, kits).values()):
            raise _Unfit
        self._isolation, self._hidden = asked["isolation"], [kit.root for kit in kits]
        self._lock = threading.Lock()
        self._lanes: dict[Path, Lanes] = {}
        self._free: dict[Path, list[Lane]] = {}
        self.users, self.used = 0, time.monotonic()
        """How many answers are graded now, and when the last one was."""

    @contextlib.contextmanager
    def lend(self, kata_id: str) -> Iterator[tuple[Lane, Kata]]:
        kata, home = self._homes[kata_id]
        with self._lock:
            if home.root not in self._lanes:
                here = [one for one, its in self._homes.values() if its.root == home.root]
                self._lanes[home.root] = Lanes(home, here, self._isolation, self._hidden)
            free = self._free.setdefault(home.root, [])
            lane = free.pop() if free else self._lanes[home.root].lane()
        try:
            yield lane, kata
        except BaseException:
            lane.close()
            raise
        with self._lock:
            free.append(lane)

    def close(self) -> None:
        for lane in [lane for free in self._free.values() for lane in free]:
            lane.close()
        for lanes in self._lanes.values():
            lanes.close()


_pools: dict[str, _Pool] = {}
"""Of this process, by what was asked for."""
_pools_lock = threading.Lock()


@contextlib.contextmanager
def _lent(asked: Mapping[str, Any]) -> Iterator[tuple[Lane, Kata]]:
    """Raises _Unfit, and Infra."""
    about = json.dumps([asked[name] for name in ("kit_version", "isolation", "checks")], sort_keys=True)
    with _pools_lock:
        if about not in _pools:
            _pools[about] = _Pool(asked)
            threading.Thread(target=_end_when_idle, args=(about, _pools[about]), daemon=True).start()
        pool = _pools[about]
        pool.users += 1
    try:
        with pool.lend(asked["kata"]) as lent:
            yield lent
    finally:
        with _pools_lock:
            pool.users -= 1
            pool.used = time.monotonic()


def _end_when_idle(about: str, pool: _Pool) -> None:
    while True:
        time.sleep(IDLE_SECONDS / 4)
        with _pools_lock:
            if not pool.users and time.monotonic() - pool.used >= IDLE_SECONDS:
                del _pools[about]
                break
    pool.close()


def _kits() -> list[Kit]:
    """Those of VARIABLE, then that of the installation. Raises KitError."""
    named = [name for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name]
    for name in named:
        if not (Path(name) / "katas").is_dir():
            raise KitError(f"{VARIABLE} names {name}, which has no folder katas/. It is to be shaped like a kit.")
    return [*(Kit(Path(name).resolve()) for name in named), find_kit()]


def _homes(checks: Mapping[str, str]) -> tuple[Homes, list[Kit]]:
    """The katas whose checks are here, and are these very ones; and all kits that are here. Raises KitError."""
    kits, found = _kits(), {}
    for kit in reversed(kits):
        for kata in kit.katas:
            if kit.has_checks(kata) and checks.get(kata.id) == kit.checks_digest(kata):
                found[kata.id] = kata, kit
    return found, kits


def _misfits(checks: Mapping[str, str], homes: Homes, kits: Sequence[Kit]) -> dict[str, Any]:
    missing = sorted(set(checks) - set(homes))
    known = {kata.id for kit in kits for kata in kit.katas}
    return {
        "absent": [kata for kata in missing if kata not in known],
        "other": [kata for kata in missing if kata in known],
        "lacking": {kata.id: package for kata, _ in homes.values() if (package := lacking(kata))},
    }


def _closed_off(isolation: str, kits: Sequence[Kit]) -> dict[str, str]:
    """The level that answers run at here, and what it lacks for the next better one. Raises Infra, KitError."""
    if isolation == "none":
        return {"isolation": "none", "lacks": ""}
    runner = best_runner(isolation, [kit.root for kit in kits])
    try:
        return {"isolation": runner.isolation, "lacks": runner.lacks}
    finally:
        runner.close()


def _unpack(files: Sequence[Mapping[str, Any]], contents: Sequence[bytes], folder: Path) -> None:
    left = iter(contents)
    for file in files:
        path = folder / file["name"]
        match file.get("is"):
            case "folder":
                path.mkdir()
            case "link":
                path.symlink_to(os.sep)
            case "special":
                os.mkfifo(path)
            case _:
                data = next(left)
                path.write_bytes(data)
                if file["size"] > len(data):
                    # What it says of its size is as of the whole; nobody reads so far.
                    with contextlib.suppress(OSError):
                        os.truncate(path, file["size"])


def _scratch() -> str:
    """Dask's own folder on this machine: what a killed worker leaves there, the next one removes."""
    from distributed import get_worker

    return str(get_worker().local_directory)


def _address() -> str:
    from distributed import get_worker

    return str(get_worker().address)
