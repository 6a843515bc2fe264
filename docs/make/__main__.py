"""Writes the pages of docs/ that are made from data: `python docs/make`, before the site is built. With `--stale`, it
only says what nobody confirmed for a year.

The pages that it writes are not in git. Not for the tables inside pages that are (docs/assets/fidelity_page.py).
"""

import argparse
import sys
from datetime import date
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
sys.path[0] = str(DOCS)  # Python put docs/make itself there, which is no package from within.

from kms_katas.kit.catalog import KitError  # noqa: E402
from kms_katas.kit.kata import KataError  # noqa: E402
from make.freshness import report  # noqa: E402
from make.site import made_pages, made_parts  # noqa: E402
from make.writing import Blocked, write_pages  # noqa: E402

PARTS = ".made"
"""Where the parts of pages go, beside docs/: in there the site would make pages of them. mkdocs.yml names it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python docs/make", description="Write the pages that are made from data.")
    parser.add_argument("--kit", type=Path, default=DOCS.parent, help="the folder that holds katas/, docs/ and tests/")
    parser.add_argument(
        "--stale",
        metavar="DATE",
        nargs="?",
        type=_day,
        const=date.today(),
        help="only list what nobody confirmed in the year before this day, today if not given",
    )
    asked = parser.parse_args()
    kit = asked.kit
    try:
        if asked.stale:
            print(report(kit / "docs", asked.stale))
            return 0
        done = [write_pages(kit / "docs", made_pages(kit)), write_pages(kit / PARTS, made_parts(kit))]
    except (KitError, KataError, Blocked) as error:
        print(error, file=sys.stderr)
        return 1
    written, removed = map(sum, zip(*done, strict=True))
    print(f"docs/make: {written} pages written, {removed} removed.")
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it such as 2026-11-21") from None


if __name__ == "__main__":
    raise SystemExit(main())
