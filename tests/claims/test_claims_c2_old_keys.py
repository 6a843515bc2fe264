"""Claims C50, C53 and C63: keys that are used again, and keys that are deleted.

What rotation does is in test_claims_c2_rotation.py.
"""

import secrets

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def outcome(call, **asked):
    """The code of the error, or "allowed" where there is none."""
    try:
        call(**asked)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"


def mixed(one, other):
    """The exclusive or of two byte strings."""
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.mark.claim("C50")
def test_one_kms_key_is_meant_for_many_data_keys(lab, kms):
    """Fifty data keys under one KMS key are fifty different keys, and each wrapped one opens to its own."""
    key = lab.home.create_key()
    made = [kms.generate_data_key(KeyId=key, KeySpec="AES_256") for _ in range(50)]
    assert len({one["Plaintext"] for one in made}) == 50
    for one in made:
        assert kms.decrypt(CiphertextBlob=one["CiphertextBlob"])["Plaintext"] == one["Plaintext"]


@pytest.mark.claim("C50")
def test_a_data_key_and_nonce_used_twice_give_the_texts_away(lab, kms):
    """Who knows one of two texts under the same data key and nonce reads the other without any key."""
    data_key = kms.generate_data_key(KeyId=lab.home.create_key(), KeySpec="AES_256")["Plaintext"]
    known, secret, nonce = secrets.token_bytes(32), secrets.token_bytes(32), secrets.token_bytes(12)
    first, second = (AESGCM(data_key).encrypt(nonce, text, None)[:32] for text in (known, secret))
    assert mixed(mixed(first, second), known) == secret

    other = AESGCM(data_key).encrypt(secrets.token_bytes(12), secret, None)[:32]
    assert mixed(mixed(first, other), known) != secret


@pytest.mark.claim("C53")
def test_an_aws_managed_key_can_be_seen_and_not_deleted(lab, kms):
    """Its key policy lets nobody delete or disable it, not even the root user. To look at it is allowed."""
    key = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]
    assert key["KeyManager"] == "AWS"
    for principal in (lab.home.admin, lab.home.root):
        theirs = principal.client("kms")
        assert outcome(theirs.schedule_key_deletion, KeyId=key["Arn"]) == "AccessDeniedException"
        assert outcome(theirs.disable_key, KeyId=key["Arn"]) == "AccessDeniedException"
        assert outcome(theirs.get_key_policy, KeyId=key["Arn"]) == "allowed"
    assert kms.describe_key(KeyId=key["Arn"])["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.claim("C63")
def test_deleting_the_old_key_after_manual_rotation_loses_what_lies_under_it(lab, kms):
    """From the day on which the deletion is scheduled the old data does not open; after it, nothing brings it back."""
    alias, old, new = f"alias/app-{secrets.token_hex(4)}", lab.home.create_key(), lab.home.create_key()
    kms.create_alias(AliasName=alias, TargetKeyId=old)
    blob = kms.encrypt(KeyId=alias, Plaintext=secrets.token_bytes(20))["CiphertextBlob"]
    kms.update_alias(AliasName=alias, TargetKeyId=new)

    kms.schedule_key_deletion(KeyId=old, PendingWindowInDays=7)
    # AWS's documentation allows either code for a key that is pending deletion.
    assert outcome(kms.decrypt, CiphertextBlob=blob) in ("KMSInvalidStateException", "DisabledException")
    lab.clock.advance(days=8)
    assert outcome(kms.describe_key, KeyId=old) == "NotFoundException"
    assert outcome(kms.cancel_key_deletion, KeyId=old) == "NotFoundException"
    assert outcome(kms.decrypt, CiphertextBlob=blob) != "allowed"
    assert outcome(kms.encrypt, KeyId=alias, Plaintext=b"x") == "allowed"


@pytest.mark.claim("C63")
def test_what_was_encrypted_anew_before_outlives_the_old_key(lab, kms):
    """ReEncrypt brings the old ciphertext under the new key; then the old key may go."""
    old, new, secret = lab.home.create_key(), lab.home.create_key(), secrets.token_bytes(20)
    blob = kms.encrypt(KeyId=old, Plaintext=secret)["CiphertextBlob"]
    moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=new)["CiphertextBlob"]
    kms.schedule_key_deletion(KeyId=old, PendingWindowInDays=7)
    lab.clock.advance(days=8)
    assert kms.decrypt(CiphertextBlob=moved)["Plaintext"] == secret
