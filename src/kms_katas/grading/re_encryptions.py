"""What the requests of an answer that re-encrypts, or looks by a dry run, say of its mistake. Not for its results: a
check compares them with what the lab knows.
"""

from collections.abc import Iterable

from kms_katas.grading.expect import expect
from kms_katas.lab import Call


def expect_no_second_way(calls: Iterable[Call]) -> None:
    """Refuses, among the calls of a `move` of which KMS refused some, what asks for a plaintext or lets any key open:
    neither shows in the result where it was refused as well.

    A dry run does neither. And where one said that the old key opens an item, no other key opens that one after it.
    """
    known = set[bytes]()
    for call in calls:
        given = call.parameters
        if given.get("DryRun"):
            if given.get("SourceKeyId") and call.error_code == "DryRunOperationException":
                known.add(given["CiphertextBlob"])
            continue
        plain = call.operation in ("Decrypt", "Encrypt", "GenerateDataKey")
        pinned = given.get("SourceKeyId") or given.get("CiphertextBlob") in known
        loose = call.operation == "ReEncrypt" and not pinned
        expect(
            not plain and not loose,
            f"KMS refused some items, and `move` asked for {call.operation}. Wherever a policy allows that, data keys "
            "leave KMS in plaintext."
            if plain
            else "KMS refused some items, and a request of `move` does not say which key has to open. Then KMS opens "
            "with any that lets you, and a stranger's item becomes one of yours.",
            expected="ReEncrypt with the old key as its source, and no second way",
            next_step="Name the old key in each request. Report what KMS refuses, and go on.",
        )


def next_look(asked: Call | None, place: str) -> str:
    """What to do next, for who asked KMS in this way and should have put the item into `place`."""
    given = asked.parameters if asked else {}
    if asked and asked.operation == "Decrypt":
        return "Your role may not call Decrypt. Ask by the operation with which `move` works."
    if "IGNORE_CIPHERTEXT" in given.get("DryRunModifiers", ()):
        return "With IGNORE_CIPHERTEXT KMS says whether you may use the key, not whether it protects this item."
    for name, what in (("SourceKeyId", "which key has to open"), ("SourceEncryptionContext", "the item's context")):
        if asked and asked.operation == "ReEncrypt" and name not in given:
            return f"Tell KMS, in the request for each item, {what}."
    if place == "unknown":
        return "One error of KMS means yes, and one means no. Put the items of all others into `unknown`."
    if place == "yes" and given.get("DryRun"):
        return "What only checks always ends with an error. Look for the code that says: it would have succeeded."
    return "Give KMS wrapped key, context and the key that has to open, and look at the code of the error that comes."
