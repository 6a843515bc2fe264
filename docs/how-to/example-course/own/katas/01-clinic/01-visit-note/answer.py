"""clinic/visit-note: seal notes of patients, and open them again. Both functions are left to do."""


def seal_note(kms, key_id: str, patient: str, note: str) -> bytes:
    """The note as a ciphertext that opens for this patient alone."""
    return note.encode()  # TODO 1: let KMS encrypt it for this patient


def open_note(kms, patient: str, sealed: bytes) -> str:
    """The note. Raises the error of KMS when it is not this patient's."""
    return sealed.decode()  # TODO 2: let KMS open it for this patient
