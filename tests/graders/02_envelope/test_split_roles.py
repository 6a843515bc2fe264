"""The checks of envelope/split-roles: what the portal may know, what the worker opens, what their policies allow.

Not for how the functions do it: any sound method passes. The worker's containers are made by the check.
"""

from collections import namedtuple
from dataclasses import replace
from functools import partial

import pytest

from kms_katas.grading import AnswerRaised, expect, reject, show
from kms_katas.grading.data_keys import data_key_length, data_key_of, kms_with_another_data_key
from kms_katas.grading.intents import SYMMETRIC, allow, both, called_directly, policy
from kms_katas.grading.judge import must_allow, must_allow_no_more, must_allow_nothing_elsewhere
from kms_katas.grading.role_policy import role_under
from kms_katas.grading.sealed_body import attempt, expect_hidden, expect_its_data_key, expect_unopened, expect_unrelated
from kms_katas.grading.tampering import altered_at_random, flip, forged, pieces_moved

WRAP, OPEN = "GenerateDataKeyWithoutPlaintext", "Decrypt"
HARMLESS = {"DescribeKey", "GenerateRandom"}
NEED = {"portal": WRAP, "worker": OPEN}
ROLE_OF = {"prepare": "portal", "fill": "worker", "read": "worker"}
REFUSAL, ALL_IT_GIVES = "an exception", "Whoever breaks into the role gets all that its policy gives."
LOOSE = "Nothing binds it to its container, so whoever may write to the storage can move it to another."
NEXT_KEY, LET = "Give Decrypt `key_id` as KeyId.", "Let the error of KMS through."
NEXT_CONTEXT = 'Give Decrypt the encryption context {"container": container_id}, made from the argument.'
FOR_A_CONTAINER = {
    "Null": {"kms:EncryptionContext:container": "false"},
    "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "container"},
}
Container = namedtuple("Container", "id wrapped_key data_key")


def _policy(*allowed):
    said = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed]
    return {"Version": "2012-10-17", "Statement": said}


def _session(lab, role, policy, fresh):
    return lab.home.role(role, {"work": policy}).session(fresh.text(8))


COMES_ALONG, ALL = (("kms:DescribeKey", "*"), ("kms:GenerateRandom", "*")), _policy(("kms:*", "*"))


@pytest.fixture
def key(lab):
    """The key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def portal(lab, key, fresh):
    """The portal: it may have wrapped keys made under that key."""
    return _session(lab, "portal", _policy((f"kms:{WRAP}", key), *COMES_ALONG), fresh)


@pytest.fixture
def worker(lab, key, fresh):
    """The worker: it may open them."""
    return _session(lab, "worker", _policy((f"kms:{OPEN}", key), *COMES_ALONG), fresh)


@pytest.fixture
def wide(lab, fresh):
    """A role that may do everything in KMS, as roles in production often may."""
    return _session(lab, "wide", ALL, fresh)


@pytest.fixture
def container(lab, key, fresh):
    """Makes a container as the portal should."""

    def make(under=key):
        name, data_key = f"Case-{fresh.text(6)}/1", fresh.bytes(32)
        return Container(name, lab.home.seal(under, data_key, {"container": name}), data_key)

    return make


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_each_container_gets_a_wrapped_key_of_its_own(answer, lab, key, portal, worker, wide, fresh):
    """Each container gets a new data key, wrapped by KMS and bound to the container's ID."""
    ids = [f"Case-{fresh.text(6)}/{number}" for number in range(2)]
    blobs, data_keys, client, key_id = set(), set(), answer.client(wide), key.split("/")[1]
    for asked in (ids, ids[1:]):  # with the same client and key: what is kept by its arguments shows
        before = len(answer.calls)
        wrapped = answer.call("prepare", client, key_id, asked)
        _expect_form(wrapped, asked)
        for name in asked:
            again = wrapped[name] in blobs
            data_key, size = (b"", 0) if again else _made_for(lab, answer.calls[before:], name, wrapped[name], key)
            expect(
                not again and data_key not in data_keys,
                f"The container {show(name)} came under a data key that was there before. Whoever gets that one key "
                "opens every container that has it.",
                expected="a new data key for each container, in every call",
                next_step="Ask KMS for a data key once for each container, inside `prepare`.",
            )
            other = f"The data key has {size} bytes. The worker counts on keys for AES-256."
            expect(size == 32, other, expected="32 bytes", next_step="Ask for a data key with KeySpec AES_256.")
            blobs.add(wrapped[name])
            data_keys.add(data_key)
    _expect_form(answer.call("prepare", client, key, []), [])


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_portal_never_holds_a_data_key(answer, key, portal, wide, fresh):
    """Nothing that the portal asks of KMS, or hears from it, is a plaintext data key; a wide role changes nothing."""
    for who, count in ((wide, 2), (portal, 1)):
        ids = [f"Case-{fresh.text(6)}/{number}" for number in range(count)]
        wrapped, calls = _call(answer, who, "prepare", key, ids)
        expect(
            any(call.operation == WRAP and call.response for call in calls),
            "`prepare` returned without any data key from KMS. Keys that KMS did not make open nothing.",
            expected="a wrapped data key from KMS for each container",
            next_step="Ask KMS for a data key of which it gives the wrapped form alone.",
        )
        _expect_form(wrapped, ids)


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_a_refusal_stops_the_portal(answer, lab, key, fresh):
    """When KMS refuses, `prepare` raises: it tries no other way, and gives no result in part."""
    ids = [f"Case-{fresh.text(6)}/{number}" for number in range(2)]
    deny = {"Effect": "Deny", "Action": f"kms:{WRAP}", "Resource": "*"}
    last = deny | {"Condition": {"StringEquals": {"kms:EncryptionContext:container": ids[-1]}}}
    who = (role := lab.home.role("portal")).session(fresh.text(8))
    for name, story, more in (
        ("robbed", "The role may no longer ask for wrapped keys alone", [deny]),
        ("halved", "KMS refuses the last of two containers", [last]),
        ("stopped", "The KMS key is disabled", []),
    ):
        role.allow(ALL | {"Statement": [*ALL["Statement"], *more]}, "work")
        if name == "stopped":
            lab.home.switch_key(key, on=False)
        before = len(answer.calls)
        raised = answer.raises("prepare", answer.client(who), key, ids)
        _expect_job("prepare", who, answer.calls[before:], f"{story}. ")
        if raised is not None and len(answer.calls) == before:
            raise raised  # it was not KMS that refused
        refused = name != "halved" or any(call.error_code for call in answer.calls[before:])
        expect(
            raised is not None or not refused,
            f"{story}, and `prepare` returned all the same. Its caller stores containers that nobody can fill.",
            expected=REFUSAL,
            next_step=LET,
        )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_what_was_filled_is_read(answer, key, worker, container, fresh):
    """A payload of 0, 1 or about 5,000 bytes is read as it was filled in."""
    one = container()
    payloads = [b"", b"\n", fresh.bytes(fresh.integer(4_900, 5_100)) + b"\0"]  # whoever strips padding loses these
    bodies = [_fill(answer, worker, key, one, payload) for payload in payloads]
    for key_id, payload, body in zip((key, key.split("/")[1], key), payloads, bodies, strict=True):
        _expect_read(answer, worker, key_id, one, body, payload)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_body_hides_the_payload(answer, lab, key, worker, container, fresh, monkeypatch):
    """The body shows nothing but a length, even when a payload comes again; it opens with the data key, anywhere."""
    one, payload = container(), fresh.bytes(64) + bytes([fresh.integer(0, 255)]) * 70_000
    bodies = [_fill(answer, worker, key, one, content) for content in (payload, payload[::-1], payload)]
    answer.restart()
    with monkeypatch.context() as patch:
        patch.setattr(lab, "send", kms_with_another_data_key(lab.send, fresh))
        opened = attempt(answer, "read", answer.client(worker), key, one.id, one.wrapped_key, bodies[0])
    expect_its_data_key(opened, payload)
    _expect_read(answer, worker, key, one, bodies[0], payload, ", in another process")
    expect_hidden(bodies[0], payload, one.data_key)
    expect_unrelated(*bodies, lambda: _fill(answer, worker, key, one, payload))


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_altered_body_is_refused(answer, key, worker, container, fresh):
    """`read` raises an exception when the body was changed, moved or cut off."""
    for size in (24, 140_000):
        one, payload, wanted = container(), fresh.bytes(size), fresh.bytes(size)
        body = _fill(answer, worker, key, one, payload)
        changes = [*forged(body, payload, wanted, one.wrapped_key)] if size == 24 else []
        changes += altered_at_random(body, fresh, others=2) if size == 24 else pieces_moved(body, size)
        for what, changed in changes:
            opened = attempt(answer, "read", answer.client(worker), key, one.id, one.wrapped_key, changed)
            expect_unopened(opened, payload, what)


@pytest.mark.task(2)
@pytest.mark.points(3)
def test_kms_decides_in_every_call(answer, lab, key, worker, wide, container, fresh):
    """`fill` and `read` refuse a wrapped key of another container or KMS key, an altered one, and any once KMS does."""
    payload, mine, foreign = fresh.bytes(50), container(), lab.home.create_key()
    body, blob, planted = _fill(answer, worker, key, mine, payload), mine.wrapped_key, container(foreign)
    forged_body = _fill(answer, wide, foreign, planted, payload)
    answer.raises("read", answer.client(worker), key, mine.id, blob, body)
    changed, other = flip(blob, fresh.integer(0, len(blob) - 1)), f"Case-{fresh.text(6)}/1"
    moved = "the wrapped key was another container's. KMS opens it with the encryption context that it was made with, "
    stray = "the wrapped key was another KMS key's, made by one who knows the data key. Without KeyId, Decrypt takes "
    kept = "the KMS key was disabled: the function kept a data key, which nobody can take back."
    for who, name, wrapped_key, content, story, next_step in (
        (worker, other, blob, body, f"{moved}whoever gives that.", NEXT_CONTEXT),
        (wide, planted.id, planted.wrapped_key, forged_body, f"{stray}all the role may use.", NEXT_KEY),
        (worker, mine.id, changed, body, "the wrapped key was altered, and KMS refuses it.", LET),
        (worker, mine.id, blob, body, kept, f"Ask KMS for the data key in every call, and keep nothing. {LET}"),
    ):
        if story == kept:
            lab.home.switch_key(key, on=False)
        for function, last in (("fill", payload), ("read", content)):
            given = attempt(answer, function, answer.client(who), key, name, wrapped_key, last)
            if given is not None:
                reject(f"`{function}` went on, and {story}", expected=REFUSAL, next_step=next_step)


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_policies_let_both_roles_work(answer, lab, key, container):
    """With its policy in force each role can do its work, for every container."""
    calls = both(both(called_directly(lab.region, lab.clock.now()), SYMMETRIC), FOR_A_CONTAINER)
    sessions = {}
    for role, question, sessions[role] in _roles(answer, key):
        work = policy("its work", allow(f"kms:{NEED[role]}", only=calls))
        must_allow(question, replace(question.documents, identity=(work,)), f"The {role}'s task needs that.")
    one = container()
    for function, last in (("prepare", [[one.id]]), ("fill", [one.id, one.wrapped_key, b"a payload"])):
        before, role = len(answer.calls), ROLE_OF[function]
        answer.raises(function, answer.client(sessions[role]), key, *last)
        for call in answer.calls[before:]:
            if call.operation in HARMLESS and call.error_code == "AccessDeniedException":
                lacks = f"Your `{function}` asks KMS for {call.operation}, and the {role}'s policy does not allow it."
                reject(lacks, expected="a policy that allows it", next_step="Allow it: it may come along.")


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_policies_give_nothing_else(answer, key):
    """Neither policy gives another permission of KMS, on this key or on any other."""
    for role, question, _ in _roles(answer, key):
        may = policy("its work", allow([f"kms:{NEED[role]}", "kms:DescribeKey"]))
        must_allow_no_more(
            question,
            replace(question.documents, identity=(may,)),
            lambda request, role=role: _harm(role, request.action.removeprefix("kms:")),
        )
        must_allow_nothing_elsewhere(question, ALL_IT_GIVES, but=["kms:GenerateRandom"])


def _call(answer, who, function, *arguments):
    """What the function returns, and its calls; refused when it did not keep to its role's job."""
    before = len(answer.calls)
    try:
        result = answer.call(function, answer.client(who), *arguments)
    except AnswerRaised as raised:
        _expect_job(function, who, answer.calls[before:])
        if len(answer.calls) == before and raised.type in ("IndexError", "KeyError", "AttributeError"):
            reject(
                f"`{function}` raised {raised.type} before it asked KMS for anything. If it looked for what `prepare` "
                "left in memory: the two roles run in different processes, with different clients.",
                expected="a result, from the arguments and KMS alone",
                next_step="Use the client and the values that the function is given.",
                line=raised.frames[-1].line if raised.frames else 0,
            )
        if raised.code == "InvalidCiphertextException":
            bound = "KMS refused the wrapped key: it opens only with the encryption context that it was made with."
            reject(bound, expected="a Decrypt with that context", next_step=NEXT_CONTEXT)
        raise
    _expect_job(function, who, answer.calls[before:])
    return result, answer.calls[before:]


def _expect_job(function, who, calls, story=""):
    role = ROLE_OF[function]
    for call in calls:
        expect(
            call.principal_arn == who.arn,
            f"`{function}` called KMS as {str(call.principal_arn).split(':', 5)[-1]}, not with the client that it got. "
            "Then nothing of what this role may or may not do counts.",
            expected=f"every request with the client of the {role}'s role",
            next_step="Use the argument `kms` for every request, and make no client of your own.",
        )
        if call.operation in {NEED[role], *HARMLESS}:
            continue
        reject(
            f"{story}`{function}` asked KMS for {call.operation}. {_harm(role, call.operation)}",
            expected="only requests that this role's task needs",
            next_step="Look for the operation that gives the wrapped key alone, and leave all others out."
            if role == "portal"
            else "Open the `wrapped_key` that you were given, and encrypt under the data key in it.",
        )


def _harm(role, operation):
    """What it means that a role asks for, or may ask for, an operation."""
    if role == "portal":
        return {
            "GenerateDataKey": "Its answer holds the plaintext data key: unused or not, the portal has it in memory.",
            "Decrypt": "Whoever may open one wrapped key, were it only to check it, may open them all.",
            "Encrypt": "Whoever chooses a data key and has it wrapped also knows it: the portal could read.",
            "ReEncryptFrom": "It moves wrapped keys to another KMS key, whose owner then opens them.",
            "ReEncrypt": "That wraps a data key again that was there before: it makes no new one.",
        }.get(operation, "To make wrapped keys the portal does not need it.")
    if operation in ("GenerateDataKey", WRAP, "Encrypt"):
        return "The container has a data key already. A worker that can make wrapped keys does the portal's work too."
    return "To open a wrapped key the worker does not need it."


def _expect_form(wrapped, ids):
    expect(
        isinstance(wrapped, dict) and set(wrapped) == set(ids) and all(type(one) is bytes for one in wrapped.values()),
        "`prepare` gave back something else than the brief asks for.",
        expected=f"a dict with these {len(ids)} container IDs, and a wrapped key as bytes for each",
        next_step="Return one entry for each container ID: the CiphertextBlob that KMS gave for it, unchanged.",
    )


def _made_for(lab, calls, name, blob, key):
    """The data key in `blob`, and its bytes; refused when KMS did not wrap it for this container under this key."""
    made = next((call for call in calls if (call.response or {}).get("CiphertextBlob") == blob), None)
    expect(
        made is not None and made.response["KeyId"] == key,
        "A wrapped key is not what KMS gave for this KMS key during this call.",
        expected=f"the CiphertextBlob that came for this container under {key}, unchanged",
        next_step="Ask KMS for a data key under `key_id` in every call, and return its wrapped form as it came.",
    )
    context = {"container": name}
    had = made.parameters.get("EncryptionContext") or made.parameters.get("DestinationEncryptionContext")
    bound = name.lower() in str(had).lower()
    expect(
        had == context,
        f"The wrapped key of {show(name)} was made "
        + (f"with the encryption context {show(had)}. " if had else "without an encryption context. ")
        + ("The worker names the one of the brief, to the letter, and KMS opens for no other." if bound else LOOSE),
        expected=show(context),
        next_step='Give the request the encryption context {"container": container_id}, another for each container.',
    )
    if {call.operation for call in calls} <= {"GenerateDataKey", WRAP}:
        return blob, data_key_length(made)  # KMS gives no data key twice: the blob can stand for it
    data_key = lab.home.admin.client("kms").decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"]
    return data_key, len(data_key)


def _fill(answer, who, key, one, payload):
    body, calls = _call(answer, who, "fill", key, one.id, one.wrapped_key, payload)
    encode = "Return bytes; if you build the body as text, call `.encode()` on it at the end."
    expect(type(body) is bytes, "`fill` gave back no bytes.", expected="the body, as bytes", next_step=encode)
    _expect_opened("fill", one, calls)
    return body


def _expect_read(answer, who, key_id, one, body, payload, where=""):
    back, calls = _call(answer, who, "read", key_id, one.id, one.wrapped_key, body)
    _expect_opened("read", one, calls)
    lost = isinstance(back, bytes) and back and back == payload[: len(back)]
    ends = "A payload may end in any byte: let the body say how long it is, or how many bytes are padding."
    apart = "Look at how `fill` puts the body together, and take it apart in the same places."
    expect(
        back == payload,
        f"What was read is not what was filled in{where}{': its end is lost' if lost else ''}.",
        expected=show(payload),
        next_step=ends if lost else apart,
    )


def _expect_opened(function, one, calls):
    expect(
        any(data_key_of(call) == one.data_key for call in calls),
        f"`{function}` did not ask KMS to open the wrapped key. What works without KMS is not protected by it.",
        expected="one request to KMS that opens `wrapped_key`",
        next_step="Get the data key from `wrapped_key` with the help of KMS, in every call.",
    )


def _roles(answer, key):
    """Each role with the question about its policy, and a session of it."""
    found = answer.call("policies", key)
    expect(
        isinstance(found, dict) and set(found) == set(NEED) and all(isinstance(one, dict) for one in found.values()),
        "`policies` gave back something else than the brief asks for.",
        expected="a dict with exactly `portal: dict` and `worker: dict`",
        next_step="Return one policy document for each of the two roles.",
    )
    for role in NEED:
        yield role, *role_under(answer, role, found[role], key, partial(_advice, key, f"in the {role}'s policy"))


def _advice(key, its, request, allowed):
    if not allowed:
        return f"Allow it {its}, with the ARN of the key as Resource; no Condition is needed."
    if request.resource == key:
        return f"List {its} exactly the permissions that its functions use, no wildcard."
    return f"Let the Resource {its} be the ARN of the key alone; leave out what needs no key."
