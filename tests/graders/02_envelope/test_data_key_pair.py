"""The checks of envelope/data-key-pair: what `enrol`, `seal_offline` and `open_sealed` promise, seen from outside.

Not for how they do it: any key pair of KMS that can encrypt passes, with any sound method. To load an RSA private key
takes up to 0.3 s, so messages under RSA are opened less often here.
"""

from dataclasses import dataclass
from functools import cached_property

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from kms_katas.grading import AnswerRaised, expect, reject, show
from kms_katas.grading.data_key_pairs import (
    holds_private_key,
    is_public_pem,
    pair_of,
    private_key_of,
    public_key_in,
    same_public_key,
)
from kms_katas.grading.tampering import altered, digest_in, flip, forged, pieces_again, pieces_moved, spelling_of
from kms_katas.grading.weak_sealing import Weakness, weakness_of

USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
LOOK = "Look for the KMS operations whose names hold `DataKeyPair`: which of them gives no more than you may hold?"
WEAK = {
    Weakness.PRIVATE_KEY_INSIDE: (
        "A private key stands in the message. With that and the public key, which the camera holds, anybody opens it: "
        "ECDH works from both ends.",
        "the public half of the ephemeral key in the message, and its private half forgotten",
        "Put the ephemeral *public* key into the message; `open_sealed` has the camera's private key for the other end.",
    ),
    Weakness.KEY_OF_PUBLIC_KEY: (
        "The payload is encrypted under a key that comes from the public key alone. Whoever has the camera makes that "
        "key again, and reads the card.",
        "a key that nobody can make without the private key",
        "Make a new ephemeral key pair for each message, and derive the key from what ECDH gives.",
    ),
    Weakness.SECRET_AS_KEY: (
        "The ECDH secret itself is the key. It is a coordinate of a point, so not every value can occur, and nothing "
        "ties it to its use: NIST SP 800-56A has it go through a key derivation function.",
        "a key derived from the secret",
        "Put the secret through HKDF, with the ephemeral public key in `info`, and take what that gives.",
    ),
    Weakness.PKCS1_V15: (
        "RSA is used with the padding of PKCS #1 v1.5. Whoever can send altered messages, and see which are refused as "
        "wrongly padded or how fast, finds the content little by little (Bleichenbacher, 1998).",
        "RSA with OAEP padding",
        "Give `encrypt` and `decrypt` `padding.OAEP(...)` with SHA-256.",
    ),
    Weakness.NO_PADDING: (
        "RSA is used without padding. Equal keys then look equal, and a product of two ciphertexts is the ciphertext "
        "of a product: the attacker calculates with keys that they cannot see.",
        "RSA with OAEP padding",
        "Give `encrypt` and `decrypt` `padding.OAEP(...)` with SHA-256.",
    ),
}


@pytest.fixture
def key(lab):
    """The key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def learner(lab, key):
    """Headquarters: may use that key, and change nothing about it."""
    use = {"Effect": "Allow", "Action": USE, "Resource": key}
    random = {"Effect": "Allow", "Action": "kms:GenerateRandom", "Resource": "*"}
    statements = {"Version": "2012-10-17", "Statement": [use, random]}
    return lab.home.user("headquarters", policies={"use-the-key": statements})


@pytest.fixture
def device_id(fresh):
    return f"waterhole-{fresh.text(6)}"


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
            actual=f"{call.operation} answered with PrivateKeyPlaintext",
        )
        expect(
            call.operation != "Decrypt" or "Plaintext" not in given,
            "`enrol` had KMS decrypt something. What came back stays in this process's memory, and nothing in an "
            "enrolment needs the private key.",
            expected="an enrolment that gets the public key and the encrypted private key, and no more",
            next_step="Leave out the Decrypt: it belongs into `open_sealed`.",
        )
        expect(
            call.operation != "Encrypt" or given.get("CiphertextBlob") != camera.wrapped,
            "This process had the private key in its memory, and gave it to KMS to encrypt. It was never to hold it: "
            "KMS can make the pair itself, and give the private half in its encrypted form only.",
            expected="a key pair that KMS made",
            next_step=LOOK,
        )
    expect(
        camera.pair is not None,
        "`wrapped_private_key` is not what KMS gave during this call: no answer of KMS holds these bytes.",
        expected="the encrypted private key of a pair that KMS made, unchanged",
        next_step="Put the encrypted private key into `wrapped_private_key` as KMS gave it.",
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
            camera.pair is None or same_public_key(camera.public_key, camera.pair.public_key),
            "`public_key` is not, in DER, the public half of `wrapped_private_key`. What a camera seals with it nobody "
            "opens.",
            expected="the public key that came with the encrypted private key, as bytes in DER",
            next_step="Return the public key and the encrypted private key of one and the same answer, as they came.",
            actual="a public key in PEM" if is_public_pem(camera.public_key) else show(camera.public_key),
        )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_wrapped_private_key_is_bound_to_the_device(answer, key, device_id):
    """KMS binds the wrapped private key to its `device_id`, and shows that in CloudTrail."""
    camera = _enrol(answer, key, device_id)
    _expect_named(camera.pair.context if camera.pair else {}, device_id)


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
    spelling = spelling_of(payload, message, whole=False)
    expect(
        spelling is None,
        f"Parts of the payload can be read in the message ({spelling}). Encoding is not encryption: it has no key.",
        expected="nothing of the payload in the message",
        next_step="Encrypt the payload under a new key, and seal that key to the public key.",
    )
    digest = digest_in(payload, message)
    expect(
        digest is None,
        f"The {digest} digest of the payload stands in the open. Whoever guesses the payload can confirm the guess.",
        expected="no digest of the payload, unless it is made with a secret key",
        next_step="Use an authenticated cipher, or a MAC under a secret key, in place of the digest.",
    )
    expect(
        message != _seal(answer, camera, payload),
        "The same payload, sealed twice, gave the same message: neither key nor nonce changed. Whoever finds two cards "
        "sees which recordings are equal, and two messages under one nonce give away the XOR of their payloads.",
        expected="two different messages",
        next_step="Make a new ephemeral key, or a new content key, inside `seal_offline` for each message.",
    )
    pieces, again = pieces_again(_seal(answer, camera, bytes([fresh.integer(0, 255)]) * 40_000))
    # A few may be no fault: a header may hold a run of zero bytes.
    expect(
        again < 5,
        "Equal parts of the payload came out as equal parts of the message, so its pattern can be seen. ECB does this, "
        "and so does a key stream that starts anew for each piece.",
        expected="no 16 bytes of the message twice",
        next_step="Use an authenticated cipher, with a nonce that no two pieces under the same key share.",
        actual=f"40,000 equal bytes: of {pieces} pieces of the message, 16 bytes each, {again} stand in it again",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_the_key_of_a_message_is_made_soundly(answer, lab, key, device_id, fresh):
    """Only the private key leads to the key of a message: RSA with OAEP, an ECDH secret through a key derivation."""
    camera = _enrol(answer, key, device_id)
    payload = fresh.bytes(40)
    message = _seal(answer, camera, payload)
    found = weakness_of(message, payload, private_key_of(camera.pair, lab)) if camera.pair else None
    if found is not None:
        what, expected, next_step = WEAK[found]
        reject(what, expected=expected, next_step=next_step)


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_payload_of_any_size_comes_back(answer, key, device_id, fresh):
    """A payload of 0, 1, 5,000 or about 100,000 bytes comes back byte for byte; each step has a new process."""
    camera = _enrol(answer, key, device_id)
    answer.restart()
    payloads = [fresh.bytes(size) for size in (0, 1, 5_000, fresh.integer(99_000, 101_000))]
    messages = [_seal(answer, camera, payload) for payload in payloads]
    answer.restart()
    for payload, message in zip(payloads, messages, strict=True):
        _open(answer, camera, message, payload)


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_altered_message_is_refused(answer, key, device_id, fresh):
    """`open_sealed` raises an exception when any part of `message` was changed, moved or cut off."""
    camera = _enrol(answer, key, device_id)
    payload = fresh.bytes(48)
    message = _seal(answer, camera, payload)
    _open(answer, camera, message, payload)
    for change in _altered(camera, message, payload, fresh):
        _expect_refused(answer, camera, payload, *change)
    # Long enough for pieces of 64 KiB: one may cut a payload in pieces, but none may go or move unnoticed.
    for length in (camera.rsa_bytes + 100, 140_000) if camera.rsa_bytes else (140_000,):
        payload = fresh.bytes(length)
        message = _seal(answer, camera, payload)
        if camera.rsa_bytes and length < 1_000 and len(message) % camera.rsa_bytes == 0:
            _expect_refused(answer, camera, payload, "its last piece left out", message[: -camera.rsa_bytes])
        for head in camera.heads:
            for what, changed in pieces_moved(message[head:], length):
                _expect_refused(answer, camera, payload, what, message[:head] + changed)


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_only_what_belongs_together_opens(answer, key, device_id, fresh):
    """`open_sealed` refuses a message, a wrapped key or a name of another camera, and an altered wrapped key."""
    one, other = _enrol(answer, key, device_id), _enrol(answer, key, f"{device_id}-b")
    payload = fresh.bytes(60)
    message = _seal(answer, one, payload)
    _open(answer, one, message, payload)
    _expect_none(
        _attempt(answer, one.wrapped, other.device_id, message),
        "A wrapped private key opened in the name of another camera. So KMS does not know whose it is, and in the log "
        "an opening for one camera passes as one for another.",
        "Give KMS the same encryption context, made of `device_id`, in `enrol` and in `open_sealed`.",
    )
    _expect_none(
        _attempt(answer, other.wrapped, other.device_id, message),
        "A message for one camera opened with the private key of another. So its key is not the one that KMS guards.",
        "Let the key of a message follow from the camera's own key pair, and from nothing that others have.",
    )
    blob = one.wrapped
    for what, changed in (
        *((f"byte {at} changed", flip(blob, at)) for at in (0, len(blob) // 2, len(blob) - 1)),
        ("its last byte cut off", blob[:-1]),
    ):
        _expect_none(
            _attempt(answer, changed, one.device_id, message),
            f"`wrapped_private_key` was altered ({what}), so KMS refuses it, and yet `open_sealed` returned.",
            "Let the error of KMS through, and open the message with nothing but the key that KMS gives back.",
        )


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
    lab.home.admin.client("kms").disable_key(KeyId=key)
    _expect_none(
        _attempt(answer, camera.wrapped, device_id, message),
        "The KMS key was disabled, so nobody may open anything, and yet `open_sealed` returned. The private key was "
        "still there from an earlier opening.",
        "Get the private key from KMS at every opening, and keep it in no variable that outlives the call.",
    )


@dataclass(frozen=True)
class Camera:
    """What `enrol` gave back, for which device, and the KMS calls that it made."""

    device_id: str
    public_key: bytes
    wrapped: bytes
    calls: tuple

    @cached_property
    def pair(self):
        return pair_of(self.wrapped, self.calls)

    @cached_property
    def loaded(self):
        return public_key_in(self.public_key)

    @property
    def rsa_bytes(self):
        """The length of the modulus; 0 for other keys."""
        return self.loaded.key_size // 8 if isinstance(self.loaded, rsa.RSAPublicKey) else 0

    @property
    def heads(self):
        """How long what stands in front of the encrypted payload may be, nonce apart."""
        if isinstance(self.loaded, ec.EllipticCurvePublicKey):
            size = (self.loaded.curve.key_size + 7) // 8
            return (0, 1 + size, 1 + 2 * size, len(self.public_key))
        return (0, self.rsa_bytes) if self.rsa_bytes else (0, 768, 1088, 1568)  # ML-KEM


def _enrol(answer, key, device_id):
    """Call `enrol` and refuse whatever is not the promised form, or shows the private key."""
    before = len(answer.calls)
    try:
        result = answer.call("enrol", answer.client(), key, device_id)
    except AnswerRaised:
        expect(
            all(call.operation != "CreateKey" for call in answer.calls[before:]),
            "`enrol` wanted a KMS key for each camera. Each of those costs a dollar a month, and the one KMS key of "
            "this exercise can protect any number of key pairs.",
            expected="a key pair whose private half is encrypted under `key_id`",
            next_step=LOOK,
        )
        raise
    form = "a dict with exactly `public_key: bytes` and `wrapped_private_key: bytes`"
    if not isinstance(result, dict) or set(result) != {"public_key", "wrapped_private_key"}:
        reject(
            "`enrol` gave back something else than the brief asks for.",
            expected=form,
            next_step="Return these two fields and no other.",
        )
    calls = answer.calls[before:]
    for name, value in result.items():
        expect(
            isinstance(value, bytes),
            f"`{name}` is of type {type(value).__name__}.",
            expected=form,
            next_step=f"Return `{name}` as the bytes that KMS gave.",
        )
        expect(
            not holds_private_key(value, calls),
            f"The private key stands in `{name}` in the clear. Whoever reads the "
            f"{'camera' if name == 'public_key' else 'database'} opens every recording, and never has to ask KMS.",
            expected="the public key, and the private key as KMS encrypted it",
            next_step="Store the private key in its encrypted form, and never as it is.",
        )
    expect(
        bool(answer.calls),
        "`enrol` never asked KMS for anything, so no KMS key protects the private key.",
        expected="at least one KMS call, for the key pair",
        next_step=LOOK,
    )
    return Camera(device_id, result["public_key"], result["wrapped_private_key"], calls)


def _expect_named(context, device_id):
    """The encryption context names the camera."""
    expect(
        any(device_id in text for pair in context.items() for text in pair),
        "The encryption context does not show `device_id`. It is what KMS compares at each opening and what CloudTrail "
        "shows: without it, one camera's private key passes for another's, and no log tells."
        if context
        else "The wrapped private key does not say whose it is: there is no encryption context. Whoever can write to "
        "the database gives one camera the private key of another, and no log shows it.",
        expected=f"an encryption context with {show(device_id)} in it",
        next_step="Give KMS an EncryptionContext with `device_id` in it, the same in `enrol` and in `open_sealed`.",
        actual=f"the encryption context {show(context)}",
    )


def _seal(answer, camera, payload):
    """Call `seal_offline` and refuse whatever is not the promised form, or asked AWS."""
    before = len(answer.calls)
    try:
        message = answer.call("seal_offline", camera.public_key, payload)
    except AnswerRaised as raised:
        _reject_calls(answer.calls[before:])
        most = camera.rsa_bytes - 66
        expect(
            not (camera.rsa_bytes and len(payload) > most and raised.type == "ValueError"),
            f"RSA refused: with {8 * camera.rsa_bytes} bits and OAEP (SHA-256) it takes at most {most} bytes, and this "
            f"payload has {len(payload):,}. It is there for keys, not for data.",
            expected="a message",
            next_step="Encrypt the payload under a new symmetric key, and only that key with RSA.",
        )
        expect(
            not isinstance(camera.loaded, ed25519.Ed25519PublicKey),
            "An Ed25519 key pair signs, and does nothing else: the library knows no way to encrypt to it.",
            expected="a key pair that can encrypt",
            next_step="Ask KMS for another KeyPairSpec: one of RSA, or of a curve that ECDH works with.",
        )
        raise
    _reject_calls(answer.calls[before:])
    expect(
        isinstance(message, bytes),
        f"`seal_offline` gave back a value of type {type(message).__name__}.",
        expected="one message, as bytes",
        next_step="Join all that opening needs into one bytes.",
    )
    return message


def _reject_calls(calls):
    if calls:
        reject(
            f"`seal_offline` asked AWS ({calls[0].operation}). Out in the bush there is no network, and a camera that "
            "has credentials for KMS gives those away too when it is stolen.",
            expected="a message made from `public_key` and `payload` alone",
            next_step="Use the public key in your own process, with the package `cryptography`.",
        )


def _open(answer, camera, message, payload):
    """Call `open_sealed` and refuse whatever is not `payload`, with the help of KMS."""
    before = len(answer.calls)
    try:
        opened = answer.call("open_sealed", answer.client(), camera.wrapped, camera.device_id, message)
    except AnswerRaised as raised:
        expect(
            raised.type != "KeyError" or len(answer.calls) > before,
            "`open_sealed` never asked KMS, and looked for something that is not there. In a new process nothing is "
            "left of what the other functions kept.",
            expected="the payload, from the three arguments and KMS alone",
            next_step="Get the private key from `wrapped_private_key` with the help of KMS.",
        )
        raise
    expect(
        any(call.operation == "Decrypt" and call.response for call in answer.calls[before:]),
        "`open_sealed` gave back a payload and did not ask KMS for the private key. What opens without KMS, KMS can "
        "neither stop nor log.",
        expected="a KMS call in each opening",
        next_step="Have KMS decrypt `wrapped_private_key` inside `open_sealed`, each time, and keep the result in no "
        "variable that outlives the call.",
    )
    expect(
        isinstance(opened, bytes) and opened == payload,
        "What came back is not the payload that was sealed.",
        expected=show(payload),
        next_step="Look at how `seal_offline` puts the message together, and take it apart in the same places.",
    )


@dataclass(frozen=True)
class Opened:
    """What `open_sealed` gave back, when it gave back anything at all."""

    value: object


def _attempt(answer, *arguments):
    """None when `open_sealed` raises, as it should; else what it gave back."""
    try:
        return Opened(answer.call("open_sealed", answer.client(), *arguments))
    except AnswerRaised:
        return None


def _expect_none(opened, message, next_step):
    if opened is not None and not opened.value:
        message = f"{message.split('. ')[0]}, and `open_sealed` gave back {opened.value!r} in place of an error."
    expect(opened is None, message, expected="an exception", next_step=next_step)


def _altered(camera, message, payload, fresh):
    """Changes of a message in one piece: in every region, of its length, with digests made anew."""
    changes = list(altered(message))
    flips = [change for change in changes if change[0].endswith(" changed")]
    yield from flips[:: -(-len(flips) // (6 if camera.rsa_bytes else 16))]
    yield flips[-1]
    others = changes[len(flips) :]
    yield from others[1::2] if camera.rsa_bytes else others
    wanted = fresh.bytes(len(payload))
    for head in camera.heads:
        for what, changed in forged(message[head:], payload, wanted, camera.public_key):
            yield what, message[:head] + changed


def _expect_refused(answer, camera, payload, what, message):
    opened = _attempt(answer, camera.wrapped, camera.device_id, message)
    # A change without effect, in base64 padding for one, may pass: what comes back is still what was sealed.
    if opened is None or opened.value == payload:
        return
    if not opened.value:
        reject(
            f"`message` was altered ({what}), and `open_sealed` gave back {opened.value!r}. Its caller takes that for "
            "a recording and goes on; a refusal has to stop it.",
            expected="an exception",
            next_step="Let the error of the cipher through, and refuse a message that is too short to be one.",
        )
    pieces = "piece" in what
    reject(
        f"`message` was altered ({what}), and `open_sealed` gave back other bytes than those sealed. "
        + (
            "Nothing says where a piece belongs, or which is the last."
            if pieces
            else "Encryption alone sees no change."
        ),
        expected="an exception",
        next_step="Seal the payload in one piece, or bind its number, and a mark on the last, into each piece."
        if pieces
        else "Use an authenticated cipher, or check a MAC under a secret key over all that the message holds.",
    )
