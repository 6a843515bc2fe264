"""GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext: asymmetric keys for use outside KMS.

The private key comes encrypted under a symmetric KMS key. Members of the answers are recorded (project stackd,
2026-09-12, testdata/aws/kms/ecc.json).
"""

from typing import Any

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.key_pairs import SEED_BYTES, key_pair, private_bytes, public_bytes
from kms_katas.lab.kms.models import store_of
from kms_katas.lab.kms.operations.crypto import refuse_recipient, require_symmetric, sealed
from kms_katas.lab.kms.specs import SYMMETRIC, require_spec_of_region
from kms_katas.lab.kms.work import Work


def generate_data_key_pair(work: Work) -> dict[str, Any]:
    refuse_recipient(work)
    private, answer = _pair(work)
    return answer | {"PrivateKeyPlaintext": private}


def generate_data_key_pair_without_plaintext(work: Work) -> dict[str, Any]:
    return _pair(work)[1]


def rehearse(work: Work) -> None:
    """All that can be wrong, without making a pair. What a dry run does with Recipient is not documented."""
    refuse_recipient(work)
    require_symmetric(work, "data key pair")
    require_spec_of_region(work.parameters["KeyPairSpec"], work.region)


def _pair(work: Work) -> tuple[bytes, dict[str, Any]]:
    """The private key, and the answer without it."""
    rehearse(work)
    spec, context = work.parameters["KeyPairSpec"], work.parameters.get("EncryptionContext", {})
    moduli = store_of(work.key.account, work.key.region, work.now).rsa_moduli
    pair = key_pair(spec, setting.current.randomness.bytes(SEED_BYTES), moduli)
    private = private_bytes(pair)
    blob, material_id = sealed(work, work.key, SYMMETRIC, private, context)
    return private, {
        "PrivateKeyCiphertextBlob": blob,
        "PublicKey": public_bytes(pair),
        "KeyId": work.key.arn,
        "KeyPairSpec": spec,
        "KeyMaterialId": material_id,
    }
