"""key-policies/break-in: the plaintext, for a role that may not decrypt."""


def break_in(kms, key_id: str, ciphertext: bytes) -> bytes:
    """The plaintext of `ciphertext`, which was made under the key `key_id`. `kms` has the rights of the role backup."""
    # TODO 1: let KMS decrypt it, by requests that the key policy allows to this role
    return b""
