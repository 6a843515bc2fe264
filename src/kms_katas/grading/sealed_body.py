"""What every check of a sealed body asks of it: that it hides its payload, and opens only as it was sealed.

Refuses an answer, with the sentence that teaches. Not for how a body is altered: see tampering.py.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from kms_katas.grading.answer import Answer
from kms_katas.grading.expect import expect, reject
from kms_katas.grading.outcome import AnswerRaised
from kms_katas.grading.show import show
from kms_katas.grading.tampering import digest_in, follows, pieces_again, spelling_of


@dataclass(frozen=True)
class Given:
    """What a function gave back where it should have raised."""

    value: object


def attempt(answer: Answer, function: str, *arguments: Any) -> Given | None:
    """None when the function raises, as it should; else what it gave back."""
    try:
        return Given(answer.call(function, *arguments))
    except AnswerRaised:
        return None


def expect_hidden(body: bytes, payload: bytes, data_key: bytes) -> None:
    """Refuses a body that shows its data key, the first 16 bytes of its payload or a digest of it, in any spelling,
    equal parts of the payload, or by its length that these are there: let the payload have 70,000 equal bytes.
    """
    secrets = [("The plaintext data key", data_key), ("A part of the payload", payload[:16])]
    found = ((name, spelling_of(secret, body, whole=True)) for name, secret in secrets)
    shown = next((f"{name} stands in the body ({spelling})" for name, spelling in found if spelling), None)
    if not shown and (digest := digest_in(payload, body)):
        shown = f"The {digest} digest of the payload stands in the body"
    expect(
        shown is None,
        f"{shown}. The storage is open to others, who need no KMS to read it there.",
        expected="a body that shows neither the payload nor its data key",
        next_step="Encrypt the payload under its data key, and put nothing else of either into the body.",
    )
    expect_no_pattern(body, "the body")
    expect_not_compressed(body, payload)


def expect_no_digest(content: bytes, stored: bytes, what: str) -> None:
    """Refuses what is stored when a digest of `content` stands in it. `what` that is: as "payload"."""
    digest = digest_in(content, stored)
    expect(
        digest is None,
        f"The {digest} digest of the {what} stands in the open. Whoever guesses the {what} can confirm the guess, and "
        "equal ones show.",
        expected=f"no digest of the {what}, unless it is made with a secret key",
        next_step="Let an authenticated cipher, or a MAC under a secret key, notice changes in place of the digest.",
    )


@contextmanager
def pairs_in_another_order(function: str) -> Iterator[None]:
    """Around a call of `function` with the pairs of a context turned round: an exception is refused with its reason."""
    try:
        yield
    except AnswerRaised as raised:
        reject(
            f"`{function}` was given the same pairs in another order, and raised {raised.type}. To KMS that is the "
            "same context, and a dict may come back from storage in any order.",
            expected="the payload: the order of the pairs says nothing",
            next_step="Sort the pairs wherever the context becomes text: `json.dumps(context, sort_keys=True)`.",
            line=raised.frames[-1].line if raised.frames else 0,
        )


def refuse_unread_beginning(what: str) -> NoReturn:
    """For a first byte that was changed, and what was sealed came back. `what` was done, as "`body` was altered"."""
    reject(
        f"{what}, and nothing noticed. What stands at the beginning is covered by no tag, and nothing compares it "
        "with what was written.",
        expected="an exception",
        next_step="Compare a header with the bytes that you put there, or make it associated data.",
    )


def expect_no_pattern(sealed: bytes, what: str, known: bytes = bytes(16)) -> None:
    """Refuses `sealed`, made of many equal bytes, when it repeats itself too. `what` it is: as "the body". A pattern
    that stands in `known` comes from elsewhere: let that be other content, sealed.
    """
    pieces, again = pieces_again(sealed, known)
    # A few may be no fault: a header may hold a run of zero bytes.
    expect(
        again < 5,
        f"Equal parts of the payload came out as equal parts of {what}, so its pattern can be seen. ECB does this, "
        "and so does a key stream that starts anew for each piece.",
        expected=f"no 16 bytes of {what} twice",
        next_step="Use an authenticated cipher, with a nonce that no two pieces under the same key share.",
        actual=f"of {pieces} pieces of {what}, 16 bytes each, {again} stand in it more than once",
    )


def expect_not_compressed(body: bytes, payload: bytes) -> None:
    """Refuses a body that is shorter than its payload: let that repeat itself."""
    expect(
        len(body) >= len(payload),
        "The body is shorter than what was sealed in it. Either a part is missing, or it was compressed: then the "
        "length tells what kind of data that is, for what repeats itself shrinks and what does not stays long.",
        expected=f"at least {len(payload):,} bytes, whatever they hold",
        next_step="Encrypt all of it as it is: do not compress it first.",
        actual=f"{len(body):,} bytes",
    )


def expect_unmarked(messages: tuple[bytes, bytes, bytes], seal_again: Callable[[], bytes], what: str) -> None:
    """Refuses a part of a message that follows from its payload. The messages are as for `follows`; `seal_again` seals
    the payload of the first once more, some times over, for two agree by chance, as where a name is drawn from a few.
    `what` they are: as "body".
    """
    one, size = messages[0], len(messages[0])
    if follows(*messages) is None:
        return
    place = follows(*messages, *(seal_again()[:size].ljust(size) for _ in range(5)))
    if place is None:
        return
    reject(
        f"Bytes {place[0]} to {place[1]} of the {what} are the same whenever this payload is sealed, and others for "
        "another payload. They show which payloads are equal and, where they are made without a key, confirm a guess.",
        expected=f"a {what} in which nothing but its length follows from the payload",
        next_step="Let a new nonce or key change all that is sealed. Leave out a digest or MAC of the payload, a name "
        "made of it, its first bytes: an authenticated cipher brings its own tag.",
        actual=f"{one[place[0] : place[1] + 1][:16].hex()} in hexadecimal",
    )


def shown_in(payload: bytes, message: bytes) -> str | None:
    """What of the payload anybody reads in a message, 8 bytes of it or a digest; or None."""
    if spelling := spelling_of(payload, message, whole=False, least=8):
        return f"part of the payload ({spelling})"
    digest = digest_in(payload, message)
    return f"the {digest} digest of the payload, by which a guess can be confirmed" if digest else None


def entry_of_payload(
    answer: Answer,
    context: Mapping[str, str],
    payloads: tuple[bytes, bytes],
    context_of: Callable[[bytes], Mapping[str, str]],
) -> str | None:
    """Which entry of this context, made for the first of two equally long payloads, follows from that; or None.

    `context_of` has the answer seal a payload and gives that message's context. No call without an entry.
    """
    payload, other = payloads
    names = list(context)
    for round_ in range(4):  # What is drawn from a few values, or takes turns, agrees by chance in one or two.
        if not names:
            return None
        if round_ == 1:
            answer.restart()  # A digest under a key that this process alone had is another one there.
        # The other one first: what a clock or a counter says does not come again after it.
        foreign, again = context_of(other), context_of(payload)
        names = [name for name in names if again.get(name) == context[name] != foreign.get(name)]
    return f"in {show(names[0])} a value made of the payload, by which a guess can be confirmed" if names else None


def expect_new(again: bytes, body: bytes, where: str) -> None:
    """Refuses a body equal to the one that the same payload had before, under the same data key. `where`: as "in the
    same process".
    """
    expect(
        again != body,
        f"One payload was sealed twice under one data key, {where}, and the bodies are equal. Whoever sees both knows "
        "that, and a nonce that comes again breaks the cipher.",
        expected="two bodies that differ",
        next_step="Take a new random nonce in each call, and store it in the body.",
        actual=f"two bodies of {len(again)} bytes, equal byte for byte",
    )


def expect_unrelated(body: bytes, other: bytes, again: bytes, seal_later: Callable[[], bytes]) -> None:
    """Refuses bodies of one payload under one data key, `body`, `again` and, from another process, what `seal_later`
    gives, that are equal, or have in common what `other`, sealed second, of another payload as long, does not have: a
    MAC of the payload, or a cipher without a nonce behind random bytes.
    """
    expect_new(again, body, "in the same process")
    expect_new(seal_later(), body, "after a restart")
    expect_unmarked((body, other, again), seal_later, "body")


def expect_its_data_key(opened: Given | None, payload: bytes) -> None:
    """Refuses what came out of a body while KMS gave back another data key: see data_keys.py."""
    expect(
        opened is None or opened.value != payload,
        "KMS gave back another data key, and the body opened all the same. So it is not sealed under the one that KMS "
        "guards.",
        expected="an exception: the body must not open under a wrong data key",
        next_step="Encrypt under the plaintext data key that KMS gives for the wrapped key, not under anything else.",
    )


def expect_unopened(opened: Given | None, payload: bytes, what: str) -> None:
    """Refuses what came out of an altered body. `what` was done to it, as tampering.py says it.

    A change without effect, in base64 padding for one, may pass: what comes back is still what was sealed.
    """
    if opened is None or opened.value == payload:
        return
    if not opened.value:
        reject(
            f"The body was altered ({what}), and {opened.value!r} came back. The caller takes that for a payload and "
            "goes on; a refusal has to stop it.",
            expected="an exception",
            next_step="Let the error of the cipher through, and refuse a body that is too short to be one.",
        )
    pieces = "piece" in what
    reject(
        f"The body was altered ({what}), and other bytes came back than those that were sealed. "
        + (
            "Nothing says where a piece belongs, or which is the last."
            if pieces
            else "Encryption alone notices no change."
        ),
        expected="an exception",
        next_step="Seal the payload in one piece, or bind its number, and a mark on the last, into each piece."
        if pieces
        else "Use an authenticated cipher over all that the body holds, or a MAC under a secret key.",
    )
