"""The checks of envelope/encryption-sdk: what `seal`, `open_message` and `open_from` promise, by messages alone.

Not for which part of the SDK they use. What an answer sealed is opened here by the published format, with a data key
that KMS gives for it; what an answer should refuse is made here.
"""

import pytest

from kms_katas.grading import AnswerRaised, expect, reject, show
from kms_katas.grading.data_keys import data_key_of, wrapped_key_of
from kms_katas.grading.sdk_messages import COMMITTING, KMS_PROVIDER, SIGNER, NoMessage, read_message
from kms_katas.grading.sdk_senders import Sender, read_by_another
from kms_katas.grading.sealed_body import entry_of_payload, shown_in
from kms_katas.grading.tampering import flip

USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey", "kms:GenerateRandom"]
FORM = "bytes: one message of the AWS Encryption SDK"
OF_THE_SDK = "Let the client of `aws_encryption_sdk` encrypt, and return the message that it gives, as it is."


@pytest.fixture
def key(lab):
    """The key of this exercise."""
    return lab.home.create_key()


@pytest.fixture
def account(key):
    """The account of that key."""
    return key.split(":")[4]


@pytest.fixture
def learner(lab, key):
    """A service that may use every key that lets it."""
    use = {"Effect": "Allow", "Action": USE, "Resource": "*"}
    return lab.home.user("app", policies={"use-keys": {"Version": "2012-10-17", "Statement": [use]}})


@pytest.fixture
def tenant(fresh):
    return f"Clinic-{fresh.text(6)}"


@pytest.fixture
def java(lab, fresh):
    """The other service, which seals as the brief asks, and what a check asks for."""
    return Sender(lab.home, fresh)


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_the_key_named_alone_opens_it(answer, key, tenant, fresh):
    """Every encrypted data key in the message is under the KMS key that was named, and none is in your code."""
    message, _ = _seal(answer, key, tenant, fresh.bytes(40))
    strangers = [one for one in message.wrapped_keys if (one.provider, one.info) != (KMS_PROVIDER, key)]
    expect(
        bool(message.wrapped_keys) and not strangers,
        "The message can be opened with something else than the KMS key that was named. Each encrypted data key in "
        "it is a way in, and the weakest of them is what protects the report.",
        expected=f"one encrypted data key, of provider {KMS_PROVIDER}, under {key}",
        actual=", ".join(f"{show(one.provider)} {show(one.info)}" for one in strangers) or "no encrypted data key",
        next_step="Seal with a keyring for this one KMS key, and with nothing beside it.",
    )
    made_by_kms = {wrapped_key_of(call) for call in answer.calls if call.operation != "Encrypt"}
    if {one.ciphertext for one in message.wrapped_keys} <= made_by_kms:
        return  # just now: in no code
    first = len(answer.calls)
    answer.restart()
    _seal(answer, key, tenant, fresh.bytes(40))
    before, after = ({data_key_of(call) for call in calls} for calls in (answer.calls[:first], answer.calls[first:]))
    expect(
        not before & after - {None},
        "Another process sealed under the same data key, so that stands in the code. Whoever has read the code opens "
        "everything, and needs no KMS for it.",
        expected="a data key that nobody knows beforehand",
        next_step="Let the SDK get the data key from KMS.",
    )


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_message_is_one_of_the_sdk(answer, lab, key, tenant, fresh):
    """`seal` gives a message of the AWS Encryption SDK, which anyone with the KMS key and the tenant can open."""
    for size in (0, fresh.integer(5_000, 6_000)):
        payload = fresh.bytes(size)
        message, data = _seal(answer, key, tenant, payload)
        try:
            content = read_by_another(lab, message, {"tenant": tenant})
        except NoMessage as why:
            content = _read_without_tenant(lab, message)  # which is for another check to say
            if content is None:
                reject(
                    f"The header of the message reads well, and yet it does not open: {why}. Whoever reads it has the "
                    "KMS key, the tenant and what the message shows, no more.",
                    expected=FORM,
                    next_step=OF_THE_SDK,
                    actual=show(data),
                )
        _expect_content(content, payload)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_message_commits_to_its_data_key(answer, key, tenant, fresh):
    """The message commits to its data key: it cannot be made to open to other content under another one."""
    message, _ = _seal(answer, key, tenant, fresh.bytes(40))
    expect(
        message.suite in COMMITTING,
        "The message does not commit to its data key. AES-GCM alone does not either: who wraps two data keys beside "
        "one ciphertext can have it open to two contents, one for each reader.",
        expected="an algorithm suite with key commitment: 0x0478, or 0x0578 with a signature",
        actual=f"algorithm suite {message.suite:#06x}, of version 1 of the message format",
        next_step="Leave commitment policy and algorithm suite at what version 4 of the SDK does by itself.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_context_binds_the_tenant_and_shows_no_secret(answer, lab, key, tenant, fresh):
    """The encryption context holds the tenant, for KMS too, and nothing that can be read shows the payload."""
    payload = fresh.text(16 * fresh.integer(15, 30)).encode()
    message, data = _seal(answer, key, tenant, payload)
    stored = message.context.get("tenant")
    missing = stored is None and _read_without_tenant(lab, message) is not None
    expect(
        not missing and stored in (None, tenant),
        "The tenant is not in the encryption context under the name `tenant`. So the message is bound to nobody: moved "
        "into another tenant's place, it opens there."
        if missing
        else "Under `tenant`, the encryption context has another text than the tenant that was given. Who opens with "
        "the tenant as it is called is refused, and two tenants that become alike open each other's reports.",
        expected=f"`tenant`: {show(tenant)}",
        actual=show({name: value for name, value in message.context.items() if name != SIGNER}),
        next_step="Give the SDK an encryption context with the tenant, as it came, when it encrypts.",
    )
    entries = {name: value for name, value in message.context.items() if name not in ("tenant", SIGNER)}
    payloads = payload, fresh.text(len(payload)).encode()
    shown = shown_in(payload, data) or entry_of_payload(
        answer, entries, payloads, lambda each: _seal(answer, key, tenant, each)[0].context
    )
    expect(
        shown is None,
        f"To everybody the message shows {shown}. The encryption context is not encrypted: it stands in "
        "the message as it is, and KMS writes it into CloudTrail.",
        expected="a context that says whose report it is, and nothing of what it says",
        next_step="Take it out of the context. The SDK already protects the payload against changes.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_message_opens_in_another_process(answer, java, key, tenant, fresh):
    """`open_message` gives back what `seal`, or the Java service, sealed: byte for byte, in a new process."""
    payload = fresh.bytes(fresh.integer(5_000, 6_000))
    _, data = _seal(answer, key, tenant, payload)
    answer.restart()
    _open(answer, "open_message", key, tenant, data, payload)
    data = java.seal(b"", {"tenant": tenant, "from": fresh.text(8)}, key)
    _open(answer, "open_message", key, tenant, data, b"", "The Java service sealed this message, of 0 bytes. ")


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_another_tenants_message_is_refused(answer, java, key, tenant, fresh):
    """`open_message` raises an exception for a message of another tenant, or of none."""
    payload = fresh.bytes(30)
    data = java.seal(payload, {"tenant": tenant}, key)
    _open(answer, "open_message", key, tenant, data, payload)
    for what, asked, message in java.for_others(payload, tenant, key, data):
        _expect_tenant_refused(answer, "open_message", key, asked, message, what)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_another_key_is_refused(answer, lab, java, key, tenant, fresh):
    """`open_message` raises an exception for another KMS key, though KMS would open it, and for what KMS refuses."""
    payload, context = fresh.bytes(30), {"tenant": tenant, "key": key}
    data = java.seal(payload, {"tenant": tenant}, key)
    _open(answer, "open_message", key, tenant, data, payload)
    other, genuine = lab.home.create_key(), java.seal(fresh.bytes(20), context, key)
    for what, message in java.forge(payload, context, other, genuine):
        _expect_refused(
            answer,
            ("open_message", key, tenant, message),
            "is under another KMS key",
            f"The message was sealed under another KMS key ({what}), and `open_message` opened it: it takes "
            "whatever KMS opens. Who can seal under any key that your service may use then writes reports that look "
            "like yours.",
            "Open with a keyring for this one KMS key, which leaves out what other keys wrapped.",
        )
    lab.home.switch_key(key, on=False)
    _expect_refused(
        answer,
        ("open_message", key, tenant, genuine),  # never opened before: a cache may hold the others
        "is under a KMS key that is disabled",
        "The KMS key was disabled, so nobody may open anything, and yet `open_message` gave back bytes.",
        "Have the SDK ask KMS for the data key, and let its error through.",
    )


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_altered_message_is_refused(answer, key, tenant, fresh):
    """`open_message` raises an exception when the message was altered or cut off."""
    payload = fresh.bytes(fresh.integer(19_000, 20_000))
    message, data = _seal(answer, key, tenant, payload)
    _open(answer, "open_message", key, tenant, data, payload)
    changes = [
        ("a byte of its header changed", flip(data, fresh.integer(2, len(message.header) - 1))),
        ("a byte of its content changed", flip(data, fresh.integer(len(data) // 4, len(data) // 2))),
        ("its last byte cut off", data[:-1]),
    ]
    for what, changed in changes:
        _expect_altered_refused(answer, ("open_message", key), tenant, what, changed)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_uncommitted_message_is_refused(answer, java, key, tenant, fresh):
    """`open_message` raises an exception for a message that does not commit to its data key."""
    payload = fresh.bytes(30)
    _open(answer, "open_message", key, tenant, java.seal(payload, {"tenant": tenant}, key), payload)
    _expect_commitment_asked(answer, java, ("open_message", key), tenant, key, payload)


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_any_key_of_the_account_opens(answer, lab, java, key, account, tenant, fresh):
    """`open_from` opens messages under any KMS key of the account, of which nobody told it."""
    payload, second = fresh.bytes(200), lab.home.create_key()
    _, data = _seal(answer, key, tenant, payload)
    _open(answer, "open_from", account, tenant, data, payload)
    data = java.seal(payload, {"tenant": tenant}, second)
    _open(answer, "open_from", account, tenant, data, payload, "The Java service sealed this message. ")


@pytest.mark.task(3)
@pytest.mark.points(3)
def test_keys_of_other_accounts_are_refused(answer, lab, learner, java, key, account, tenant, fresh):
    """`open_from` raises an exception for a key of another account, though that lets your service decrypt with it."""
    payload, context = fresh.bytes(30), {"tenant": tenant, "account": account}
    genuine = java.seal(payload, context, key)
    _open(answer, "open_from", account, tenant, genuine, payload)
    outsider = lab.account(str(fresh.integer(2 * 10**11, 9 * 10**11)))
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{outsider.id}:root"}, "Action": "kms:*"}
    lets_in = {"Effect": "Allow", "Principal": {"AWS": learner.arn}, "Action": "kms:Decrypt"}
    policy = {"Version": "2012-10-17", "Statement": [{**one, "Resource": "*"} for one in (own, lets_in)]}
    foreign = outsider.create_key(policy)
    stranger = Sender(outsider, fresh)
    for what, message in stranger.forge(fresh.bytes(30), context, foreign, genuine):
        _expect_refused(
            answer,
            ("open_from", account, tenant, message),
            "is under a KMS key of another account",
            f"A stranger in account {outsider.id} sealed this message under a key of theirs ({what}), lets your "
            "service decrypt with it, and `open_from` took it for one of yours. KMS says yes wherever a key's owner "
            "does.",
            "Tell the keyring that finds keys by itself which accounts count; it then leaves out every other key, "
            "before it asks KMS.",
        )
    _expect_refused(
        answer,
        ("open_from", outsider.id, tenant, genuine),
        "is under a KMS key of another account",
        f"`open_from` was told that the keys of account {outsider.id} count, and opened a message under a key of "
        f"{account}. It does not go by the account that it is given.",
        "Make the filter from `account`, at every call.",
    )


@pytest.mark.task(3)
@pytest.mark.points(1)
def test_under_any_key_all_else_is_refused(answer, java, key, account, tenant, fresh):
    """`open_from` raises an exception for another tenant, or none, without commitment, and for what was altered."""
    payload = fresh.bytes(30)
    _, data = _seal(answer, key, tenant, payload)
    _open(answer, "open_from", account, tenant, data, payload)
    for what, asked, message in java.for_others(payload, tenant, key, data):
        _expect_tenant_refused(answer, "open_from", account, asked, message, what)
    _expect_commitment_asked(answer, java, ("open_from", account), tenant, key, payload)
    _expect_altered_refused(answer, ("open_from", account), tenant, "its last byte cut off", data[:-1])


def _seal(answer, key, tenant, payload):
    """Call `seal`: its message, taken apart, and as it is. Refuses whatever is no message of the SDK."""
    data = answer.call("seal", answer.client(), key, tenant, payload)
    expect(
        isinstance(data, bytes),
        f"`seal` gave back a value of type {type(data).__name__}.",
        expected=FORM,
        next_step="Return the message alone; the SDK gives a pair, of which it is the first.",
    )
    try:
        return read_message(data), data
    except NoMessage as why:
        reject(
            f"What `seal` gave back is no message of the AWS Encryption SDK: {why}. A format of your own opens only "
            "where your own code runs, and its mistakes are found by nobody else.",
            expected=FORM,
            next_step=OF_THE_SDK,
            actual=show(data),
        )


def _read_without_tenant(lab, message):
    """What the message holds for one who does not know its tenant, or None."""
    try:
        return read_by_another(lab, message, {})
    except NoMessage:
        return None


def _expect_tenant_refused(answer, function, whose, asked, message, what):
    _expect_refused(
        answer,
        (function, whose, asked, message),
        "is not for the tenant that was asked for",
        f"The message is not for the tenant that was asked for ({what}), and `{function}` opened it. That the SDK "
        "verifies the context shows that nobody changed it, not that it is the one you expect.",
        "Say to the SDK which tenant you expect when it decrypts, or compare with the context that it gives back.",
    )


def _expect_altered_refused(answer, asked, tenant, what, message):
    _expect_refused(
        answer,
        (*asked, tenant, message),
        "was altered",
        f"The message was altered ({what}), and `{asked[0]}` gave back bytes. The SDK notices it, the signature last "
        "of all, so what it gave before its error counts for nothing.",
        "Let the SDK decrypt the whole message, and let its error through.",
    )


def _expect_commitment_asked(answer, java, asked, tenant, key, payload):
    message = java.seal(payload, {"tenant": tenant}, key, committed=False)
    _expect_refused(
        answer,
        (*asked, tenant, message),
        "does not commit to its data key",
        f"`{asked[0]}` opened a message that does not commit to its data key. Sealing with commitment is half of it: "
        "who forges chooses the old format.",
        "Require commitment when you decrypt too; version 4 of the SDK does so unless it is told otherwise.",
    )


def _open(answer, function, whose, tenant, data, payload, story=""):
    """Call an opening function where it has to succeed."""
    try:
        opened = answer.call(function, answer.client(), whose, tenant, data)
    except AnswerRaised as raised:
        reject(
            f"{story}`{function}` refused a message that it has to open: {raised.type}.",
            expected="the payload",
            next_step="Look at the KMS calls below: which key and which context did it ask for, and what did KMS say?",
            actual=raised.message[:300],
        )
    expect(
        isinstance(opened, bytes),
        f"`{function}` gave back a value of type {type(opened).__name__}.",
        expected="the payload, as bytes",
        next_step="Return the payload alone; the SDK gives a pair, of which it is the first.",
    )
    _expect_content(opened, payload, data)


def _expect_content(content, payload, sealed=None):
    expect(
        content == payload,
        "This is the message itself, still sealed." if content == sealed else "These are not the bytes to be sealed.",
        expected=show(payload),
        actual=show(content),
        next_step="Have the client of the SDK encrypt the payload as it is, and give back what it decrypts.",
    )


def _attempt(answer, function, *arguments):
    """Empty when the function raises, as it should; else what it gave back."""
    try:
        return (answer.call(function, answer.client(), *arguments),)
    except AnswerRaised:
        return ()


def _expect_refused(answer, called, short, message, next_step):
    for opened in _attempt(answer, *called):
        _reject_opened(opened, short, message, next_step)


def _reject_opened(value, short, message, next_step):
    """`short` says what is wrong with the message, after "it"."""
    if not value or not isinstance(value, bytes):
        reject(
            f"A message has to be refused, for it {short}, and what came back is {show(value)}. The caller takes that "
            "for a report and goes on; a refusal has to stop it.",
            expected="an exception",
            next_step="Let the error of the SDK through, and raise one of your own where you refuse.",
        )
    reject(message, expected="an exception", next_step=next_step)
