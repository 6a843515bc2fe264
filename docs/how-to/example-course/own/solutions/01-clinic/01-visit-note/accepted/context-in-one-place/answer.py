"""clinic/visit-note: the context is made in one place."""


def seal_note(kms, key_id, patient, note):
    return kms.encrypt(KeyId=key_id, Plaintext=bytes(note, "utf-8"), **_for(patient))["CiphertextBlob"]


def open_note(kms, patient, sealed):
    return str(kms.decrypt(CiphertextBlob=sealed, **_for(patient))["Plaintext"], "utf-8")


def _for(patient):
    return {"EncryptionContext": {"patient": patient}}
