"""The checks of envelope/seal-and-open: what `seal` and `open_sealed` promise, seen from outside.

Not for how they do it: any sound method passes.
"""

from dataclasses import dataclass

import pytest

from kms_katas.grading import AnswerRaised, expect, reject, show
from kms_katas.grading.data_keys import (
    data_key_length,
    data_key_of,
    kms_with_another_data_key,
    spelling_of_data_key,
    was_sent,
    wrapped_key_of,
)
from kms_katas.grading.fields import expect_bytes_fields
from kms_katas.grading.sealed_body import (
    attempt,
    expect_its_data_key,
    expect_no_pattern,
    expect_not_compressed,
    expect_unopened,
)
from kms_katas.grading.tampering import (
    altered_at_random,
    digest_in,
    flip,
    forged,
    pieces_moved,
    spelling_of,
)

USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]


@pytest.fixture
def key(lab):
    """The key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def learner(lab, key):
    """An application that may use that key, and change nothing about it."""
    use = {"Effect": "Allow", "Action": USE, "Resource": key}
    random = {"Effect": "Allow", "Action": "kms:GenerateRandom", "Resource": "*"}
    return lab.home.user("app", policies={"use-the-key": {"Version": "2012-10-17", "Statement": [use, random]}})


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_each_payload_has_its_own_data_key(answer, key, fresh):
    """Every payload is sealed under a new data key, which `wrapped_key` holds as KMS gave it."""
    payload = fresh.bytes(40)
    wrapped, plaintexts = set(), set()
    for number, content in enumerate((payload, payload, fresh.bytes(30)), 1):
        if number != 2:  # the third after the same start of `random` as the first
            answer.forget(foretold=True)
        sealed = _seal(answer, key, content)
        expect(
            sealed.wrapped_key not in wrapped,
            f"Payload {number} came under the data key of an earlier one. Whoever gets that one key opens all of them, "
            "and a repeated nonce then breaks the cipher.",
            expected="a `wrapped_key` that was not there before",
            next_step="Ask KMS for a new data key inside `seal`, each time that it is called.",
        )
        made = next((call for call in sealed.calls if wrapped_key_of(call) == sealed.wrapped_key), None)
        if made is None:
            reject(
                "`wrapped_key` is not what KMS gave during this call: no answer of KMS holds these bytes.",
                expected="the CiphertextBlob that came with the data key, unchanged",
                next_step="Put the encrypted data key into `wrapped_key` as it came, and all else into `body`.",
            )
        plaintext = data_key_of(made)
        expect(
            number < 3 or plaintext is None or plaintext not in plaintexts,
            "Payload 3 came under a data key that was there before, once your file was read anew and Python's `random` "
            "stood at the same place. So it follows from `random`, a count or the code: whoever knows where that "
            "stands makes the same keys and needs no KMS.",
            expected="a data key that nobody can foretell",
            next_step="Let KMS make the data key, or take it from `secrets` or `os.urandom`.",
        )
        expect(
            plaintext is None or plaintext not in plaintexts,
            f"Payload {number} came under the data key of an earlier one: KMS was given the same key to wrap again. "
            "The wrapped keys differ, the key does not.",
            expected="a new data key for every payload",
            next_step="Make a new random key inside `seal`, or better: let KMS make it.",
        )
        expect(
            data_key_length(made) >= 16,
            f"The data key has {data_key_length(made)} bytes. Under 16 bytes it can be found by trying.",
            expected="16 bytes or more; 32 for AES-256",
            next_step="Ask for a data key with KeySpec AES_256.",
        )
        wrapped.add(sealed.wrapped_key)
        plaintexts.add(plaintext)


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_kms_never_gets_the_payload(answer, key, fresh):
    """The payload is encrypted in your own process: KMS gets no part of it."""
    payload = fresh.bytes(1_000)
    sealed = _seal(answer, key, payload)
    given = sum(len(call.parameters["Plaintext"]) for call in sealed.calls if call.operation == "Encrypt")
    if given >= len(payload) or was_sent(payload, sealed.calls):
        _reject_sent()


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_stored_fields_show_neither_payload_nor_key(answer, key, fresh):
    """`wrapped_key` and `body` show neither the payload nor the data key."""
    payload = fresh.bytes(500)
    sealed = _seal(answer, key, payload)
    stored = sealed.wrapped_key + b"\n" + sealed.body
    spelling = spelling_of_data_key(sealed.calls, stored)
    expect(
        spelling is None,
        f"The plaintext data key stands in what you store ({spelling}). Whoever finds it opens the body, and never "
        "has to ask KMS.",
        expected="the data key in its encrypted form only",
        next_step="Store the CiphertextBlob as `wrapped_key`, and forget the plaintext key when `seal` returns.",
    )
    spelling = spelling_of(payload, stored, whole=False)
    expect(
        spelling is None,
        f"Parts of the payload can be read in what you store ({spelling}). Encoding is not encryption: it has no key.",
        expected="nothing of the payload in `wrapped_key` and `body`",
        next_step="Encrypt the payload under the data key, and store only what that gives.",
    )
    digest = digest_in(payload, stored)
    expect(
        digest is None,
        f"The {digest} digest of the payload stands in the open. Whoever guesses the payload can confirm the guess, "
        "and equal payloads show.",
        expected="no digest of the payload, unless it is made with a secret key",
        next_step="Use an authenticated cipher, or a MAC under the data key, in place of the digest.",
    )


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_equal_content_does_not_show(answer, key, fresh):
    """Equal parts of a payload, and equal payloads, do not look equal in `body`, and do not make it shorter."""
    payload = bytes([fresh.integer(0, 255)]) * 80_000
    body = _seal(answer, key, payload).body
    expect_no_pattern(body, "the body")
    expect_not_compressed(body, payload)
    payload = fresh.bytes(100)
    first = _seal(answer, key, payload).body
    answer.forget()
    expect(
        first != _seal(answer, key, payload).body,
        "The same payload, sealed twice, gave the same `body`. Whoever watches the storage sees which payloads are "
        "equal.",
        expected="two different bodies",
        next_step="Encrypt under the new data key of each payload, not under a key that stays.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_payload_of_any_size_comes_back(answer, key, fresh):
    """A payload of 0, 1, 5,000 or about 300,000 bytes comes back byte for byte, in a new process."""
    payloads = [fresh.bytes(size) for size in (0, 1, 5_000, fresh.integer(290_000, 310_000))]
    pairs = [(payload, _seal(answer, key if payload else key.split("/")[1], payload)) for payload in payloads]
    answer.restart()
    for payload, sealed in pairs:
        _open(answer, sealed, payload)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_altered_body_is_refused(answer, key, fresh):
    """`open_sealed` raises an exception when any part of `body` was changed, moved or cut off."""
    payload = fresh.bytes(fresh.integer(32, 47))
    sealed = _seal(answer, key, payload)
    answer.forget()
    _open(answer, sealed, payload)
    wanted = fresh.bytes(len(payload))
    forgeries = forged(sealed.body, payload, wanted, sealed.wrapped_key)
    for change in (*altered_at_random(sealed.body, fresh, others=2), *forgeries):
        _expect_unopened(answer, sealed, payload, *change)
    # Long enough for pieces of 64 KiB: one may cut a payload in pieces, but none may go or move unnoticed.
    payload = fresh.bytes(140_000)
    sealed = _seal(answer, key, payload)
    for change in pieces_moved(sealed.body, len(payload)):
        _expect_unopened(answer, sealed, payload, *change)


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_altered_wrapped_key_is_refused(answer, key, fresh):
    """`open_sealed` raises an exception when `wrapped_key` was altered, or is that of another payload."""
    payload = fresh.bytes(60)
    sealed, other = _seal(answer, key, payload), _seal(answer, key, fresh.bytes(60))
    answer.forget()
    _open(answer, sealed, payload)
    blob = sealed.wrapped_key
    places = (0, *sorted(fresh.integer(1, len(blob) - 2) for _ in range(3)), len(blob) - 1)
    flips = [(f"byte {at} changed", flip(blob, at)) for at in places]
    for what, changed in [*flips, ("its last byte cut off", blob[:-1]), ("a byte added at its end", blob + b"\0")]:
        opened = attempt(answer, "open_sealed", answer.client(), {"wrapped_key": changed, "body": sealed.body})
        if opened is not None and not opened.value:
            _reject_swallowed(opened.value, f"`wrapped_key` was altered ({what})")
        expect(
            opened is None,
            f"`wrapped_key` was altered ({what}), so KMS refuses it, and yet `open_sealed` gave back bytes.",
            expected="an exception",
            next_step="Let the error of KMS through, and open `body` with nothing but the key that KMS gives back.",
        )
    opened = attempt(answer, "open_sealed", answer.client(), {"wrapped_key": other.wrapped_key, "body": sealed.body})
    if opened is not None and not opened.value:
        _reject_swallowed(opened.value, "`wrapped_key` was that of another payload")
    expect(
        opened is None,
        "`wrapped_key` was that of another payload, and `open_sealed` gave back bytes. Either the body is not "
        "encrypted under its own data key, or nothing notices that the key is wrong.",
        expected="an exception",
        next_step="Open `body` with the key that KMS gives for `wrapped_key`, by a method that notices a wrong key.",
    )


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_opening_needs_kms(answer, lab, key, fresh, monkeypatch):
    """Nobody opens `body` without KMS: not from memory, and not from what is stored."""
    payload = fresh.bytes(200)
    sealed = _seal(answer, key, payload)
    _open(answer, sealed, payload)
    lab.home.switch_key(key, on=False)
    # In the process that sealed and opened it.
    opened = attempt(answer, "open_sealed", answer.client(), sealed.fields)
    if opened is not None and not opened.value:
        _reject_swallowed(opened.value, "The KMS key was disabled")
    expect(
        opened is None,
        "The KMS key was disabled, so nobody may open anything, and yet `open_sealed` gave back bytes.",
        expected="an exception",
        next_step="Get the data key from KMS at every opening, keep neither it nor the payload in memory, and let the "
        "error of KMS through.",
    )
    lab.home.switch_key(key, on=True)
    answer.forget()
    with monkeypatch.context() as patch:
        patch.setattr(lab, "send", kms_with_another_data_key(lab.send, fresh))
        opened = attempt(answer, "open_sealed", answer.client(), sealed.fields)
    expect_its_data_key(opened, payload)


@dataclass(frozen=True)
class Sealed:
    """What `seal` gave back, and the KMS calls that it made."""

    wrapped_key: bytes
    body: bytes
    calls: tuple

    @property
    def fields(self):
        return {"wrapped_key": self.wrapped_key, "body": self.body}


def _seal(answer, key, payload):
    """Call `seal` and refuse whatever is not the promised form."""
    before = len(answer.calls)
    try:
        result = answer.call("seal", answer.client(), key, payload)
    except AnswerRaised:
        last = answer.calls[-1] if len(answer.calls) > before else None
        if last and last.operation == "Encrypt" and last.error_code == "ValidationException":
            reject(
                f"KMS refused: Encrypt takes 1 to 4,096 bytes, and this payload has {len(payload):,}.",
                expected="a sealed payload",
                next_step="Ask KMS for a data key, and encrypt the payload in your own process with it.",
            )
        raise
    calls = answer.calls[before:]
    expect(
        bool(answer.calls),
        "`seal` never asked KMS for anything. No KMS key protects what it gave back, and what it keeps in memory is "
        "gone in the next process.",
        expected="at least one KMS call, for the data key",
        next_step="Begin `seal` by asking KMS for a new data key under `key_id`.",
    )
    if was_sent(payload[:64], calls):
        _reject_sent()
    expect_bytes_fields(
        "seal",
        result,
        "wrapped_key",
        "body",
        next_step="Put all that you need for opening, except the wrapped key, into `body`.",
    )
    return Sealed(result["wrapped_key"], result["body"], calls)


def _open(answer, sealed, payload):
    """Call `open_sealed`, and refuse whatever is not `payload` with the help of KMS."""
    before = len(answer.calls)
    try:
        opened = answer.call("open_sealed", answer.client(), sealed.fields)
    except AnswerRaised as raised:
        if raised.type == "KeyError" and len(answer.calls) == before:
            reject(
                "`open_sealed` never asked KMS, and looked for something that is not there. It may run in another "
                "process: what `seal` left in memory is gone.",
                expected="the payload, from `sealed` and KMS alone",
                next_step="Get the data key from `wrapped_key` with the help of KMS, and open `body` with it.",
            )
        raise
    expect(
        any(
            call.operation == "Decrypt" and call.parameters.get("CiphertextBlob") == sealed.wrapped_key
            for call in answer.calls[before:]
        ),
        "`open_sealed` never asked KMS to open `wrapped_key`. What opens without KMS is not protected by it.",
        expected="a KMS call that is given `wrapped_key`",
        next_step="Get the data key from `wrapped_key` with the help of KMS, and open `body` with it.",
    )
    expect(
        isinstance(opened, bytes),
        f"`open_sealed` gave back a value of type {type(opened).__name__}.",
        expected="the payload, as bytes",
        next_step="Return the decrypted payload as bytes.",
    )
    expect(
        opened == payload,
        "The bytes that came back are not those that were sealed.",
        expected=show(payload),
        next_step="Look at how `seal` puts `body` together, and take it apart in the same places.",
    )


def _expect_unopened(answer, sealed, payload, what, body):
    fields = {"wrapped_key": sealed.wrapped_key, "body": body}
    expect_unopened(attempt(answer, "open_sealed", answer.client(), fields), payload, what)


def _reject_swallowed(value, what):
    reject(
        f"{what}, and `open_sealed` gave back {value!r}. Its caller takes that for a result and goes on; a refusal has "
        "to stop it.",
        expected="an exception",
        next_step="Let the error of the cipher or of KMS through, and refuse a `body` that is too short to be one.",
    )


def _reject_sent():
    reject(
        "The payload itself was sent to KMS. KMS takes at most 4,096 bytes a call, and each piece costs a request: it "
        "is there for keys, not for data.",
        expected="KMS calls that carry no part of the payload",
        next_step="Ask KMS for a data key, and encrypt the payload in your own process with it.",
    )
