"""The checks of rotation/on-demand: what `rotate_now` and `materials` promise, against what the lab knows.

Not for how they learn it: whatever KMS tells will do. A rotation takes 8 to 16 seconds of the lab's time here, another
number in each run, and then a little longer than the answer waited before: only asking KMS finds its end.
"""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from kms_katas.grading import AnswerRaised, expect, reject, show

MOST = 25
MANY_CALLS = 450
FORM = "a dict with exactly `before: str`, `after: str` and `left: int`"


@pytest.fixture
def key(lab):
    """The key of this exercise, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def admin(lab):
    return lab.home.admin.client("kms")


@pytest.fixture
def rotated(lab, admin, fresh):
    """Rotates a key on demand, some times over, and waits until that is done."""
    lab.rotation_delay = timedelta(seconds=fresh.integer(8, 16))

    def rotate(key, times):
        for _ in range(times):
            admin.rotate_key_on_demand(KeyId=key)
            lab.clock.advance(minutes=1)

    return rotate


@pytest.mark.task(1)
@pytest.mark.points(3)
def test_rotation_is_done_and_told_by_its_materials(answer, lab, admin, key, fresh, rotated):
    """`rotate_now` returns when the rotation is done, with the ID of the key material before and after."""
    rotations = fresh.integer(1, 3)
    rotated(key, rotations)
    before, asked = _current(admin, key), lab.clock.now()
    result = _rotate(answer, key)
    waited = lab.clock.now() - asked
    begun = [call for call in answer.calls if call.operation == "RotateKeyOnDemand" and call.response]
    if not begun:
        _reject_not_rotated(answer.calls)
    expect(
        len(begun) == 1,
        f"`rotate_now` asked KMS {len(begun)} times for one rotation. While that is in progress KMS begins no "
        f"other, but a request that comes right after its end spends one more of the {MOST} that a key has for ever.",
        expected="one RotateKeyOnDemand",
        next_step="Call it once, then only ask whether it is done.",
    )
    for name in ("before", "after"):
        expect(
            key.split("/")[1] not in result[name],
            f"`{name}` is the ID of the key. A rotation keeps it, with ARN, policy and aliases: what changes is the "
            "key material inside, which has an ID of its own.",
            expected="the ID of the key's current key material, 64 characters",
            next_step="Find out what DescribeKey tells about the key besides its ID.",
        )
    expect(
        not _in_progress(admin, key),
        "`rotate_now` returned while the rotation was still in progress. RotateKeyOnDemand only begins it: until it is "
        "done, KMS encrypts with the old material.",
        expected="an answer after the rotation is done",
        next_step="Ask GetKeyRotationStatus, with `time.sleep` between two questions, until it names no rotation in "
        "progress.",
    )
    after = _current(admin, key)
    expect(
        result["before"] != result["after"],
        "`before` and `after` are the same, so this shows no rotation. One of them was read at the wrong time.",
        expected=f"before {show(before)}, after {show(after)}",
        next_step="Read the current material once before you ask for the rotation, and once more when it is done.",
    )
    for name, material in (("before", before), ("after", after)):
        expect(
            result[name] == material,
            f"`{name}` is not the ID of the key material that was current {name} the rotation.",
            expected=show(material),
            next_step="Take both from KMS: DescribeKey names the current material.",
        )
    _expect_left(result, MOST - rotations - 1)
    lab.rotation_delay = waited + timedelta(seconds=fresh.integer(1, 3))
    result = _rotate(answer, key)
    expect(
        not _in_progress(admin, key),
        f"`rotate_now` was called again. This rotation took longer than the {waited.total_seconds():g} seconds that it "
        "waited the first time, and it returned before the end: it waits, and does not ask.",
        expected="an answer after the rotation is done, however long that takes",
        next_step="Ask GetKeyRotationStatus, with `time.sleep` between two questions, until it names no rotation in "
        "progress.",
    )
    expect(
        (result["before"], result["after"]) == (after, _current(admin, key)),
        "`rotate_now` was called a second time, and its report does not tell the second rotation.",
        expected=f"before {show(after)}, after {show(_current(admin, key))}",
        next_step="Ask KMS anew in each call, and keep nothing from the one before.",
    )


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_nothing_else_changes(answer, lab, admin, key, fresh, rotated):
    """The log shows one change, the rotation: same key, same alias, same automatic schedule."""
    alias = f"alias/{fresh.text(8)}"
    admin.create_alias(AliasName=alias, TargetKeyId=key)
    admin.enable_key_rotation(KeyId=key, RotationPeriodInDays=fresh.integer(90, 2560))
    lab.clock.advance(days=fresh.integer(1, 60))
    schedule_before = _schedule(admin, key)
    _rotate(answer, key)
    changes = _changes(lab, answer)
    expect(
        changes == ["RotateKeyOnDemand"],
        "CloudTrail shows other changes than one RotateKeyOnDemand. The auditor reads each of them as something that "
        "you did to the key.",
        expected="RotateKeyOnDemand, and calls that only read",
        next_step="Leave out every call that is not needed to rotate this key on demand, or to ask about it.",
        actual=", ".join(changes) or "no change at all",
    )
    expect(
        _schedule(admin, key) == schedule_before,
        "The automatic rotation of the key has another period or date than before.",
        expected=show(schedule_before),
        next_step="Leave automatic rotation alone: an on-demand rotation does not need it and does not move it.",
    )


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_the_limit_counts_on_demand_rotations_only(answer, lab, admin, fresh, rotated):
    """With 25 on-demand rotations used up, `rotate_now` raises NoRotationLeft; automatic ones do not count."""
    used = fresh.integer(11, 20)
    for done in (used, MOST - 1):
        key = _rotated_automatically(lab, admin, fresh.integer(2, 4))
        rotated(key, done)
        automatic = len(_listed(admin, key, "AUTOMATIC"))
        story = f"The key had been rotated {done} times on demand, and {automatic} times automatically."
        try:
            result = _rotate(answer, key.split("/")[1])
        except AnswerRaised as raised:
            if raised.type != "NoRotationLeft":
                raise
            reject(
                f"{story} `rotate_now` said that none is left. The limit is {MOST} for each key (older texts say "
                "10), and automatic rotations do not use it up.",
                expected=f"a rotation, with {MOST - 1 - done} left",
                next_step="Count the rotations whose RotationType is ON_DEMAND, and compare with 25.",
            )
        _expect_left(result, MOST - 1 - done, story)
        answer.restart()
    before = _current(admin, key)
    raised = answer.raises("rotate_now", answer.client(), key)
    expect(
        raised is not None and raised.type == "NoRotationLeft",
        f"The key has had its {MOST} on-demand rotations, and KMS refuses any more. `rotate_now` should say so in "
        "words of its own: what to do next is a person's decision, not a retry.",
        expected="NoRotationLeft",
        next_step="Raise NoRotationLeft where KMS answers LimitExceededException, or where none is left to begin with.",
    )
    expect(
        key.split("/")[1] in raised.message,
        "NoRotationLeft does not say which key has no rotation left. Whoever reads it in a log has many keys.",
        expected="a text with the ID of the key",
        next_step="Put `key_id` into the text of the exception.",
    )
    expect(
        _current(admin, key) == before and len(_listed(admin, key, "ON_DEMAND")) == MOST,
        "NoRotationLeft was raised, and the key's material changed all the same.",
        expected="no rotation",
        next_step="Leave the key as it is when no on-demand rotation is left.",
    )


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_other_refusals_of_kms_reach_the_caller(answer, lab, admin, rotated):
    """A disabled key, imported material with nothing to rotate to, an automatic rotation soon: the error of KMS."""
    disabled = lab.home.create_key()
    admin.disable_key(KeyId=disabled)
    imported = _imported(admin)
    soon = lab.home.create_key()
    admin.enable_key_rotation(KeyId=soon, RotationPeriodInDays=90)
    lab.clock.advance(days=90, minutes=-10)
    for key, story in (
        (disabled, "The key was disabled"),
        (imported, "The key has imported material, and none that waits to be rotated to"),
        (soon, "An automatic rotation was due in 10 minutes"),
    ):
        raised = answer.raises("rotate_now", answer.client(), key)
        changes = _changes(lab, answer)
        expect(
            not changes,
            f"{story}, so KMS refused, and `rotate_now` did not leave it at that: the log shows a change. What to do "
            "about a refusal is a person's decision.",
            expected="the error of KMS, and no change",
            next_step="Let the error of KMS through, and do nothing in its place.",
            actual=", ".join(changes),
        )
        expect(
            raised is not None,
            f"{story}, so KMS refused to rotate it, and `rotate_now` returned as if it had. A report of a rotation "
            "that did not happen is worse than none.",
            expected="the error of KMS",
            next_step="Catch no error but the one of the limit.",
        )
        expect(
            raised.type != "NoRotationLeft",
            f"{story}, so KMS refused. `rotate_now` said that no rotation is left, which is not the reason: "
            "whoever reads it looks in the wrong place.",
            expected="the error of KMS",
            next_step="Turn only LimitExceededException into NoRotationLeft.",
        )
        expect(
            raised.code,
            f"{story}, so KMS refused, and what came out is not its error. Whoever reads it does not learn why.",
            expected="the error of KMS",
            next_step="Catch no error but the one of the limit.",
        )


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_a_rotation_in_progress_is_taken_over(answer, admin, key, fresh, rotated):
    """A colleague's on-demand rotation in progress is waited for and reported, and no other is spent."""
    rotations = fresh.integer(1, 4)
    rotated(key, rotations)
    before = _current(admin, key)
    admin.rotate_key_on_demand(KeyId=key)
    try:
        result = _rotate(answer, key)
    except AnswerRaised as raised:
        reject(
            "A colleague's rotation of this key was in progress, and `rotate_now` gave up. It is as good as one of "
            "your own.",
            expected="a report of that rotation, once it is done",
            next_step="Let `rotate_now` wait where it finds a rotation in progress, and report it as its own.",
            actual=str(raised),
        )
    expect(
        not _in_progress(admin, key),
        "A colleague's rotation of this key was in progress, and `rotate_now` returned before it was done.",
        expected="an answer after the rotation is done",
        next_step="Wait for a colleague's rotation as you wait for your own.",
    )
    spent = len(_listed(admin, key, "ON_DEMAND")) - rotations
    expect(
        spent == 1,
        f"A colleague's rotation of this key was in progress, and `rotate_now` spent another: {spent} of {MOST} went "
        "for one request of the auditor's.",
        expected="one rotation, the colleague's",
        next_step="When you find a rotation in progress, wait for it and do not ask for another after it.",
    )
    after = _current(admin, key)
    expect(
        (result["before"], result["after"]) == (before, after),
        "A colleague's rotation of this key was in progress, and the report does not tell it.",
        expected=f"before {show(before)}, after {show(after)}",
        next_step="Report the material that was current when you came, and the one that is current now.",
    )
    _expect_left(result, MOST - rotations - 1)


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_each_ciphertext_is_told_by_its_material(answer, lab, admin, key, fresh, rotated):
    """`materials` names the key material of each ciphertext, and says whether it is the current one."""
    made = _made(admin, key, fresh)
    _expect_report(answer, admin, key, made, "The key was never rotated.")
    story = "The key was rotated twice on demand and once automatically."
    rotated(key, 1)
    made += _made(admin, key, fresh)
    admin.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    lab.clock.advance(days=91)
    made += _made(admin, key, fresh)
    rotated(key, 1)
    _expect_report(answer, admin, key, made, f"{story} Nothing was encrypted since the last of them.")
    made += _made(admin, key, fresh)
    order = sorted(made, key=lambda one: fresh.integer(0, 10**9))
    answer.restart()
    _expect_report(answer, admin, key.split("/")[1], order, story)
    imported = _imported(admin)
    made = _made(admin, imported, fresh)
    _put(admin, imported, fresh.bytes(32))
    _expect_report(answer, admin, imported, made, "The key has imported material, and new material that waits.")


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_the_report_changes_and_shows_nothing(answer, lab, admin, key, fresh, rotated):
    """`materials` encrypts nothing anew, changes nothing, and prints no plaintext."""
    secret = fresh.text(20)
    blobs = [admin.encrypt(KeyId=key, Plaintext=secret.encode())["CiphertextBlob"]]
    rotated(key, 1)
    answer.call("materials", answer.client(), key, blobs)
    anew = {
        call.operation
        for call in answer.calls
        if call.operation == "ReEncrypt" or secret.encode() in call.parameters.get("Plaintext", b"")
    }
    expect(
        not anew,
        f"The log now shows {' and '.join(sorted(anew))}. A rotation needs none of it: KMS keeps the old material and "
        "opens old ciphertexts with it.",
        expected="calls that only read",
        next_step="Decrypt each ciphertext, and look at what KMS says besides the plaintext.",
    )
    changes = _changes(lab, answer)
    expect(
        not changes,
        "Making the report changed the key.",
        expected="no change",
        next_step="Leave out every call that does not only read.",
        actual=", ".join(changes),
    )
    expect(
        secret not in answer.output,
        "The plaintext of a ciphertext was printed. What a program prints goes to a log, and many people read those.",
        expected="no plaintext in the output",
        next_step="Keep only KeyMaterialId of what KMS answers.",
    )


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_a_ciphertext_that_is_no_evidence_is_refused(answer, lab, admin, key, fresh):
    """An altered ciphertext, or one of another KMS key, is an error and no line of the report."""
    good = admin.encrypt(KeyId=key, Plaintext=fresh.bytes(16))["CiphertextBlob"]
    foreign = admin.encrypt(KeyId=lab.home.create_key(), Plaintext=fresh.bytes(16))["CiphertextBlob"]
    _expect_report(answer, admin, key, [(good, _current(admin, key))], "The key was never rotated.")
    altered = good[:-1] + bytes([good[-1] ^ 1])
    for blob, what in ((foreign, "is of another KMS key"), (altered, "was altered")):
        raised = answer.raises("materials", answer.client(), key, [good, blob])
        refused = any(call.error_code for call in answer.calls if call.parameters.get("CiphertextBlob") == blob)
        expect(
            raised is not None,
            f"One of the ciphertexts {what}, and the report has a line for it. An auditor would count that as evidence "
            "about this key.",
            expected="an exception",
            next_step="Let the error of KMS through."
            if refused
            else "Give Decrypt the `KeyId` that you expect: KMS then refuses the ciphertexts of all other keys.",
        )


def _rotate(answer, key):
    """Call `rotate_now` and refuse whatever is not the promised form."""
    before = len(answer.calls)
    try:
        result = answer.call("rotate_now", answer.client(), key)
    except AnswerRaised:
        if len(answer.calls) - before < MANY_CALLS:
            raise
        reject(
            f"`rotate_now` asked KMS {len(answer.calls) - before} times and the rotation was not done. Here time "
            "passes only while you sleep, and on AWS such a loop meets the request limit.",
            expected="a pause between two questions",
            next_step="Put `time.sleep(1)` into the loop.",
        )
    right = isinstance(result, dict) and set(result) == {"before", "after", "left"}
    expect(
        right
        and isinstance(result["before"], str)
        and isinstance(result["after"], str)
        and type(result["left"]) is int,
        "`rotate_now` gave back something else than the brief asks for.",
        expected=FORM,
        next_step="Return these three fields and no other.",
    )
    return result


def _reject_not_rotated(calls):
    if any(call.operation == "CreateKey" for call in calls):
        reject(
            "`rotate_now` made a new KMS key. That is a manual rotation: another ID, another policy, and the old key "
            "has to stay for as long as there is old data.",
            expected="one RotateKeyOnDemand on the key that was named",
            next_step="Rotate the material inside the key, with the operation that is made for it.",
        )
    reject(
        "`rotate_now` returned, and KMS was never asked to rotate the key on demand.",
        expected="one RotateKeyOnDemand that succeeds",
        next_step="Call RotateKeyOnDemand for `key_id`.",
    )


def _expect_left(result, left, story=""):
    expect(
        result["left"] == left,
        f"{story} `left` is {result['left']} after this rotation, and it should be {left}.".strip(),
        expected=f"25 less the on-demand rotations that the key has had, this one too: {left}",
        next_step="Count the entries of ListKeyRotations whose RotationType is ON_DEMAND.",
    )


def _expect_report(answer, admin, key, made, story):
    """`made`: pairs of a ciphertext and the ID of its material."""
    result = answer.call("materials", answer.client(), key, [blob for blob, _ in made])
    form = "a list with one dict for each ciphertext: `material: str`, `current: bool`"
    expect(
        isinstance(result, list)
        and len(result) == len(made)
        and all(isinstance(line, dict) and set(line) == {"material", "current"} for line in result)
        and all(isinstance(line["material"], str) and isinstance(line["current"], bool) for line in result),
        "`materials` gave back something else than the brief asks for.",
        expected=form,
        next_step="Return these two fields for each ciphertext, in the order of `blobs`, and no other.",
    )
    current = _current(admin, key)
    for place, (line, (_, material)) in enumerate(zip(result, made, strict=True), 1):
        expect(
            key.split("/")[-1] not in line["material"],
            "`material` is the ID of the key, which is the same for every ciphertext that it ever made. What differs "
            "is the key material.",
            expected=show(material),
            next_step="Look at what Decrypt answers besides `Plaintext` and `KeyId`.",
        )
        expect(
            line["material"] == material,
            f"{story} Ciphertext {place} of {len(made)} was made with another key material than `material` says.",
            expected=show(material),
            actual=show(line["material"]),
            next_step="Ask KMS about each ciphertext: the answer of Decrypt names the material that made it.",
        )
        expect(
            line["current"] == (material == current),
            f"{story} `current` of ciphertext {place} of {len(made)} is {line['current']}, and its material is "
            f"{'the' if material == current else 'not the'} one that KMS encrypts with today.",
            expected=str(material == current),
            actual=str(line["current"]),
            next_step="Compare with the key's current material as KMS tells it, not with the other ciphertexts.",
        )


def _made(admin, key, fresh):
    """A small secret and two wrapped data keys, each with the ID of the key's material of now."""
    blobs = (
        admin.encrypt(KeyId=key, Plaintext=fresh.bytes(fresh.integer(1, 60))),
        admin.generate_data_key(KeyId=key, KeySpec="AES_256"),
        admin.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_128"),
    )
    return [(one["CiphertextBlob"], _current(admin, key)) for one in blobs]


def _current(admin, key):
    return admin.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]


def _in_progress(admin, key):
    return "OnDemandRotationStartDate" in admin.get_key_rotation_status(KeyId=key)


def _schedule(admin, key):
    found = admin.get_key_rotation_status(KeyId=key)
    return found.get("RotationPeriodInDays"), str(found.get("NextRotationDate"))


def _listed(admin, key, kind):
    entries = admin.list_key_rotations(KeyId=key)["Rotations"]
    return [entry for entry in entries if entry["RotationType"] == kind]


def _changes(lab, answer):
    """The names of the events of the answer that are no reads, as CloudTrail has them."""
    mine = {call.request_id for call in answer.calls if call.error_code is None}
    return [event["eventName"] for event in lab.trail if event.get("requestID") in mine and not event["readOnly"]]


def _rotated_automatically(lab, admin, times):
    """A new key with so many automatic rotations behind it, the next one far away."""
    key = lab.home.create_key()
    admin.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    lab.clock.advance(days=90 * times + 1)
    admin.enable_key_rotation(KeyId=key, RotationPeriodInDays=2560)
    return key


def _imported(admin):
    """A key with imported material, and none that waits."""
    key = admin.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    _put(admin, key, bytes(32))
    return key


def _put(admin, key, material):
    """Import new material: the first, or one that waits for a rotation."""
    found = admin.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    blob = serialization.load_der_public_key(found["PublicKey"]).encrypt(material, oaep)
    asked = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE", "ImportType": "NEW_KEY_MATERIAL"}
    admin.import_key_material(KeyId=key, ImportToken=found["ImportToken"], EncryptedKeyMaterial=blob, **asked)
