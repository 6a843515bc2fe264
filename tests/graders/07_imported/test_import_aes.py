"""The checks of imported/import-aes: which bytes the KMS key works with, until when, and what anybody else got to see.

The key itself tells: what it encrypted opens again with the right bytes and with no others. Not for how the tool wraps,
beyond what the brief asks for.
"""

from datetime import timedelta, timezone

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kms_katas.grading import AnswerRaised, expect, reject
from kms_katas.grading.tampering import spelling_of

FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
STOPS_THE_KEY = ("DeleteImportedKeyMaterial", "DisableKey", "ScheduleKeyDeletion")
MATERIAL_BYTES = 32


@pytest.fixture
def admin(lab):
    """A client of an administrator: for what the checks do themselves."""
    return lab.home.admin.client("kms")


@pytest.fixture
def key(lab, admin):
    """The key of this exercise, by its ARN: it waits for its material."""
    return _waiting_key(admin)


@pytest.fixture
def learner(lab):
    """A key custodian, who may do everything with the keys of the account."""
    statement = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    return lab.home.user("custodian", policies={"keys": {"Version": "2012-10-17", "Statement": [statement]}})


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_key_holds_exactly_this_material(answer, admin, key, fresh):
    """The waiting KMS key becomes Enabled with exactly the given 32 bytes, and the result is the ID of the material."""
    for name in (key, _waiting_key(admin).split("/")[1]):
        material = fresh.bytes(MATERIAL_BYTES)
        kept_as = _import(answer, admin, name, material)
        blob = admin.encrypt(KeyId=name, Plaintext=b"card data")["CiphertextBlob"]
        known = admin.describe_key(KeyId=name)["KeyMetadata"]["CurrentKeyMaterialId"]
        admin.delete_imported_key_material(KeyId=name)
        try:
            _put(admin, name, material)
        except ClientError:
            reject(
                "The KMS key works, but not with your 32 bytes: brought again from the vault, they were refused as "
                "another key. When KMS loses its copy, nobody can bring the right one.",
                expected="the bytes of `material`, unchanged, as the key material",
                next_step="Wrap `material` itself: no digest of it, no other encoding, no key of your own making.",
            )
        opened = admin.decrypt(CiphertextBlob=blob)["Plaintext"]
        assert opened == b"card data"
        _expect_id("import_material", kept_as, known)


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_wrapped_with_sha_256_under_the_longest_key(answer, admin, key, fresh):
    """The material travels under the longest RSA wrapping key that KMS offers, wrapped with SHA-256."""
    _import(answer, admin, key, fresh.bytes(MATERIAL_BYTES))
    _expect_sound_wrapping(answer, key)


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_material_stays_until_it_is_withdrawn(answer, lab, admin, key, fresh):
    """Imported material has no date of expiry: the KMS key still works after more than a year."""
    _import(answer, admin, key, fresh.bytes(MATERIAL_BYTES))
    until = admin.describe_key(KeyId=key)["KeyMetadata"].get("ValidTo")
    lab.clock.advance(days=fresh.integer(366, 500))
    expect(
        _state(admin, key) == "Enabled",
        "The material has a date of expiry. On that day KMS deletes it, and every payment fails until the custodians "
        "have met again.",
        expected="material that does not expire",
        next_step="Say so in the import: its parameter ExpirationModel has two values, and the default is to expire.",
        actual=f"it expired at {until}",
    )


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_material_never_leaves_unwrapped(answer, admin, key, fresh):
    """No request, no output and no exception's message holds the material in the open."""
    material = fresh.bytes(MATERIAL_BYTES)
    _import(answer, admin, key, material)
    _expect_hidden(answer, material)
    refused = answer.raises("import_material", answer.client(), _key_that_kms_made(admin), material)
    _expect_hidden(answer, material, refused)


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_wrong_length_is_refused_at_home(answer, admin, key, fresh):
    """Material that does not have 32 bytes is refused with an exception before anything is sent to KMS."""
    for length in (31, 33, 16, 44, 64, 0):
        material = fresh.bytes(length)
        before = len(answer.calls)
        refused = answer.raises("import_material", answer.client(), key, material)
        _expect_raised(
            refused,
            f"Material of {length} bytes was taken without a word, and the custodians go home.",
            "Look at the length of `material` first, and raise ValueError when it is not 32.",
        )
        expect(
            len(answer.calls) == before,
            f"Material of {length} bytes cannot be right, and yet KMS was asked. What goes wrong after the ceremony "
            "has begun has to be written down and repeated.",
            expected="an exception, and no call",
            next_step="Look at the length of `material` in the first line of `import_material`.",
        )
        if length >= 16:
            _expect_hidden(answer, material, refused)


@pytest.mark.task(1)
@pytest.mark.points(1)
def test_refused_import_is_an_error(answer, admin, key, fresh):
    """When KMS refuses the import, `import_material` raises, and leaves the KMS key as it was."""
    admin.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    own = _key_that_kms_made(admin)
    for name, state, why in (
        (key, "PendingDeletion", "waits for its deletion"),
        (own, "Enabled", "has its own material"),
    ):
        refused = answer.raises("import_material", answer.client(), name, fresh.bytes(MATERIAL_BYTES))
        expect(
            _state(admin, name) == state,
            f"The KMS key {why}. `import_material` changed that, which nobody asked it to do.",
            expected=f"the key still {state}",
            next_step="Import, and do nothing else to the key: what stands in the way is the administrators' decision.",
            actual=_state(admin, name),
        )
        _expect_raised(
            refused, f"The KMS key {why}, so KMS refuses the import. `import_material` returned as if all were well."
        )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_renewal_sets_the_end(answer, lab, admin, key, fresh):
    """Each renewal, months apart and even after the end, lets the same material work until `until`."""
    material = fresh.bytes(MATERIAL_BYTES)
    known = _put(admin, key, material)["KeyMaterialId"]
    blob = admin.encrypt(KeyId=key, Plaintext=b"card data")["CiphertextBlob"]
    for later in (fresh.integer(80, 99), fresh.integer(100, 120), fresh.integer(30, 60)):
        until = lab.clock.now() + timedelta(days=later, seconds=fresh.integer(0, 80_000))
        # A zone that no machine is set to: its own clock cannot stand in for the zone.
        until = until.astimezone(timezone(timedelta(hours=fresh.integer(1, 9), minutes=7)))
        kept_as = _renew(answer, admin, key, material, until)
        _expect_id("renew", kept_as, known)
        opened = admin.decrypt(CiphertextBlob=blob)
        assert opened["Plaintext"] == b"card data"
        # The second renewal comes before the end, the third after it.
        lab.clock.advance(days=later + (-1 if later < 100 else 2))


@pytest.mark.task(2)
@pytest.mark.points(1)
def test_key_works_throughout_the_renewal(answer, lab, admin, key, fresh):
    """At no moment of a renewal is the KMS key out of use."""
    material = fresh.bytes(MATERIAL_BYTES)
    _put(admin, key, material)
    until = lab.clock.now() + timedelta(days=fresh.integer(2, 360))
    _renew(answer, admin, key, material, until)
    stopped = next((call for call in answer.calls if call.operation in STOPS_THE_KEY and not call.error_code), None)
    expect(
        stopped is None,
        f"`renew` used {stopped and stopped.operation}: from there to the new import every payment fails, and when "
        "that import fails, for good. An import over material that is there renews it; nothing has to go first.",
        expected="a KMS key that works all the time",
        next_step="Import the same bytes again, with the new date, and take nothing away before.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_wrong_envelope_changes_nothing(answer, lab, admin, key, fresh):
    """Other bytes than before are an exception, and the KMS key works on with its material and its date."""
    material, end = fresh.bytes(MATERIAL_BYTES), lab.clock.now() + timedelta(days=fresh.integer(20, 40))
    _put(admin, key, material, ValidTo=end)
    blob = admin.encrypt(KeyId=key, Plaintext=b"card data")["CiphertextBlob"]
    until = lab.clock.now() + timedelta(days=fresh.integer(90, 120))
    wrong = fresh.bytes(MATERIAL_BYTES)
    refused = answer.raises("renew", answer.client(), key, wrong, until)
    expect(
        _state(admin, key) == "Enabled",
        "The custodians brought the wrong key, and now the KMS key has none at all: its copy was taken away before KMS "
        "had agreed to the new one.",
        expected="the KMS key Enabled, with the material that it had",
        next_step="Import over what is there. KMS compares first, and keeps its copy when the bytes differ.",
        actual=_state(admin, key),
    )
    new = any(call.parameters.get("ImportType") == "NEW_KEY_MATERIAL" and call.response for call in answer.calls)
    expect(
        not new,
        "The wrong key went in as new key material. It now waits for a rotation, after which everything would be "
        "encrypted under a key that is in no protocol.",
        expected="an exception",
        next_step="Leave ImportType at its default for a key that has material: then KMS takes only the same bytes.",
    )
    _expect_raised(
        refused,
        "The custodians brought the wrong key, KMS took nothing of it, and `renew` returned as if all were well.",
    )
    assert admin.decrypt(CiphertextBlob=blob)["Plaintext"] == b"card data"
    actual = admin.describe_key(KeyId=key)["KeyMetadata"].get("ValidTo")
    expect(
        actual == end,
        "The custodians brought the wrong key, and the date of the right one has moved.",
        expected=str(end),
        next_step="Make one import, of the bytes that `renew` was given.",
        actual=str(actual),
    )
    _expect_hidden(answer, wrong, refused)


@pytest.mark.task(3)
@pytest.mark.points(2)
def test_withdrawn_at_once_and_brought_back(answer, admin, key, fresh):
    """After `withdraw` AWS has no copy at once; the same bytes, imported again, open what the key encrypted."""
    material = fresh.bytes(MATERIAL_BYTES)
    _put(admin, key, material)
    blob = admin.encrypt(KeyId=key, Plaintext=b"card data")["CiphertextBlob"]
    answer.call("withdraw", answer.client(), key)
    state = _state(admin, key)
    sentences = {
        "Enabled": "The KMS key works as before: nothing was withdrawn.",
        "Disabled": "The KMS key is switched off, and AWS still has its copy of the material: whoever may enable the "
        "key has it back.",
        "PendingDeletion": "The KMS key itself waits for its deletion, for 7 to 30 days. So long AWS keeps the "
        "material; after that the key is gone, and the same bytes open nothing any more.",
    }
    expect(
        state == "PendingImport",
        sentences.get(state, "AWS still has its copy of the material."),
        expected="a KMS key that waits for its material again (PendingImport)",
        next_step="Look for the operation that removes imported key material and leaves the KMS key.",
        actual=f"the key is {state}",
    )
    _put(admin, key, material)
    assert admin.decrypt(CiphertextBlob=blob)["Plaintext"] == b"card data"


@pytest.mark.task(3)
@pytest.mark.points(1)
def test_refused_withdrawal_is_an_error(answer, admin, key, fresh):
    """When KMS refuses, `withdraw` raises, and leaves the KMS key as it was."""
    own = _key_that_kms_made(admin)
    refused = answer.raises("withdraw", answer.client(), own)
    expect(
        _state(admin, own) == "Enabled",
        "This key's material was made by KMS, so none can be withdrawn. `withdraw` stopped the key in another way, "
        "which nobody asked it to do.",
        expected="an exception, and the key still Enabled",
        next_step="Let the error of KMS through, and do nothing in its place.",
        actual=_state(admin, own),
    )
    _expect_raised(
        refused,
        "This key's material was made by KMS, so none can be withdrawn. `withdraw` returned, and the bank tells its "
        "regulator that AWS has no copy.",
    )


def _waiting_key(admin):
    return admin.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]


def _key_that_kms_made(admin):
    return admin.create_key()["KeyMetadata"]["Arn"]


def _state(admin, key):
    return admin.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]


def _put(admin, key, material, **expiry):
    """A right import by the checks themselves."""
    found = admin.get_parameters_for_import(
        KeyId=key, WrappingKeySpec="RSA_2048", WrappingAlgorithm="RSAES_OAEP_SHA_256"
    )
    oaep = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)
    blob = load_der_public_key(found["PublicKey"]).encrypt(material, oaep)
    return admin.import_key_material(
        KeyId=key, ImportToken=found["ImportToken"], EncryptedKeyMaterial=blob, **(expiry or FOREVER)
    )


def _import(answer, admin, key, material):
    """Call `import_material`, explain a refusal, and refuse whatever leaves the key waiting."""
    kept_as = _call(answer, "import_material", key, material)
    made = any(call.operation == "CreateKey" and call.response for call in answer.calls)
    expect(
        _state(admin, key) == "Enabled",
        "A new KMS key was made, and the one that waits for the material still waits: the applications know that one."
        if made
        else "The KMS key still waits for its material.",
        expected="the key Enabled",
        next_step="Import into `key_id`, the key that is there."
        if made
        else "Get the parameters for an import from KMS, wrap the material, and hand it in with their token.",
        actual=f"the key is {_state(admin, key)}",
    )
    return kept_as


def _renew(answer, admin, key, material, until):
    """Call `renew`, explain a refusal, and refuse whatever does not make the material end at `until`."""
    kept_as = _call(answer, "renew", key, material, until)
    metadata = admin.describe_key(KeyId=key)["KeyMetadata"]
    expect(
        metadata["KeyState"] == "Enabled",
        "The KMS key does not work after `renew`: what it encrypted cannot be opened.",
        expected="the key Enabled",
        next_step="Import the material again, whether KMS still has it or not.",
        actual=f"the key is {metadata['KeyState']}",
    )
    actual = metadata.get("ValidTo")
    dated = any(call.operation == "ImportKeyMaterial" and "ValidTo" in call.parameters for call in answer.calls)
    expect(
        actual == until,
        "KMS will forget its copy at another time than `until`, which is a moment with a time zone."
        if dated
        else "KMS will not forget its copy at `until`. The date belongs to the import: a new date needs a new import.",
        expected=f"material that expires at {until}",
        next_step="Give `until` to the import as its ValidTo, as it is.",
        actual=f"material that expires at {actual}" if actual else "material that never expires",
    )
    _expect_sound_wrapping(answer, key)
    _expect_hidden(answer, material)
    return kept_as


def _call(answer, function, key, material, *more):
    """Call a function that imports; a refusal of KMS is explained."""
    try:
        return answer.call(function, answer.client(), key, material, *more)
    except AnswerRaised:
        _explain_refusal(answer, material)
        raise


def _expect_id(function, kept_as, known):
    expect(
        kept_as == known,
        f"`{function}` did not give back the ID of the key material, so the protocol names something that nobody finds "
        "again. It stays the same for the same bytes.",
        expected=repr(known),
        next_step="Return the field `KeyMaterialId` of the answer to the import.",
    )


def _expect_raised(refused, message, next_step="Let the error of KMS through."):
    expect(refused is not None, message, expected="an exception", next_step=next_step)


def _expect_sound_wrapping(answer, key):
    """Refuse an import into this key that used SHA-1, or a shorter wrapping key than there is."""
    asked = {
        call.response["ImportToken"]: call.parameters
        for call in answer.calls
        if call.operation == "GetParametersForImport" and call.response
    }
    for call in answer.calls:
        if call.operation != "ImportKeyMaterial" or not call.response or call.key_arn != key:
            continue
        used = asked[call.parameters["ImportToken"]]
        algorithm, spec = used["WrappingAlgorithm"], used["WrappingKeySpec"]
        expect(
            algorithm.endswith("SHA_256"),
            f"The material was wrapped with {algorithm}, which uses SHA-1. KMS still takes it; the bank's rules, and "
            "most others, do not.",
            expected="a wrapping algorithm with SHA-256",
            next_step="Ask for RSAES_OAEP_SHA_256, and use SHA-256 for both hashes of OAEP.",
            actual=algorithm,
        )
        expect(
            spec == "RSA_4096",
            f"The wrapping key was {spec}. It has to protect a key that lives for years against everybody who records "
            "this one request.",
            expected="the longest that KMS offers: RSA_4096",
            next_step="Ask for a wrapping key of spec RSA_4096.",
            actual=spec,
        )


def _expect_hidden(answer, material, refused=None):
    """Refuse what holds at least half of the material, in whatever spelling."""
    sent = b"\n".join(_flat(call.parameters) for call in answer.calls)
    message = refused.message if refused else ""
    for place, text in (("a request", sent), ("the output", _bytes(answer.output)), ("an exception", _bytes(message))):
        expect(
            spelling_of(material, text, whole=False) is None and _bytes(repr(material)[2:-1]) not in text,
            f"The material stands in the open in {place}. Requests, output and error messages end in logs, and whoever "
            "reads those has the bank's key.",
            expected="the material in wrapped form only",
            next_step="Send it wrapped, and print or raise nothing that shows it.",
        )


def _explain_refusal(answer, material):
    """Refuse with what the last refusal of KMS means for an import; go back when it means nothing special."""
    last = next((call for call in reversed(answer.calls) if call.error_code), None)
    if last is None:
        return
    if last.operation == "ImportKeyMaterial" and spelling_of(material, _flat(last.parameters), whole=False):
        reject(
            "The material itself was sent to KMS. KMS wants it wrapped under the public key that comes with the import "
            "token, so that nobody on the way reads it.",
            expected="a request that does not show the material",
            next_step="Encrypt `material` under the PublicKey of the import parameters, and send what that gives.",
        )
    told = {
        "InvalidCiphertextException": (
            "KMS could not unwrap what it got, or it was not 32 bytes long. Wrapping algorithm, public key and token "
            "have to be of one request, and OAEP has two hashes, its own and that of MGF1.",
            "Wrap the 32 bytes themselves, SHA-256 for both hashes, under the public key that came with the token.",
        ),
        "IncorrectKeyMaterialException": (
            "KMS unwrapped the material and refused it: it is not what this key had before.",
            "Wrap the 32 bytes themselves, in no other encoding, and leave ImportType at its default.",
        ),
        "ExpiredImportTokenException": (
            "The import token is too old. Token and public key are good for 24 hours.",
            "Ask KMS for new parameters inside the function, at every import.",
        ),
        "InvalidImportTokenException": (
            "The import token is not of this KMS key. Token and public key are for one key.",
            "Ask KMS for new parameters inside the function, at every import.",
        ),
    }
    refusals = {
        ("ImportKeyMaterial", "ValidationException"): (
            "KMS refused the import as it was asked for. Material expires unless the import says that it does not, "
            "and what expires needs a date at most 365 days ahead.",
            "Say ExpirationModel and, for material that expires, ValidTo.",
        ),
        ("GetParametersForImport", "ValidationException"): (
            "KMS does not offer this way of wrapping for a symmetric key. RSA_AES_KEY_WRAP is for RSA and ECC private "
            "keys, RSAES_PKCS1_V1_5 ended on October 10, 2023, SM2 is for China.",
            "Ask for the wrapping algorithm RSAES_OAEP_SHA_256.",
        ),
    }
    found = told.get(last.error_code) or refusals.get((last.operation, last.error_code))
    if last.error_code == "IncorrectKeyMaterialException" and "already associated" in (last.error_message or ""):
        found = (
            "The import said that this is new key material, and the KMS key has had these bytes before. To renew is to "
            "bring the same material again.",
            "Leave ImportType at its default: once a key has had material, that means the same bytes.",
        )
    if found is not None:
        message, next_step = found
        reject(message, expected="an import that KMS accepts", next_step=next_step, actual=last.error_message or "")


def _bytes(text):
    return (text or "").encode("utf-8", "replace")


def _flat(value):
    """All text and bytes in a value, one after the other."""
    if isinstance(value, dict):
        return b"\n".join(_flat(part) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple)):
        return b"\n".join(map(_flat, value))
    return value if isinstance(value, bytes) else _bytes(str(value))
