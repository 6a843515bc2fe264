"""What the record of KMS calls says of data keys; and a KMS that disables a key half-way, after the first request that
is carried out and no sooner.
"""

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


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "RSA_2048"])
def test_of_a_pair_the_public_key_may_be_stored_and_the_private_one_not(lab, spec):
    kms, made = lab.home.admin.client("kms"), lab.home.create_key()
    pair = kms.generate_data_key_pair(KeyId=made, KeyPairSpec=spec)
    assert spelling_of_data_key(lab.calls, b"head" + pair["PublicKey"]) is None
    assert spelling_of_data_key(lab.calls, b"head" + pair["PrivateKeyPlaintext"]) == "as it is"


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
