"""Text C on CloudTrail: what of a key's use is in the log, what is not, and who appears there as the caller."""

import base64
import json
import os
import secrets

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


def events(lab):
    return [record["eventName"] for record in lab.trail if record["eventSource"] == "kms.amazonaws.com"]


@pytest.mark.claim("C3")
def test_requests_to_kms_are_logged_with_their_key_if_they_have_one(lab, kms):
    """A use, a refused use, and a request that has no key: each has its record."""
    key_arn, stranger = lab.home.create_key(), lab.home.user("eve").client("kms")
    kms.encrypt(KeyId=key_arn, Plaintext=b"hello")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        stranger.encrypt(KeyId=key_arn, Plaintext=b"hello")
    kms.generate_random(NumberOfBytes=8)

    used, refused, keyless = lab.trail
    assert (used["eventName"], used["resources"][0]["ARN"], used.get("errorCode")) == ("Encrypt", key_arn, None)
    assert (refused["userIdentity"]["userName"], refused["errorCode"]) == ("eve", "AccessDenied")
    assert (keyless["eventName"], keyless["resources"]) == ("GenerateRandom", [])


@pytest.mark.claim("C3")
def test_the_public_key_is_used_without_a_trace(lab, kms):
    """Not all use is a request to KMS: who has the public key encrypts with it, and the log knows only its download."""
    key_id = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    before, oaep = events(lab), padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)

    letters = [secrets.token_bytes(20) for _ in range(5)]
    sealed = [public.encrypt(letter, oaep) for letter in letters]
    assert events(lab) == before == ["CreateKey", "GetPublicKey"]

    asked = {"KeyId": key_id, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    assert [kms.decrypt(CiphertextBlob=blob, **asked)["Plaintext"] for blob in sealed] == letters
    assert events(lab) == before + ["Decrypt"] * 5


@pytest.mark.claim("C3")
def test_a_cached_data_key_is_used_without_a_trace(lab, kms):
    """One GenerateDataKey is in the log, however much is encrypted with the data key after it."""
    data_key = kms.generate_data_key(KeyId=lab.home.create_key(), KeySpec="AES_256")["Plaintext"]
    for _ in range(10):
        nonce = os.urandom(12)
        sealed = AESGCM(data_key).encrypt(nonce, b"hello", None)
        assert AESGCM(data_key).decrypt(nonce, sealed, None) == b"hello"
    assert events(lab) == ["GenerateDataKey"]


@pytest.mark.claim("C23")
def test_a_record_tells_who_did_what_from_where(lab):
    """Of a direct request: the user, the operation, the key and the address."""
    key_arn, address = lab.home.create_key(), f"203.0.113.{secrets.randbelow(256)}"
    lab.home.admin.client("kms", source_ip=address).encrypt(KeyId=key_arn, Plaintext=b"hello")

    (record,) = lab.trail
    assert record["userIdentity"]["arn"] == lab.home.admin.arn
    assert (record["eventName"], record["resources"][0]["ARN"]) == ("Encrypt", key_arn)
    assert record["sourceIPAddress"] == address


@pytest.mark.claim("C23")
def test_of_a_request_that_a_service_makes_the_address_is_the_services_name(lab):
    """The writer's address is not in KMS's record when S3 asks: the writer is, and S3 in place of the address."""
    key_arn, bucket = lab.home.create_key(), f"reports-{secrets.token_hex(6)}"
    s3 = lab.home.admin.client("s3", source_ip="203.0.113.7")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key_arn)

    record = lab.trail[-1]
    assert (record["eventName"], record["userIdentity"]["arn"]) == ("GenerateDataKey", lab.home.admin.arn)
    assert record["userIdentity"]["invokedBy"] == record["sourceIPAddress"] == "s3.amazonaws.com"


@pytest.mark.claim("C24")
def test_all_four_are_management_events(lab, kms):
    """Decrypt, Encrypt, GenerateDataKey and GetKeyPolicy are in the log, as management events, never as data events."""
    key_arn = lab.home.create_key()
    sealed = kms.encrypt(KeyId=key_arn, Plaintext=b"hello")["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=sealed)
    kms.generate_data_key(KeyId=key_arn, KeySpec="AES_256")
    kms.get_key_policy(KeyId=key_arn)

    assert events(lab) == ["Encrypt", "Decrypt", "GenerateDataKey", "GetKeyPolicy"]
    assert {record["eventCategory"] for record in lab.trail} == {"Management"}
    assert all(record["managementEvent"] and record["readOnly"] for record in lab.trail)


@pytest.mark.claim("C24")
def test_the_log_has_the_encryption_context_and_no_secret(lab, kms):
    """Neither plaintext nor ciphertext nor the key policy is in a record; the encryption context is, in clear."""
    key_arn, secret, order = lab.home.create_key(), secrets.token_bytes(30), secrets.token_hex(8)
    bound = {"EncryptionContext": {"order": order}}
    sealed = kms.encrypt(KeyId=key_arn, Plaintext=secret, **bound)["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=sealed, **bound)
    kms.get_key_policy(KeyId=key_arn)

    for record in lab.trail:
        text = json.dumps(record)
        assert record["responseElements"] is None
        assert not [one for one in (secret, sealed) if base64.b64encode(one).decode() in text]
    contexts = [record["requestParameters"].get("encryptionContext") for record in lab.trail]
    assert contexts == [{"order": order}, {"order": order}, None]
