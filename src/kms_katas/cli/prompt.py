"""`kata try`: a Python prompt in a lab, with a KMS client and the learner's own functions. Nothing here is graded."""

import code
import contextlib
import sys

from kms_katas.cli import PASSED, screen
from kms_katas.cli.place import Place, current_kata
from kms_katas.grading.environment import answer_environment, environment_of
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import read_source
from kms_katas.kit import KitError
from kms_katas.lab import Lab


def prompt(place: Place, word: str | None) -> int:
    """Until the learner leaves it."""
    kit, workspace = place.kit, place.need_workspace()
    kata = place.find(word) if word else current_kata(kit, workspace)
    if kata is None:
        raise KitError("Every kata is passed: say which one to try.")
    path = workspace.answer(kata)
    console = screen.console()
    with Lab() as lab, answer_environment(environment_of(lab.home.admin, lab.region)):
        learner = lab.home.admin
        # typer's own hook would show the inside of Python's prompt with each slip of the learner's.
        sys.excepthook = sys.__excepthook__
        kms = learner.client("kms")
        names = {
            "lab": lab,
            "kms": kms,
            "key_id": kms.create_key(Description="for trying things")["KeyMetadata"]["KeyId"],
        }
        console.print(
            f"A lab of your own: lab, kms (a client of {learner.arn}), key_id (a KMS key in it).", highlight=False
        )
        try:
            functions: dict[str, object] = {"__name__": "answer", "__file__": str(path)}
            exec(compile(read_source(path), str(path), "exec"), functions)
            names |= {name: value for name, value in functions.items() if not name.startswith("__")}
            console.print(f"And what {path.name} defines. It is not read again: leave and come back after a change.")
        except AnswerUnusable as error:
            console.print(f"Without your answer: {error.message}", markup=False)
        except (Exception, SystemExit) as error:
            console.print(f"Without your answer: {path.name} stops with {type(error).__name__}: {error}", markup=False)
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  (gives the prompt a history and arrow keys)
        code.interact(
            banner="Leave with exit() or Ctrl-D. Nothing here is graded, nothing leaves this machine.",
            local=names,
            exitmsg="",
        )
    return PASSED
