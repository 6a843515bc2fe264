"""`kata`, `kata start`, `kata init`, `kata reset`: where the learner stands, and their folder of answers."""

import sys
from datetime import date, datetime
from pathlib import Path

import typer
from rich.text import Text

from kms_katas.cli import NOT_PASSED, PASSED, screen
from kms_katas.cli.place import Place, answer_files, current_kata, next_kata
from kms_katas.grading.source import display_path
from kms_katas.kit import KitError
from kms_katas.study.workspace import BACKUPS, DEFAULT, make_workspace, reset


def where_you_stand(place: Place) -> int:
    """How far, and the one thing to do next."""
    kit, workspace, console = place.kit, place.workspace, screen.console()
    if workspace is None:
        console.print(
            Text.assemble(
                "KMS Katas: ",
                ("graded exercises on AWS KMS", "bold"),
                ", on this machine only: no AWS account, no bill.",
            )
        )
        console.print(Text.assemble("You have no workspace here. Begin with ", (screen.command("start"), "cyan")))
        return PASSED
    progress = workspace.progress()
    passed = sum(progress.passed(kata.id) for kata in kit.katas)
    console.print(
        Text.assemble(
            (f"{passed} of {len(kit.katas)}", "bold"), " katas passed in ", (display_path(workspace.root), "cyan")
        )
    )
    kata = current_kata(kit, workspace)
    if kata is None:
        console.print(Text("You have passed every kata there is.", style="bold green"))
        return PASSED
    console.print(Text.assemble("You are at ", (kata.id, "bold"), f": {kata.title}, {kata.minutes} minutes"))
    for label, words in (
        ("read", f"brief {kata.name}"),
        ("check", f"check {kata.name}"),
        ("watch", "watch"),
        ("stuck", f"hint {kata.name}"),
    ):
        console.print(Text.assemble(f"  {label:8}", (screen.command(words), "cyan")))
    console.print(Text.assemble("  open    ", (answer_files(workspace, kata), "cyan")))
    return PASSED


def start(place: Place) -> int:
    """The main job at once: a workspace, and the first starter graded for real."""
    from kms_katas.cli.check import grade
    from kms_katas.reports.text import as_text, first_failure

    kit, console = place.kit, screen.console()
    workspace = place.workspace
    if workspace is None:
        workspace, _ = make_workspace(kit, Path(DEFAULT))
        console.print(
            Text.assemble(
                "Your workspace is ",
                (display_path(workspace.root), "cyan"),
                f". It holds {screen.count(len(kit.katas), 'kata')} to solve.",
            )
        )
    kata = next_kata(kit, workspace.progress())
    if kata is None:
        return where_you_stand(place)
    console.print(
        Text.assemble(
            "All of it runs here: no AWS account, no network, no bill. Your AWS credentials are not read.\n",
            style="dim",
        )
    )
    (verdict,) = grade(kit, (kata,), workspace.root, None, own=workspace)
    console.print(as_text(verdict, kata.title) if verdict.passed else first_failure(verdict, kata.title))
    if verdict.passed:
        workspace.progress().with_pass(kata.id, date.today()).save(workspace.progress_file)
        return where_you_stand(place)
    console.print(
        Text.assemble(
            "\nThat was your file, run and judged for real. Now make it pass:\n\n",
            "  open   ",
            (display_path(workspace.answer(kata)), "cyan bold"),
            f"\n  do     its TODO 1: {kata.tasks[0].title}\n  save   it, and type:\n",
        )
    )
    console.print(Text.assemble("    ", (screen.command(f"check {kata.name}"), "cyan bold")))
    console.print(Text.assemble("\nTo have it checked each time you save: ", (screen.command("watch"), "cyan")))
    return PASSED


def init(place: Place, folder: Path | None) -> int:
    """Make a workspace or add to one: without `folder`, to the one the learner stands in."""
    present = place.workspace
    workspace, new = make_workspace(place.kit, folder or (present.root if present else Path(DEFAULT)))
    console = screen.console()
    console.print(
        Text.assemble(
            f"{screen.count(len(new), 'new kata')} in ",
            (display_path(workspace.root), "cyan"),
            ". Files that were there are as they were.",
        )
    )
    if workspace.root.resolve() != Path.cwd().resolve() and place.workspace is None:
        console.print(Text.assemble("Go there: ", (f"cd {workspace.root}", "cyan")))
    console.print(Text.assemble("Then: ", (screen.command(), "cyan")))
    return PASSED


def reset_answer(place: Place, word: str | None, yes: bool) -> int:
    """Ask, keep a copy, put the starter back."""
    kit, workspace = place.kit, place.need_workspace()
    kata = place.find(word) if word else current_kata(kit, workspace)
    if kata is None:
        raise KitError("Every kata is passed: say which one to reset.")
    if not yes:
        if not sys.stdin.isatty():
            raise KitError(
                "reset asks before it does anything, and there is nobody to ask. "
                f"Say: {screen.command(f'reset {kata.id} --yes')}"
            )
        answer = answer_files(workspace, kata)
        if not typer.confirm(f"Put the starter of {kata.id} back in place of {answer}? A copy of yours is kept"):
            screen.console().print("Nothing was changed.")
            return NOT_PASSED
    backup = reset(kit, kata, workspace, datetime.now())
    kept = f" Your answer is kept in {display_path(backup)}." if backup else ""
    screen.console().print(
        f"{kata.id} is the starter again.{kept}" + (f" ({BACKUPS} is yours to empty.)" if backup else "")
    )
    return PASSED
