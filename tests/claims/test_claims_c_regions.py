"""Text C on Regions: where a key is known, and what multi-Region keys are for."""

import secrets

import pytest
from botocore.exceptions import ClientError

HERE, THERE = "us-east-1", "eu-west-1"


def replicate(lab, key_id):
    """Makes the replica in THERE of a primary key in HERE, and waits until it is ready."""
    lab.home.admin.client("kms", region=HERE).replicate_key(KeyId=key_id, ReplicaRegion=THERE)
    lab.clock.advance(minutes=1)


@pytest.mark.claim("C25")
def test_a_key_and_its_alias_are_unknown_in_another_region(lab):
    """A key and its alias exist in one Region: in another neither the ID nor the alias means anything."""
    here, there = (lab.home.admin.client("kms", region=region) for region in (HERE, THERE))
    key_id, alias = here.create_key()["KeyMetadata"]["KeyId"], f"alias/{secrets.token_hex(8)}"
    here.create_alias(AliasName=alias, TargetKeyId=key_id)
    sealed = here.encrypt(KeyId=alias, Plaintext=b"hello")["CiphertextBlob"]

    for name in (key_id, alias):
        assert here.describe_key(KeyId=name)["KeyMetadata"]["MultiRegion"] is False
        with pytest.raises(ClientError, match="NotFoundException"):
            there.describe_key(KeyId=name)
    with pytest.raises(ClientError, match="does not exist in this Region"):
        there.decrypt(CiphertextBlob=sealed)
    assert there.list_keys()["Keys"] == []


@pytest.mark.claim("C26")
def test_a_replica_opens_the_data_key_that_its_primary_wrapped(lab):
    """What client-side encryption needs in two Regions: a data key wrapped in one of them opens in the other."""
    here, there = (lab.home.admin.client("kms", region=region) for region in (HERE, THERE))
    key_id = here.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    replicate(lab, key_id)

    data_key = here.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext={"order": "7"})
    opened = there.decrypt(CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext={"order": "7"})
    assert opened["Plaintext"] == data_key["Plaintext"]
    assert f":{THERE}:" in opened["KeyId"] and opened["KeyId"].endswith(key_id)


@pytest.mark.claim("C26")
@pytest.mark.parametrize(
    ("spec", "usage", "make", "check", "proof"),
    [
        ("HMAC_256", "GENERATE_VERIFY_MAC", "generate_mac", "verify_mac", "Mac"),
        ("ECC_NIST_P256", "SIGN_VERIFY", "sign", "verify", "Signature"),
    ],
)
def test_multi_region_keys_are_not_for_encryption_alone(lab, spec, usage, make, check, proof):
    """A multi-Region key can be an HMAC key or a signing key too: what one Region made, the other verifies."""
    here, there = (lab.home.admin.client("kms", region=region) for region in (HERE, THERE))
    key_id = here.create_key(MultiRegion=True, KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    replicate(lab, key_id)

    algorithm = {"MacAlgorithm": "HMAC_SHA_256"} if proof == "Mac" else {"SigningAlgorithm": "ECDSA_SHA_256"}
    asked = {"KeyId": key_id, "Message": secrets.token_bytes(40), **algorithm}
    made = getattr(here, make)(**asked)[proof]
    getattr(there, check)(**asked, **{proof: made})
    with pytest.raises(ClientError, match=r"KMSInvalid(Mac|Signature)Exception"):
        getattr(there, check)(**asked | {"Message": b"altered"}, **{proof: made})


@pytest.mark.claim("C26")
def test_a_key_of_one_region_never_becomes_a_multi_region_key(lab):
    """ReplicateKey refuses a key that was not made as a multi-Region key, and AWS managed keys never are."""
    kms = lab.home.admin.client("kms", region=HERE)
    single = kms.create_key()["KeyMetadata"]["KeyId"]
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["MultiRegion"] is False
    with pytest.raises(ClientError, match="UnsupportedOperationException"):
        kms.replicate_key(KeyId=single, ReplicaRegion=THERE)
