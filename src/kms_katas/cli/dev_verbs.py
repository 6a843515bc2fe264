"""`kata dev`: its verbs and their arguments. What each does is in the module that its function imports."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from kms_katas.cli.place import PLACE as _place

dev = typer.Typer(help="For authors of katas.", no_args_is_help=True, rich_markup_mode=None)

Platform = StrEnum("Platform", "linux-x86_64 linux-aarch64 macos-arm64 macos-x86_64 windows-x86_64")


@dev.command("new")
def dev_new(
    kata: Annotated[str, typer.Argument(metavar="TRACK/NAME", help="The new kata's id, such as keys/hello.")],
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Default: made from the name.")] = "",
    level: Annotated[int, typer.Option("--level", metavar="N", min=1, max=4, help="1 to 4.")] = 1,
    answer: Annotated[
        Literal["py", "json", "toml"],
        typer.Option("--answer", help="Whether learners write code, write policies, or fill in a table."),
    ] = "py",
) -> int:
    """Make the files of a kata, with a TODO for each thing to write."""
    from kms_katas.cli import author

    return author.new(_place, kata, title, level, answer)


@dev.command("check")
def dev_check(
    kata: Annotated[
        str | None,
        typer.Argument(metavar="[KATA]", help="An id, or a unique part of one. Default: all.", show_default=False),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", metavar="N", min=1, help="Random seeds to try each answer on.")] = 5,
    unchanged_seeds: Annotated[
        int | None,
        typer.Option(
            "--unchanged-seeds",
            metavar="N",
            min=1,
            help="Seeds for katas that are as they were when solutions/checked.json was written. [default: as --seeds]",
        ),
    ] = None,
) -> int:
    """Prove that the content is in order, and note in solutions/checked.json what was tried on 5 seeds or more.

    Starters fail, right answers pass, each wrong one fails the check that it names.
    """
    from kms_katas.cli import author

    return author.check(_place, kata, seeds, unchanged_seeds)


@dev.command("sheet")
def dev_sheet(
    kata: Annotated[
        str | None, typer.Argument(metavar="[KATA]", help="An id, or a unique part of one.", show_default=False)
    ] = None,
    path: Annotated[str | None, typer.Option("--path", metavar="PATH", help="All katas of a path, in order.")] = None,
    format: Annotated[Literal["md", "html"], typer.Option("--format", help="html prints well.")] = "md",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write it to FILE, outside of what learners read.")
    ] = None,
) -> int:
    """What a facilitator says: what people will write, what helps, what to ask."""
    from kms_katas.cli import facilitator

    return facilitator.sheet(_place, kata, path, format, output)


@dev.command("bundle")
def dev_bundle(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where to put them. Default: wheels, beside kata.py.")
    ] = None,
    platform: Annotated[
        list[Platform] | None,
        typer.Option("--platform", metavar="P", help="A system of the room, such as windows-x86_64. Repeat."),
    ] = None,
    python: Annotated[
        list[str] | None, typer.Option("--python", metavar="V", help="A Python of the room, such as 3.13. Repeat.")
    ] = None,
) -> int:
    """Fetch all wheels that a set-up needs, for rooms without a network.

    Without options for Python 3.11 to 3.14 on Linux, macOS and Windows. Each file must be the one that uv.lock names.
    """
    from kms_katas.cli import bundle as bundling

    return bundling.bundle(_place, folder, platform or (), python or ())


@dev.command("export")
def dev_export(
    where: Annotated[
        Path, typer.Argument(metavar="FOLDER_OR_FILE", help="A file, or a folder for kms-questions.zip, .apkg or .csv.")
    ],
    format: Annotated[
        Literal["qti", "anki", "csv"],
        typer.Option("--format", help="For learning platforms (QTI 2.1), for Anki, or for spreadsheets."),
    ],
    topic: Annotated[
        str | None, typer.Option("--topic", metavar="T", help="Questions of this topic only, such as rotation.")
    ] = None,
    exam: Annotated[
        str | None, typer.Option("--exam", metavar="E", help="Questions for this exam only, such as scs-c03.")
    ] = None,
) -> int:
    """Write the bank of questions for another program, with what is right and why.

    The same questions give the same file, byte for byte. A file that is there is replaced.
    """
    from kms_katas.cli import exporting

    return exporting.export(_place, where, format, topic, exam)
