"""The checks of envelope/data-key-pair: what `enrol`, `seal_offline` and `open_sealed` promise, seen from outside.

Not for how they do it: any key pair of KMS that can encrypt passes, with any sound method. To load an RSA private key
takes up to 0.3 s, so messages under RSA are opened less often here.
"""

from dataclasses import dataclass

import pytest

from kms_katas.grading import AnswerRaised, data_key_pairs, expect, reject, show, tampering
from kms_katas.grading.fields import expect_bytes_fields
from kms_katas.grading.sealed_body import expect_no_digest, expect_no_pattern, expect_unmarked
from kms_katas.grading.weak_sealing import WORDS, weakness_of

USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
LOOK = "Look for the KMS operations whose names hold `DataKeyPair`: which of them gives no more than you may hold?"


@pytest.fixture
def key(lab):
    """The key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def learner(lab, key):
    """Headquarters: may use that key, and change nothing about it."""
    use = {"Effect": "Allow", "Action": USE, "Resource": key}
    random = {"Effect": "Allow", "Action": "kms:GenerateRandom", "Resource": "*"}
    return lab.home.user("headquarters", policies={"use": {"Version": "2012-10-17", "Statement": [use, random]}})


@pytest.fixture
def device_id(fresh):
    return f"Waterhole-{fresh.text(28)}"  # with "-b" after it, as long as the brief allows


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_the_enrolling_process_never_holds_the_private_key(answer, key, device_id):
    """KMS makes the key pair, and the process that enrols never holds its private half."""
    camera = _enrol(answer, key, device_id)
    for call in camera.calls:
        given = call.response or {}
        expect(
            "PrivateKeyPlaintext" not in given,
            "KMS gave this process the private key in plain text, and an enrolment has no use for it. A log, a crash "
            "dump or a debugger here gives away all that this camera will ever record.",
            expected="an answer of KMS without the plaintext private key",
            next_step="Look at the list of KMS operations for one that makes a key pair and leaves that field out.",
        )
        had = {"Decrypt": bool(given), "Encrypt": given.get("CiphertextBlob") == camera.wrapped}.get(call.operation)
        expect(
            not had,
            f"With {call.operation}, the process that enrols had the private key in its memory. A log, a crash dump or "
            "a debugger here gives away all that this camera will ever record, and no enrolment needs it.",
            expected="an enrolment that gets the public key and the encrypted private key from KMS, and no more",
            next_step="Leave the Decrypt to `open_sealed`." if call.operation == "Decrypt" else LOOK,
        )
    expect(
        camera.public_half is not None,
        "`wrapped_private_key` is no private key that KMS made and encrypted during this call: no answer of KMS holds "
        "these bytes. So it is not KMS that protects it.",
        expected="the encrypted private key of a pair that KMS made, unchanged",
        next_step=LOOK if not camera.calls else "Return the encrypted private key as KMS gave it.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_each_enrolment_gives_a_new_pair(answer, key, device_id):
    """Each enrolment gives a key pair of its own: the public key in DER, and the private key that belongs to it."""
    seen = set()
    for name, key_id in ((device_id, key), (f"{device_id}-b", key.split("/")[1]), (device_id, key)):
        camera = _enrol(answer, key_id, name)
        expect(
            camera.public_key not in seen,
            "Two enrolments gave the same key pair. Who gets the private key for one camera, to read one card, then "
            "reads the others too.",
            expected="a new key pair for each enrolment",
            next_step="Ask KMS for a new key pair inside `enrol`, each time that it is called.",
        )
        seen.add(camera.public_key)
        expect(
            camera.public_half is None or data_key_pairs.same_public_key(camera.public_key, camera.public_half),
            "`public_key` is not, in DER, the public half of `wrapped_private_key`. What a camera seals with it nobody "
            "opens.",
            expected="the public key that came with the encrypted private key, as bytes in DER",
            next_step="Return the public key and the encrypted private key of one and the same answer, as they came.",
            actual="a public key in PEM"
            if data_key_pairs.is_public_pem(camera.public_key)
            else show(camera.public_key),
        )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_wrapped_private_key_is_bound_to_the_device(answer, key, device_id):
    """KMS binds the wrapped private key to its `device_id`, and shows that in CloudTrail."""
    _expect_named(_enrol(answer, key, device_id).context, device_id)


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_sealing_asks_aws_for_nothing(answer, key, device_id, fresh):
    """`seal_offline` makes messages of payloads of 0, 1, 500 and 5,000 bytes, and asks AWS for nothing."""
    camera = _enrol(answer, key, device_id)
    for size in (0, 1, 500, 5_000):
        _seal(answer, camera, fresh.bytes(size))


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_messages_show_nothing(answer, key, device_id, fresh):
    """A message shows neither its payload nor what two payloads have in common."""
    camera = _enrol(answer, key, device_id)
    payload = fresh.bytes(200)
    message = _seal(answer, camera, payload)
    spelling = tampering.spelling_of(payload, message, whole=False)
    expect(
        spelling is None,
        f"Parts of the payload can be read in the message ({spelling}). Encoding is not encryption: it has no key.",
        expected="nothing of the payload in the message",
        next_step="Encrypt the payload under a new key, and seal that key to the public key.",
    )
    expect_no_digest(payload, message, "payload")
    other, again = (_seal(answer, camera, each) for each in (fresh.bytes(200), payload))
    expect(
        message != again,
        "The same payload, sealed twice, gave the same message: neither key nor nonce changed. Whoever finds two cards "
        "sees which recordings are equal, and two messages under one nonce give away the XOR of their payloads.",
        expected="two different messages",
        next_step="Make a new ephemeral key, or a new content key, inside `seal_offline` for each message.",
    )
    expect_unmarked((message, other, again), lambda: _seal(answer, camera, payload), "message")
    even = _seal(answer, camera, bytes([fresh.integer(0, 255)]) * 70_000)  # more than a piece of 64 KiB
    expect(
        len(even) >= 70_000,
        "70,000 equal bytes came out as a shorter message: what is compressed before it is sealed tells by its length "
        "what is in it. An empty night and a herd at the waterhole can be told apart.",
        expected="a length that follows from the payload's length alone",
        next_step="Seal the payload as it is.",
        actual=f"{len(even):,} bytes",
    )
    expect_no_pattern(even, "the message")


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_the_key_of_a_message_is_made_soundly(answer, lab, key, device_id, fresh):
    """Each message has a key of its own, to which only the private key leads, by OAEP or a key derivation function."""
    payload, sealed = fresh.bytes(40), []
    for name in (device_id, f"{device_id}-b"):
        camera = _enrol(answer, key, name)
        private_key = data_key_pairs.private_key_of(camera.wrapped, camera.context, lab)
        # Twice: a key may come from the public key, or from the payload.
        sealed += [(_seal(answer, camera, payload), private_key) for _ in range(2)]
    if found := weakness_of(sealed, payload):
        what, expected, next_step = WORDS[found]
        reject(what, expected=expected, next_step=next_step)


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_payload_of_any_size_comes_back(answer, key, device_id, fresh):
    """A payload of 0, 1, 5,000 or about 100,000 bytes comes back byte for byte, also in another process."""
    camera = _enrol(answer, key, device_id)
    sizes = [0, 1, 5_000, fresh.integer(99_000, 101_000)]
    if camera.kind.rsa_bytes:
        del sizes[fresh.integer(1, 2)]
    payloads = [fresh.bytes(size) for size in sizes]
    payloads[-1] = b"\n" + payloads[-1] + b"\0"  # who pads with zeros, or strips, loses these
    messages = [_seal(answer, camera, payload) for payload in payloads[:2]]
    # One new process for both: of the first two messages it knows nothing, and for the others it did not enrol.
    answer.restart()
    messages += [_seal(answer, camera, payload) for payload in payloads[2:]]
    for payload, message in zip(payloads, messages, strict=True):
        _open(answer, camera, message, payload)


@pytest.mark.task(3)
@pytest.mark.points(1)
def test_altered_message_is_refused(answer, key, device_id, fresh):
    """`open_sealed` raises an exception when any part of `message` was changed or cut off."""
    camera = _enrol(answer, key, device_id)
    payload, story = fresh.bytes(20), "`message` was altered"
    message = _seal(answer, camera, payload)
    _open(answer, camera, message, payload)
    why = "They are not those that were sealed: encryption alone does not notice changes."
    next_step = "Use an authenticated cipher, or check a MAC under a secret key over all that the message holds."
    wanted = fresh.bytes(len(payload))
    for what, changed in data_key_pairs.altered(message, payload, wanted, camera.public_key, fresh):
        _expect_refused(answer, (camera.wrapped, device_id, changed), f"{story} ({what})", why, next_step, payload)


@pytest.mark.task(3)
@pytest.mark.points(1)
def test_no_piece_of_a_message_may_go_or_move(answer, key, device_id, fresh):
    """`open_sealed` raises an exception when pieces of a long `message` were left out or exchanged."""
    camera, story = _enrol(answer, key, device_id), "`message` was altered"
    # Long enough for pieces of 64 KiB: one may cut a payload in pieces, but none may go or move unnoticed.
    why = "Each piece is sealed, but nothing says where it belongs, or which is the last."
    next_step = "Seal the payload in one piece, or bind its number, and a mark on the last, into each piece."
    for length in (camera.kind.rsa_bytes + 100, 140_000) if camera.kind.rsa_bytes else (140_000,):
        payload = fresh.bytes(length)
        message = _seal(answer, camera, payload)
        for what, changed in data_key_pairs.moved(message, length, camera.kind):
            _expect_refused(answer, (camera.wrapped, device_id, changed), f"{story} ({what})", why, next_step, payload)


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_only_what_belongs_together_opens(answer, key, device_id, fresh):
    """`open_sealed` refuses a message, a wrapped key or a name of another camera, and an altered wrapped key."""
    one, other = _enrol(answer, key, device_id), _enrol(answer, key, f"{device_id}-b")
    payload = fresh.bytes(60)
    message = _seal(answer, one, payload)
    _open(answer, one, message, payload)
    _expect_refused(
        answer,
        (one.wrapped, other.device_id, message),
        "A wrapped private key was to be opened in the name of another camera",
        "So KMS does not know whose it is, and in the log an opening for one camera passes as one for another.",
        "Give KMS the same encryption context, made of `device_id`, in `enrol` and in `open_sealed`.",
    )
    _expect_refused(
        answer,
        (other.wrapped, other.device_id, message),
        "A message came with the private key of another camera",
        "Either its key is not the one that KMS guards, or nothing notices that a key is wrong.",
        "Let the key of a message follow from the camera's own key pair, and from nothing that others have.",
    )
    why = "KMS refuses it, so the key of the message came from elsewhere."
    next_step = "Let the error of KMS through, and open the message with nothing but the key that KMS gives back."
    for what, changed in tampering.thinned(tampering.altered(one.wrapped), 3):
        story = f"`wrapped_private_key` was altered ({what})"
        _expect_refused(answer, (changed, one.device_id, message), story, why, next_step)


@pytest.mark.task(3)
@pytest.mark.points(1)
def test_each_opening_asks_kms(answer, lab, key, device_id, fresh):
    """Each opening asks KMS in the camera's name, and none works once the KMS key is disabled."""
    camera = _enrol(answer, key, device_id)
    payload = fresh.bytes(60)
    message = _seal(answer, camera, payload)
    for _ in range(2):
        _open(answer, camera, message, payload)
    decrypts = {call.request_id for call in answer.calls if call.operation == "Decrypt" and call.response}
    for event in lab.trail:
        if event.get("requestID") in decrypts:
            _expect_named(event["requestParameters"].get("encryptionContext") or {}, device_id)
    lab.home.switch_key(key, on=False)
    _expect_refused(
        answer,
        (camera.wrapped, device_id, message),
        "The KMS key was disabled",
        "Nobody may open anything now: the private key was still there from an earlier opening.",
        "Get the private key from KMS at every opening, and keep it in no variable that outlives the call.",
    )


@dataclass(frozen=True)
class Camera:
    """What `enrol` gave back for a device, and what KMS said: the calls, the encryption context, the public key."""

    device_id: str
    public_key: bytes
    wrapped: bytes
    calls: tuple
    context: dict
    public_half: bytes | None
    kind: data_key_pairs.Kind


def _enrol(answer, key, device_id):
    """Call `enrol` and refuse whatever is not the promised form, or shows the private key."""
    before = len(answer.calls)
    try:
        result = answer.call("enrol", answer.client(), key, device_id)
    except AnswerRaised:
        what = "`enrol` wanted a KMS key for each camera, a dollar a month each. One protects any number of key pairs."
        wanted = any(call.operation == "CreateKey" for call in answer.calls[before:])
        expect(not wanted, what, expected="a private key that is encrypted under `key_id`", next_step=LOOK)
        raise
    expect_bytes_fields("enrol", result, "public_key", "wrapped_private_key")
    calls = answer.calls[before:]
    for name, value in result.items():
        expect(
            not data_key_pairs.holds_private_key(value, calls),
            f"The private key stands in `{name}` in the clear. Whoever reads the "
            f"{'camera' if name == 'public_key' else 'database'} opens every recording, and never has to ask KMS.",
            expected="the public key, and the private key as KMS encrypted it",
            next_step="Store the private key in its encrypted form, and never as it is.",
        )
    public_key, wrapped = result["public_key"], result["wrapped_private_key"]
    context, public_half = data_key_pairs.context_of(wrapped, calls), data_key_pairs.public_key_of(wrapped, calls)
    return Camera(device_id, public_key, wrapped, calls, context, public_half, data_key_pairs.kind_of(public_key))


def _expect_named(context, device_id):
    expect(
        any(device_id in text for pair in context.items() for text in pair),
        "The encryption context does not say whose the wrapped private key is. So KMS cannot compare: one camera's "
        "private key passes for another's, and no log tells.",
        expected=f"an encryption context with {show(device_id)} in it",
        next_step="Give KMS an EncryptionContext with `device_id` in it, the same in `enrol` and in `open_sealed`.",
        actual=f"the encryption context {show(context)}" if context else "no encryption context",
    )


def _seal(answer, camera, payload):
    """Call `seal_offline` and refuse whatever is not the promised form, or asked AWS."""
    before, raised = len(answer.calls), None
    try:
        message = answer.call("seal_offline", camera.public_key, payload)
    except AnswerRaised as error:
        raised = error
    calls, most = answer.calls[before:], camera.kind.rsa_bytes - 66
    if calls:
        reject(
            f"`seal_offline` asked AWS ({calls[0].operation}). Out in the bush there is no network, and a camera that "
            "has credentials for KMS gives those away too when it is stolen.",
            expected="a message made from `public_key` and `payload` alone",
            next_step="Use the public key in your own process, with the package `cryptography`.",
        )
    if raised and raised.type == "ValueError" and 0 < most < len(payload) <= 5_000:
        reject(
            f"RSA refused: with OAEP (SHA-256) and this key it takes at most {most} bytes, and the payload has "
            f"{len(payload):,}. It is there for keys, not for data.",
            expected="a message",
            next_step="Encrypt the payload under a new symmetric key, and only that key with RSA.",
        )
    if raised:
        what = "An Ed25519 key pair signs, and does nothing else: the library knows no way to encrypt to it."
        next_step = "Ask KMS for another KeyPairSpec: one of RSA, or of a curve that ECDH works with."
        expect(not camera.kind.signs_only, what, expected="a key pair that can encrypt", next_step=next_step)
        raise raised
    expect(
        isinstance(message, bytes),
        f"`seal_offline` gave back a value of type {type(message).__name__}.",
        expected="one message, as bytes",
        next_step="Join all that opening needs into one bytes.",
    )
    return message


def _open(answer, camera, message, payload):
    """Call `open_sealed` and refuse whatever is not `payload`, with the help of KMS."""
    before = len(answer.calls)
    try:
        opened = answer.call("open_sealed", answer.client(), camera.wrapped, camera.device_id, message)
    except AnswerRaised as raised:
        expect(
            raised.code != "InvalidCiphertextException",
            "KMS refused to open `wrapped_private_key`: `open_sealed` gave another ciphertext, or another encryption "
            "context than `enrol` did. KMS compares both to the letter, and says no more.",
            expected=f"Decrypt of `wrapped_private_key`, with the encryption context {show(camera.context)}",
            next_step="Give Decrypt the EncryptionContext of the enrolment.",
        )
        raise
    expect(
        any(call.operation == "Decrypt" and call.response for call in answer.calls[before:]),
        "`open_sealed` gave back a payload and did not ask KMS for the private key. What opens without KMS, KMS can "
        "neither stop nor log.",
        expected="a KMS call in each opening",
        next_step="Have KMS decrypt `wrapped_private_key` inside `open_sealed`, and keep no result for the next call.",
    )
    part = isinstance(opened, bytes) and opened and opened in payload
    expect(
        isinstance(opened, bytes) and opened == payload,
        f"What came back is {'only a part of the payload' if part else 'not the payload that was sealed'}.",
        expected=show(payload),
        next_step="Look at how `seal_offline` puts the message together, and take it apart in the same places.",
    )


def _expect_refused(answer, arguments, story, why, next_step, payload=None):
    """`open_sealed` raises. What gives back `payload` all the same had no effect: padding of base64, for one."""
    try:
        opened = answer.call("open_sealed", answer.client(), *arguments)
    except AnswerRaised:
        return
    if payload is not None and opened == payload:
        return
    if not opened or not isinstance(opened, bytes):
        why = "Its caller takes that for a recording and goes on; a refusal has to stop it."
        next_step = "Let the errors of KMS and of the cipher through, and refuse a message that is too short to be one."
    reject(
        f"{story}, and `open_sealed` gave back {type(opened).__name__ if opened else repr(opened)}. {why}",
        expected="an exception",
        next_step=next_step,
    )
