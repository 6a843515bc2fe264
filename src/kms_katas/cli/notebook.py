"""`kata notebook`, which writes a kata's notebook, and which notebooks `kata check` is to grade. Not for grading."""

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.text import Text

from kms_katas.cli import PASSED, report, screen
from kms_katas.cli.place import Place
from kms_katas.grading.cells import SUFFIX, USUAL, cells_in, mark
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import display_path, read_source
from kms_katas.kit import Kata, Kit, KitError
from kms_katas.kit.table import starter
from kms_katas.notebook.make import notebook
from kms_katas.study.workspace import Workspace

NO_NOTEBOOKS: Mapping[Kata, Path] = {}


def make(place: Place, word: str, output: Path | None, nbgrader: bool) -> int:
    """Write it, unless a file is there that it would take the place of. Raises KitError."""
    kit, workspace = place.kit, place.need_workspace()
    kata = place.find(word)
    target = output or workspace.folder(kata) / USUAL
    if target.suffix != SUFFIX:
        raise KitError(f"--output {target} is no name of a notebook. Let it end with {SUFFIX}.")
    text = notebook(
        kata,
        (kit.starter(kata) / "README.md").read_text("utf-8"),
        {name: _text(kit, kata, workspace, name, starters=nbgrader) for name in kata.answer},
        kit=str(kit.root) if place.kit_option else None,
        nbgrader=nbgrader,
    )
    shown = display_path(target)
    if target.exists() or target.is_symlink():
        if not target.is_file() or target.read_bytes() != text.encode():
            raise KitError(
                f"{shown} is there already and is not what would be written: what you did in it would be lost. "
                f"Give another file with --output, or move this one away."
            )
        screen.say(f"{shown} is there already, just as it would be written.")
        return PASSED
    if output is None:
        target.parent.mkdir(parents=True, exist_ok=True)
    report.write(target, text)
    console = screen.console()
    console.print(Text.assemble("Made ", (shown, "cyan"), f", the notebook of {kata.id}."))
    screen.say("Open it in Jupyter or VS Code, with the Python that runs this command as its kernel.")
    if importlib.util.find_spec("ipykernel") is None:
        screen.say('That Python has no ipykernel yet: pip install "kms-katas[notebook]" brings it.')
    if kit.has_checks(kata):
        console.print(Text.assemble("Its last cell grades it; so does ", (screen.command(f"check {shown}"), "cyan")))
    else:
        screen.say("Its last cell cannot grade it: the checks are with your course. Hand in the notebook.")
    return PASSED


def notebooks_of(kit: Kit, words: Sequence[str]) -> dict[Kata, Path]:
    """The notebooks among what `kata check` was told to check, by their katas; none where no word names one.

    Raises KitError, also for one that cannot be read.
    """
    found: dict[Kata, Path] = {}
    paths = [Path(word) for word in words if word.endswith(SUFFIX)]
    if paths and len(paths) < len(words):
        raise KitError(f"Check notebooks by themselves: {paths[0]} is one, and other words here are none.")
    for path in paths:
        kata = _kata_of(kit, path)
        if kata in found:
            raise KitError(f"{found[kata]} and {path} both answer {kata.id}. Check one at a time.")
        found[kata] = path
    return found


def _kata_of(kit: Kit, path: Path) -> Kata:
    """The kata that its answer cells name."""
    if not path.exists():
        raise KitError(f"{path} is not there. `kata notebook KATA` makes the notebook of a kata.")
    try:
        ids = sorted({cell.kata for cell in cells_in(path)})
    except AnswerUnusable as error:
        raise KitError(f"{error.message} {error.next_step}") from error
    if len(ids) == 1 and (kata := kit.kata(ids[0])):
        return kata
    if len(ids) > 1:
        raise KitError(f"{path} has answer cells of {' and '.join(ids)}. Keep those of one kata in a notebook.")
    if ids:
        raise KitError(f"{path} answers {ids[0]}, and no kata is called that. Give --kit the kit that has it.")
    raise KitError(
        f"{path} has no answer cell: none begins with a line such as `{mark('keys/hello', 1, 1)}`. "
        "`kata notebook KATA` makes a notebook that has them."
    )


def home_of(notebooks: Mapping[Kata, Path], workspace: Workspace | None) -> Path:
    """The workspace, where all of them lie in it: then a pass is noted; else the folder of the first."""
    root = workspace and workspace.root.resolve()
    if workspace and root and all(path.resolve().is_relative_to(root) for path in notebooks.values()):
        return workspace.root
    return next(iter(notebooks.values())).parent


def _text(kit: Kit, kata: Kata, workspace: Workspace, name: str, *, starters: bool) -> str:
    """A file of the answer as the learner has it; with `starters`, and where there is none yet, the starter."""
    path = workspace.folder(kata) / name
    if starters or not path.exists():
        return starter(kata, kit.starter(kata), name, workspace.table(kata)).decode()
    try:
        return read_source(path)
    except AnswerUnusable as error:
        raise KitError(f"{error.message} {error.next_step}") from error
