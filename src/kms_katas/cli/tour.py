"""`kata`, `kata start`, `kata init`, `kata reset`: where the learner stands, and their folder of answers."""

import sys
from datetime import date, datetime
from pathlib import Path

import typer
from rich.text import Text

from kms_katas.cli import NOT_PASSED, PASSED, screen
from kms_katas.cli.place import Place, all_done, answer_files, current_kata, next_kata
from kms_katas.grading.source import display_path
from kms_katas.kit import Kata, KitError
from kms_katas.kit.course import CourseKit, course_of
from kms_katas.kit.paths import KataPath, path_named
from kms_katas.study.course import put_course, refuse_workspace_in
from kms_katas.study.progress import Progress
from kms_katas.study.workspace import BACKUPS, DEFAULT, Workspace, give, make_workspace, reset


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
    progress, katas, path = workspace.progress(), workspace.katas(kit), workspace.path(kit)
    passed = sum(progress.passed(kata.id) for kata in katas)
    given = sum(progress.given(kata.id) and not progress.passed(kata.id) for kata in katas)
    console.print(
        Text.assemble(
            (f"{passed} of {len(katas)}", "bold"),
            " katas passed ",
            _where(workspace),
            f", {given} given" if given else "",
            f", on the path {path.name}" if path else "",
        )
    )
    kata = current_kata(kit, workspace)
    if kata is None:
        console.print(Text(all_done(kit, workspace), style="bold green"))
        _offer_review(progress)
        return PASSED
    course = course_of(kit)
    due = f", due {entry.shown_due}" if course and (entry := course.assignment(kata)) and entry.due else ""
    console.print(Text.assemble("You are at ", (kata.id, "bold"), f": {kata.title}, {kata.minutes} minutes{due}"))
    for label, words in (
        ("read", f"brief {kata.name}"),
        ("check", f"check {kata.name}"),
        ("watch", "watch"),
        ("stuck", f"hint {kata.name}"),
    ):
        console.print(Text.assemble(f"  {label:8}", (screen.command(words), "cyan")))
    console.print(Text.assemble("  open    ", (answer_files(workspace, kata), "cyan")))
    _offer_review(progress)
    return PASSED


def _offer_review(progress: Progress) -> None:
    """To who has answered questions. What is due is not computed here: that takes longer than all the rest."""
    if progress.answered:
        screen.console().print(Text.assemble("  review  ", (screen.command("review"), "cyan")))


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
    kata = next_kata(kit, workspace.katas(kit), workspace.progress())
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
        workspace.note_passes([kata.id], date.today())
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


def init(
    place: Place,
    folder: Path | None,
    path_name: str | None = None,
    begin_at: str | None = None,
    course: Path | None = None,
) -> int:
    """Make a workspace or add to one: without `folder`, to the one the learner stands in.

    `path_name`: the katas of that path alone. `begin_at`: those before it on the path get their answers.
    `course`: a course.toml; the katas of that course alone.
    """
    at = Workspace(folder) if folder else place.workspace or Workspace(Path(DEFAULT))
    there = place.of(course) if course else place.to(at)
    kit = there.kit
    if course_of(kit) and (path_name or begin_at):
        raise KitError(_no_path(at, course))
    path = path_named(kit, path_name) if path_name else at.path(kit) if begin_at else None
    before = _before(there, path, begin_at) if begin_at else ()
    if course and isinstance(kit, CourseKit):
        refuse_workspace_in(kit, at.root)
    workspace, new = make_workspace(kit, at.root, path)
    console = screen.console()
    if course and isinstance(kit, CourseKit):
        put_course(kit, at.root)
        console.print(Text.assemble((kit.course.title, "bold"), f": {screen.count(len(kit.katas), 'kata')}."))
        if followed := workspace.progress().path:
            console.print(f"The course says what comes next here now, and not the path {followed}.")
    console.print(
        Text.assemble(
            f"{screen.count(len(new), 'new kata')} ",
            _where(workspace),
            ". Files that were there are as they were.",
        )
    )
    if path:
        amount = f"{screen.count(len(path.katas), 'kata')}, {path.solving} minutes of solving in {path.minutes}"
        console.print(Text.assemble("The path ", (path.name, "bold"), f": {path.title}. {amount}."))
    given, left = give(kit, before, workspace, date.today())
    if given:
        console.print(f"Given to you, and not counted as passed: {_named(given)}.")
        console.print(Text.assemble("To solve one of them yourself: ", (screen.command("reset KATA"), "cyan")))
    if left:
        console.print(f"Left as you wrote it, and still to be passed: {_named(left)}.")
    if workspace.root.resolve() != Path.cwd().resolve() and place.workspace is None:
        console.print(Text.assemble("Go there: ", (f"cd {workspace.root}", "cyan")))
    console.print(Text.assemble("Then: ", (screen.command(), "cyan")))
    return PASSED


def _where(workspace: Workspace) -> Text:
    """A lone point is lost beside the one that ends a sentence."""
    shown = display_path(workspace.root)
    return Text("here") if shown == "." else Text.assemble("in ", (shown, "cyan"))


def _no_path(at: Workspace, course: Path | None) -> str:
    """Why a course has no path, in a sentence: both say which katas there are."""
    if course:
        return "--course says itself which katas there are, and in which order: leave --path and --from out."
    return (
        f"The workspace {at.root.resolve()} is of a course, which says which katas there are, and in which order: "
        "--path and --from are for other workspaces. Give `kata init` another folder."
    )


def _before(place: Place, path: KataPath | None, word: str) -> tuple[Kata, ...]:
    """The katas of the path before the one that `word` means. Raises KitError."""
    if path is None:
        raise KitError("--from counts along a path, and there is none here. Name one as well: --path workshop-90.")
    kata = place.find(word)
    if kata not in path.katas:
        raise KitError(f"{kata.id} is not on the path {path.name}. On it are {_named(path.katas)}.")
    return path.katas[: path.katas.index(kata)]


def _named(katas: tuple[Kata, ...]) -> str:
    return ", ".join(kata.id for kata in katas)


def reset_answer(place: Place, word: str | None, yes: bool) -> int:
    """Ask, keep a copy, put the starter back. Where no answer is, there is nothing to ask about."""
    kit, workspace = place.kit, place.need_workspace()
    kata = place.find(word) if word else current_kata(kit, workspace)
    if kata is None:
        raise KitError("Every kata is passed: say which one to reset.")
    is_new = not workspace.holds(kata)
    if not (yes or is_new):
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
    if is_new:
        screen.say(f"The starter of {kata.id} is in {answer_files(workspace, kata)}.")
        return PASSED
    kept = f" Your answer is kept in {display_path(backup)}." if backup else ""
    screen.console().print(
        f"{kata.id} is the starter again.{kept}" + (f" ({BACKUPS} is yours to empty.)" if backup else "")
    )
    return PASSED
