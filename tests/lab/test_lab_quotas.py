"""Request quotas: what throttles whom, what does not, and that the next second is another one."""

import secrets
from collections.abc import Callable
from typing import Any

import boto3
import key_stores
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from kms_katas.lab import Lab, Quotas, install, uninstall
from kms_katas.lab.kms.quotas import DEFAULTS
from kms_katas.lab.kms.request import service_model

OTHER = "444455556666"
TEXT = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."


def admitted(call: Callable[..., Any], most: int, **parameters: Any) -> int:
    """How many of `most` calls in a row are not throttled."""
    count = 0
    for _ in range(most):
        try:
            call(**parameters)
            count += 1
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ThrottlingException"
    return count


def test_without_quotas_nothing_is_throttled(lab: Lab, kms: Any) -> None:
    assert lab.quotas is None
    assert admitted(kms.create_key, 12) == 12


def test_the_next_request_of_the_same_second_gets_the_words_of_aws(lab: Lab, kms: Any, key: Any) -> None:
    figure = 1 + secrets.randbelow(5)
    lab.quotas = Quotas({"symmetric": figure})
    asked = {"KeyId": key["KeyId"], "KeySpec": "AES_256"}
    assert admitted(kms.generate_data_key, figure, **asked) == figure
    with pytest.raises(ClientError) as caught:
        kms.generate_data_key(**asked)
    assert caught.value.response["Error"] == {"Code": "ThrottlingException", "Message": TEXT}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_quota_is_there_again_with_the_next_second(lab: Lab, kms: Any) -> None:
    lab.quotas = Quotas({"symmetric": 2})
    assert admitted(kms.generate_random, 3, NumberOfBytes=1) == 2
    lab.clock.advance(seconds=0.5)
    assert admitted(kms.generate_random, 3, NumberOfBytes=1) == 0
    lab.clock.advance(seconds=0.5)
    assert admitted(kms.generate_random, 3, NumberOfBytes=1) == 2


def test_cryptographic_operations_on_symmetric_keys_share_one_quota_however_many_keys(lab: Lab, kms: Any) -> None:
    keys = [lab.home.create_key() for _ in range(3)]
    mac = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
    lab.quotas = Quotas({"symmetric": 4})
    blob = kms.encrypt(KeyId=keys[0], Plaintext=b"x")["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=blob)
    kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=keys[1])
    kms.generate_mac(KeyId=mac, Message=b"x", MacAlgorithm="HMAC_SHA_256")
    assert admitted(kms.encrypt, 2, KeyId=keys[2], Plaintext=b"x") == 0


def test_each_kind_of_key_and_each_management_operation_has_a_quota_of_its_own(lab: Lab, kms: Any, key: Any) -> None:
    ecc = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    lab.quotas = Quotas({"symmetric": 0, "ECC": 1, "EnableKey": 0})
    signing = {"KeyId": ecc, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert admitted(kms.encrypt, 1, KeyId=key["KeyId"], Plaintext=b"x") == 0
    assert admitted(kms.sign, 2, **signing) == 1
    assert admitted(kms.enable_key, 1, KeyId=key["KeyId"]) == 0
    assert admitted(kms.disable_key, 1, KeyId=key["KeyId"]) == 1


def test_the_callers_account_pays_and_its_principals_share(lab: Lab, refused: Any) -> None:
    root = {"AWS": [f"arn:aws:iam::{account}:root" for account in (lab.home.id, OTHER)]}
    policy = {"Version": "2012-10-17"}
    key = lab.home.create_key(
        policy | {"Statement": [{"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}]}
    )
    lab.quotas = Quotas({"symmetric": 1})
    guest, guests_root = (one.client("kms") for one in (lab.account(OTHER).admin, lab.account(OTHER).root))
    assert admitted(guest.encrypt, 2, KeyId=key, Plaintext=b"x") == 1
    assert admitted(guests_root.generate_random, 1, NumberOfBytes=1) == 0
    assert admitted(lab.home.admin.client("kms").encrypt, 2, KeyId=key, Plaintext=b"x") == 1


def test_each_region_counts_for_itself(lab: Lab, kms: Any) -> None:
    lab.quotas = Quotas({"symmetric": 1})
    there = lab.home.admin.client("kms", region="eu-west-1")
    assert [admitted(one.generate_random, 2, NumberOfBytes=1) for one in (kms, there)] == [1, 1]


def test_data_key_pairs_have_a_quota_for_each_spec_that_both_operations_share(lab: Lab, kms: Any, key: Any) -> None:
    lab.quotas = Quotas({"symmetric": 0, "GenerateDataKeyPair (ECC_NIST_P256)": 1})
    asked = {"KeyId": key["KeyId"], "KeyPairSpec": "ECC_NIST_P256"}
    assert admitted(kms.generate_data_key_pair, 1, **asked) == 1
    assert admitted(kms.generate_data_key_pair_without_plaintext, 1, **asked) == 0
    assert admitted(kms.generate_data_key_pair, 1, **asked | {"KeyPairSpec": "ECC_NIST_P384"}) == 1


def test_replication_and_a_new_primary_count_in_both_regions(lab: Lab, kms: Any) -> None:
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    lab.quotas = Quotas({"CreateKey": 2, "UpdatePrimaryRegion": 1})
    there = lab.home.admin.client("kms", region="eu-west-1")
    kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
    assert (admitted(there.create_key, 1), admitted(kms.create_key, 1)) == (0, 1)
    lab.clock.advance(seconds=1)
    kms.update_primary_region(KeyId=key, PrimaryRegion="eu-west-1")
    assert admitted(there.update_primary_region, 1, KeyId=key, PrimaryRegion="us-east-1") == 0


def test_a_key_in_a_custom_key_store_counts_for_the_store_too(lab: Lab, kms: Any, key: Any) -> None:
    store = key_stores.make(kms, key_stores.cluster())
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    lab.clock.advance(minutes=30)
    inside = kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)["KeyMetadata"]["KeyId"]
    lab.quotas = Quotas({"symmetric": 3, "custom key store": 1})
    assert admitted(kms.encrypt, 2, KeyId=inside, Plaintext=b"x") == 1
    assert admitted(kms.encrypt, 3, KeyId=key["KeyId"], Plaintext=b"x") == 2


def test_a_throttled_request_changes_nothing_counts_nothing_and_is_in_the_trail(lab: Lab, kms: Any, key: Any) -> None:
    lab.quotas = Quotas({"DisableKey": 0})
    assert admitted(kms.disable_key, 3, KeyId=key["KeyId"]) == 0
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled"
    assert [call.error_code for call in lab.calls[-4:-1]] == ["ThrottlingException"] * 3
    assert lab.trail[-2]["errorCode"] == "ThrottlingException"


def test_a_denied_request_counts(lab: Lab, key: Any, kms: Any, refused: Any) -> None:
    lab.quotas = Quotas({"symmetric": 1})
    with refused("AccessDeniedException"):
        lab.home.user("nobody").client("kms").encrypt(KeyId=key["Arn"], Plaintext=b"x")
    assert admitted(kms.encrypt, 1, KeyId=key["KeyId"], Plaintext=b"x") == 0


def test_every_operation_has_a_quota_but_those_of_ml_kem() -> None:
    shared = {
        *("Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateRandom"),
        *("GenerateMac", "VerifyMac", "Sign", "Verify", "DeriveSharedSecret"),
        *("GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"),
    }
    without = set(service_model().operation_names) - shared - set(DEFAULTS)
    assert without == {"Encapsulate", "Decapsulate"}


def test_key_encapsulation_is_not_throttled(lab: Lab, kms: Any) -> None:
    kem = kms.create_key(KeySpec="ML_KEM_768", KeyUsage="ENCAPSULATE_DECAPSULATE")["KeyMetadata"]["KeyId"]
    lab.quotas = Quotas(dict.fromkeys(DEFAULTS, 0))
    assert admitted(kms.encapsulate, 2, KeyId=kem, EncapsulationAlgorithm="ML_KEM") == 2


def test_the_shared_quota_of_symmetric_keys_differs_by_region() -> None:
    figures = [Quotas().per_second("symmetric", region) for region in ("us-east-1", "eu-central-1", "eu-north-1")]
    assert figures == [100_000, 20_000, 10_000]
    assert Quotas({"symmetric": 7}).per_second("symmetric", "us-east-1") == 7


@pytest.mark.parametrize("changed", [{"GenerateDataKey": 5}, {"symmetric": -1}, {"RSA": 0.5}, {"RSA": True}])
def test_a_quota_that_is_none_is_refused_with_a_sentence(changed: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(changed))):
        Quotas(changed)


def test_anything_else_than_quotas_is_refused_with_a_sentence(lab: Lab) -> None:
    with pytest.raises(TypeError, match="Quotas"):
        lab.quotas = {"symmetric": 5}  # type: ignore[assignment]
    assert lab.quotas is None


def test_quotas_can_be_taken_off_and_end_with_their_lab(lab: Lab, kms: Any) -> None:
    lab.quotas = Quotas({"CreateKey": 0})
    assert admitted(kms.create_key, 1) == 0
    lab.quotas = None
    assert admitted(kms.create_key, 1) == 1


def test_install_throttles_nothing() -> None:
    install()
    try:
        with mock_aws():
            kms = boto3.client("kms", region_name="us-east-1")
            assert admitted(kms.create_key, 12) == 12
    finally:
        uninstall()
