"""What a learner's workspace holds of a course: course.toml, and starters of its own katas. Never checks or answers."""

import shutil
from pathlib import Path

from kms_katas.kit import Kit
from kms_katas.kit.course import NAME, CourseKit, by_home, course_kit, for_learners
from kms_katas.kit.kata import ROWS
from kms_katas.study.workspace import Workspace, WorkspaceError, write_whole

OWN = ".course"
"""Below it, a folder for each `extra` of the course. It is made anew each time; nothing of a learner's lies in it."""


def kit_of(workspace: Workspace, whole: Kit) -> Kit:
    """The course that a workspace is of, on the kit `whole`; that kit where it is of none. Raises KitError.

    A workspace is a learner's: what calls itself a check there is not for a grader to run.
    """
    course = workspace.root / NAME
    return course_kit(course, whole, own_checks=False) if course.is_file() else whole


def refuse_workspace_in(kit: CourseKit, root: Path) -> None:
    """Raises WorkspaceError where a workspace would take the place of the course itself, or lie among its checks."""
    place = root.resolve()
    own = [home.root for _, home in kit.homes if home.root != kit.root]
    if place == kit.path.parent.resolve() or any(map(place.is_relative_to, own)):
        raise WorkspaceError(
            f"{root} belongs to the course itself, and a workspace is what you give to learners. "
            "Give `kata init` another folder."
        )


def put_course(kit: CourseKit, root: Path) -> None:
    """Write what learners get of the course into the workspace at `root`. Raises WorkspaceError."""
    folders: dict[Path, str] = {}
    try:
        if (root / OWN).exists():
            shutil.rmtree(root / OWN)
        for home, katas in by_home(kit, kit.katas):
            if home.root == kit.root:
                continue
            folders[home.root] = f"{OWN}/{len(folders) + 1}"
            for kata in katas:
                target = root / folders[home.root] / "katas" / kata.folder
                target.mkdir(parents=True)
                for name in ("kata.toml", "README.md", *kata.answer, *((ROWS,) if kata.rows else ())):
                    write_whole((home.starter(kata) / name).read_bytes(), target / name)
        write_whole(for_learners(kit, folders).as_toml().encode(), root / NAME)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise WorkspaceError(
            f"What belongs to the course could not be put into {root}: {error.strerror or error}{where}. "
            "Mend that, then type the same line again."
        ) from error
