"""Katas in notebooks. In one, `grade` is all there is to call; nothing is imported before it is needed."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kms_katas.notebook.kernel import Graded


def grade(kata: str, *, seed: int | None = None, kit: str | None = None) -> "Graded":
    """Grade the answer cells of `kata` as they were run last in this kernel, and show the verdict.

    `seed` repeats the random values of another run, `kit` is the folder of another kit. Raises nothing: what cannot be
    graded is told in a sentence.
    """
    from kms_katas.notebook.kernel import grade_here

    return grade_here(kata, seed, kit)


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext kms_katas.notebook`: cells that hold a document can be run."""
    from kms_katas.notebook.kernel import keep_document

    ipython.register_magic_function(keep_document, "cell", "kata")
