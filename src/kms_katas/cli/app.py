"""The verbs of the `kata` command and their arguments. What each does is in the module that its function imports."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from kms_katas.cli import INTERRUPTED
from kms_katas.cli.dev_verbs import dev
from kms_katas.cli.place import PLACE as _place
from kms_katas.cli.policy.verbs import policy
from kms_katas.cli.study_verbs import exam, quiz, review

app = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
lab = typer.Typer(help="The simulated AWS, for other programs.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(policy, name="policy")
app.add_typer(lab, name="lab")
app.add_typer(dev, name="dev")


OptionalKata = Annotated[
    str | None,
    typer.Argument(
        metavar="[KATA]",
        help="An id (keys/hello), a path to an answer, or a unique part of either. Default: the one you are at.",
    ),
]
Isolation = Annotated[
    Literal["none", "lite", "full"] | None,
    typer.Option(
        "--isolation", help="How far answers are kept away from this machine. Default: the best that works here."
    ),
]
Course = Annotated[
    Path | None,
    typer.Option("--course", metavar="FILE", help="The course.toml that says which katas, with weights and due dates."),
]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="For people or for programs.")]
CheckFormat = StrEnum("CheckFormat", "text json junit gradescope classroom50 exercism github csv html")
GradeFormat = StrEnum(
    "GradeFormat", "text json junit github csv html stats-json stats-csv stats-html course-csv course-json"
)
CheckFormats = Annotated[
    list[CheckFormat] | None,
    typer.Option("--format", help="For people, for programs, or for the service named. Again for one more report."),
]
GradeFormats = Annotated[
    list[GradeFormat] | None,
    typer.Option(
        "--format",
        # All of them in one word would not fit the screen.
        metavar="FORMAT",
        help="text, json, junit, github or csv; html: a page for each answer, in a folder; stats-json, stats-csv or "
        "stats-html: which check stops whom; course-csv or course-json: the totals of a course. Again for one more "
        "report.",
    ),
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        metavar="FILE",
        help="Write the report to FILE; - prints it. With several --format one for each, in the same order.",
    ),
]


def run() -> int:
    """Parse sys.argv and do what it says. The exit status."""
    try:
        status = app(standalone_mode=False)
    except typer.Exit as leave:
        return leave.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        # click's own usage errors carry their status and how to show themselves.
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()
            return int(error.exit_code)
        raise
    if status == INTERRUPTED:
        # typer makes this status of a Ctrl-C, without a word.
        raise KeyboardInterrupt
    return int(status or 0)


@app.callback(invoke_without_command=True)
def kata(
    context: typer.Context,
    kit: Annotated[
        Path | None,
        typer.Option("--kit", metavar="DIR", help="The kit to use: a folder with katas/ and tests/graders/."),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> int:
    """Graded exercises on AWS KMS. Alone: where you stand and what to do next."""
    import kms_katas
    from kms_katas.cli import tour

    _place.kit_option = kit
    if version:
        typer.echo(f"kms-katas {kms_katas.__version__}")
        raise typer.Exit(0)
    if context.invoked_subcommand is None:
        raise typer.Exit(tour.where_you_stand(_place))
    return 0


@app.command()
def start() -> int:
    """Make a workspace, grade its first starter, say what is next."""
    from kms_katas.cli import tour

    return tour.start(_place)


@app.command()
def init(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Where to put it. Default: the workspace you are in, else my-katas."),
    ] = None,
    path: Annotated[
        str | None, typer.Option("--path", metavar="PATH", help="Only the katas of a path, such as workshop-90.")
    ] = None,
    begin_at: Annotated[
        str | None,
        typer.Option("--from", metavar="KATA", help="Begin here: earlier katas of the path get their answers."),
    ] = None,
    course: Course = None,
) -> int:
    """Make a workspace, or add new katas to one. Never touches a file of yours that is there.

    With --from it fills in starters, never an answer that was edited. With --course it is for learners of that
    course: its katas alone, with their due dates, without its private checks.
    """
    from kms_katas.cli import tour

    return tour.init(_place, folder, path, begin_at, course)


@app.command("list")
def list_katas(
    track: Annotated[str | None, typer.Option("--track", metavar="T", help="Only this track, such as keys.")] = None,
    level: Annotated[int | None, typer.Option("--level", metavar="N", help="Only this level, 1 to 4.")] = None,
    exam: Annotated[
        str | None, typer.Option("--exam", metavar="E", help="Only what serves this exam, such as SCS-C03.")
    ] = None,
    pending: Annotated[bool, typer.Option("--pending", help="Only what you have not passed.")] = False,
    format: Format = "text",
) -> int:
    """Show the katas and which of them you have passed."""
    from kms_katas.cli import read

    return read.list_katas(_place, track, level, exam, pending, format)


@app.command()
def brief(kata: OptionalKata = None) -> int:
    """Show what a kata asks for."""
    from kms_katas.cli import read

    return read.brief(_place, kata)


@app.command()
def check(
    katas: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KATA]...", help="Ids, paths or unique parts. Default: the one you edited last."),
    ] = None,
    all_katas: Annotated[bool, typer.Option("--all", help="Check every kata.")] = False,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="DIR",
            help="Check the answers in DIR: solutions, katas, or any folder shaped like katas/.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", min=0, help="Repeat a run with the same random values.")
    ] = None,
    format: CheckFormats = None,
    output: Outputs = None,
    isolation: Isolation = None,
) -> int:
    """Grade your answers. Exit status 0 when all passed, 1 when not."""
    from kms_katas.cli import check as checking

    return checking.check(_place, tuple(katas or ()), all_katas, answers, seed, format or (), output or (), isolation)


@app.command()
def grade(
    submissions: Annotated[
        Path,
        typer.Argument(
            metavar="SUBMISSIONS",
            help="A folder with a folder or a zip for each learner, shaped like katas/; or a zip of that.",
        ),
    ],
    kata: Annotated[
        str | None, typer.Option("--kata", metavar="KATA", help="Only this kata; a learner's folder may be its answer.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", min=1, help="How many at a time. Default: one for each core.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", min=0, help="Repeat a run with the same random values.")
    ] = None,
    format: GradeFormats = None,
    output: Outputs = None,
    isolation: Isolation = None,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results",
            metavar="FILE",
            help="Where verdicts are kept as they come. Default: SUBMISSIONS.kata-results.sqlite, beside them.",
        ),
    ] = None,
    only_changed: Annotated[
        bool, typer.Option("--only-changed", help="Grade what has no verdict there since it, or its checks, changed.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="OLD.json", help="List what is other than in an earlier --format json."),
    ] = None,
    course: Course = None,
    submitted: Annotated[
        Path | None,
        typer.Option("--submitted", metavar="FILE", help="When who handed in: CSV, `name,submitted`, with UTC offset."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="ADDRESS", help="Grade on the workers of this Dask scheduler, not here."),
    ] = None,
) -> int:
    """Grade the answers of many. Refuses to where they cannot be closed off, unless --isolation none says so."""
    from kms_katas.cli import grade as grading

    return grading.grade(
        *(_place, submissions, kata, jobs, seed, format or (), output or (), isolation),
        *(results, only_changed, against, course, submitted, cluster),
    )


@app.command()
def watch(kata: OptionalKata = None, isolation: Isolation = None) -> int:
    """Check an answer each time it is saved. One key for a hint, the next kata, the list."""
    from kms_katas.cli import watch as watching

    return watching.watch(_place, kata, isolation)


@app.command()
def hint(
    kata: OptionalKata = None,
    task: Annotated[int | None, typer.Option("--task", metavar="N", help="The task you are stuck on.")] = None,
) -> int:
    """Show the next hint; call again for a more direct one."""
    from kms_katas.cli import read

    return read.hint(_place, kata, task)


@app.command()
def solution(
    kata: OptionalKata = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Show it before you have passed; your progress file notes that.")
    ] = False,
) -> int:
    """Show the reference answer, once you have passed."""
    from kms_katas.cli import read

    return read.solution(_place, kata, anyway)


@app.command()
def reset(
    kata: OptionalKata = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Put the starter back; a copy of your answer is kept."""
    from kms_katas.cli import tour

    return tour.reset_answer(_place, kata, yes)


@app.command()
def notebook(
    kata: Annotated[str, typer.Argument(metavar="KATA", help="An id (keys/hello), or a unique part of one.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Where to write it. Default: answer.ipynb beside your answer."),
    ] = None,
    nbgrader: Annotated[
        bool, typer.Option("--nbgrader", help="Made of the starter, with the cell metadata of nbgrader.")
    ] = False,
) -> int:
    """Make a kata's notebook.

    It holds the brief, your answer, the hints and a cell that grades. One that is there and was changed stays.
    """
    from kms_katas.cli import notebook as writing

    return writing.make(_place, kata, output, nbgrader)


@app.command("try")
def try_it(kata: OptionalKata = None) -> int:
    """Open a Python prompt with a lab, a client and your answer."""
    from kms_katas.cli import prompt

    return prompt.prompt(_place, kata)


@app.command()
def doctor(format: Format = "text") -> int:
    """Look at what this machine has of what the kit needs."""
    from kms_katas.cli import doctor as examining

    return examining.doctor(_place, format)


for _verb in (quiz, exam, review):
    app.command()(_verb)


@lab.command("serve")
def lab_serve(
    user: Annotated[
        list[str] | None,
        typer.Option("--user", metavar="[ACCOUNT/]NAME", help="Also a user with no permissions of its own. Repeat."),
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The IP address to listen at.")] = "127.0.0.1",
    others_may_connect: Annotated[
        bool,
        typer.Option(
            "--others-may-connect",
            help="Allow a --host that other machines reach. What they send can be read on the way: it is plain HTTP.",
        ),
    ] = False,
    port: Annotated[
        int,
        typer.Option("--port", metavar="N", min=0, max=65535, show_default=False, help="Default: one that is free."),
    ] = 0,
    region: Annotated[
        str, typer.Option("--region", metavar="R", help="The Region that the printed lines set.")
    ] = "us-east-1",
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", min=0, help="The same credentials each time, and IDs as far as calls go."),
    ] = None,
    format: Format = "text",
) -> int:
    """Serve the lab to the AWS CLI and to any AWS SDK, until Ctrl-C.

    Prints the lines to paste for the administrator of each account, 111122223333 and 444455556666, and for each --user.
    """
    from kms_katas.cli import lab as serving

    return serving.serve(user or [], host, others_may_connect, port, region, seed, format)
