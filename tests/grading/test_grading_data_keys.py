"""What the record of KMS calls says of data keys; and a KMS that disables a key half-way, after the first request that
is carried out and no sooner.
"""

import os
from types import SimpleNamespace

import pytest

from kms_katas.grading.data_keys import (
    data_key_length,
    data_key_of,
    kms_that_disables,
    spelling_of_data_key,
    wrapped_key_of,
)


@pytest.mark.parametrize("operation", ["generate_data_key_pair", "generate_data_key_pair_without_plaintext"])
def test_the_private_key_of_a_pair_is_a_data_key(lab, operation):
    key, kms = lab.home.create_key(), lab.home.admin.client("kms")
    made = getattr(kms, operation)(KeyId=key, KeyPairSpec="ECC_NIST_P256")
    call = lab.calls[-1]
    assert wrapped_key_of(call) == made["PrivateKeyCiphertextBlob"]
    assert data_key_of(call) == made.get("PrivateKeyPlaintext")
    assert data_key_length(call) == 32


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "RSA_2048"])
def test_of_a_pair_the_private_key_is_secret_and_the_public_one_is_not(lab, spec, own):
    key, kms = lab.home.create_key(), lab.home.admin.client("kms")
    made = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec)
    private, public = made["PrivateKeyPlaintext"], made["PublicKey"]
    if own:
        kms.encrypt(KeyId=key, Plaintext=private)
    for stored in (public, public.hex().encode(), os.urandom(9) + public + os.urandom(9)):
        assert spelling_of_data_key(lab.calls[-1:], stored) is None
    for stored in (private, private.hex().encode(), private[:-40]):
        assert spelling_of_data_key(lab.calls, stored + public)


def test_a_key_is_disabled_after_the_first_request_that_succeeds(lab):
    key, admin = lab.home.create_key(), lab.home.admin.client("kms")
    carried_out = {"KeyId": key}
    calls = [("Decrypt", carried_out), ("ReEncrypt", None), ("ReEncrypt", carried_out)]
    watched = SimpleNamespace(home=lab.home, calls=[], send=lambda request: request)
    send, states = kms_that_disables(watched, key, after="ReEncrypt"), []
    for operation, response in calls:
        watched.calls.append(SimpleNamespace(operation=operation, response=response))
        assert send(operation) == operation
        states.append(admin.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])
    assert states == ["Enabled", "Enabled", "Disabled"]
