"""What a sealed body may show, and what may come out of one that was altered."""

import base64
import hashlib
import itertools
import os
from types import SimpleNamespace
from typing import Any

import pytest

from kms_katas.grading.expect import Rejected
from kms_katas.grading.outcome import AnswerRaised
from kms_katas.grading.sealed_body import (
    Given,
    entry_of_payload,
    expect_hidden,
    expect_its_data_key,
    expect_new,
    expect_no_digest,
    expect_unmarked,
    expect_unopened,
    expect_unrelated,
    pairs_in_another_order,
    refuse_unread_beginning,
)

PAYLOAD = os.urandom(64) + bytes(70_000)
DATA_KEY = os.urandom(32)


def test_a_body_without_pattern_hides_its_payload() -> None:
    expect_hidden(os.urandom(len(PAYLOAD)), PAYLOAD, DATA_KEY)
    expect_hidden(bytes(60) + os.urandom(len(PAYLOAD)), PAYLOAD, DATA_KEY)  # a header of zero bytes is no pattern
    expect_hidden(os.urandom(3), os.urandom(3), DATA_KEY)


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (DATA_KEY, "The plaintext data key"),
        (base64.b64encode(b"x" + DATA_KEY), "The plaintext data key"),
        (PAYLOAD[:16].hex().encode(), "A part of the payload"),
        (hashlib.sha256(PAYLOAD).digest(), "The sha256 digest"),
        (os.urandom(16) * 5_000, "Equal parts"),
    ],
    ids=["data key", "data key in base64", "payload", "digest", "pattern"],
)
def test_a_body_that_shows_something_is_refused_by_what_it_shows(shown: bytes, told: str) -> None:
    with pytest.raises(Rejected, match=told):
        expect_hidden(shown + os.urandom(500), PAYLOAD, DATA_KEY)


def test_a_body_that_was_compressed_is_refused() -> None:
    with pytest.raises(Rejected, match="shorter than what was sealed in it"):
        expect_hidden(os.urandom(len(PAYLOAD) - 1), PAYLOAD, DATA_KEY)


def test_a_mark_of_the_payload_is_refused_by_its_place() -> None:
    mark, other = b"\0abcde\0", b"\1vwxyz\1"
    one, foreign, again = (each + os.urandom(90) for each in (mark, other, mark))
    with pytest.raises(Rejected, match=r"Bytes 0 to [678] of"):
        expect_unmarked((one, foreign, again), lambda: mark + os.urandom(90), "message")
    expect_unmarked((one, foreign, again), lambda: os.urandom(97), "message")  # so they agreed by chance
    expect_unmarked((one, foreign, os.urandom(97)), lambda: pytest.fail("not asked for"), "message")
    drawn = itertools.cycle([mark, mark, other])  # from two names: it comes again and again, and is not always the same
    expect_unmarked((one, foreign, again), lambda: next(drawn) + os.urandom(90), "message")


class Restarted:
    """An answer of which only the restarts count."""

    times = 0

    def restart(self) -> None:
        self.times += 1


def test_an_entry_made_of_the_payload_is_named_and_no_other() -> None:
    payloads, count = (os.urandom(40), os.urandom(40)), iter(range(100))
    answer: Any = Restarted()
    process = os.urandom(8)

    def context(payload: bytes) -> dict[str, str]:
        keyed = hashlib.sha256(process + bytes([answer.times]) + payload).hexdigest()
        return {"n": str(next(count)), "kind": "report", "bytes": str(len(payload)), "keyed": keyed}

    assert entry_of_payload(answer, {}, payloads, pytest.fail) is None
    assert entry_of_payload(answer, context(payloads[0]), payloads, context) is None
    assert answer.times == 1

    def short(payload: bytes) -> dict[str, str]:
        return {**context(payload), "id": hashlib.sha256(payload).hexdigest()[:6]}

    assert "'id'" in str(entry_of_payload(answer, short(payloads[0]), payloads, short))


@pytest.mark.parametrize(("before", "after"), [("aba", "aba"), ("aba", "babb")], ids=["takes turns", "drawn from two"])
def test_an_entry_that_only_seems_to_follow_from_the_payload_is_not_named(before: str, after: str) -> None:
    values = [iter(before)]
    answer: Any = SimpleNamespace(restart=lambda: values.append(iter(after)))

    def context(payload: bytes) -> dict[str, str]:
        return {"slot": next(values[-1])}

    assert entry_of_payload(answer, context(b"one"), (b"one", b"two"), context) is None


def test_a_payload_that_comes_again_needs_a_new_body() -> None:
    body = os.urandom(30)
    expect_new(os.urandom(30), body, "after a restart")
    with pytest.raises(Rejected, match="twice under one data key, after a restart,"):
        expect_new(body, body, "after a restart")


def test_bodies_of_one_payload_have_nothing_of_their_own_in_common() -> None:
    def body(mark: bytes) -> bytes:
        return b"v1" + mark + os.urandom(60)

    heading, macs = os.urandom(40), [os.urandom(16) for _ in range(2)]
    one = body(macs[0])
    expect_unrelated(body(heading), body(heading), body(heading), lambda: body(heading))
    expect_unrelated(one, body(macs[1]), body(macs[1]), lambda: body(macs[1]))
    expect_unrelated(one, body(macs[1]), body(macs[0]) + b"x", lambda: body(macs[0]))  # nobody knows what stands where
    with pytest.raises(Rejected, match=r"Bytes .* of the body are the same"):
        expect_unrelated(one, body(macs[1]), body(macs[0]), lambda: body(macs[0]))
    for equal in ((one, body(heading), one, lambda: body(heading)), (one, body(heading), body(heading), lambda: one)):
        with pytest.raises(Rejected, match="are equal"):
            expect_unrelated(*equal)


def test_nothing_comes_out_under_another_data_key() -> None:
    for opened in (None, Given(None), Given(b"other")):
        expect_its_data_key(opened, PAYLOAD)
    with pytest.raises(Rejected, match="another data key"):
        expect_its_data_key(Given(PAYLOAD), PAYLOAD)


def test_an_exception_or_the_payload_itself_is_no_opening() -> None:
    expect_unopened(None, PAYLOAD, "byte 1 changed")
    expect_unopened(Given(PAYLOAD), PAYLOAD, "byte 1 changed")


@pytest.mark.parametrize(
    ("value", "what", "told"),
    [
        (None, "byte 1 changed", "None came back"),
        (b"", "byte 1 changed", "b'' came back"),
        (b"other", "byte 1 changed", "Encryption alone"),
        (b"other", "its last piece left out", "where a piece belongs"),
    ],
)
def test_anything_else_is_refused_with_its_reason(value: object, what: str, told: str) -> None:
    with pytest.raises(Rejected, match=told):
        expect_unopened(Given(value), PAYLOAD, what)


def test_a_digest_of_what_is_hidden_is_refused_by_its_name() -> None:
    expect_no_digest(PAYLOAD, os.urandom(200), "payload")
    with pytest.raises(Rejected, match="sha512 digest of the stream"):
        expect_no_digest(PAYLOAD, os.urandom(200) + hashlib.sha512(PAYLOAD).digest(), "stream")


def test_an_exception_for_the_order_of_pairs_is_refused_with_its_type() -> None:
    with pairs_in_another_order("open_it"):
        pass
    refused = pytest.raises(Rejected, match="same pairs in another order, and raised InvalidTag")
    with refused, pairs_in_another_order("open_it"):
        raise AnswerRaised("`open_it`", "InvalidTag", "")


def test_a_beginning_that_nothing_reads_is_refused_by_what_was_done() -> None:
    with pytest.raises(Rejected, match="byte 0 of 9 changed, and nothing noticed"):
        refuse_unread_beginning("byte 0 of 9 changed")
