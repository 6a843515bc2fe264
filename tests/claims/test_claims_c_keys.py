"""Text C on what a KMS key is: what you choose of it and what KMS sets, and that its material never leaves."""

import os
import secrets

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key


@pytest.mark.claim("C1")
def test_kms_makes_a_key_uses_it_and_obeys_when_it_is_switched_off(lab):
    """KMS makes the key, encrypts and decrypts with it, and stops and goes on when you say so."""
    kms, secret = lab.home.admin.client("kms"), secrets.token_bytes(32)
    key_id = kms.create_key(Description="Invoices")["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key_id, Plaintext=secret)["CiphertextBlob"]
    assert secret not in sealed
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == secret

    kms.disable_key(KeyId=key_id)
    with pytest.raises(ClientError, match="DisabledException"):
        kms.decrypt(CiphertextBlob=sealed)

    kms.enable_key(KeyId=key_id)
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == secret


@pytest.mark.claim("C4")
def test_no_operation_hands_out_the_material_of_a_key(lab):
    """No operation exports a KMS key: GetPublicKey gives the public half of a pair, and of a symmetric key nothing."""
    kms = lab.home.admin.client("kms")
    about_material = {name for name in kms.meta.service_model.operation_names if "Material" in name or "Export" in name}
    assert about_material == {"ImportKeyMaterial", "DeleteImportedKeyMaterial"}

    symmetric = kms.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError, match="UnsupportedOperationException"):
        kms.get_public_key(KeyId=symmetric)

    pair = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    given = kms.get_public_key(KeyId=pair)["PublicKey"]
    assert load_der_public_key(given).key_size == 2048
    with pytest.raises(ValueError):
        load_der_private_key(given, password=None)


@pytest.mark.claim("C4", "C27")
def test_data_keys_leave_kms_and_kms_keeps_no_record_of_them(lab):
    """A data key leaves KMS in clear and wrapped, is used outside of it, and is no key that KMS would list."""
    kms, payload, nonce = lab.home.admin.client("kms"), os.urandom(100_000), os.urandom(12)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    data_key = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    sealed = AESGCM(data_key["Plaintext"]).encrypt(nonce, payload, None)  # here, and not in KMS
    assert [key["KeyId"] for key in kms.list_keys()["Keys"]] == [key_id]

    opened = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"]
    assert AESGCM(opened).decrypt(nonce, sealed, None) == payload


@pytest.mark.claim("C27")
def test_kms_itself_encrypts_no_more_than_4096_bytes(lab):
    """The KMS key is for data keys and other short secrets: Encrypt takes 4,096 bytes and no more."""
    kms = lab.home.admin.client("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    longest = os.urandom(4096)
    sealed = kms.encrypt(KeyId=key_id, Plaintext=longest)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == longest
    with pytest.raises(ClientError, match="ValidationException"):
        kms.encrypt(KeyId=key_id, Plaintext=longest + b"x")


@pytest.mark.claim("C5")
def test_you_choose_the_purpose_and_kms_sets_state_and_date(lab):
    """CreateKey takes spec, usage, description and tags; state and date are in its answer, not in the request."""
    kms = lab.home.admin.client("kms")
    asked = {"KeySpec": "HMAC_384", "KeyUsage": "GENERATE_VERIFY_MAC", "Description": secrets.token_hex(8)}
    made = kms.create_key(**asked, Tags=[{"TagKey": "team", "TagValue": "blue"}])["KeyMetadata"]
    assert {name: made[name] for name in asked} == asked
    assert (made["KeyState"], made["CreationDate"]) == ("Enabled", lab.clock.now())

    for not_yours in ({"KeyState": "Disabled"}, {"CreationDate": lab.clock.now()}):
        with pytest.raises(ParamValidationError, match="Unknown parameter"):
            kms.create_key(**not_yours)


@pytest.mark.claim("C5")
def test_an_alias_is_made_by_a_request_of_its_own(lab):
    """CreateKey knows no alias: CreateAlias makes it afterwards, and UpdateAlias moves it to another key."""
    kms, name = lab.home.admin.client("kms"), f"alias/{secrets.token_hex(8)}"
    with pytest.raises(ParamValidationError, match="Unknown parameter"):
        kms.create_key(AliasName=name)

    first, second = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.create_alias(AliasName=name, TargetKeyId=first)
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == first
    kms.update_alias(AliasName=name, TargetKeyId=second)
    assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == second
