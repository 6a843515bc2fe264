"""What is wrong with the encryption context of a request to KMS, in words for a learner. Not for judging: a check does,
and it alone knows which pairs were promised.
"""

from collections.abc import Mapping
from unicodedata import normalize


def fault_of_context(
    context: Mapping[str, str] | None, wanted: Mapping[str, str], operation: str
) -> tuple[str, str] | None:
    """Two sentences on why `context` lacks a pair of `wanted`, and one next step; None when it holds them all.

    Other pairs in it are no fault here. `operation` is such as "Decrypt".
    """
    lacking = [name for name in wanted if name not in (context or {})]
    if not context and wanted:
        if operation == "Decrypt":
            why = "KMS keeps none for you: what was bound must come again, the same to the letter."
        else:
            why = "KMS then opens this data key whoever it was made for, and the log names nobody."
        step = "Look among the parameters of this operation for the one that takes pairs, and give it all of them."
        return f"{operation} carried no context. {why}", step
    if lacking:
        return (
            f"{operation} carried a context without the pair `{lacking[0]}`. A policy that asks for it finds nothing; "
            "capital and small letters differ in its name too.",
            "Name the pairs exactly " + " and ".join(f"`{name}`" for name in wanted) + ".",
        )
    for name, value in wanted.items():
        got = str((context or {})[name])
        if got == value:
            continue
        if got.casefold() == value.casefold():
            why = "Values that differ in capital letters only are two to KMS: here they become one."
        elif got.strip() == value.strip():
            why = "A space more or less makes it another value to KMS."
        elif normalize("NFC", got) == normalize("NFC", value):
            why = "An accent written in another way makes it another value to KMS, though both look alike."
        elif _plain(got) == _plain(value):
            why = "Capital letters, spaces and accents written in another way make it another value to KMS."
        elif got in wanted.values():
            why = "It carries the value of another pair."
        else:
            why = "KMS binds what it gets: a constant, or a part, lets others in, and what is added stands in the log."
        return f"The pair `{name}` has another value than the one given. {why}", f"Pass `{name}` on as you get it."
    return None


def _plain(text: str) -> str:
    return normalize("NFC", text).casefold().strip()
