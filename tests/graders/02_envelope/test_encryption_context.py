"""The checks of envelope/encryption-context: what KMS binds, what the cipher binds, and what the log then shows.

Not for how a record is bound to its ID: whatever refuses an exchanged record will do.
"""

import hashlib
from dataclasses import dataclass

import pytest

from kms_katas.grading import AnswerRaised, data_keys, expect, reject, show
from kms_katas.grading.context_pairs import fault_of_context
from kms_katas.grading.fields import fault_of_fields
from kms_katas.grading.sealed_body import expect_no_digest, expect_no_pattern, expect_not_compressed
from kms_katas.grading.tampering import DIGESTS, alike, altered, flip, repeated, spelling_of, transplanted

USE = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"]
OF_KEYS = ("Decrypt", *data_keys.WRAPS)
REFUSED = object()  # in place of what `open_record` gives back: it raised


@pytest.fixture
def key(lab):
    """The key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def learner(lab, key):
    """The laboratory: it serves every tenant, so nothing limits the pairs that it may name."""
    return lab.home.user("laboratory", policies=_policies(key))


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_log_names_tenant_and_purpose(answer, lab, key, fresh):
    """The log names the tenant and the purpose of every data key, exactly as they were given."""
    tenant, purpose = _scope(fresh)
    batch = _seal(answer, key, f"Klinika Gdan\u0301sk {tenant} ", f" {purpose}", _records(fresh, 30, 30))
    asked = {call.request_id for call in batch.calls if call.operation in OF_KEYS}
    for record in lab.trail:
        if record["requestID"] in asked:
            given = record["requestParameters"].get("encryptionContext")
            _expect_pairs(given, batch.tenant, batch.purpose, record["eventName"])


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_log_shows_nothing_else(answer, key, fresh):
    """The log shows tenant and purpose and nothing else: no record ID, no content, no digest of one."""
    batch = _seal(answer, key, *_scope(fresh), _records(fresh, 64, 64, 64))
    _attempt(answer, *batch.opening(next(iter(batch.given))))
    secrets = [(name.encode(), name, "A record ID") for name in batch.given]
    for secret, shown, what in secrets + [(one, one, "The content of a record") for one in batch.given.values()]:
        in_clear = data_keys.was_sent(secret, answer.calls)
        digests = [hashlib.new(name, secret).digest() for name in DIGESTS]
        expect(
            not in_clear and not any(data_keys.was_sent(digest, answer.calls) for digest in digests),
            f"{what} went to KMS{'' if in_clear else ' as a digest, which confirms every right guess'}. KMS guards "
            "the data key and needs none of it; what it gets as context every reader of CloudTrail sees.",
            expected="`tenant` and `purpose`, and nothing of the records",
            next_step="Leave it out of the request: encrypt each record, and bind it to its ID, in your process.",
            actual=f"{what.lower()}: {show(shown)}",
        )
    for call in (call for call in batch.calls if call.operation in OF_KEYS):
        context = call.parameters.get("EncryptionContext")
        _expect_pairs(context, batch.tenant, batch.purpose, call.operation)
        expect(
            set(context) == {"tenant", "purpose"},
            "KMS got another pair beside `tenant` and `purpose`. Whoever opens the data key has to know it then, and a "
            "policy that lists the pairs refuses it.",
            expected="the pairs `tenant` and `purpose`, no other",
            next_step="Give KMS these two pairs only; a version or a format belongs into the body.",
            actual=f"context of {call.operation}: {show(context)}",
        )


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_one_new_data_key_for_each_batch(answer, key, fresh):
    """One data key serves the whole batch, and the next batch gets another."""
    scope, records, seen = _scope(fresh), _records(fresh, *[30] * fresh.integer(4, 8)), set()
    for _ in range(2):
        batch = _seal(answer, key, *scope, records)
        made = [call for call in batch.calls if data_keys.wrapped_key_of(call)]
        expect(
            len(made) <= 1,
            f"A batch of {len(records)} records took {len(made)} data keys. Each is a request that costs money and "
            "counts against the quota.",
            expected="one data key for the batch",
            next_step="Ask KMS once, before the loop over the records.",
        )
        if not made or data_keys.wrapped_key_of(made[0]) != batch.wrapped_key:
            reject(
                "`wrapped_key` is not what KMS gave during this call: no answer of KMS holds these bytes.",
                expected="the CiphertextBlob that came with the data key, unchanged",
                next_step="Put the encrypted data key into `wrapped_key` as it came, in each call a new one.",
            )
        plaintexts = set(filter(None, map(data_keys.data_key_of, batch.calls)))
        expect(
            not plaintexts & seen,
            "Two batches came under the same data key. Whoever gets that one key opens both.",
            expected="a new data key in every call",
            next_step="Ask KMS for a data key inside `seal_records`, each time that it is called.",
        )
        seen |= plaintexts


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_stored_records_show_nothing(answer, key, fresh):
    """What is stored shows neither data key nor contents, and not that two contents are equal."""
    one, two, three = records = _records(fresh, 800, 0, 300)
    records[one] = records[two] = records[one] + bytes([fresh.integer(0, 255)]) * 1_600
    batch = _seal(answer, key, *_scope(fresh), records)
    stored, first = b"\n".join((batch.wrapped_key, *batch.bodies.values())), batch.bodies[one]
    of_content = ("A content", spelling_of(records[three], stored, whole=False))
    for what, spelling in (("The plaintext data key", data_keys.spelling_of_data_key(batch.calls, stored)), of_content):
        expect(
            spelling is None,
            f"{what} can be read in what you store ({spelling}). A context binds data, it hides none.",
            expected="no data key and no content in the open",
            next_step="Encrypt each content under the data key, and store only what that gives, and `wrapped_key`.",
        )
    expect_no_digest(records[three], stored, "content")
    expect_no_pattern(first, "the body of a record", known=batch.bodies[three])
    again, pieces = repeated(first, batch.bodies[two], known=batch.bodies[three])
    # A header that the bodies share is no fault, even one with a wrapped key in it.
    expect(
        again < 40,
        "Two records with equal contents came out with equal bytes. The records share a data key, and here they share "
        "the nonce, or it comes from the content: equal contents show, and a nonce that repeats gives away more.",
        expected="a nonce of its own for every record of the batch",
        next_step="Make a new random nonce inside the loop, for each record.",
        actual=f"{again} of {pieces} pieces of a body, 16 bytes each, stand twice",
    )
    expect_not_compressed(first, records[one])


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_a_clinic_seals_and_opens_its_own(answer, lab, key, fresh):
    """A clinic's role, let in with its own pairs only, seals and opens its own records, and no others."""
    tenant, purpose = _scope(fresh)
    pairs = {"kms:EncryptionContext:tenant": tenant, "kms:EncryptionContext:purpose": purpose}
    clinic = lab.home.role("clinic", policies=_policies(key, {"StringEquals": pairs})).session("night")
    records = _records(fresh, 0, 3_000) | {f'ku\u017ama\0{fresh.text(6)}:|,;/=\n"@example.org': fresh.bytes(40)}
    batch = _seal(answer, key.split("/")[1], tenant, purpose, records, clinic)
    answer.restart()
    for record_id in records:
        _open(answer, batch, record_id, clinic)
    others = _seal(answer, key, _scope(fresh)[0], purpose, _records(fresh, 30))
    message = "By the client of one clinic's role a batch of another was {}. KMS lets that role name its own tenant "
    message += "only, so it was not asked by this client, or not for this tenant."
    next_step = "Send every request by the client `kms` that you get, with `tenant` and `purpose` as you get them."
    opened = _attempt(answer, *others.opening(next(iter(others.given))), principal=clinic)
    _expect_refused(opened, message.format("opened"), next_step)
    if not answer.raises("seal_records", answer.client(clinic), key, others.tenant, purpose, others.given):
        reject(message.format("sealed"), expected="an exception", next_step=next_step)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_another_tenant_or_purpose_is_refused(answer, key, fresh):
    """A batch opens for no other tenant and no other purpose, also when only capital letters differ."""
    batch = _seal(answer, key, *_scope(fresh), _records(fresh, 30))
    record_id = next(iter(batch.given))
    _open(answer, batch, record_id)
    other_tenant, other_purpose = _scope(fresh)
    scopes = (other_tenant, batch.purpose), (batch.tenant, other_purpose), (batch.tenant.lower(), batch.purpose)
    for tenant, purpose in scopes:
        before = len(answer.calls)
        opened = _attempt(answer, batch.wrapped_key, tenant, purpose, record_id, batch.bodies[record_id])
        asked = [call.parameters for call in answer.calls[before:] if call.operation == "Decrypt"]
        contexts = [parameters.get("EncryptionContext") or {} for parameters in asked]
        other = next((one for one in contexts if one.get("tenant") != tenant or one.get("purpose") != purpose), None)
        expect(
            other is None,
            f"`open_record` was called for {tenant!r} and {purpose!r}, and asked KMS with other pairs. KMS then judges "
            "a request that nobody made, and opens what the caller has no right to.",
            expected="the pairs of the caller, and no second try with others",
            next_step="Ask KMS with the arguments `tenant` and `purpose`, never with what is stored or with less.",
            actual=f"context of Decrypt: {show(other)}",
        )
        _expect_refused(
            opened,
            f"A record sealed for {batch.tenant!r} and {batch.purpose!r} was opened for {tenant!r} and {purpose!r}. "
            "This is the wrong path of the story: only a bound data key stops it.",
            "Ask KMS in each call, with `tenant` and `purpose` as the caller gave them, and let its error through.",
        )


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_exchanged_records_are_refused(answer, key, fresh):
    """A record opens under its own ID only, with the data key of its own batch."""
    scope, (one, two) = _scope(fresh), _records(fresh, 0, 0)
    polish = f"ku\u017ama.{fresh.text(9)}@example.org\0"
    longer = [f"{one}{mark}{fresh.text(4)}" for mark in ":|"]
    records = {name: fresh.bytes(48) for name in (one, two, polish, *longer)}
    batch, later = (_seal(answer, key, *scope, records) for _ in range(2))
    _open(answer, batch, one)
    same = [(other, polish) for other in alike(polish)] + [(one, owner) for owner in longer]
    for record_id, owner in ((one, two), *same):
        _expect_refused(
            _attempt(answer, batch.wrapped_key, *scope, record_id, batch.bodies[owner]),
            f"The body of {owner!a} was opened under the ID {record_id!a}. One data key opens the whole batch, so KMS "
            "cannot tell its records apart.",
            "Let the whole ID be additional data, or write its length in front of it: any character may stand in an ID."
            if owner.startswith(record_id)
            else "Give the cipher the argument `record_id`, whole and as it is, in both functions: as additional data.",
        )
    _expect_refused(
        _attempt(answer, batch.wrapped_key, *scope, one, later.bodies[one]),
        "A body was opened with the data key of another batch. Then it is not encrypted under its own, or nothing "
        "notices that the key is wrong.",
        "Encrypt under the data key of the batch, by a method that notices a wrong key.",
    )
    mine, his = batch.bodies[one], batch.bodies[two]
    _expect_refused(
        _attempt(answer, batch.wrapped_key, *scope, one[:-1], one[-1:].encode() + mine),
        "The last letter of the record ID was moved to the front of the body, and `open_record` took both for genuine. "
        "Your MAC reads ID and body as one text, so nobody knows where the one ends and the other begins.",
        "Give the MAC the length of the ID, or its digest, before what follows.",
    )
    for forged in transplanted(mine, later.bodies[one], his):
        opened = _attempt(answer, batch.wrapped_key, *scope, one, forged)
        _expect_refused(
            REFUSED if opened == records[one] else opened,
            "The mark that says whose record it is was copied from one body into another, and `open_record` believed "
            "it. Nothing ties the mark to the content: whoever writes to the bucket puts it on another.",
            "Let one cipher or one MAC cover both, the ID and the content.",
        )


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_altered_bytes_and_a_kms_that_refuses(answer, lab, key, fresh, monkeypatch):
    """Altered bytes are refused, and nothing opens without the data key that KMS gives in that call."""
    batch = _seal(answer, key, *_scope(fresh), _records(fresh, 60))
    record_id, content = next(iter(batch.given.items()))
    _open(answer, batch, record_id)
    wrapped_key, *scope, body = batch.opening(record_id)
    changes = list(altered(body))
    for what, changed in [*changes[:: max(3, len(changes) // 6)], ("emptied", b"")]:
        opened = _attempt(answer, wrapped_key, *scope, changed)
        # A change without effect, in base64 padding for one, may pass: what comes back is still what was sealed.
        _expect_refused(
            REFUSED if opened == content else opened,
            f"`body` was altered ({what}), and `open_record` gave back other bytes than those sealed.",
            "Use an authenticated cipher, or check a MAC over all that `body` holds before you decrypt.",
        )
    _expect_refused(
        _attempt(answer, flip(wrapped_key, len(wrapped_key) // 2), *scope, body),
        "`wrapped_key` was altered, so KMS refuses it, and yet `open_record` gave back bytes.",
        "Let the error of KMS through, and open `body` with nothing but the key that KMS gives back.",
    )
    with monkeypatch.context() as patch:
        patch.setattr(lab, "send", data_keys.kms_with_another_data_key(lab.send, fresh))
        _expect_refused(
            _attempt(answer, *batch.opening(record_id)),
            "For this call KMS gave back another data key, and the body opened all the same. So its real key is not "
            "the one that KMS guards, or it was kept from the call before.",
            "Encrypt and decrypt with the data key that KMS gives in the same call.",
        )
    lab.home.switch_key(key, on=False)
    _expect_refused(
        _attempt(answer, *batch.opening(record_id)),
        "The KMS key was disabled, so nobody may open anything, and yet `open_record` gave back bytes.",
        "Get the data key from KMS in each call, and let its error through.",
    )


@dataclass(frozen=True)
class Batch:
    """What went into `seal_records`, what came out, and the KMS calls that it made."""

    tenant: str
    purpose: str
    given: dict
    wrapped_key: bytes
    bodies: dict
    calls: tuple

    def opening(self, record_id):
        """The arguments of `open_record` after `kms`."""
        return self.wrapped_key, self.tenant, self.purpose, record_id, self.bodies[record_id]


def _policies(key, condition=None):
    use = {"Effect": "Allow", "Action": USE, "Resource": key} | ({"Condition": condition} if condition else {})
    other = {"Effect": "Allow", "Action": ["kms:DescribeKey", "kms:GenerateRandom"], "Resource": "*"}
    return {"use-the-key": {"Version": "2012-10-17", "Statement": [use, other]}}


def _scope(fresh):
    return f"Clinic-{fresh.text(7)}", f"Report-{fresh.text(7)}"


def _records(fresh, *sizes):
    """A content of each size, by record ID. The IDs are equally long, and alike at both ends."""
    return {f"patient.number.{fresh.text(9)}@example.org": fresh.bytes(size) for size in sizes}


def _seal(answer, key, tenant, purpose, records, principal=None):
    """Call `seal_records` and refuse whatever is not the promised form."""
    before = len(answer.calls)
    try:
        result = answer.call("seal_records", answer.client(principal), key, tenant, purpose, records)
    except AnswerRaised:
        _explain(answer.calls[before:], tenant, purpose)
        raise
    calls = answer.calls[before:]
    expect(
        any(call.operation in OF_KEYS for call in calls),
        "`seal_records` did not ask KMS for a data key in this call. Either no KMS key protects what it gave back, or "
        "it used a data key of an earlier batch, and whoever gets that one opens both.",
        expected="at least one KMS call, for the data key, in each call",
        next_step="Begin `seal_records` by asking KMS for a new data key under `key_id`.",
    )
    fault = fault_of_fields("What `seal_records` gave back", result, {"wrapped_key": bytes, "records": dict})
    fault = fault or fault_of_fields("`records`", result["records"], dict.fromkeys(records, bytes))
    expect(
        fault is None,
        str(fault),
        expected="a dict with exactly `wrapped_key: bytes` and `records`: a dict with bytes for each record ID",
        next_step="Put all that you need for opening a record, except the wrapped key, into its body, as bytes.",
    )
    return Batch(tenant, purpose, records, result["wrapped_key"], result["records"], calls)


def _open(answer, batch, record_id, principal=None):
    """Call `open_record` as it should be called, and refuse whatever is not the content, with the help of KMS."""
    before = len(answer.calls)
    try:
        opened = answer.call("open_record", answer.client(principal), *batch.opening(record_id))
    except AnswerRaised as raised:
        _explain(answer.calls[before:], batch.tenant, batch.purpose)
        if not record_id.isprintable():
            reject(
                f"`open_record` raised {raised.type} for a record ID with a zero byte and punctuation in it. Any text "
                "may be an ID, so no character is left to mark where one ends.",
                expected="the content",
                next_step="Let the ID be additional data, or write its length in front of it.",
            )
        if raised.type in ("KeyError", "InvalidTag", "InvalidToken", "InvalidSignature"):
            reject(
                f"`open_record` raised {raised.type} for a record that nobody altered. Key, nonce or additional data "
                "is not that of the sealing, or was left in the memory of another process.",
                expected="the content, from the arguments and KMS alone",
                next_step="Compare, value by value, what both functions give the cipher and where each comes from.",
                line=raised.frames[-1].line if raised.frames else 0,
            )
        raise
    expect(
        any(call.parameters.get("CiphertextBlob") == batch.wrapped_key for call in answer.calls[before:]),
        "`open_record` did not ask KMS to open `wrapped_key` in this call. A data key that it kept from an earlier "
        "call, or that never came from KMS, opens on, whoever asks and whatever KMS would say.",
        expected="a KMS call that is given `wrapped_key`, in each call",
        next_step="Get the data key from `wrapped_key` with the help of KMS, each time, and open `body` with it.",
    )
    expect(
        opened == batch.given[record_id],
        "What came back is not the content that was sealed under this record ID.",
        expected=show(batch.given[record_id]),
        next_step="Look at how `seal_records` puts a body together, and take it apart in the same places.",
    )


def _attempt(answer, *arguments, principal=None):
    """What `open_record` gives back, or REFUSED when it raises."""
    try:
        return answer.call("open_record", answer.client(principal), *arguments)
    except AnswerRaised:
        return REFUSED


def _expect_refused(opened, message, next_step):
    if opened is not REFUSED and not opened:
        message = f"`open_record` had to refuse here, and gave back {opened!r}. Its caller takes that for a result."
        next_step = "Let the error of the cipher or of KMS through, also for a body too short to be one."
    expect(opened is REFUSED, message, expected="an exception", next_step=next_step)


def _expect_pairs(context, tenant, purpose, operation):
    wanted = {"tenant": tenant, "purpose": purpose}
    if fault := fault_of_context(context, wanted, operation):
        reject(
            fault[0],
            expected=f"the pairs {show(wanted)}",
            next_step=fault[1],
            actual=f"context of {operation}: {show(context) if context else 'none'}",
        )


def _explain(calls, tenant, purpose):
    """Where KMS refused the answer's last request: say so, if the context is what was wrong."""
    for last in (call for call in calls[-1:] if call.operation in OF_KEYS and call.error_code):
        _expect_pairs(last.parameters.get("EncryptionContext"), tenant, purpose, last.operation)
