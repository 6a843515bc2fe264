"""Where the learner stands: which kit, which workspace, which kata is meant or comes next."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from kms_katas.cli.screen import command
from kms_katas.grading.source import MAX_SOURCE, beginning, display_path
from kms_katas.kit import Kata, Kit, KitError, find_kit
from kms_katas.kit.course import course_kit
from kms_katas.kit.table import is_starter
from kms_katas.study.course import kit_of
from kms_katas.study.progress import Progress
from kms_katas.study.workspace import Workspace, find_workspace


@dataclass
class Place:
    """What every command starts from. The workspace is looked for anew each time: commands may make it."""

    kit_option: Path | None = None
    course: Path | None = None
    """The course.toml that was named."""
    follows_workspace: bool = True
    """Whether, where none was named, the course of the workspace is meant."""
    at: Workspace | None = None
    """The workspace that is meant, wherever the learner stands; it need not be there yet."""

    @property
    def kit(self) -> Kit:
        whole = find_kit(self.kit_option)
        if self.course:
            return course_kit(self.course, whole)
        workspace = self.workspace if self.follows_workspace else None
        return kit_of(workspace, whole) if workspace else whole

    def of(self, course: Path | None) -> "Place":
        """For whoever teaches: the course that is named, or the whole kit; not that of a workspace they stand in."""
        return Place(self.kit_option, course, follows_workspace=False)

    def to(self, workspace: Workspace) -> "Place":
        """For who would stand in that workspace."""
        return Place(self.kit_option, at=workspace)

    @property
    def workspace(self) -> Workspace | None:
        return self.at or find_workspace(Path.cwd())

    def find(self, word: str) -> Kata:
        """The kata that `word` means; a path counts from where the learner stands, `.` too. Raises KitError."""
        try:
            return self.kit.find(word)
        except KitError:
            if Path(word).exists():
                with contextlib.suppress(KitError):
                    return self.kit.find(str(Path(word).absolute()))
            raise

    def need_workspace(self) -> Workspace:
        workspace = self.workspace
        if workspace is None:
            raise KitError(
                f"There is no workspace here ({Path.cwd()}) or above. "
                f"`{command('init')}` makes one; or go to the folder where yours is."
            )
        return workspace


PLACE = Place()
"""Of this process: `kata --kit DIR` sets it before any verb runs."""


def answer_files(workspace: Workspace, kata: Kata, between: str = "and") -> str:
    """The files to write in for a kata: the first as the learner would type it, the others lie beside it."""
    return f" {between} ".join((display_path(workspace.answer(kata)), *kata.answer[1:]))


def next_kata(kit: Kit, katas: tuple[Kata, ...], progress: Progress) -> Kata | None:
    """The first of `katas` that is not done and whose prerequisites among them are; None when all are done.

    What cannot be checked here, as own katas of a course, comes last: of that no pass is ever noted.
    """
    known = {kata.id for kata in katas if kit.has_checks(kata)}
    open_katas = [kata for kata in katas if not progress.done(kata.id)]
    ready = (
        kata
        for kata in open_katas
        if kata.id in known and all(progress.done(needed) for needed in kata.prerequisites if needed in known)
    )
    return next(ready, open_katas[0] if open_katas else None)


def all_done(kit: Kit, workspace: Workspace) -> str:
    """What to say where no kata is left."""
    path = workspace.path(kit)
    if path and len(workspace.katas(kit)) < len(kit.katas):
        return f"That was all of {path.name}. `{command('init')}` adds the other katas."
    return "You have passed every kata there is."


def current_kata(kit: Kit, workspace: Workspace) -> Kata | None:
    """The kata whose answer was edited last and is not done yet, else the next one."""
    progress, katas = workspace.progress(), workspace.katas(kit)
    edited = [(time, kata) for kata in katas if not progress.done(kata.id) and (time := _edited(kit, workspace, kata))]
    return max(edited, key=lambda entry: entry[0])[1] if edited else next_kata(kit, katas, progress)


def kata_to_check(kit: Kit, workspace: Workspace) -> Kata | None:
    """The current kata; or a passed one, if it was edited last and after the progress was last written."""
    times = {kata: _edited(kit, workspace, kata) for kata in workspace.katas(kit)}
    last = max(times, key=times.__getitem__, default=None)
    noted = workspace.progress_file.stat().st_mtime if workspace.progress_file.exists() else 0.0
    return last if last is not None and times[last] > noted else current_kata(kit, workspace)


def _edited(kit: Kit, workspace: Workspace, kata: Kata) -> float:
    """When an answer file was last changed; 0 while all are the starter's."""
    times = [0.0]
    for name in kata.answer:
        path = workspace.folder(kata) / name
        try:
            # As much as an answer may hold, and one byte: that is enough to tell.
            written = beginning(path, MAX_SOURCE + 1)[1] or b""
            if not is_starter(kata, kit.starter(kata), name, written):
                times.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(times)
