"""The process that grades for a notebook: `python -m kms_katas.notebook.graded`, which reads one order a line.

To each it prints one line of JSON: text, html and after to show, passed, score and max_score; or failed, a sentence.
Not for a saved notebook on the command line: see cli/check.py.
"""

import contextlib
import io
import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from kms_katas.grading.lane import Lane, grade_in_lane
from kms_katas.grading.outcome import Infra
from kms_katas.grading.runner import KeptRunner
from kms_katas.kit import Kata, KataError, Kit, KitError, Verdict
from kms_katas.notebook.kernel import THIS
from kms_katas.reports.public import safe
from kms_katas.reports.text import as_text
from kms_katas.study.progress import ProgressError
from kms_katas.study.workspace import GIVEN, Workspace

WIDTH = 100
_HTML = '<pre style="white-space: pre; overflow-x: auto; line-height: 1.3; background: none">{code}</pre>'

_runner = KeptRunner()


def main(order: dict[str, Any]) -> dict[str, Any]:
    """Grade the notebook THIS in the folder that `order` names, as it says: kata, kit, seed, workspace."""
    try:
        os.chdir(order["folder"])
        kit = Kit(Path(order["kit"]))
        kata = kit.find(order["kata"])
        own = Workspace(Path(order["workspace"])) if order["workspace"] else None
        return _said(kata, _verdict(kit, kata, order["seed"], own), own)
    except (KitError, KataError, ProgressError) as error:
        return {"failed": safe(str(error))}
    except Infra as error:
        return {"failed": f"The kit itself failed, your answer was not judged: {safe(str(error))}."}


def _verdict(kit: Kit, kata: Kata, seed: int | None, own: Workspace | None) -> Verdict:
    runner = _runner.ready_for(kata, kit.root)
    if not kata.documents_only:
        runner.warm()

    def body(lane: Lane) -> Verdict:
        if own:
            lane.may_tell = own.may_tell
        return lane.grade_folder(kata, Path(), seed, notebook=Path(THIS))

    return grade_in_lane(kit, (kata,), runner, body)


def _said(kata: Kata, verdict: Verdict, own: Workspace | None) -> dict[str, Any]:
    after = ""
    if verdict.passed:
        after = (
            f"**{kata.id} passed, {verdict.score} of {verdict.max_score} points.**\n\n**Why it matters.**\n\n{kata.why}"
        )
        if own and (untold := _noted(own, kata)):
            after += f"\n\n{untold}"
    # Of rich's two forms the one that shows in any front end is HTML; text is what a saved file and a diff show.
    console = Console(record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, force_jupyter=False)
    console.print(Group(*_screen(kata, verdict)))
    text = console.export_text(clear=False)
    html = console.export_html(inline_styles=True, code_format=_HTML)
    shown = {"text": "\n".join(line.rstrip() for line in text.splitlines()), "html": html, "after": after}
    return shown | {"passed": verdict.passed, "score": verdict.score, "max_score": verdict.max_score}


def _screen(kata: Kata, verdict: Verdict) -> list[RenderableType]:
    if verdict.untouched and not verdict.passed:
        todo = "TODO1" if kata.answer[0].endswith(".json") else "TODO 1"
        begin = f"Begin with task 1, {kata.tasks[0].title}: look for {todo} in the answer cells."
        return [Text.assemble((kata.id, "bold"), "  ", kata.title, "  ", ("not started yet", "yellow")), Text(begin)]
    if verdict.passed:
        return [as_text(verdict, kata.title)]
    again = f'The same random values again: grade("{kata.id}", seed={verdict.seed})'
    return [as_text(verdict, kata.title), Text(again, style="dim")]


def _noted(own: Workspace, kata: Kata) -> str:
    """The pass goes into the progress file; where it does not, why not: a verdict stays a verdict."""
    try:
        own.note_passes([kata.id], date.today())
        if not own.progress().passed(kata.id):
            return f"{GIVEN} `kata reset {kata.name}`."
    except ProgressError as error:
        return safe(str(error))
    return ""


if __name__ == "__main__":
    # What a check prints is no word of this process.
    words = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with contextlib.suppress(KeyboardInterrupt), words:
        try:
            for line in sys.stdin:
                print(json.dumps(main(json.loads(line))), file=words, flush=True)
                os.chdir("/")  # the folder goes
        finally:
            _runner.close()
