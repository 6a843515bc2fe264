"""Related multi-Region keys that are not symmetric encryption keys: what one of them makes, the other takes."""

import os
from typing import Any

import pytest
from importing import put

from kms_katas.lab import Lab

HOME, WEST = "us-east-1", "us-west-2"
SIGNING = {
    "RSA_2048": "RSASSA_PSS_SHA_256",
    "ECC_NIST_P384": "ECDSA_SHA_384",
    "ECC_NIST_EDWARDS25519": "ED25519_SHA_512",
    "ML_DSA_44": "ML_DSA_SHAKE_256",
}


def pair(lab: Lab, **kind: Any) -> tuple[str, Any, Any]:
    """The ID that a primary and its replica share, and a client in the Region of each."""
    home, west = (lab.home.admin.client("kms", region) for region in (HOME, WEST))
    key: str = home.create_key(MultiRegion=True, **kind)["KeyMetadata"]["KeyId"]
    home.replicate_key(KeyId=key, ReplicaRegion=WEST)
    lab.clock.advance(seconds=1)
    return key, home, west


@pytest.mark.parametrize("replica_first", [False, True])
@pytest.mark.parametrize("spec", SIGNING)
def test_one_signs_and_the_other_verifies(lab: Lab, spec: str, replica_first: bool) -> None:
    """Whichever is asked first: the key pair is made then, and for both."""
    key, home, west = pair(lab, KeySpec=spec, KeyUsage="SIGN_VERIFY")
    signer, other = (west, home) if replica_first else (home, west)
    asked = {"KeyId": key, "Message": os.urandom(50), "SigningAlgorithm": SIGNING[spec]}
    signature = signer.sign(**asked)["Signature"]
    assert other.verify(**asked, Signature=signature)["SignatureValid"]
    assert home.get_public_key(KeyId=key)["PublicKey"] == west.get_public_key(KeyId=key)["PublicKey"]


def test_one_makes_a_mac_and_the_other_verifies_it(lab: Lab) -> None:
    key, home, west = pair(lab, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    asked = {"KeyId": key, "Message": os.urandom(50), "MacAlgorithm": "HMAC_SHA_256"}
    assert west.verify_mac(**asked, Mac=home.generate_mac(**asked)["Mac"])["MacValid"]


def test_one_encrypts_with_rsa_and_the_other_decrypts(lab: Lab) -> None:
    key, home, west = pair(lab, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    secret, algorithm = os.urandom(40), {"KeyId": key, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    blob = west.encrypt(Plaintext=secret, **algorithm)["CiphertextBlob"]
    assert home.decrypt(CiphertextBlob=blob, **algorithm)["Plaintext"] == secret


def test_two_unrelated_keys_have_two_key_pairs(lab: Lab, refused: Any) -> None:
    (one, home, _), (other, _, west) = (pair(lab, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY") for _ in range(2))
    asked = {"Message": os.urandom(50), "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = home.sign(KeyId=one, **asked)["Signature"]
    with refused("KMSInvalidSignatureException"):
        west.verify(KeyId=other, **asked, Signature=signature)


def test_an_imported_key_has_its_material_in_each_region_where_it_was_brought(lab: Lab, refused: Any) -> None:
    home, west = (lab.home.admin.client("kms", region) for region in (HOME, WEST))
    kind = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC", "Origin": "EXTERNAL", "MultiRegion": True}
    key, material = home.create_key(**kind)["KeyMetadata"]["KeyId"], os.urandom(32)
    put(home, key, material)
    asked = {"KeyId": key, "Message": os.urandom(50), "MacAlgorithm": "HMAC_SHA_256"}
    mac = home.generate_mac(**asked)["Mac"]
    home.replicate_key(KeyId=key, ReplicaRegion=WEST)
    lab.clock.advance(seconds=1)
    with refused("KMSInvalidStateException"):
        west.verify_mac(**asked, Mac=mac)
    with refused("IncorrectKeyMaterialException"):
        put(west, key, os.urandom(32))
    put(west, key, material)
    assert west.verify_mac(**asked, Mac=mac)["MacValid"]
