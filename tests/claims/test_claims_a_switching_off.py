"""Claims A7 and A8: what disabling and deleting a key do to the data under it."""

import secrets

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.mark.claim("A7")
def test_a_disabled_key_opens_nothing_until_it_is_enabled_again(kms):
    """New calls of KMS fail, and the switch can be turned back."""
    key, secret = kms.create_key()["KeyMetadata"]["KeyId"], secrets.token_bytes(20)
    sealed = kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]

    kms.disable_key(KeyId=key)
    with pytest.raises(ClientError, match="DisabledException"):
        kms.decrypt(CiphertextBlob=sealed)

    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == secret


@pytest.mark.claim("A7")
def test_who_holds_a_plaintext_data_key_goes_on_under_a_disabled_key(kms):
    """A data key that left KMS opens its data without asking again: the switch does not reach it."""
    key, secret, nonce = kms.create_key()["KeyMetadata"]["KeyId"], secrets.token_bytes(20), secrets.token_bytes(12)
    data_key = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    sealed = AESGCM(data_key["Plaintext"]).encrypt(nonce, secret, None)

    kms.disable_key(KeyId=key)

    assert AESGCM(data_key["Plaintext"]).decrypt(nonce, sealed, None) == secret
    with pytest.raises(ClientError, match="DisabledException"):
        kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])


@pytest.mark.claim("A7")
def test_an_s3_bucket_key_outlives_the_disabling_for_a_while(lab, kms):
    """S3 keeps a Bucket Key for some time, and reads the objects under it; then the switch works."""
    s3, bucket, body = lab.home.admin.client("s3"), f"data-{secrets.token_hex(6)}", secrets.token_bytes(20)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=bucket)
    under_bucket_key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, "BucketKeyEnabled": True}
    s3.put_object(Bucket=bucket, Key="a", Body=body, **under_bucket_key)

    kms.disable_key(KeyId=key)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == body

    lab.clock.advance(days=1)
    with pytest.raises(ClientError, match="DisabledException"):
        s3.get_object(Bucket=bucket, Key="a")


@pytest.mark.claim("A7")
def test_a_public_key_outside_kms_goes_on_encrypting_for_a_disabled_key(kms):
    """The public key knows nothing of the state of the KMS key; opening needs the KMS key, and has to wait."""
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    kms.disable_key(KeyId=key)

    secret, oaep = secrets.token_bytes(20), padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    request = {"KeyId": key, "CiphertextBlob": public.encrypt(secret, oaep)}
    with pytest.raises(ClientError, match="DisabledException"):
        kms.decrypt(EncryptionAlgorithm="RSAES_OAEP_SHA_256", **request)
    kms.enable_key(KeyId=key)
    assert kms.decrypt(EncryptionAlgorithm="RSAES_OAEP_SHA_256", **request)["Plaintext"] == secret


@pytest.mark.claim("A8")
def test_a_deleted_key_never_opens_its_data_again(lab, kms):
    """Six days are refused, and so are 31. The key stops at once, can be had back for seven days, and then never."""
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=secrets.token_bytes(20))["CiphertextBlob"]
    for refused in (6, 31):
        with pytest.raises(ClientError, match="ValidationException"):
            kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=refused)

    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with pytest.raises(ClientError, match=r"KMSInvalidStateException|DisabledException"):
        kms.decrypt(CiphertextBlob=sealed)

    lab.clock.advance(days=8)
    with pytest.raises(ClientError, match="NotFoundException"):
        kms.cancel_key_deletion(KeyId=key)
    with pytest.raises(ClientError, match="NotFoundException"):
        kms.decrypt(CiphertextBlob=sealed, KeyId=key)


@pytest.mark.claim("A8")
def test_a_related_multi_region_key_opens_what_lay_under_the_deleted_one(lab, kms):
    """The replica is gone, and its primary opens its ciphertext: an exception to "for ever"."""
    primary, secret = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"], secrets.token_bytes(20)
    kms.replicate_key(KeyId=primary, ReplicaRegion="eu-west-1")
    lab.clock.advance(minutes=5)
    elsewhere = lab.home.admin.client("kms", region="eu-west-1")
    sealed = elsewhere.encrypt(KeyId=primary, Plaintext=secret)["CiphertextBlob"]

    elsewhere.schedule_key_deletion(KeyId=primary, PendingWindowInDays=7)
    lab.clock.advance(days=8)

    with pytest.raises(ClientError, match="NotFoundException"):
        elsewhere.describe_key(KeyId=primary)
    assert kms.decrypt(CiphertextBlob=sealed, KeyId=primary)["Plaintext"] == secret


@pytest.mark.claim("A8")
def test_an_hmac_key_of_imported_material_can_be_made_again(lab, kms):
    """Another key with the same material verifies the MACs of the deleted one: the other exception."""
    material, message = secrets.token_bytes(32), secrets.token_bytes(40)
    first = imported_hmac_key(kms, material)
    mac = kms.generate_mac(KeyId=first, Message=message, MacAlgorithm="HMAC_SHA_256")["Mac"]

    kms.schedule_key_deletion(KeyId=first, PendingWindowInDays=7)
    lab.clock.advance(days=8)
    with pytest.raises(ClientError, match="NotFoundException"):
        kms.verify_mac(KeyId=first, Message=message, Mac=mac, MacAlgorithm="HMAC_SHA_256")

    second = imported_hmac_key(kms, material)
    assert kms.verify_mac(KeyId=second, Message=message, Mac=mac, MacAlgorithm="HMAC_SHA_256")["MacValid"]


def imported_hmac_key(kms, material):
    created = kms.create_key(Origin="EXTERNAL", KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    key = created["KeyMetadata"]["KeyId"]
    given = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    public = serialization.load_der_public_key(given["PublicKey"])
    kms.import_key_material(
        KeyId=key,
        ImportToken=given["ImportToken"],
        EncryptedKeyMaterial=public.encrypt(
            material, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        ),
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )
    return key
