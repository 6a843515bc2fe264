"""Text C on key material that you bring: which keys take it, who answers for its randomness, and how it goes away."""

import hmac
import os
import random
import secrets
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding


def empty_key(kms, spec="SYMMETRIC_DEFAULT", usage="ENCRYPT_DECRYPT"):
    """The ID of a key that waits for its material."""
    return kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]


def bring(kms, key_id, material, **more):
    """Wraps the material for KMS and imports it, for ever. A private key is too long for RSA alone: AES helps."""
    long = len(material) > 190
    algorithm = "RSA_AES_KEY_WRAP_SHA_256" if long else "RSAES_OAEP_SHA_256"
    given = kms.get_parameters_for_import(KeyId=key_id, WrappingKeySpec="RSA_2048", WrappingAlgorithm=algorithm)
    public, aes = serialization.load_der_public_key(given["PublicKey"]), os.urandom(32)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    if long:
        wrapped = public.encrypt(aes, oaep) + aes_key_wrap_with_padding(aes, material)
    else:
        wrapped = public.encrypt(material, oaep)
    return kms.import_key_material(
        KeyId=key_id,
        ImportToken=given["ImportToken"],
        EncryptedKeyMaterial=wrapped,
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
        **more,
    )


@pytest.mark.claim("C8")
def test_a_symmetric_key_takes_256_bits_and_no_other_length(lab):
    """32 bytes of your own become the key; 16 bytes are refused."""
    kms, secret = lab.home.admin.client("kms"), secrets.token_bytes(20)
    key_id = empty_key(kms)
    with pytest.raises(ClientError, match="InvalidCiphertextException"):
        bring(kms, key_id, os.urandom(16))
    bring(kms, key_id, os.urandom(32))
    sealed = kms.encrypt(KeyId=key_id, Plaintext=secret)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == secret


@pytest.mark.claim("C8")
def test_a_pair_made_outside_signs_inside_kms(lab):
    """Not symmetric keys alone: an RSA pair is imported, and the public key kept outside verifies what KMS signed."""
    kms, message = lab.home.admin.client("kms"), secrets.token_bytes(40)
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_id = empty_key(kms, "RSA_2048", "SIGN_VERIFY")
    bring(kms, key_id, pair.private_bytes(*form))

    asked = {"KeyId": key_id, "Message": message, "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
    signature = kms.sign(**asked)["Signature"]
    pair.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())  # raises if it is another's


@pytest.mark.claim("C8", "C10")
def test_the_key_is_made_of_your_own_randomness(lab):
    """An imported HMAC key makes the codes that its bytes make anywhere: KMS added nothing of its own."""
    kms, own, message = lab.home.admin.client("kms"), os.urandom(32), secrets.token_bytes(40)
    key_id = empty_key(kms, "HMAC_256", "GENERATE_VERIFY_MAC")
    bring(kms, key_id, own)
    made = kms.generate_mac(KeyId=key_id, Message=message, MacAlgorithm="HMAC_SHA_256")["Mac"]
    assert made == hmac.digest(own, message, "sha256")


@pytest.mark.claim("C16")
def test_kms_takes_guessable_material_as_it_takes_any(lab):
    """Material from a guessable seed is imported like any other; who guesses the seed forges what KMS then verifies."""
    kms, year = lab.home.admin.client("kms"), secrets.choice(range(1970, 2026))
    key_id = empty_key(kms, "HMAC_256", "GENERATE_VERIFY_MAC")
    bring(kms, key_id, random.Random(year).randbytes(32))
    token = kms.generate_mac(KeyId=key_id, Message=b"user=ann", MacAlgorithm="HMAC_SHA_256")["Mac"]

    for guess in range(1970, 2026):  # the forger has one token, and no permission of any kind
        guessed = random.Random(guess).randbytes(32)
        if hmac.digest(guessed, b"user=ann", "sha256") == token:
            break
    forged = {"Message": b"user=admin", "Mac": hmac.digest(guessed, b"user=admin", "sha256")}
    assert kms.verify_mac(KeyId=key_id, MacAlgorithm="HMAC_SHA_256", **forged)["MacValid"]


@pytest.mark.claim("C4")
def test_your_copy_of_the_material_opens_nothing_in_another_key(lab):
    """A ciphertext belongs to its KMS key: a second key with the very same bytes does not open it."""
    kms, material = lab.home.admin.client("kms"), os.urandom(32)
    first, second = empty_key(kms), empty_key(kms)
    bring(kms, first, material)
    bring(kms, second, material)
    sealed = kms.encrypt(KeyId=first, Plaintext=b"hello")["CiphertextBlob"]
    with pytest.raises(ClientError, match="IncorrectKeyException"):
        kms.decrypt(CiphertextBlob=sealed, KeyId=second)


@pytest.mark.claim("C12")
def test_imported_material_goes_at_once_and_comes_back_with_its_bytes_alone(lab):
    """Deleted material has no waiting period and cannot be retrieved: you import the same bytes again."""
    kms, material = lab.home.admin.client("kms"), os.urandom(32)
    key_id = empty_key(kms)
    bring(kms, key_id, material)
    sealed = kms.encrypt(KeyId=key_id, Plaintext=b"hello")["CiphertextBlob"]

    kms.delete_imported_key_material(KeyId=key_id)
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingImport"
    with pytest.raises(ClientError, match="is pending import"):
        kms.decrypt(CiphertextBlob=sealed)
    with pytest.raises(ClientError, match="is not pending deletion"):
        kms.cancel_key_deletion(KeyId=key_id)
    with pytest.raises(ClientError, match="IncorrectKeyMaterialException"):
        bring(kms, key_id, os.urandom(32))

    bring(kms, key_id, material)
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"hello"


@pytest.mark.claim("C12")
@pytest.mark.parametrize("origin", ["AWS_KMS", "EXTERNAL"])
def test_the_waiting_period_is_the_same_for_every_origin(lab, origin):
    """7 to 30 days, 30 if not said, are the waiting period of every customer managed key, imported or not."""
    kms = lab.home.admin.client("kms")
    key_id = kms.create_key(Origin=origin)["KeyMetadata"]["KeyId"]
    if origin == "EXTERNAL":
        bring(kms, key_id, os.urandom(32))
    for days in (6, 31):
        with pytest.raises(ClientError, match="ValidationException"):
            kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=days)

    answer = kms.schedule_key_deletion(KeyId=key_id)
    assert answer["DeletionDate"] == lab.clock.now() + timedelta(days=30)
    lab.clock.advance(days=29)
    kms.cancel_key_deletion(KeyId=key_id)
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Disabled"


@pytest.mark.claim("C15")
def test_imported_material_never_rotates_by_itself_and_does_on_demand(lab):
    """EnableKeyRotation refuses a key with imported material; with new material at hand RotateKeyOnDemand works."""
    kms = lab.home.admin.client("kms")
    key_id = empty_key(kms)
    first = bring(kms, key_id, os.urandom(32))["KeyMaterialId"]
    sealed = kms.encrypt(KeyId=key_id, Plaintext=b"hello")["CiphertextBlob"]
    with pytest.raises(ClientError, match="UnsupportedOperationException"):
        kms.enable_key_rotation(KeyId=key_id)

    second = bring(kms, key_id, os.urandom(32), ImportType="NEW_KEY_MATERIAL")["KeyMaterialId"]
    kms.rotate_key_on_demand(KeyId=key_id)
    lab.clock.advance(minutes=5)
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"] == second
    opened = kms.decrypt(CiphertextBlob=sealed)
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (b"hello", first)
