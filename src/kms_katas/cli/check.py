"""`kata check`: which answers, graded in one lane, shown in one format."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from kms_katas.cli import NOT_PASSED, PASSED, complain, report, screen
from kms_katas.cli.notebook import NO_NOTEBOOKS, home_of, notebooks_of
from kms_katas.cli.place import Place, all_done, kata_to_check, next_kata
from kms_katas.grading.cells import SUFFIX, notebook_in_place, passed_over, read_notebook
from kms_katas.grading.cells import notebooks as notebooks_in
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.run import answer_folder
from kms_katas.grading.source import display_path
from kms_katas.kit import Kata, Kit, KitError, Verdict
from kms_katas.reports.public import safe
from kms_katas.reports.text import as_text
from kms_katas.study.progress import ProgressError
from kms_katas.study.workspace import GIVEN, Workspace

if TYPE_CHECKING:
    from kms_katas.policy.lint import Kind


def check(
    place: Place,
    words: tuple[str, ...],
    every: bool,
    answers: Path | None,
    seed: int | None,
    formats: Sequence[str],
    outputs: Sequence[Path],
    isolation: str | None = None,
) -> int:
    """Grade and report. The exit status: 0 when every kata asked for passed."""
    if words and every:
        raise KitError("Name katas or say --all, not both.")
    if answers:
        place = place.of(None)  # a course that lies among the answers of others chooses no katas
    kit, workspace = place.kit, place.workspace
    notebooks = notebooks_of(kit, words)
    katas = tuple(notebooks) or tuple(place.find(word) for word in words)
    if answers and not answers.is_dir() and str(answers) in (kit.starters.name, kit.solutions.name):
        answers = kit.root / answers  # the kit's own trees go by these names wherever the learner stands
    if answers and not answers.is_dir():
        raise KitError(f"--answers {answers} is not a folder. Give one that is shaped like katas/.")
    if not katas and (every or answers):
        katas = workspace.katas(kit) if workspace and not answers else kit.katas
    if notebooks:
        if answers:
            raise KitError("Name notebooks or give --answers, not both.")
        answers = home_of(notebooks, workspace)
    elif answers is None:
        answers = _tree_of(words, katas) or (workspace or place.need_workspace()).root
    if not katas:
        here = Workspace(answers)
        kata = kata_to_check(kit, here)
        katas = (kata,) if kata else here.katas(kit)
    katas = _with_checks(kit, katas)
    own = workspace if workspace and answers.resolve() == workspace.root.resolve() else None
    folders = {kata: answer_folder(answers, kata) for kata in katas}
    spared = [at / name for kata, at in folders.items() for name in (*kata.answer, *notebooks_in(at))]
    spared += notebooks.values()
    reports = report.wanted(formats, outputs, spared + ([own.progress_file] if own else []))
    makers = {wanted: _page if wanted.format == "text" else report.maker(wanted.format, katas) for wanted in reports}
    for wanted, make in makers.items():
        if wanted.output:
            # Before the grading: a file that cannot be written costs no run, and no earlier report passes for this one.
            report.write(wanted.output, make(report.unfinished(katas, seed)))
    if own:
        own.progress()  # one that cannot be read is refused before anything runs
    verdicts = grade(kit, katas, answers, seed, isolation, own, notebooks)

    def put(wanted: report.Wanted) -> None:
        if wanted.format == "github":
            report.show_on_github([("", verdict) for verdict in verdicts], wanted.output)
        elif wanted.format != "text":
            report.put(makers[wanted](verdicts), wanted.output)
        else:
            _show(Group(*_screen(kit, verdicts, answers, own, notebooks)), wanted.output)

    try:
        report.deliver(reports, put)
    finally:
        if own:
            note_passes(own, verdicts)
    return PASSED if all(verdict.passed for verdict in verdicts) else NOT_PASSED


def grade(
    kit: Kit,
    katas: tuple[Kata, ...],
    answers: Path,
    seed: int | None,
    isolation: str | None = None,
    own: Workspace | None = None,
    notebooks: Mapping[Kata, Path] = NO_NOTEBOOKS,
) -> list[Verdict]:
    """One verdict for each kata. The runner of code starts first: it warms up while this process imports the rest.

    `own`: the workspace that `answers` is, where it is the learner's own. `notebooks`: those that are graded in place
    of what lies in `answers`.
    """
    from kms_katas.grading.runner import best_runner, preparations_for

    runner = best_runner(isolation, kit.private)
    runner.preparations = preparations_for(katas)
    if not all(kata.documents_only for kata in katas):
        runner.warm()
    try:
        with screen.waiting(f"Checking {katas[0].id if len(katas) == 1 else f'{len(katas)} katas'} ..."):
            from kms_katas.grading.lane import Lane, grade_in_lane

            def body(lane: Lane) -> list[Verdict]:
                if own:
                    lane.may_tell = own.may_tell
                return [
                    lane.grade_folder(kata, answer_folder(answers, kata), seed, notebook=notebooks.get(kata))
                    for kata in katas
                ]

            return grade_in_lane(kit, katas, runner, body)
    finally:
        runner.close()


def _with_checks(kit: Kit, katas: tuple[Kata, ...]) -> tuple[Kata, ...]:
    """Those that can be checked here. Raises KitError where that is none; of others it is said that they cannot."""
    here = tuple(kata for kata in katas if kit.has_checks(kata))
    kept = [kata.id for kata in katas if kata not in here]
    if not kept:
        return katas
    words = f"{' and '.join(kept)}: the checks are not here. Your course has them: hand in your answer as it says."
    if not here:
        raise KitError(words)
    complain(f"Not checked, {words}")
    return here


def _tree_of(words: tuple[str, ...], katas: tuple[Kata, ...]) -> Path | None:
    """The tree of answers that the paths among `words` lie in: `other/keys/hello/answer.py` means the tree `other`."""
    trees = set()
    for word, kata in zip(words, katas, strict=False):
        path = Path(word)
        if not path.exists() and word in (kata.id, kata.folder):
            continue
        for folder in (path.absolute(), *path.absolute().parents):
            if folder.as_posix().endswith((f"/{kata.id}", f"/{kata.folder}")):
                tree = folder.parents[1]
                if not tree.is_dir():
                    raise KitError(f"{word} is not there: there is no folder {display_path(tree)}.")
                trees.add(tree)
    if len(trees) > 1:
        several = " and ".join(sorted(map(display_path, trees)))
        raise KitError(f"These answers lie in {several}. Check one folder at a time.")
    return trees.pop() if trees else None


def _screen(
    kit: Kit, verdicts: list[Verdict], answers: Path, own: Workspace | None, notebooks: Mapping[Kata, Path]
) -> Iterator[RenderableType]:
    for verdict in verdicts:
        kata = kit.kata(verdict.kata)
        assert kata is not None
        folder = answer_folder(answers, kata)
        notebook = notebooks.get(kata) or notebook_in_place(kit, kata, folder)
        yield from (
            not_started(kit, kata, folder, len(verdicts) == 1, notebook)
            if verdict.untouched and not verdict.passed
            else [as_text(verdict, kata.title)]
        )
        if kata not in notebooks and (said := _which(kit, kata, folder)):
            yield Text(f"  {safe(said)}", style="dim")
        if verdict.passed and len(verdicts) == 1:
            yield from what_a_reviewer_would_say(kata, folder, notebook)
            yield from after_pass(kit, kata, verdict, own)
        yield Text()
    if len(verdicts) > 1:
        passed = sum(verdict.passed for verdict in verdicts)
        points, of = sum(verdict.score for verdict in verdicts), sum(verdict.max_score for verdict in verdicts)
        yield Text(f"{passed} of {len(verdicts)} katas passed, {points} of {of} points.", style="bold")
    elif not verdicts[0].passed and not verdicts[0].untouched and own:
        name = verdicts[0].kata.split("/")[1]
        checked = next((display_path(path) for path in notebooks.values()), name)
        for why, words in (
            ("A hint", f"hint {name}"),
            ("The same random values again", f"check {checked} --seed {verdicts[0].seed}"),
        ):
            yield Text.assemble(f"{why}: ", (screen.command(words), "cyan"))


def _which(kit: Kit, kata: Kata, folder: Path) -> str:
    """What was graded, in a sentence, where a folder holds files and a notebook; empty: there is no doubt."""
    if notebook := notebook_in_place(kit, kata, folder):
        return f"Graded was {notebook.name}: no file of the answer is changed." if _any_file(kata, folder) else ""
    said = passed_over(kit, kata, folder)
    return said and f"Here {said} `kata check FILE{SUFFIX}` grades a notebook."


def _any_file(kata: Kata, folder: Path) -> bool:
    return any((folder / name).exists() for name in kata.answer)


def not_started(
    kit: Kit, kata: Kata, folder: Path, whole: bool, notebook: Path | None = None
) -> Iterator[RenderableType]:
    """What an untouched starter gets: its brief up to the first task, and where to begin."""
    yield Text.assemble((kata.id, "bold"), "  ", kata.title, "  ", ("not started yet", "yellow"))
    if whole:
        yield Text()
        yield screen.Prose(brief_to_task_one((kit.starter(kata) / "README.md").read_text("utf-8")))
        yield Text()
    todo = "TODO1" if kata.answer[0].endswith(".json") else "TODO 1"
    where = f". Open this file and look for {todo}:"
    yield Text.assemble("  Begin with task 1, ", (kata.tasks[0].title, "bold"), where)
    yield Text.assemble("    ", (display_path(notebook or folder / kata.answer[0]), "cyan"))


def brief_to_task_one(text: str) -> str:
    """A brief up to and with its first task."""
    head, mark, rest = text.partition("\n## 1.")
    return head + mark + rest.partition("\n## ")[0]


def what_a_reviewer_would_say(kata: Kata, folder: Path, notebook: Path | None = None) -> Iterator[RenderableType]:
    """What lint finds in policies that are right. It costs no points."""
    policies = [name for name in kata.answer if name.endswith(".json")]
    if not policies:
        return
    from kms_katas.grading.guardrails import OF_FILE
    from kms_katas.policy.lint import lint

    for name in policies:
        kind: Kind = "key-policy" if name.startswith("key-policy") else "identity-policy"
        kind = OF_FILE[name].kind if name in OF_FILE else kind
        try:
            cells = read_notebook(notebook, kata) if notebook else None
            text = cells.document(name).decode() if cells else (folder / name).read_text("utf-8-sig")
            found = lint(text, kind=kind)
        except (OSError, ValueError, AnswerUnusable):
            continue  # gone or changed since it was graded
        if found:
            yield Text()
            yield Text.assemble("A reviewer of ", (name, "cyan"), " would still say, at no cost of points:")
        for one in found:
            yield Text(safe(f"  line {one.place.line}: {one.sentence} {one.fix}"))


def after_pass(
    kit: Kit, kata: Kata, verdict: Verdict, own: Workspace | None, key: str = ""
) -> Iterator[RenderableType]:
    """Why it matters; and last, where a short terminal still shows it, that it passed and what comes next.

    `key`: what to press for it, where a command need not be typed.
    """
    yield Text()
    yield screen.Prose(kata.why, "Why it matters")
    yield Text()
    yield Text(f"{kata.id} passed, {verdict.score} of {verdict.max_score} points.", style="bold green")
    if own:
        progress = own.progress()
        if progress.given(kata.id) and not progress.passed(kata.id):
            yield Text.assemble(f"{GIVEN} ", (screen.command(f"reset {kata.name}"), "cyan"))
        following = next_kata(kit, own.katas(kit), progress.with_pass(kata.id, date.today()))
        if following:
            yield Text.assemble("Next: ", (following.id, "bold"), f", {following.title}, {following.minutes} minutes:")
            how = f"press {key}" if key else screen.command(f"brief {following.name}")
            yield Text.assemble("    ", (how, "cyan"))
        else:
            yield Text(all_done(kit, own), style="bold green")


def note_passes(own: Workspace, verdicts: list[Verdict]) -> None:
    """Passes go into the progress file, but for answers that were given. Where that cannot be written, a verdict stays
    a verdict."""
    try:
        own.note_passes([verdict.kata for verdict in verdicts if verdict.passed], date.today())
    except ProgressError as error:
        complain(str(error))


def _page(verdicts: list[Verdict]) -> str:
    return screen.page(Group(*(as_text(verdict, "") for verdict in verdicts)))


def _show(renderable: RenderableType, output: Path | None) -> None:
    if output is None:
        screen.console().print(renderable)
        return
    report.write(output, screen.page(renderable))
