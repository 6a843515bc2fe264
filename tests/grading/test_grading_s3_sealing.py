"""What S3 may be given of a sealed object, and what is done to one afterwards."""

import base64
import hashlib
import secrets

import pytest
from botocore.exceptions import ClientError
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.exceptions import S3EncryptionClientError
from s3_encryption.materials.kms_keyring import KmsKeyring
from s3_encryption.materials.materials import CommitmentPolicy

from kms_katas.grading import Rejected
from kms_katas.grading.data_keys import data_key_of
from kms_katas.grading.fresh import Fresh
from kms_katas.grading.s3_sealing import (
    altered_objects,
    expect_nothing_given_away,
    expect_other_keys,
    own_data_keys,
    s3_encryption_client,
)
from kms_katas.lab import Lab


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


@pytest.fixture
def key(lab):
    return lab.home.create_key()


@pytest.fixture
def bucket(lab):
    name = f"b-{secrets.token_hex(6)}"
    lab.home.admin.client("s3").create_bucket(Bucket=name)
    return name


CONTEXT = {"aws:x-amz-cek-alg": "115"}


def generated(lab, key):
    lab.home.admin.client("kms").generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=CONTEXT)
    return data_key_of(lab.calls[-1])


def test_the_library_seals_and_opens_as_whom_it_was_made_for(lab, key, bucket):
    payload, admin = secrets.token_bytes(50), lab.home.admin
    s3_encryption_client(admin, key).put_object(Bucket=bucket, Key="a", Body=payload)
    assert payload not in admin.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read()
    assert s3_encryption_client(admin, key).get_object(Bucket=bucket, Key="a")["Body"].read() == payload
    with pytest.raises((ClientError, S3EncryptionClientError)):
        s3_encryption_client(lab.home.user("eve"), key).get_object(Bucket=bucket, Key="a")


@pytest.mark.parametrize("spelling", [bytes, lambda given: given.hex().encode(), base64.b64encode])
@pytest.mark.parametrize("what", ["payload", "digest", "data key"])
def test_what_s3_must_not_get_is_found(lab, key, what, spelling):
    payload, data_key = secrets.token_bytes(500), generated(lab, key)
    found = {"payload": payload, "digest": hashlib.sha256(payload).digest(), "data key": data_key}[what]
    with pytest.raises(Rejected, match=what):
        expect_nothing_given_away(payload, lab.calls, [("PUT", b"x: " + spelling(found) + b"\n")])


def test_ciphertext_gives_nothing_away(lab, key):
    generated(lab, key)
    expect_nothing_given_away(secrets.token_bytes(500), lab.calls, [("PUT", secrets.token_bytes(900))])
    expect_nothing_given_away(b"", lab.calls, [("PUT", hashlib.sha256(b"").digest())])


def test_one_commitment_for_two_objects_is_found():
    one, other = secrets.token_hex(28), secrets.token_hex(28)
    expect_other_keys([one, other])
    with pytest.raises(Rejected, match="nonce twice"):
        expect_other_keys([one, one])


def test_a_key_of_ones_own_is_what_kms_was_given_to_encrypt(lab, key):
    own, kms = secrets.token_bytes(32), lab.home.admin.client("kms")
    generated(lab, key)
    assert own_data_keys(lab.calls) == set()
    kms.encrypt(KeyId=key, Plaintext=own, EncryptionContext=CONTEXT)
    assert own_data_keys(lab.calls) == {own}


def test_what_kms_encrypts_beside_the_data_key_is_no_data_key(lab, key):
    title, kms = secrets.token_hex(16), lab.home.admin.client("kms")
    kms.encrypt(KeyId=key, Plaintext=title.encode())
    kms.encrypt(KeyId=key, Plaintext=title.encode(), EncryptionContext={"what": "title"})
    assert own_data_keys(lab.calls) == set()
    expect_nothing_given_away(secrets.token_bytes(500), lab.calls, [("PUT", title.encode())])


def altered(lab, key, bucket, *, by_library):
    s3 = lab.home.admin.client("s3")
    s3_encryption_client(lab.home.admin, key).put_object(Bucket=bucket, Key="a", Body=secrets.token_bytes(200))
    data_key, got = data_key_of(lab.calls[-1]), s3.get_object(Bucket=bucket, Key="a")
    fresh = Fresh(secrets.randbits(32))
    for what, body, notes, _ in altered_objects(
        got["Body"].read(), got["Metadata"], data_key, fresh, by_library=by_library
    ):
        s3.put_object(Bucket=bucket, Key="a", Body=body, Metadata=notes)
        yield what


@pytest.mark.parametrize("by_library", [True, False])
def test_the_library_as_it_comes_refuses_each_altered_object(lab, key, bucket, by_library):
    for _ in altered(lab, key, bucket, by_library=by_library):
        with pytest.raises(S3EncryptionClientError):
            s3_encryption_client(lab.home.admin, key).get_object(Bucket=bucket, Key="a")


def test_legacy_modes_open_the_object_that_tells_of_cbc(lab, key, bucket):
    who = {"source_ip": "192.0.2.9"}  # clients of its own: it changes them
    keyring = KmsKeyring(lab.home.admin.client("kms", **who), key)
    policy = CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT
    config = S3EncryptionClientConfig(
        keyring=keyring, commitment_policy=policy, enable_legacy_unauthenticated_modes=True
    )
    legacy, opened = S3EncryptionClient(lab.home.admin.client("s3", **who), config), []
    for what in altered(lab, key, bucket, by_library=True):
        try:
            legacy.get_object(Bucket=bucket, Key="a")["Body"].read()
        except S3EncryptionClientError:
            continue
        opened.append(what)
    assert len(opened) == 1 and "AES-CBC" in opened[0]
