"""`kata dev sheet`: the facilitator's sheet of a kata or a path. Not for learners, and not written where they read."""

from itertools import accumulate
from pathlib import Path

from kms_katas.cli import PASSED, report
from kms_katas.cli.place import Place
from kms_katas.grading.content_sheet import sheet_of
from kms_katas.kit import Kit, KitError
from kms_katas.kit.paths import path_named
from kms_katas.reports.sheet import as_html, as_markdown
from kms_katas.study.workspace import find_workspace


def sheet(place: Place, word: str | None, path_name: str | None, format: str, output: Path | None) -> int:
    """Print or write the page. Raises KitError."""
    if bool(word) == bool(path_name):
        raise KitError("Say which: a kata (kata dev sheet hello), or a path (kata dev sheet --path workshop-90).")
    place = place.of(None)
    kit = place.kit
    path = path_named(kit, path_name) if path_name else None
    if path:
        begins = accumulate((kata.minutes for kata in path.katas[:-1]), initial=0)
        sheets = [sheet_of(kit, kata, minute) for kata, minute in zip(path.katas, begins, strict=True)]
    else:
        sheets = [sheet_of(kit, place.find(word or ""))]
    if output:
        _refuse_where_learners_read(kit, output)
    report.put((as_html if format == "html" else as_markdown)(sheets, path), output)
    return PASSED


def _refuse_where_learners_read(kit: Kit, output: Path) -> None:
    folder = output.resolve().parent
    shown = (kit.starters, kit.root / "docs")
    # Not one that lies below: beside a workspace is not in it.
    workspace = find_workspace(folder)
    inside = workspace is not None and folder.is_relative_to(workspace.root)
    if inside or any(map(folder.is_relative_to, shown)):
        raise KitError(
            f"{output} lies where learners read, and the sheet tells what they are to find. Write it elsewhere."
        )
