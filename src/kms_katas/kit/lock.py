"""Which wheels a set-up of the kit needs, by uv.lock: names, versions and digests. Not for fetching them."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kms_katas.kit.catalog import KitError

BESIDES = ("pip", "editables")
"""What kata.py brings up to date first, and what hatchling asks for to build what is installed with -e."""
_Link = tuple[str, tuple[str, ...]]
"""A package's name, and which of its extras are asked for."""
LOCK, PROJECT = "uv.lock", "pyproject.toml"


@dataclass(frozen=True)
class Locked:
    """One package. `digests`: the SHA-256 of each of its wheels, by the wheel's file name."""

    name: str
    version: str
    digests: Mapping[str, str]

    @property
    def requirement(self) -> str:
        """As pip reads it: this version, and no file but those of the lock."""
        return " ".join(
            [f"{self.name}=={self.version}", *sorted({f"--hash=sha256:{one}" for one in self.digests.values()})]
        )


def needed(root: Path) -> tuple[Locked, ...]:
    """What kata.py installs to run `kata`: what the kit depends on, what builds it, and pip. For every system and
    Python at once, so a package that only one of them needs is in it. Raises KitError."""
    try:
        lock, project = (tomllib.loads((root / name).read_text("utf-8")) for name in (LOCK, PROJECT))
        by_name: dict[str, dict[str, Any]] = {package["name"]: package for package in lock["package"]}
        own = by_name[project["project"]["name"]]
        builds = [_name(words) for words in project["build-system"]["requires"]]
        todo: list[_Link] = [*_links(own, ()), *((name, ()) for name in (*builds, *BESIDES))]
        seen: set[_Link] = set()
        while todo:
            link = todo.pop()
            if link not in seen:
                seen.add(link)
                todo += _links(by_name[link[0]], link[1])
        return tuple(_locked(by_name[name]) for name in sorted({name for name, _ in seen}))
    except OSError as error:
        raise KitError(
            f"{error.filename} cannot be read: {error.strerror}. A bundle is made in a clone of KMS Katas, out of its "
            f"{LOCK}; --kit names another."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise KitError(f"{root / LOCK} is no lock of this kit: {error!r}. `bash .ci/constraints` makes it.") from error


def _links(package: Mapping[str, Any], extras: tuple[str, ...]) -> Iterator[_Link]:
    """What a package needs."""
    wanted = [package.get("dependencies", [])]
    wanted += [package.get("optional-dependencies", {}).get(extra, []) for extra in extras]
    for group in wanted:
        for link in group:
            yield link["name"], tuple(link.get("extra", ()))


def _locked(package: Mapping[str, Any]) -> Locked:
    wheels = {wheel["url"].rsplit("/", 1)[1]: wheel["hash"].removeprefix("sha256:") for wheel in package["wheels"]}
    return Locked(package["name"], package["version"], wheels)


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()
