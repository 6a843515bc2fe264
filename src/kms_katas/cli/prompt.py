"""`kata try`: a Python prompt in a kata's lab, with its clients and the learner's own functions. Nothing is graded."""

import code
import contextlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from kms_katas.cli import PASSED, screen
from kms_katas.cli.place import Place, current_kata
from kms_katas.grading.answer import Answer
from kms_katas.grading.environment import answer_environment, environment_of
from kms_katas.grading.in_force import put_in_force
from kms_katas.grading.lane import grade_in_lane
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.runner import best_runner, how_to_install, lacking
from kms_katas.grading.source import read_source
from kms_katas.kit import Kata, Kit, KitError
from kms_katas.lab import Lab, Principal
from kms_katas.lab.accounts import Role
from kms_katas.policy import explain


def prompt(place: Place, word: str | None) -> int:
    """Until the learner leaves it."""
    kit, workspace = place.kit, place.need_workspace()
    kata = place.find(word) if word else current_kata(kit, workspace)
    if kata is None:
        raise KitError("Every kata is passed: say which one to try.")
    folder = workspace.folder(kata)
    in_lab_of(
        kit,
        kata,
        lambda answer, names: _converse(kata, lambda: _add_answer(kata, folder, answer, names), answer, names),
        folder,
    )
    return PASSED


def in_lab_of(kit: Kit, kata: Kata, body: Callable[[Answer, dict[str, Any]], None], folder: Path | None = None) -> None:
    """Call `body` in the lab of a kata's checks, with the names that the prompt begins with.

    Its answer is the one in `folder`, else the starter; no policy of the answer is in force yet.
    """
    if package := lacking(kata):
        raise KitError(f"{kata.id} needs {package}, which is not installed here. {how_to_install(package)}")
    if not kit.has_checks(kata):
        raise KitError(f"{kata.id} cannot be tried: the lab of its checks is not here, but with your course.")
    runner = best_runner(hidden=kit.private)
    try:
        grade_in_lane(
            kit,
            (kata,),
            runner,
            lambda lane: lane.in_scene(
                kata, lambda answer, fixtures: body(answer, _names(kata, answer, fixtures)), folder
            ),
        )
    finally:
        runner.close()


def _names(kata: Kata, answer: Answer, fixtures: Mapping[str, Any]) -> dict[str, Any]:
    """The lab, the clients of whom the answer acts as, an administrator's, the kata's key, and its own people."""
    lab = answer.lab
    # Whom the answer acts as has a name of its own where the kata gives one.
    fixtures = {name: fixture for name, fixture in fixtures.items() if name != "learner"}
    people = {name: fixture for name, fixture in fixtures.items() if isinstance(fixture, (Principal, Role))}
    return people | {
        "lab": lab,
        **{service: answer.learner.client(service) for service in _services(kata)},
        "admin": lab.home.admin.client("kms"),
        "key_id": fixtures.get("key") or lab.home.create_key(),
    }


def _services(kata: Kata) -> list[str]:
    """Whose clients are names of the prompt. KMS always: checks of documents need no client, learners do."""
    return sorted({"kms", *kata.services})


def _converse(kata: Kata, begin: Callable[[], None], answer: Answer, names: dict[str, Any]) -> None:
    console = screen.console()
    learner = answer.learner
    # typer's own hook would show the inside of Python's prompt with each slip of the learner's.
    sys.excepthook = sys.__excepthook__
    clients = " and ".join(_services(kata))
    are = "are clients" if " " in clients else "is a client"
    console.print(f"The lab of this kata: {clients} {are} of {learner.arn}, whom your answer acts as;", highlight=False)
    console.print("admin is one of an administrator, key_id a KMS key, lab the lab itself.", highlight=False)
    console.print("After a denial, why() explains it.", highlight=False)
    with answer_environment(environment_of(learner, answer.lab.region)):
        begin()
        names.setdefault("why", lambda: _explain_last(answer.lab))
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  (gives the prompt a history and arrow keys)
        banner = "Leave with exit() or Ctrl-D. Nothing here is graded, nothing leaves this machine."
        with contextlib.suppress(SystemExit):
            code.interact(banner=banner, local=names, exitmsg="")


def _explain_last(lab: Lab) -> None:
    """Print why the call was denied whose error Python showed last."""
    error = getattr(sys, "last_value", None)
    try:
        lines = explain(lab.explain(error)) if isinstance(error, ClientError) else ("No call was denied yet.",)
    except LookupError as other:
        lines = (str(other),)
    screen.console().print("\n".join(lines), markup=False, highlight=False)


def _add_answer(kata: Kata, folder: Path, answer: Answer, names: dict[str, Any]) -> None:
    """Put the answer's policies in force, then add what its code defines."""
    if kata.has_documents:
        _put_in_force(answer, names)
    for name in kata.answer:
        if name.endswith(".py"):
            _define(folder / name, names)


def _define(path: Path, names: dict[str, Any]) -> None:
    """Add what the learner's code defines."""
    console = screen.console()
    try:
        functions: dict[str, object] = {"__name__": "answer", "__file__": str(path)}
        exec(compile(read_source(path), str(path), "exec"), functions)
        names |= {name: value for name, value in functions.items() if not name.startswith("__")}
        console.print(f"And what {path.name} defines. It is not read again: leave and come back after a change.")
    except AnswerUnusable as error:
        console.print(f"Without your answer: {error.message}", markup=False)
    except (Exception, SystemExit) as error:
        console.print(f"Without your answer: {path.name} stops with {type(error).__name__}: {error}", markup=False)


def _put_in_force(answer: Answer, names: dict[str, Any]) -> None:
    """Put the learner's policies where they count, and say which people there are to try them."""
    console = screen.console()
    for name, value in names.items():
        if isinstance(value, (Principal, Role)):
            session = ".session('try')" if isinstance(value, Role) else ""
            told = f"{name} is {value.arn}; {name}{session}.client('kms') is a client."
            console.print(told, markup=False, highlight=False)
    policies = list(put_in_force(answer, names["key_id"], names.get("keeper")))
    for name, refused in policies:
        told = f"Without {name}: {refused.message}" if refused else f"In force: {name}, as it was just now."
        console.print(told, markup=False, highlight=False)
    if policies:
        console.print("Policies are not read again: leave and come back after a change.")
