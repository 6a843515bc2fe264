"""Every key spec and usage: what CreateKey makes of it, what it refuses, which operations and algorithms a key has."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from kms_katas.lab import Lab
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.request import service_model
from kms_katas.lab.kms.specs import ALGORITHM_LISTS, KEY_SPECS, USAGE_OF

# Written a second time, from the API text: usage -> specs -> algorithms.
RSA = {"RSA_2048", "RSA_3072", "RSA_4096"}
NIST = {"ECC_NIST_P256": "ECDSA_SHA_256", "ECC_NIST_P384": "ECDSA_SHA_384", "ECC_NIST_P521": "ECDSA_SHA_512"}
RSA_SIGNING = [f"RSASSA_{padding}_SHA_{bits}" for padding in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512)]
EXPECTED: dict[tuple[str, str], list[str]] = (
    {("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"): ["SYMMETRIC_DEFAULT"]}
    | {(spec, "ENCRYPT_DECRYPT"): ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"] for spec in RSA}
    | {(spec, "SIGN_VERIFY"): RSA_SIGNING for spec in RSA}
    | {(spec, "SIGN_VERIFY"): [algorithm] for spec, algorithm in NIST.items()}
    | {(spec, "KEY_AGREEMENT"): ["ECDH"] for spec in NIST}
    | {("ECC_SECG_P256K1", "SIGN_VERIFY"): ["ECDSA_SHA_256"]}
    | {("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"): ["ED25519_PH_SHA_512", "ED25519_SHA_512"]}
    | {(f"ML_DSA_{set_}", "SIGN_VERIFY"): ["ML_DSA_SHAKE_256"] for set_ in (44, 65, 87)}
    | {(f"HMAC_{bits}", "GENERATE_VERIFY_MAC"): [f"HMAC_SHA_{bits}"] for bits in (224, 256, 384, 512)}
    | {(f"ML_KEM_{set_}", "ENCAPSULATE_DECAPSULATE"): ["ML_KEM"] for set_ in (512, 768, 1024)}
)
SPECS = sorted({spec for spec, _ in EXPECTED})

USES: dict[str, Callable[[Any, str], Any]] = {
    "Encrypt": lambda kms, key: kms.encrypt(KeyId=key, Plaintext=b"x"),
    "GenerateDataKey": lambda kms, key: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
    "GenerateDataKeyWithoutPlaintext": lambda kms, key: kms.generate_data_key_without_plaintext(
        KeyId=key, KeySpec="AES_256"
    ),
    "GenerateDataKeyPair": lambda kms, key: kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256"),
    "GenerateDataKeyPairWithoutPlaintext": lambda kms, key: kms.generate_data_key_pair_without_plaintext(
        KeyId=key, KeyPairSpec="ECC_NIST_P256"
    ),
    "Decrypt": lambda kms, key: kms.decrypt(
        KeyId=key, CiphertextBlob=b"x" * 256, EncryptionAlgorithm="RSAES_OAEP_SHA_256"
    ),
    "Sign": lambda kms, key: kms.sign(KeyId=key, Message=b"x", SigningAlgorithm="ECDSA_SHA_256"),
    "Verify": lambda kms, key: kms.verify(KeyId=key, Message=b"x", Signature=b"x", SigningAlgorithm="ECDSA_SHA_256"),
    "GenerateMac": lambda kms, key: kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm="HMAC_SHA_256"),
    "VerifyMac": lambda kms, key: kms.verify_mac(KeyId=key, Message=b"x", Mac=b"x", MacAlgorithm="HMAC_SHA_256"),
    "DeriveSharedSecret": lambda kms, key: kms.derive_shared_secret(
        KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=b"x"
    ),
    "Encapsulate": lambda kms, key: kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM"),
    "Decapsulate": lambda kms, key: kms.decapsulate(
        KeyId=key, EncapsulationAlgorithm="ML_KEM", SharedSecretCiphertextBlob=b"x"
    ),
}
ONE_OF_EACH = [
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    ("RSA_2048", "ENCRYPT_DECRYPT"),
    ("RSA_2048", "SIGN_VERIFY"),
    ("HMAC_256", "GENERATE_VERIFY_MAC"),
    ("ECC_NIST_P256", "KEY_AGREEMENT"),
    ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
]


def test_the_table_has_every_spec_and_algorithm_of_the_model() -> None:
    shapes = service_model().shape_for
    assert set(KEY_SPECS) == set(shapes("KeySpec").enum)
    assert {spec for spec, kind in KEY_SPECS.items() if kind.pair} == set(shapes("DataKeyPairSpec").enum)
    for usage, name in ALGORITHM_LISTS.items():
        found = {one for kind in KEY_SPECS.values() for one in kind.uses.get(usage, ())}
        assert found == set(shapes(f"{name.removesuffix('s')}Spec").enum)
    assert set(ALGORITHM_LISTS) == set(shapes("KeyUsageType").enum)


@pytest.mark.parametrize("usage", ALGORITHM_LISTS)
@pytest.mark.parametrize("spec", SPECS)
def test_a_spec_has_its_usages_and_no_other(kms: Any, refused: Any, spec: str, usage: str) -> None:
    algorithms = EXPECTED.get((spec, usage))
    if algorithms is None:
        with refused("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}"):
            kms.create_key(KeySpec=spec, KeyUsage=usage)
        assert kms.list_keys()["Keys"] == []
        return
    made = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    assert (made["KeySpec"], made["CustomerMasterKeySpec"], made["KeyUsage"]) == (spec, spec, usage)
    assert {name: made[name] for name in made if name.endswith("Algorithms")} == {ALGORITHM_LISTS[usage]: algorithms}
    assert ("CurrentKeyMaterialId" in made) == (spec == "SYMMETRIC_DEFAULT")
    assert kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"] == made


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec != "SYMMETRIC_DEFAULT"])
def test_every_spec_but_the_symmetric_one_needs_a_usage(kms: Any, refused: Any, spec: str) -> None:
    text = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
    with refused("ValidationException", text):
        kms.create_key(KeySpec=spec)


def test_a_spec_has_one_of_its_two_names(kms: Any, refused: Any) -> None:
    made = kms.create_key(CustomerMasterKeySpec="RSA_3072", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    assert made["KeySpec"] == "RSA_3072"
    text = (
        "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated."
    )
    with refused("ValidationException", text):
        kms.create_key(KeySpec="RSA_3072", CustomerMasterKeySpec="RSA_3072", KeyUsage="SIGN_VERIFY")


@pytest.mark.parametrize("usage", ["ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"])
def test_sm2_is_not_to_be_had_outside_china(kms: Any, refused: Any, usage: str) -> None:
    with refused("UnsupportedOperationException"):
        kms.create_key(KeySpec="SM2", KeyUsage=usage)
    assert kms.list_keys()["Keys"] == []


@pytest.mark.parametrize("operation", USES)
@pytest.mark.parametrize(("spec", "usage"), ONE_OF_EACH)
def test_a_key_is_for_the_operations_of_its_usage_only(
    kms: Any, refused: Any, spec: str, usage: str, operation: str
) -> None:
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    if USAGE_OF[operation] == usage:
        return
    text = f"{key['Arn']} key usage is {usage} which is not valid for {operation}."
    with refused("InvalidKeyUsageException", text):
        USES[operation](kms, key["KeyId"])
    with refused("InvalidKeyUsageException", text):
        dry(kms, operation, key["KeyId"])


def dry(kms: Any, operation: str, key: str) -> Any:
    """The operation's request as a dry run."""

    class Dry:
        def __getattr__(self, name: str) -> Any:
            return lambda **asked: getattr(kms, name)(DryRun=True, **asked)

    return USES[operation](Dry(), key)


@pytest.mark.parametrize("operation", ["enable_key_rotation", "rotate_key_on_demand"])
@pytest.mark.parametrize(("spec", "usage"), ONE_OF_EACH[1:])
def test_only_a_symmetric_encryption_key_rotates(kms: Any, refused: Any, spec: str, usage: str, operation: str) -> None:
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    with refused("UnsupportedOperationException", ""):
        getattr(kms, operation)(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    assert kms.list_key_rotations(KeyId=key)["Rotations"] == []
    with refused("ValidationException", "Input parameter includeKeyMaterial can only be used with symmetric keys."):
        kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")


@pytest.mark.parametrize(("spec", "usage"), ONE_OF_EACH[1:])
def test_a_key_that_never_rotates_may_be_told_not_to(kms: Any, spec: str, usage: str) -> None:
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    answer = kms.disable_key_rotation(KeyId=key)
    assert set(answer) == {"ResponseMetadata"}
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_4096", "ECC_NIST_P521", "ECC_NIST_EDWARDS25519", "ML_DSA_87"])
def test_a_seed_repeats_key_pairs_and_no_two_keys_share_one(spec: str) -> None:
    seed = secrets.randbelow(2**32)

    def pairs(seed: int) -> list[bytes]:
        with Lab(seed=seed) as lab:
            kms = lab.home.admin.client("kms")
            ids = [kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"] for _ in range(9)]
            return [kms.get_public_key(KeyId=one)["PublicKey"] for one in ids]

    found = pairs(seed)
    assert pairs(seed) == found
    assert len(set(found)) == 9
    assert pairs(seed + 1) != found


def test_a_key_costs_the_same_to_create_whatever_its_spec(lab: Lab, kms: Any) -> None:
    """No private key is made before it is needed: the store holds none."""
    key = kms.create_key(KeySpec="RSA_4096", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    material = store_of(lab.home.id, "us-east-1", lab.clock.now()).keys[key].current_material
    assert material.pair is None
    kms.get_public_key(KeyId=key)
    assert material.pair is not None


STATES = {
    "Disabled": ("disable_key", "DisabledException", " is disabled."),
    "PendingDeletion": ("schedule_key_deletion", "KMSInvalidStateException", " is pending deletion."),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("operation", USES)
def test_no_operation_uses_a_key_that_is_off(kms: Any, refused: Any, operation: str, state: str) -> None:
    """Also with an algorithm that the key does not have: the state counts first (recorded)."""
    spec, usage = next((s, u) for s, u in ONE_OF_EACH if u == USAGE_OF[operation])
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    end, code, text = STATES[state]
    getattr(kms, end)(KeyId=key["KeyId"])
    with refused(code, key["Arn"] + text):
        USES[operation](kms, key["KeyId"])


def test_the_public_key_of_a_disabled_key_can_be_had_but_not_of_one_pending_deletion(kms: Any, refused: Any) -> None:
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    kms.disable_key(KeyId=key["KeyId"])
    kms.get_public_key(KeyId=key["KeyId"])
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    with refused("KMSInvalidStateException", f"{key['Arn']} is pending deletion."):
        kms.get_public_key(KeyId=key["KeyId"])


@pytest.mark.parametrize(
    ("spec", "usage"), [("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("HMAC_512", "GENERATE_VERIFY_MAC")]
)
def test_a_key_without_a_public_half_has_no_public_key(kms: Any, refused: Any, spec: str, usage: str) -> None:
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    with refused("UnsupportedOperationException", ""):
        kms.get_public_key(KeyId=key)


@pytest.mark.parametrize(
    ("operation", "condition", "right", "wrong"),
    [
        ("Sign", "kms:SigningAlgorithm", "ECDSA_SHA_256", "ECDSA_SHA_384"),
        ("Sign", "kms:MessageType", "RAW", "DIGEST"),
        ("GenerateMac", "kms:MacAlgorithm", "HMAC_SHA_256", "HMAC_SHA_512"),
        ("DeriveSharedSecret", "kms:KeyAgreementAlgorithm", "ECDH", "OTHER"),
        ("GenerateDataKeyPair", "kms:DataKeyPairSpec", "ECC_NIST_P256", "RSA_2048"),
        ("GenerateDataKeyPair", "kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1"),
        ("Decrypt", "kms:EncryptionAlgorithm", "RSAES_OAEP_SHA_256", "SYMMETRIC_DEFAULT"),
        ("Sign", "kms:KeyUsage", "SIGN_VERIFY", "ENCRYPT_DECRYPT"),
        ("Sign", "kms:KeySpec", "ECC_NIST_P256", "RSA_2048"),
    ],
)
def test_a_request_carries_the_condition_keys_of_its_algorithms(
    lab: Lab, kms: Any, operation: str, condition: str, right: str, wrong: str
) -> None:
    kinds = {
        "Sign": ("ECC_NIST_P256", "SIGN_VERIFY"),
        "GenerateMac": ("HMAC_256", "GENERATE_VERIFY_MAC"),
        "DeriveSharedSecret": ("ECC_NIST_P256", "KEY_AGREEMENT"),
        "GenerateDataKeyPair": ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        "Decrypt": ("RSA_2048", "ENCRYPT_DECRYPT"),
    }
    spec, usage = kinds[operation]
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]

    def code_under(value: str) -> str | None:
        statement = {
            "Effect": "Allow",
            "Action": f"kms:{operation}",
            "Resource": "*",
            "Condition": {"StringEquals": {condition: value}},
        }
        name = f"u{secrets.token_hex(4)}"
        user = lab.home.user(name, policies={"p": {"Version": "2012-10-17", "Statement": [statement]}})
        try:
            USES[operation](user.client("kms"), key)
        except user.client("kms").exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return None

    assert code_under(wrong) == "AccessDeniedException"
    assert code_under(right) != "AccessDeniedException"


def test_the_trail_tells_no_message_signature_mac_or_secret(lab: Lab, kms: Any) -> None:
    signer = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signed = kms.sign(KeyId=signer, Message=b"a message", SigningAlgorithm="ECDSA_SHA_256")
    kms.verify(KeyId=signer, Message=b"a message", Signature=signed["Signature"], SigningAlgorithm="ECDSA_SHA_256")
    agreer = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"]
    public = kms.get_public_key(KeyId=agreer)["PublicKey"]
    kms.derive_shared_secret(KeyId=agreer, KeyAgreementAlgorithm="ECDH", PublicKey=public)
    parameters = [event["requestParameters"] for event in lab.trail if event["eventName"] in ("Sign", "Verify")]
    assert parameters == [{"keyId": signer, "signingAlgorithm": "ECDSA_SHA_256"}] * 2
    derived = lab.trail[-1]
    assert derived["requestParameters"] == {"keyId": agreer, "keyAgreementAlgorithm": "ECDH"}
    assert derived["responseElements"] is None and derived["readOnly"] is True
