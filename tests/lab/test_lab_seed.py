"""Two labs of one seed that begin at one time answer every request alike, byte for byte.

Not here, since the seed does not repeat them: the salt of RSASSA-PSS and signatures of ML-DSA (operations/signing.py).
"""

import random
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from kms_katas.lab import Lab
from kms_katas.lab.kms.specs import KEY_SPECS
from kms_katas.lab.randomness import Randomness

SPECS = sorted(spec for spec in KEY_SPECS if spec != "SM2")


def transcript(seed: int, spec: str) -> list[Any]:
    """What a lab answers to requests of every kind that suit a key of this spec, the trail at the end."""
    answers: list[Any] = []
    with time_machine.travel(datetime(2026, 11, 22, tzinfo=UTC), tick=False), Lab(seed) as lab:
        kms = lab.home.admin.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        user = lab.home.user("ann")

        def ask(operation: str, client: Any = kms, **request: Any) -> Any:
            answers.append(getattr(client, operation)(**request))
            return answers[-1]

        for usage, algorithms in KEY_SPECS[spec].uses.items():
            own = ask("create_key", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
            if KEY_SPECS[spec].has_public_key:
                ask("get_public_key", KeyId=own)
            ask("create_grant", KeyId=own, GranteePrincipal=user.arn, Operations=["DescribeKey"])
            if usage == "SIGN_VERIFY" and not spec.startswith("ML_DSA"):
                ask(
                    "sign",
                    KeyId=own,
                    Message=b"m",
                    SigningAlgorithm=next(one for one in algorithms if "_PH_" not in one),
                )
            if usage == "ENCRYPT_DECRYPT":
                ask("encrypt", KeyId=own, Plaintext=b"m", EncryptionAlgorithm=algorithms[0])
            if usage == "GENERATE_VERIFY_MAC":
                ask("generate_mac", KeyId=own, Message=b"m", MacAlgorithm=algorithms[0])
        ask("generate_random", NumberOfBytes=20)
        ask("generate_data_key", KeyId=key, KeySpec="AES_256")
        ask("generate_data_key_pair", KeyId=key, KeyPairSpec="ECC_NIST_P384")
        ask("rotate_key_on_demand", KeyId=key)
        lab.clock.advance(seconds=1)
        ask("list_key_rotations", KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
        related = ask("create_key", MultiRegion=True)["KeyMetadata"]["KeyId"]
        ask("replicate_key", KeyId=related, ReplicaRegion="eu-west-1")
        ask("list_keys", lab.home.admin.client("kms", "eu-west-1"))
        return [*answers, *lab.trail]


@pytest.mark.parametrize("spec", SPECS)
def test_equal_seeds_give_equal_transcripts(spec: str) -> None:
    seed = random.randrange(2**32)
    assert transcript(seed, spec) == transcript(seed, spec)


def test_another_seed_gives_another_transcript() -> None:
    one, other = (str(transcript(seed, "ECC_NIST_P256")) for seed in random.sample(range(2**32), 2))
    assert one != other


@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_what_an_rsa_key_seals_under_a_seed_opens(spec: str, algorithm: str) -> None:
    most = KEY_SPECS[spec].bits // 8 - 2 * (20 if algorithm.endswith("SHA_1") else 32) - 2
    with Lab(seed=random.randrange(2**32)) as lab:
        kms = lab.home.admin.client("kms")
        asked = {
            "KeyId": kms.create_key(KeySpec=spec, KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"],
            "EncryptionAlgorithm": algorithm,
        }
        for plaintext in (b"x", random.randbytes(most), bytes(most - 1)):
            blob = kms.encrypt(Plaintext=plaintext, **asked)["CiphertextBlob"]
            assert len(blob) * 8 == KEY_SPECS[spec].bits
            assert kms.decrypt(CiphertextBlob=blob, **asked)["Plaintext"] == plaintext
            assert kms.encrypt(Plaintext=plaintext, **asked)["CiphertextBlob"] != blob


def test_an_id_is_the_uuid_of_version_4_that_its_bytes_make() -> None:
    for seed in random.sample(range(1 << 32), 50):
        assert Randomness(seed).uuid() == str(uuid.UUID(bytes=Randomness(seed).bytes(16), version=4))
