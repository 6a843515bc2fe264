"""The checks of envelope/data-key-cache: each payload is held to the limits of the data key that it came under.

Not for how data keys are kept: one slot for each context, a pool, a heap will do. `Ledger` judges by the record of KMS.
"""

from contextlib import nullcontext

import pytest

from kms_katas.grading import AnswerRaised, expect, reject, show
from kms_katas.grading.data_key_ledger import Ledger
from kms_katas.grading.data_keys import kms_with_another_data_key
from kms_katas.grading.expect import Rejected
from kms_katas.grading.sealed_body import (
    attempt,
    expect_its_data_key,
    expect_no_digest,
    pairs_in_another_order,
    refuse_unread_beginning,
)
from kms_katas.grading.tampering import altered_at_random, flip, forged, spelling_of
from kms_katas.lab import Quotas

DAY = 86_400
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey", "kms:GenerateRandom"]


@pytest.fixture
def key(lab):
    """A key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def learner(lab):
    """An application that may use every key of the account, and change nothing about it."""
    use = {"Effect": "Allow", "Action": USE, "Resource": "*"}
    return lab.home.user("app", policies={"use-the-keys": {"Version": "2012-10-17", "Statement": [use]}})


@pytest.fixture
def limits(fresh):
    """Those that a check does not come near, unless it lowers one."""
    return {
        "messages": fresh.integer(30, 90),
        "bytes": fresh.integer(8_000, 9_000),
        "seconds": fresh.integer(120, 900),
    }


@pytest.fixture
def context(fresh):
    # By name they are in order, so that the contexts of one check run together in the same text, sorted or not.
    return {"archive": fresh.text(8), "tenant": f"school-{fresh.text(8)}"}


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_a_data_key_seals_as_many_payloads_as_it_may(answer, lab, key, context, fresh, limits):
    """One data key seals `messages` payloads without another KMS call; then a new one is asked for."""
    limits["messages"] = fresh.integer(3, 5)
    ledger = Ledger(answer, lab, limits)
    for number in range(2 * limits["messages"] + 1):
        ledger.seal(key, context, fresh.bytes(fresh.integer(20, 60) if number != 1 else 0))


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_a_data_key_seals_as_many_bytes_as_it_may(answer, lab, key, context, fresh, limits):
    """The payloads under one data key have at most `bytes` bytes; a longer one gets a data key of its own."""
    most = limits["bytes"] = fresh.integer(500, 900)
    ledger = Ledger(answer, lab, limits)
    part = fresh.integer(100, 400)
    for length in (part, most - part, 1, most - part, part, most, most + fresh.integer(1, 100), 0, 5, 5):
        ledger.seal(key, context, fresh.bytes(length))


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_a_data_key_seals_as_long_as_it_may(answer, lab, key, context, fresh, limits):
    """No payload is sealed under a data key that is `seconds` seconds old, idle or busy."""
    ledger, age, early = Ledger(answer, lab, limits), limits["seconds"], fresh.integer(5, 9)
    sealed = ledger.seal(key, context, payload := fresh.bytes(30))
    # Never to the second before the end: a clock that ticks is a little further on than the lab's. Twice early, with
    # a minute between: where time is cut into slots, at most one of the two keys has a whole slot before it.
    whole_age = "Compare the key's whole age with `seconds` in each call: `timedelta.seconds` leaves the days out."
    for step, too_old in (
        (DAY + fresh.integer(1, 99), whole_age),
        (age - early, ""),
        (60, "Keep the time at which KMS made the key, and do not renew it when the key is used, or opened."),
        (age - early, ""),
        (early, "Use a key only while its age is less than `seconds`: at `seconds` it is too old."),
    ):
        lab.clock.advance(seconds=step)
        if step == 60:
            _open(answer, context, sealed, payload, limits)
        sealed = ledger.seal(key, context, payload, too_old)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_no_two_contexts_or_kms_keys_share_a_data_key(answer, lab, key, context, fresh, limits):
    """Each KMS key and each context has its own data key, and keeps it while others are in use."""
    limits["messages"] = 3  # as many as the first context needs: one count for all would be too few
    ledger, other = Ledger(answer, lab, limits), lab.home.create_key().split("/")[1]
    (name, one), (other_name, two) = context.items()
    contexts = [
        context,
        {name: one, other_name: two + "x"},
        {name: two, other_name: one},
        {name: one},
        {name: f"{one}{other_name}{two}"},
        {name: f"{one},{other_name}={two}"},
        {name: f"{one}&{other_name}={two}"},
        {name: one, other_name: two.upper()},
        {name: one, other_name: two + " "},
    ]
    for each in contexts:
        ledger.seal(key, each, fresh.bytes(30))
    ledger.seal(other, context, fresh.bytes(30))
    for kms_key, each in ((key, context), (other, context), (key, dict(reversed(context.items()))), (key, contexts[1])):
        ledger.seal(kms_key, each, fresh.bytes(30))


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_equal_payloads_do_not_show_under_one_data_key(answer, lab, key, context, fresh, limits):
    """Equal payloads, and equal parts of a payload, do not look equal under one data key: no nonce comes twice."""
    ledger, number = Ledger(answer, lab, limits), fresh.integer(0, 254)
    bodies = [ledger.seal(key, context, bytes([number]) * 400).body for _ in range(9)]  # more than a short turn
    others = [ledger.seal(key, context, bytes([number + 1]) * 400).body for _ in range(2)]
    # What stands in the body of another payload too is a header, and says nothing about this one.
    own = [piece for piece in _pieces(bodies[0], 16) if piece not in others[0]]
    again = len(own) - len(set(own))
    # Long ones: after a field's name, which stands in all, one digit more may be equal by chance.
    long = [{piece for piece in _pieces(body, 32) if piece not in others[0]} for body in bodies]
    common = sum(map(len, long)) - len(set().union(*long))
    nonce = "Take a new random nonce for each payload (`os.urandom`), also when the data key is an old one."
    # A few may be chance all the same: the end of a long header, and the same base64 digit behind it.
    expect(
        common < 16,
        "Two equal payloads came under one data key, and parts of their bodies are equal too. A nonce, or part of a "
        "key stream, came twice: no harm while each payload had its own key, and now the XOR of payloads shows.",
        expected="two bodies with nothing in common",
        next_step=nonce,
        actual=f"{common} pieces of 32 bytes stand in two bodies, and not in that of another payload",
    )
    difference = bytes([number ^ (number + 1)]) * 32
    for one in bodies:
        for other in others:
            expect(
                difference not in bytes(a ^ b for a, b in zip(one, other, strict=False)),
                "The XOR of two bodies under one data key is the XOR of their payloads: a nonce came twice. Whoever "
                "guesses one payload reads the other.",
                expected="a nonce that never comes twice under one data key",
                next_step=nonce,
            )
    expect(
        len(bodies[0]) >= 400,
        "400 equal bytes came out as a shorter `body`: what is compressed before it is sealed tells by its length what "
        "is in it. Whoever can put a guess beside a secret sees by the length when the guess is right.",
        expected="a length that follows from the payload's length alone",
        next_step="Seal the payload as it is.",
        actual=f"{len(bodies[0])} bytes",
    )
    expect(
        not again,
        "Equal parts of a payload came out as equal parts of `body`, so its pattern can be seen.",
        expected="no 16 bytes of the ciphertext twice",
        next_step="Use an authenticated cipher such as AES-GCM, not ECB.",
        actual=f"{again} pieces of 16 bytes stand in `body` more than once",
    )


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_stored_fields_show_neither_payload_nor_key(answer, lab, key, context, fresh, limits):
    """`wrapped_key` and `body` show neither the payload nor the data key, whether the key is new or kept."""
    ledger = Ledger(answer, lab, limits)
    for payload in (fresh.bytes(64), fresh.bytes(64)):
        sealed = ledger.seal(key, context, payload)
        stored = sealed.wrapped_key + b"\n" + sealed.body
        for secret, name, whole in ((sealed.data_key, "The plaintext data key", True), (payload, "The payload", False)):
            spelling = secret and spelling_of(secret, stored, whole=whole)
            expect(
                not spelling,
                f"{name} can be read in what you store ({spelling}). The data keys that you keep belong into the "
                "memory of the process: whoever finds one here opens all that came under it.",
                expected="nothing in `wrapped_key` and `body` that opens without KMS",
                next_step="Encrypt the payload under the data key, and store the key in its encrypted form only.",
            )
        expect_no_digest(payload, stored, "payload")


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_no_data_key_is_used_beyond_its_limits_when_kms_refuses(answer, lab, key, context, fresh, limits):
    """If KMS refuses a new data key, its error reaches the caller, and the old key seals nothing more."""
    limits["messages"] = 2
    ledger = Ledger(answer, lab, limits)
    ledger.seal(key, context, fresh.bytes(20))
    sealed_all, too_old = "had sealed all that it may", "was as old as it may become"
    for used_up, refusal in ((sealed_all, "KMS throttled the account"), (too_old, "the KMS key was disabled")):
        if used_up == sealed_all:
            ledger.seal(key, context, fresh.bytes(20))
            lab.quotas = Quotas({"symmetric": 0})
        else:
            lab.clock.advance(seconds=limits["seconds"])
            lab.home.switch_key(key, on=False)
        try:
            for _ in range(5):  # not at once where a data key was fetched before it was needed
                ledger.seal(key, context, fresh.bytes(20))
        except AnswerRaised:
            pass
        except Rejected:
            reject(
                f"The data key {used_up}, {refusal}, and `seal` gave back a result all the same. Limits that hold only "
                "while KMS answers are none: the old data key could be used for ever.",
                expected="the error of KMS",
                next_step="Let the error of KMS through; do not go on with the old data key.",
            )
        lab.quotas = None
        lab.home.switch_key(key, on=True)
        ledger.seal(key, context, fresh.bytes(20), "Begin a key's age and counts anew only when KMS has given the key.")


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_one_kms_call_opens_all_that_came_under_a_data_key(answer, lab, key, context, fresh, limits):
    """In a new process the payloads come back byte for byte, for one KMS call a data key."""
    ledger, other = Ledger(answer, lab, limits | {"messages": 3}), {"tenant": fresh.text(8)}
    stored = [
        (each, payload, ledger.seal(key, each, payload))
        for each, length in ((context, 0), (other, 40), (context, 1), (context, 5_000), (context, 33), (other, 7))
        for payload in [fresh.bytes(length)]
    ]
    answer.restart()
    asked = set()
    for each, payload, sealed in reversed(stored):
        turned = len(payload) == 1  # not the first of its data key: that held its pairs as they were
        with pairs_in_another_order("open_sealed") if turned else nullcontext():
            pairs = dict(reversed(each.items())) if turned else each
            _open(answer, pairs, sealed, payload, limits, keeps=sealed.wrapped_key in asked)
        asked.add(sealed.wrapped_key)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_an_opened_data_key_is_asked_for_again_in_time(answer, lab, key, context, fresh, limits):
    """A data key that KMS opened `seconds` seconds ago opens nothing more without KMS, idle or busy."""
    age, ledger = limits["seconds"], Ledger(answer, lab, limits | {"seconds": 3 * DAY})
    disabled = "The KMS key was disabled and any kept data key too old"
    sealed = ledger.seal(key, context, payload := fresh.bytes(50))
    for process in ("sealed", "opened"):
        if process == "opened":
            answer.forget()
            _open(answer, context, sealed, payload, limits)
        lab.home.switch_key(key, on=False)
        lab.clock.advance(seconds=DAY + fresh.integer(1, 99))
        opened = _attempt(answer, context, sealed.fields, limits, disabled)
        expect(
            opened is None,
            "The KMS key was disabled, and longer than `seconds` ago KMS had given its data key to the process that "
            f"{process} the payload. That process opened it all the same: a kept data key that never expires opens for "
            "ever, whatever happens to its KMS key.",
            expected="an exception",
            next_step="Keep with each data key when KMS gave it, and ask KMS again from the `seconds` on that "
            "`open_sealed` is given (`limits` are for `seal`), days later too.",
        )
        if process == "opened":
            expect(
                _attempt(answer, context, sealed.fields, limits, disabled) is None,
                "A kept data key was too old, and KMS refused to give it again. The first call raised an exception, "
                "and the next opened the payload from memory: a refusal made the old data key young.",
                expected="an exception in each call, for as long as KMS refuses",
                next_step="Note the time with a data key only after KMS has given it, or drop the old one first.",
            )
        lab.home.switch_key(key, on=True)
    _open(answer, context, sealed, payload, limits)
    lab.clock.advance(seconds=age - fresh.integer(5, 9))
    _open(answer, context, sealed, payload, limits, keeps=True)
    for step, story, next_step in (
        (
            60,
            "KMS gave the data key more than `seconds` seconds ago, and it was used since",
            "Count the age from the answer of KMS, not from the last use: a busy key would never expire.",
        ),
        (
            age,
            "KMS gave the data key exactly `seconds` seconds ago",
            "Use an opened key only while its age is less than `seconds`.",
        ),
    ):
        lab.clock.advance(seconds=step)
        calls = _open(answer, context, sealed, payload, limits)
        expect(
            bool(calls),
            f"{story}; `open_sealed` opened the payload without asking KMS again.",
            expected="a KMS call for the data key",
            next_step=next_step,
        )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_what_does_not_belong_together_is_refused(answer, lab, key, context, fresh, limits):
    """Another context, another wrapped key, an altered field: an exception, also while the data key is in memory."""
    ledger, payload = Ledger(answer, lab, limits), fresh.bytes(fresh.integer(32, 47))
    sealed = ledger.seal(key, context, payload)
    (name, value), (other_name, other_value) = context.items()
    joined = {name: f"{value},{other_name}={other_value}"}
    others = [context | {"copy": value}, {name: other_value, other_name: value}, {name: value}, joined]
    foreign = ledger.seal(key, others[0], its_payload := fresh.bytes(50))
    for process in ("that sealed it", "that had opened it before"):
        _open(answer, context, sealed, payload, limits)
        for other in others if process == "that had opened it before" else others[:1]:
            opened = _attempt(answer, other, sealed.fields, limits, f"{show(other)} are not the pairs of the payload")
            expect(
                opened is None,
                f"A payload sealed for {show(context)} was opened for {show(other)}, in the process {process}. KMS "
                "would have refused; a kept data key must not be easier to get than one that KMS gives.",
                expected="an exception",
                next_step="Look up what you keep by the wrapped key and the whole context: every name with its value.",
            )
        if process == "that sealed it":
            answer.forget()
    _open(answer, others[0], foreign, its_payload, limits)
    blob, body = sealed.wrapped_key, sealed.body
    changes = [(f"`wrapped_key` was altered (byte {at})", context, flip(blob, at), body) for at in (0, len(blob) - 1)]
    changes += [("`wrapped_key` was that of another context", context, foreign.wrapped_key, body)]
    changes += [("`body` stood under the wrapped key and the context of another", others[0], foreign.wrapped_key, body)]
    moves = (*altered_at_random(body, fresh), *forged(body, payload, fresh.bytes(len(payload)), blob))
    changes += [(f"`body` was altered ({what})", context, blob, changed) for what, changed in moves]
    for what, asked_for, wrapped_key, changed in changes:
        opened = _attempt(answer, asked_for, {"wrapped_key": wrapped_key, "body": changed}, limits, what)
        if opened and changed[1:] == body[1:] and changed != body and opened.value == payload:
            refuse_unread_beginning(what)
        # Another change without effect, in base64 padding for one, may pass.
        if opened is None or (changed != body and opened.value == payload):
            continue
        reject(
            f"{what}, and `open_sealed` gave back {show(opened.value)}. Whoever may write to the storage decides "
            "what you read.",
            expected="an exception",
            next_step="Look up a kept data key by the whole `wrapped_key`, and let errors of KMS and cipher through."
            if wrapped_key != blob and asked_for == context
            else "Open `body` by an authenticated cipher, under the data key of this very `wrapped_key` and no other.",
        )


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_opening_needs_the_data_key_of_kms(answer, lab, key, context, fresh, limits, monkeypatch):
    """Who kept no data key opens no `body` without the one that KMS gives for `wrapped_key`."""
    sealed = Ledger(answer, lab, limits).seal(key, context, payload := fresh.bytes(100))
    answer.forget()
    with monkeypatch.context() as patch:
        patch.setattr(lab, "send", kms_with_another_data_key(lab.send, fresh))
        opened = _attempt(answer, context, sealed.fields, limits, "KMS gave back another data key")
    expect_its_data_key(opened, payload)


def _pieces(body, size):
    return [body[at : at + size] for at in range(len(body) - size + 1)]


def _open(answer, context, sealed, payload, limits, keeps=False):
    """The KMS calls of opening `sealed`; none are allowed where the answer `keeps` its data key."""
    before = len(answer.calls)
    opened = answer.call("open_sealed", answer.client(), context, sealed.fields, limits["seconds"])
    calls = answer.calls[before:]
    expect(
        isinstance(opened, bytes) and opened == payload,
        "What came back is not what was sealed.",
        expected=show(payload),
        next_step="Look at how `seal` puts `body` together, take it apart in the same places, and open it with the "
        "data key of this very `wrapped_key`.",
    )
    expect(
        not (keeps and calls),
        "KMS gave the data key of this `wrapped_key` less than `seconds` seconds ago, and was called again: "
        f"{', '.join(call.operation for call in calls)}. Who reads an archive is throttled like who writes it.",
        expected="no KMS call",
        next_step="Keep each data key that KMS opens for less than `seconds` seconds, by its wrapped key and its pairs "
        "in any order.",
    )
    return calls


def _attempt(answer, context, fields, limits, what):
    """None when `open_sealed` raises, as it should after `what`; else what it gave back, which is something."""
    opened = attempt(answer, "open_sealed", answer.client(), context, fields, limits["seconds"])
    expect(
        opened is None or bool(opened.value),
        f"{what}, and `open_sealed` gave back {show(opened and opened.value)}. Its caller takes that for a result and "
        "goes on; a refusal has to stop it.",
        expected="an exception",
        next_step="Let the error of the cipher or of KMS through.",
    )
    return opened
