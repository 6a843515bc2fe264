"""clinic/visit-note: what opens is left as bytes."""


def seal_note(kms, key_id: str, patient: str, note: str) -> bytes:
    """The note as a ciphertext that opens for this patient alone."""
    sealed = kms.encrypt(KeyId=key_id, Plaintext=note.encode(), EncryptionContext={"patient": patient})
    return sealed["CiphertextBlob"]


def open_note(kms, patient: str, sealed: bytes) -> str:
    """The note. Raises the error of KMS when it is not this patient's."""
    opened = kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"patient": patient})
    return opened["Plaintext"]
