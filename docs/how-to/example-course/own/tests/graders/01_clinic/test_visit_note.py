"""The checks of clinic/visit-note: a note opens for its patient and for no other. No learner gets this file."""

import pytest

from kms_katas.grading import expect


@pytest.fixture
def key(lab):
    """The clinic's key, by its ARN."""
    return lab.home.create_key()


@pytest.fixture
def learner(lab, key):
    """A program of the clinic: it may use that key, and no other."""
    statement = {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": key}
    return lab.home.user("notes", policies={"use-the-key": {"Version": "2012-10-17", "Statement": [statement]}})


@pytest.fixture
def patients(fresh):
    """Two of them."""
    return f"p-{fresh.text(6)}", f"p-{fresh.text(7)}"


@pytest.mark.task(1)
@pytest.mark.points(2)
def test_a_note_is_sealed_for_its_patient(answer, lab, key, patients, fresh):
    """What `seal_note` gives back opens with the patient as its context, and only with that."""
    note = fresh.text(40)
    sealed = answer.call("seal_note", answer.client(), key, patients[0], note)
    contexts = [call.parameters.get("EncryptionContext") for call in answer.calls if call.operation == "Encrypt"]
    expect(
        isinstance(sealed, bytes) and contexts == [{"patient": patients[0]}],
        "The note was not encrypted for this patient.",
        expected="one Encrypt with the context patient, and its CiphertextBlob",
        next_step="Give `kms.encrypt` the encryption context that the brief names.",
    )
    opened = lab.home.admin.client("kms").decrypt(CiphertextBlob=sealed, EncryptionContext={"patient": patients[0]})
    expect(
        opened["Plaintext"] == note.encode(),
        "It opens, and is another text than the note.",
        expected="the note, in UTF-8",
        next_step="Encrypt `note.encode()` and nothing else.",
    )


@pytest.mark.task(2)
@pytest.mark.points(2)
def test_a_note_opens_for_its_patient(answer, lab, key, patients, fresh):
    """`open_note` gives back the text of a note that another program sealed."""
    note = fresh.text(40)
    opened = answer.call("open_note", answer.client(), patients[0], _sealed(lab, key, patients[0], note))
    expect(
        opened == note,
        "That is not the text of the note.",
        expected="the note, a str",
        next_step="Let KMS decrypt it with the patient as its context, and decode the plaintext.",
    )


@pytest.mark.task(2)
@pytest.mark.hidden
def test_no_note_opens_for_another(answer, lab, key, patients, fresh):
    """A note of somebody else ends in the error of KMS."""
    sealed = _sealed(lab, key, patients[0], fresh.text(40))
    raised = answer.raises("open_note", answer.client(), patients[1], sealed)
    expect(
        raised is not None and any(call.error_code == "InvalidCiphertextException" for call in answer.calls),
        "It was opened for another patient, or KMS was not asked, or its error was kept.",
        expected="InvalidCiphertextException",
        next_step="Do not catch the error of KMS.",
    )


def _sealed(lab, key, patient, note):
    kms = lab.home.admin.client("kms")
    return kms.encrypt(KeyId=key, Plaintext=note.encode(), EncryptionContext={"patient": patient})["CiphertextBlob"]
