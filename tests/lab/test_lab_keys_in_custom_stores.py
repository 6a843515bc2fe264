"""Keys in custom key stores: which there can be, and what they can do while their store is connected and while not."""

from typing import Any

import pytest
from key_stores import cluster, connect, make, new_key, proxy

from kms_katas.lab import Lab


def test_a_key_says_where_it_is(kms: Any, store: str, store_parameters: dict[str, Any]) -> None:
    made = new_key(kms, store)
    assert (made["CustomKeyStoreId"], made["KeyState"], made["KeySpec"]) == (store, "Enabled", "SYMMETRIC_DEFAULT")
    if "CloudHsmClusterId" in store_parameters:
        assert (made["Origin"], made["CloudHsmClusterId"]) == ("AWS_CLOUDHSM", store_parameters["CloudHsmClusterId"])
        assert "XksKeyConfiguration" not in made
    else:
        assert made["Origin"] == "EXTERNAL_KEY_STORE" and made["XksKeyConfiguration"]["Id"]
        assert "CloudHsmClusterId" not in made
    assert kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"] == made


def test_a_key_works_while_its_store_is_connected(lab: Lab, kms: Any, store: str, refused: Any) -> None:
    key = new_key(kms, store)
    made = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    shown = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert (shown["KeyState"], shown["Enabled"]) == ("Unavailable", False)
    with refused("KMSInvalidStateException", f"{key['Arn']} is unavailable."):
        kms.decrypt(CiphertextBlob=made["CiphertextBlob"])
    connect(lab, kms, store)
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]


def test_what_is_changed_meanwhile_counts_afterwards(lab: Lab, kms: Any, store: str) -> None:
    key = new_key(kms, store)["KeyId"]
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    kms.disable_key(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Unavailable"
    kms.schedule_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    kms.cancel_key_deletion(KeyId=key)
    connect(lab, kms, store)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


@pytest.mark.parametrize("available", [True, False])
def test_no_rotation_and_no_import(kms: Any, store: str, refused: Any, available: bool) -> None:
    key = new_key(kms, store)
    if not available:
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    text = f"{key['Arn']} origin is {key['Origin']} which is not valid for this operation."
    for operation in (kms.enable_key_rotation, kms.rotate_key_on_demand, kms.get_key_rotation_status):
        with refused("UnsupportedOperationException", text):
            operation(KeyId=key["KeyId"])
    with refused("UnsupportedOperationException", text):
        kms.get_parameters_for_import(
            KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        )


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"Origin": "AWS_KMS"}, "ValidationException"),
        ({"Origin": "EXTERNAL"}, "ValidationException"),
        ({"Origin": "AWS_CLOUDHSM", "XksKeyId": "a"}, "ValidationException"),
        ({"Origin": "EXTERNAL_KEY_STORE", "XksKeyId": "a"}, "ValidationException"),
        ({"Origin": "EXTERNAL_KEY_STORE"}, "ValidationException"),
        ({"Origin": "AWS_CLOUDHSM", "MultiRegion": True}, "UnsupportedOperationException"),
        ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-none"}, "CustomKeyStoreNotFoundException"),
    ],
)
def test_create_key_refuses_what_does_not_fit(lab: Lab, kms: Any, refused: Any, more: Any, code: str) -> None:
    store = make(kms, cluster())
    connect(lab, kms, store)
    with refused(code):
        kms.create_key(**({"CustomKeyStoreId": store} | more))
    with refused("ValidationException"):
        kms.create_key(Origin="AWS_CLOUDHSM")
    assert kms.list_keys()["Keys"] == []


def test_an_external_key_serves_one_key_of_its_store(lab: Lab, kms: Any, refused: Any) -> None:
    stores = [make(kms, proxy()), make(kms, proxy())]
    for store in stores:
        connect(lab, kms, store)
        new_key(kms, store, XksKeyId="same")
    with refused("XksKeyAlreadyInUseException"):
        new_key(kms, stores[0], XksKeyId="same")
