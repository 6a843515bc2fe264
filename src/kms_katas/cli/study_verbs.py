"""`kata quiz`, `exam` and `review`: their arguments. What each does is in the module that its function imports."""

from typing import Annotated, Literal

import typer

from kms_katas.cli.place import PLACE as _place

Format = Annotated[Literal["text", "json"], typer.Option("--format", help="For people or for programs.")]


def quiz(
    topic: Annotated[
        str | None, typer.Argument(metavar="[TOPIC]", help="A topic, such as rotation, or the id of one question.")
    ] = None,
    exam: Annotated[
        str | None, typer.Option("--exam", metavar="E", help="Only what serves this exam, such as scs-c03.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", min=1, help="How many to ask. Default: 10.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", min=0, help="The same questions and options each time, for answers in a file."
        ),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show the questions that there are; ask none.")] = False,
    format: Annotated[
        Literal["text", "json", "csv"], typer.Option("--format", help="Of the list: for people, programs or tables.")
    ] = "text",
) -> int:
    """Answer questions; each is explained at once."""
    from kms_katas.cli import quiz as asking

    return asking.quiz(_place, topic, exam, count, seed, listing, format)


def exam(
    exam: Annotated[
        str | None,
        typer.Argument(metavar="[EXAM]", help="A code such as scs-c03; or the id of one that you sat."),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", min=1, max=999, help="How many questions. Default: 20.")
    ] = None,
    minutes: Annotated[
        int | None,
        typer.Option(
            "--minutes", metavar="N", min=1, max=9999, help="How long. Default: as long a question as the exam gives."
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Show the last one that is over, with why each answer is right or wrong.")
    ] = False,
    format: Format = "text",
) -> int:
    """Sit the KMS part of an exam, by its weights and against the clock.

    One that was left, or that a crash ended, goes on where it was. Without EXAM: those there are, and those you sat.
    """
    from kms_katas.cli.exam import exam as sit

    return sit(_place, exam, count, minutes, show, format)


def review(
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", min=1, help="No more questions than this.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show what is due; ask nothing.")] = False,
    format: Format = "text",
) -> int:
    """Go over what you would soon forget: questions here, katas by the command to type."""
    from kms_katas.cli import review as reviewing

    return reviewing.review(_place, count, listing, format)
