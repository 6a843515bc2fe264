"""Text C on what a deleted key takes with it, and what opens all the same."""

import os

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE, THERE = "us-east-1", "eu-west-1"


@pytest.mark.claim("C13")
def test_a_deleted_key_takes_its_data_keys_with_it(lab):
    """Once the waiting period is over nothing opens the wrapped data key, and so nothing opens the data."""
    kms, nonce = lab.home.admin.client("kms"), os.urandom(12)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    wrapped, kept = data_key["CiphertextBlob"], data_key["Plaintext"]
    archive = AESGCM(kept).encrypt(nonce, b"the contract", None)

    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    with pytest.raises(ClientError, match="is pending deletion"):
        kms.decrypt(CiphertextBlob=wrapped, KeyId=key_id)
    lab.clock.advance(days=8)
    with pytest.raises(ClientError, match="NotFoundException"):
        kms.decrypt(CiphertextBlob=wrapped, KeyId=key_id)
    with pytest.raises(ClientError, match="NotFoundException"):
        kms.cancel_key_deletion(KeyId=key_id)

    # Who kept the data key in clear goes on reading: it is the wrapped copies that are lost.
    assert AESGCM(kept).decrypt(nonce, archive, None) == b"the contract"


@pytest.mark.claim("C13")
def test_a_related_key_in_another_region_still_opens_it(lab):
    """The exception: what a deleted multi-Region key sealed still opens as long as a related key is left."""
    here, there = (lab.home.admin.client("kms", region=region) for region in (HERE, THERE))
    key_id, secret = here.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"], os.urandom(20)
    here.replicate_key(KeyId=key_id, ReplicaRegion=THERE)
    lab.clock.advance(minutes=1)
    sealed = there.encrypt(KeyId=key_id, Plaintext=secret)["CiphertextBlob"]

    there.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    lab.clock.advance(days=8)
    with pytest.raises(ClientError, match="NotFoundException"):
        there.decrypt(CiphertextBlob=sealed, KeyId=key_id)
    assert here.decrypt(CiphertextBlob=sealed, KeyId=key_id)["Plaintext"] == secret
