"""Text C on encryption at rest: what else KMS does, and who holds plaintext when the server or the client encrypts."""

import os
import secrets

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.fixture
def s3(lab):
    return lab.home.admin.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"reports-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    return name


def asked_of_kms(lab):
    """Which operations KMS was asked for, and by which service, if by one."""
    records = [record for record in lab.trail if record["eventSource"] == "kms.amazonaws.com"]
    return [(record["eventName"], record["userIdentity"].get("invokedBy")) for record in records]


@pytest.mark.claim("C17")
def test_kms_signs_a_message_that_anybody_verifies(kms):
    """A signature protects a message on its way and stores nothing: whoever has the public key verifies it."""
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    message = secrets.token_bytes(60)
    signature = kms.sign(KeyId=made["KeyId"], Message=message, SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=made["KeyId"])["PublicKey"])
    public.verify(signature, message, ec.ECDSA(hashes.SHA256()))  # raises if it is another's, or altered


@pytest.mark.claim("C17")
def test_kms_makes_tokens_that_it_verifies_itself(kms):
    """An HMAC shows that a token came from you and was not altered; nothing is encrypted, at rest or otherwise."""
    key_id = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
    asked = {"KeyId": key_id, "MacAlgorithm": "HMAC_SHA_256"}
    mac = kms.generate_mac(Message=b"user=ann", **asked)["Mac"]
    assert kms.verify_mac(Message=b"user=ann", Mac=mac, **asked)["MacValid"]
    with pytest.raises(ClientError, match="KMSInvalidMacException"):
        kms.verify_mac(Message=b"user=admin", Mac=mac, **asked)


@pytest.mark.claim("C17")
def test_two_sides_of_a_conversation_get_one_secret(kms):
    """What KMS derives from the visitor's public key, the visitor derives from that of the KMS key."""
    key_id = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"]
    visitor = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    given = visitor.public_key().public_bytes(*form)
    inside = kms.derive_shared_secret(KeyId=key_id, PublicKey=given, KeyAgreementAlgorithm="ECDH")["SharedSecret"]

    public = serialization.load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    assert visitor.exchange(ec.ECDH(), public) == inside


@pytest.mark.claim("C17")
def test_a_secret_is_sent_under_a_post_quantum_key(kms):
    """Encapsulate makes a shared secret and a ciphertext of it for the other side, which Decapsulate opens."""
    key_id = kms.create_key(KeySpec="ML_KEM_768", KeyUsage="ENCAPSULATE_DECAPSULATE")["KeyMetadata"]["KeyId"]
    asked = {"KeyId": key_id, "EncapsulationAlgorithm": "ML_KEM"}
    sent = kms.encapsulate(**asked)
    blob = sent["SharedSecretCiphertextBlob"]
    assert kms.decapsulate(SharedSecretCiphertextBlob=blob, **asked)["SharedSecret"] == sent["SharedSecret"]
    assert kms.encapsulate(**asked)["SharedSecret"] != sent["SharedSecret"]  # another one each time


@pytest.mark.claim("C20")
def test_what_s3_encrypted_at_rest_leaves_s3_as_plaintext(lab, kms, s3, bucket):
    """GetObject of an SSE-KMS object answers in plaintext: S3 has decrypted it, and TLS alone guards the way."""
    body, key_arn = secrets.token_bytes(60), lab.home.create_key()
    s3.put_object(Bucket=bucket, Key="a", Body=body, ServerSideEncryption="aws:kms", SSEKMSKeyId=key_arn)
    answer = s3.get_object(Bucket=bucket, Key="a")
    assert (answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) == ("aws:kms", key_arn)
    assert answer["Body"].read() == body


@pytest.mark.claim("C21")
def test_server_side_encryption_is_a_setting_and_the_server_asks_kms(lab, s3, bucket):
    """The client puts and gets plaintext and calls no KMS; S3 asks for the data key and opens it again."""
    body, key_arn = secrets.token_bytes(60), lab.home.create_key()
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)

    s3.put_object(Bucket=bucket, Key="a", Body=body)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == body
    assert asked_of_kms(lab) == [("GenerateDataKey", "s3.amazonaws.com"), ("Decrypt", "s3.amazonaws.com")]


@pytest.mark.claim("C20", "C22")
def test_what_the_client_encrypted_stays_ciphertext_until_a_client_opens_it(lab, kms, s3, bucket):
    """The client asks KMS and encrypts; S3 stores and answers ciphertext, and has no part in the key."""
    body, nonce = secrets.token_bytes(60), os.urandom(12)
    data_key = kms.generate_data_key(KeyId=lab.home.create_key(), KeySpec="AES_256")
    sealed = nonce + AESGCM(data_key["Plaintext"]).encrypt(nonce, body, None)
    s3.put_object(Bucket=bucket, Key="a", Body=sealed, Metadata={"key": data_key["CiphertextBlob"].hex()})

    answer = s3.get_object(Bucket=bucket, Key="a")
    travelled = answer["Body"].read()
    assert body not in travelled
    opened = kms.decrypt(CiphertextBlob=bytes.fromhex(answer["Metadata"]["key"]))["Plaintext"]
    assert AESGCM(opened).decrypt(travelled[:12], travelled[12:], None) == body
    assert asked_of_kms(lab) == [("GenerateDataKey", None), ("Decrypt", None)]
