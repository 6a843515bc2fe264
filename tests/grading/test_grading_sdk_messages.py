"""kms_katas.grading.sdk_messages against the AWS Encryption SDK itself: each opens what the other made."""

import secrets
from itertools import product

import pytest

from kms_katas.grading.fresh import Fresh
from kms_katas.grading.sdk_messages import (
    COMMITTING,
    KMS_PROVIDER,
    UNCOMMITTED,
    NoMessage,
    WrappedKey,
    content_of,
    make_message,
    read_message,
)
from kms_katas.grading.sdk_senders import Sender, read_by_another
from kms_katas.lab import Lab

sdk = pytest.importorskip("aws_encryption_sdk")
mpl = pytest.importorskip("aws_cryptographic_material_providers.mpl")
models = pytest.importorskip("aws_cryptographic_material_providers.mpl.models")
config = pytest.importorskip("aws_cryptographic_material_providers.mpl.config")


@pytest.fixture(scope="module")
def lab():
    with Lab() as opened:
        yield opened


@pytest.fixture(scope="module")
def kms(lab):
    return lab.home.admin.client("kms")


@pytest.fixture(scope="module")
def key(lab):
    return lab.home.create_key()


@pytest.fixture(scope="module")
def materials():
    return mpl.AwsCryptographicMaterialProviders(config=config.MaterialProvidersConfig())


@pytest.fixture(scope="module")
def keyring(materials, kms, key):
    return materials.create_aws_kms_keyring(models.CreateAwsKmsKeyringInput(kms_key_id=key, kms_client=kms))


@pytest.fixture(scope="module")
def strict():
    return sdk.EncryptionSDKClient()


@pytest.fixture(scope="module")
def lenient():
    return sdk.EncryptionSDKClient(commitment_policy=sdk.CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)


@pytest.fixture
def context():
    return {"tenant": secrets.token_hex(8), "where": "Zürich"}


@pytest.fixture
def data_key(lab):
    """The data key that KMS made last."""
    return lambda: next(call for call in reversed(lab.calls) if call.operation == "GenerateDataKey").response[
        "Plaintext"
    ]


@pytest.mark.parametrize("suite", ["AES_256_GCM_IV12_TAG16", "AES_256_GCM_IV12_TAG16_HKDF_SHA256", None])
def test_what_the_sdk_made_without_commitment_is_read_and_opened(keyring, key, context, data_key, suite):
    old = sdk.EncryptionSDKClient(commitment_policy=sdk.CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)
    more = {"algorithm": getattr(sdk.identifiers.AlgorithmSuite, suite)} if suite else {}
    content = secrets.token_bytes(300)
    data, _ = old.encrypt(source=content, keyring=keyring, encryption_context=context, frame_length=128, **more)
    message = read_message(data)
    assert message.suite not in COMMITTING
    assert context.items() <= message.context.items()
    assert [one.info for one in message.wrapped_keys] == [key]
    assert content_of(message, data_key()) == content


@pytest.mark.parametrize(
    ("suite", "frame", "length"),
    list(product(("AES_256_GCM_HKDF_SHA512_COMMIT_KEY", None), (0, 128, 4096), (0, 1, 128, 300))),
)
def test_what_the_sdk_made_is_read_and_opened(strict, keyring, key, context, data_key, suite, frame, length):
    content = secrets.token_bytes(length)
    more = {"algorithm": getattr(sdk.identifiers.AlgorithmSuite, suite)} if suite else {}
    data, _ = strict.encrypt(source=content, keyring=keyring, encryption_context=context, frame_length=frame, **more)
    message = read_message(data)
    assert message.suite in COMMITTING
    assert context.items() <= message.context.items()
    assert [(one.provider, one.info) for one in message.wrapped_keys] == [(KMS_PROVIDER, key)]
    assert content_of(message, data_key()) == content


def test_a_context_that_is_not_stored_has_to_be_given(strict, materials, keyring, context, data_key):
    under = materials.create_default_cryptographic_materials_manager(
        models.CreateDefaultCryptographicMaterialsManagerInput(keyring=keyring)
    )
    manager = materials.create_required_encryption_context_cmm(
        models.CreateRequiredEncryptionContextCMMInput(
            required_encryption_context_keys=["tenant"], underlying_cmm=under
        )
    )
    content = secrets.token_bytes(30)
    data, _ = strict.encrypt(source=content, materials_manager=manager, encryption_context=context)
    message = read_message(data)
    assert "tenant" not in message.context
    assert content_of(message, data_key(), {"tenant": context["tenant"]}) == content
    for wrong in ({}, {"tenant": "another"}):
        with pytest.raises(NoMessage):
            content_of(message, data_key(), wrong)


def test_wrapped_keys_of_other_providers_are_read_too(strict, materials, keyring, key):
    raw = models.CreateRawAesKeyringInput(
        key_namespace="here",
        key_name="one",
        wrapping_key=secrets.token_bytes(32),
        wrapping_alg=models.AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
    )
    spare = materials.create_raw_aes_keyring(raw)
    both = models.CreateMultiKeyringInput(generator=keyring, child_keyrings=[spare])
    data, _ = strict.encrypt(source=b"", keyring=materials.create_multi_keyring(both))
    assert {(one.provider, one.info[:3]) for one in read_message(data).wrapped_keys} == {
        (KMS_PROVIDER, key[:3]),
        ("here", "one"),
    }


def test_no_changed_byte_is_taken(strict, keyring, context, data_key):
    data, _ = strict.encrypt(source=secrets.token_bytes(40), keyring=keyring, encryption_context=context)
    key = data_key()
    for at in range(0, len(data), 3):
        with pytest.raises(NoMessage):
            content_of(read_message(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]), key)
    for cut in (data[:-1], data[: len(data) // 2], data + b"\0", b""):
        with pytest.raises(NoMessage):
            content_of(read_message(cut), key)
    with pytest.raises(NoMessage):
        content_of(read_message(data), secrets.token_bytes(32))


def test_the_sdk_opens_a_message_made_here(strict, keyring, kms, key, context):
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context)
    wrapped = WrappedKey(KMS_PROVIDER, key, made["CiphertextBlob"])
    content = secrets.token_bytes(50)
    data = make_message(content, made["Plaintext"], [wrapped], context, message_id=secrets.token_bytes(32))
    assert content_of(read_message(data), made["Plaintext"]) == content
    assert strict.decrypt(source=data, keyring=keyring)[0] == content


def test_an_uncommitted_message_made_here_opens_only_where_that_is_allowed(strict, lenient, keyring, kms, key, context):
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context)
    wrapped = WrappedKey(KMS_PROVIDER, key, made["CiphertextBlob"])
    content = secrets.token_bytes(50)
    data = make_message(content, made["Plaintext"], [wrapped], context, message_id=secrets.token_bytes(16))
    assert read_message(data).suite == UNCOMMITTED
    assert content_of(read_message(data), made["Plaintext"]) == content
    assert lenient.decrypt(source=data, keyring=keyring)[0] == content
    with pytest.raises(sdk.exceptions.ActionNotAllowedError):
        strict.decrypt(source=data, keyring=keyring)


def test_every_forged_message_opens_for_one_who_takes_any_key_and_is_refused_by_one_who_does_not(
    lab, strict, materials, keyring, kms, key, context
):
    stranger = lab.account("444455556666")
    lets_all_in = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
    foreign = stranger.create_key({"Version": "2012-10-17", "Statement": [lets_all_in]})
    genuine = Sender(lab.home, Fresh(1)).seal(b"genuine", context, key)
    any_key = materials.create_aws_kms_discovery_keyring(models.CreateAwsKmsDiscoveryKeyringInput(kms_client=kms))
    assert strict.decrypt(source=genuine, keyring=keyring)[0] == b"genuine"
    forged = list(Sender(stranger, Fresh(2)).forge(b"forged", context, foreign, genuine))
    assert forged
    for what, data in forged:
        assert strict.decrypt(source=data, keyring=any_key)[0] == b"forged", what
        with pytest.raises(sdk.exceptions.AWSEncryptionSDKClientError):
            strict.decrypt(source=data, keyring=keyring)


def test_another_reads_what_is_under_its_keys_with_the_context_that_it_knows(lab, strict, keyring, context):
    data, _ = strict.encrypt(source=b"content", keyring=keyring, encryption_context=context)
    message = read_message(data)
    assert read_by_another(lab, message, {}) == b"content"
    assert read_by_another(lab, message, {"tenant": context["tenant"]}) == b"content"
    with pytest.raises(NoMessage):
        read_by_another(lab, message, {"tenant": "another"})
