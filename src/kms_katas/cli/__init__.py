"""The `kata` command: arguments and screens only. main() turns every failure into one sentence and an exit status."""

import codecs
import os
import shutil
import sys
import textwrap

PASSED, NOT_PASSED, USED_WRONGLY, KIT_FAILED, INTERRUPTED = 0, 1, 2, 3, 130


def main() -> None:
    """Run the command line in sys.argv and exit.

    Status 0: all passed; 1: something did not; 2: used wrongly; 3: the kit itself failed; 130: stopped by Ctrl-C.
    """
    codecs.register_error("kms-katas", _stand_in)
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="kms-katas")  # type: ignore[union-attr]
    try:
        status = _run()
        # Here, not at the interpreter's end, where nobody could catch a reader that left.
        sys.stdout.flush()
        sys.exit(status)
    except KeyboardInterrupt:
        print("\nStopped. Nothing is lost.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(NOT_PASSED)


def on_github() -> bool:
    """Whether what is printed becomes the log of a GitHub Actions step, whose runner obeys some lines.

    Here, where no package is needed: a sentence about a missing one must come out too.
    """
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _run() -> int:
    try:
        from kms_katas.cli.app import run
    except ImportError as error:
        again = "Install kms-katas again; in a clone, delete the folder .venv and start kata.py"
        return _fail(f"A package that the kit needs is missing or broken: {error}. {again}.", KIT_FAILED)
    from kms_katas.grading.outcome import Infra
    from kms_katas.kit import KataError, KitError
    from kms_katas.study.progress import ProgressError
    from kms_katas.study.workspace import WorkspaceError

    try:
        return run()
    except (KitError, ProgressError, WorkspaceError) as error:
        return _fail(str(error), USED_WRONGLY)
    except KataError as error:
        return _fail(f"{error} `kata dev check` lists every fault of the kit's content.", KIT_FAILED)
    except Infra as error:
        return _fail(f"The kit itself failed, your answer was not judged: {error}.", KIT_FAILED)
    except Exception as error:
        if os.environ.get("KATA_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}"
        return _fail(
            f"The kit itself failed, your answer was not judged: {what}. Run it again with KATA_DEBUG=1 to see where.",
            KIT_FAILED,
        )


def _open_closed_streams() -> None:
    """For a caller that closed one (`>&-`): else the next file or socket takes its number, and is printed into."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode)  # noqa: SIM115  (for as long as this runs)
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """For a terminal that cannot show a character: a pass must still look other than a fail, and nothing breaks."""
    assert isinstance(error, UnicodeEncodeError)
    stand_ins = {"✓": "+", "✗": "x", "→": "->", "…": "...", "·": ".", "•": "*"}
    return "".join(stand_ins.get(character, "?") for character in error.object[error.start : error.end]), error.end


def complain(words: str) -> None:
    """On standard error: wrapped between words for a terminal, else as it is. What others wrote moves no cursor."""
    from kms_katas.reports.github import for_log
    from kms_katas.reports.public import safe

    words = safe(words)
    if on_github():
        words = for_log(words)
    elif sys.stderr.isatty():
        wide, lines = shutil.get_terminal_size().columns, words.split("\n")
        words = "\n".join(textwrap.fill(line, wide, break_long_words=False, break_on_hyphens=False) for line in lines)
    print(words, file=sys.stderr)


def _fail(sentence: str, status: int) -> int:
    # Rooms below do not know by which words the kit was called; whoever reads this is to type them.
    complain(sentence.replace("`kata ", f"`{os.environ.get('KATA_COMMAND', 'kata')} "))
    return status
