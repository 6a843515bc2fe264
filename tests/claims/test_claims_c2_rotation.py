"""Claims C51, C52 and C54 to C62: how AWS managed and customer managed keys rotate, and what rotation does not do.

What becomes of old keys afterwards is in test_claims_c2_old_keys.py.
"""

import secrets
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def outcome(call, **asked):
    """The code of the error, or "allowed" where there is none."""
    try:
        call(**asked)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"


def materials(kms, key):
    """Every key material of a key, the oldest first."""
    return kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]


@pytest.fixture
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.fixture
def key(lab):
    """The ARN of a customer managed key with material that KMS made."""
    return lab.home.create_key()


@pytest.fixture
def bucket(lab):
    """A bucket whose objects lie under the AWS managed key aws/s3."""
    name, s3 = f"reports-{secrets.token_hex(6)}", lab.home.admin.client("s3")
    s3.create_bucket(Bucket=name)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    return name


@pytest.mark.claim("C51")
def test_rotation_does_not_repair_a_leaked_data_key(lab, kms, key):
    """After a rotation the wrapped data key is what it was, and who copied the data key opens the data without KMS."""
    data_key, secret, nonce = kms.generate_data_key(KeyId=key, KeySpec="AES_256"), b"37 EUR", secrets.token_bytes(12)
    stored = AESGCM(data_key["Plaintext"]).encrypt(nonce, secret, None)
    leaked = data_key["Plaintext"]

    kms.rotate_key_on_demand(KeyId=key)
    lab.clock.advance(minutes=5)

    first, second = (one["KeyMaterialId"] for one in materials(kms, key))
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] == second
    opened = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (leaked, first)
    assert AESGCM(leaked).decrypt(nonce, stored, None) == secret


@pytest.mark.claim("C52")
def test_only_of_a_customer_managed_key_you_choose_the_rotation(kms, key):
    """A customer managed key rotates if you say so, and with your period; an AWS managed key leaves no choice."""
    assert not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180
    assert outcome(kms.disable_key_rotation, KeyId=key) == "allowed"

    managed = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    assert kms.get_key_rotation_status(KeyId=managed)["KeyRotationEnabled"]
    for change in (kms.enable_key_rotation, kms.disable_key_rotation, kms.rotate_key_on_demand):
        assert outcome(change, KeyId=managed) == "AccessDeniedException"


@pytest.mark.claim("C54")
def test_an_aws_managed_key_is_rotated_every_year(lab, kms):
    """Three years bring three rotations, 365 days after each other, where the text expects one."""
    made = lab.clock.now()
    key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365
    lab.clock.advance(days=3 * 365 + 1)
    dates = [one["RotationDate"] for one in kms.list_key_rotations(KeyId=key)["Rotations"]]
    assert dates == [made + timedelta(days=365 * year) for year in (1, 2, 3)]


@pytest.mark.claim("C55", "C57")
def test_aws_rotates_its_key_alone_and_old_objects_still_open(lab, kms, bucket):
    """An object under aws/s3 opens after rotations that nobody asked for; KMS picks the old material itself."""
    s3, secret = lab.home.admin.client("s3"), secrets.token_bytes(40)
    s3.put_object(Bucket=bucket, Key="old", Body=secret)
    before = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    lab.clock.advance(days=2 * 365 + 1)

    assert s3.get_object(Bucket=bucket, Key="old")["Body"].read() == secret
    decrypt = [event for event in lab.trail if event["eventName"] == "Decrypt"][-1]
    assert decrypt["additionalEventData"]["keyMaterialId"] == before["CurrentKeyMaterialId"]
    rotations = [event for event in lab.trail if event["eventName"] == "RotateKey"]
    assert [event["userIdentity"]["invokedBy"] for event in rotations] == ["AWS Internal"] * 2
    after = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert (after["Arn"], after["KeyState"]) == (before["Arn"], "Enabled")


@pytest.mark.claim("C56")
def test_after_a_rotation_the_new_material_encrypts(lab, kms, bucket):
    """What S3 writes after the rotation of aws/s3 lies under the new material, which is the only current one."""
    s3 = lab.home.admin.client("s3")
    s3.put_object(Bucket=bucket, Key="old", Body=b"x")
    lab.clock.advance(days=366)
    s3.put_object(Bucket=bucket, Key="new", Body=b"x")

    key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    used = [
        event["additionalEventData"]["keyMaterialId"] for event in lab.trail if event["eventName"] == "GenerateDataKey"
    ]
    first, second = materials(kms, key["KeyId"])
    assert used == [first["KeyMaterialId"], second["KeyMaterialId"]]
    assert (first["KeyMaterialState"], second["KeyMaterialState"]) == ("NON_CURRENT", "CURRENT")
    assert key["CurrentKeyMaterialId"] == second["KeyMaterialId"]


@pytest.mark.claim("C58")
@pytest.mark.parametrize("days", [90, None, 2560])
def test_the_period_of_a_customer_managed_key_is_yours_to_choose(lab, kms, key, days):
    """It may be 90 to 2560 days; a year is only what KMS takes where the request names no period."""
    kms.enable_key_rotation(KeyId=key, **({"RotationPeriodInDays": days} if days else {}))
    period = kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"]
    assert period == (days or 365)
    lab.clock.advance(days=period - 1)
    assert kms.list_key_rotations(KeyId=key)["Rotations"] == []
    lab.clock.advance(days=1)
    assert [one["RotationType"] for one in kms.list_key_rotations(KeyId=key)["Rotations"]] == ["AUTOMATIC"]


@pytest.mark.claim("C58")
def test_a_shorter_or_longer_period_is_refused(kms, key):
    """89 days boto3 refuses to send, and 2561 KMS refuses to take."""
    with pytest.raises(ParamValidationError, match="valid min value: 90"):
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=89)
    assert outcome(kms.enable_key_rotation, KeyId=key, RotationPeriodInDays=2561) == "ValidationException"
    assert not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


@pytest.mark.claim("C59", "C60")
def test_each_rotation_makes_new_material_and_keeps_the_old(lab, kms, key):
    """A ciphertext of every year opens under the same key, each with the material of its time."""
    kms.enable_key_rotation(KeyId=key)
    sealed = []
    for _ in range(4):
        secret = secrets.token_bytes(20)
        sealed.append((secret, kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]))
        lab.clock.advance(days=365)

    opened = [kms.decrypt(CiphertextBlob=blob) for _, blob in sealed]
    assert [one["Plaintext"] for one in opened] == [secret for secret, _ in sealed]
    assert {one["KeyId"] for one in opened} == {key}
    known = [one["KeyMaterialId"] for one in materials(kms, key)]
    assert [one["KeyMaterialId"] for one in opened] == known[:4]
    assert len(set(known)) == 5


@pytest.mark.claim("C61")
def test_material_that_kms_made_rotates_by_itself(lab, kms, key):
    """Automatic rotation is for a symmetric key whose material KMS made, the opposite of what the text says."""
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Origin"] == "AWS_KMS"
    kms.enable_key_rotation(KeyId=key)
    lab.clock.advance(days=365)
    assert len(materials(kms, key)) == 2


@pytest.mark.claim("C61")
@pytest.mark.parametrize(
    "asked",
    [
        {"Origin": "EXTERNAL"},
        {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
        {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
        {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    ],
    ids=["imported", "RSA", "ECC", "HMAC"],
)
def test_imported_asymmetric_and_hmac_keys_do_not_rotate_by_themselves(kms, asked):
    """EnableKeyRotation refuses a key for imported material, an asymmetric key and an HMAC key."""
    key = kms.create_key(**asked)["KeyMetadata"]["KeyId"]
    assert outcome(kms.enable_key_rotation, KeyId=key) == "UnsupportedOperationException"


@pytest.mark.claim("C62")
def test_on_demand_rotation_keeps_the_key_and_has_a_limit(lab, kms, key):
    """RotateKeyOnDemand makes new material under the same key ARN, 25 times and no more."""
    secret = secrets.token_bytes(20)
    blob = kms.encrypt(KeyId=key, Plaintext=secret)["CiphertextBlob"]
    for _ in range(25):
        kms.rotate_key_on_demand(KeyId=key)
        lab.clock.advance(minutes=5)
    assert outcome(kms.rotate_key_on_demand, KeyId=key) == "LimitExceededException"
    assert len(materials(kms, key)) == 26
    assert kms.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == secret


@pytest.mark.claim("C62")
def test_manual_rotation_is_another_key_under_the_old_alias(lab, kms, key):
    """After UpdateAlias the alias encrypts under the new key, and what was encrypted before needs the old one."""
    alias, new, secret = f"alias/app-{secrets.token_hex(4)}", lab.home.create_key(), secrets.token_bytes(20)
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    old_blob = kms.encrypt(KeyId=alias, Plaintext=secret)["CiphertextBlob"]
    kms.update_alias(AliasName=alias, TargetKeyId=new)

    assert kms.encrypt(KeyId=alias, Plaintext=secret)["KeyId"] == new != key
    assert outcome(kms.decrypt, CiphertextBlob=old_blob, KeyId=alias) == "IncorrectKeyException"
    assert kms.decrypt(CiphertextBlob=old_blob)["KeyId"] == key
