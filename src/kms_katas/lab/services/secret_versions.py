"""What Secrets Manager keeps with the versions of a secret: their data keys, and how these follow a change of the key.

Source: Secrets Manager guide, "Secret encryption and decryption", and botocore op:UpdateSecret. Not for who may
(secretsmanager.py); moto keeps the values.
"""

from collections.abc import Mapping
from typing import Any

from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.services.call import Refused, ServiceCall
from kms_katas.lab.services.data_keys import DataKey, asked_by, new_data_key, opened, passed_on
from kms_katas.lab.services.keys_for_services import default_key

DEFAULT = "alias/aws/secretsmanager"

_DATA_KEYS = "_kms_katas_data_keys"
_FOLLOW_THE_KEY = frozenset(["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"])
"""The staging labels of versions that are encrypted anew when the key changes (botocore op:UpdateSecret, KmsKeyId)."""

_VALIDATION = "RequestToValidateKeyAccess"

DataKeys = dict[str, tuple[DataKey, ...]]
"""Version ID -> its data key, encrypted under each KMS key that opens it, the present one first."""


def data_keys_of(secret: Any) -> DataKeys:
    if not hasattr(secret, _DATA_KEYS):
        setattr(secret, _DATA_KEYS, {})
    found: DataKeys = getattr(secret, _DATA_KEYS)
    return found


def key_of(call: ServiceCall, secret: Any, named: str | None) -> str:
    """What to ask KMS for: a key named by ID or alias is one of the caller's account (reports of real errors).

    Raises Refused for a caller of another account where it is the AWS managed key.
    """
    if named and named != DEFAULT:
        return named
    refuse_strangers_the_default_key(call, secret, named)
    return default_key(secret.account_id, secret.region, DEFAULT)


def refuse_strangers_the_default_key(call: ServiceCall, secret: Any, named: str | None) -> None:
    """Code and text are seen in reports of real errors of GetSecretValue; taken for the other operations too."""
    if call.caller.account != secret.account_id and named in (None, "", DEFAULT):
        sentence = "You can't access a secret from a different AWS account if you encrypt the secret with the default"
        raise Refused("InvalidRequestException", f"{sentence} KMS service key.")


def validate(call: ServiceCall, secret: Any, key: str) -> None:
    """Two calls whose results are discarded, made when a secret gets a key, or another one. Raises Refused."""
    ask, context = asked_by(call), _context(secret, _VALIDATION)
    try:
        opened(ask, new_data_key(ask, key, context))
    except KMSError as error:
        raise not_encrypted(error) from None


def new_version(call: ServiceCall, secret: Any, key: str, version_id: str) -> tuple[DataKey, ...]:
    """Raises Refused."""
    try:
        return (new_data_key(asked_by(call), key, _context(secret, version_id)),)
    except KMSError as error:
        raise not_encrypted(error) from None


def under_new_key(call: ServiceCall, secret: Any, key: str) -> DataKeys:
    """The data keys of the versions that follow the key: under the new key as well as under those of before. A caller
    who may not decrypt with the old key, or not encrypt with the new one, leaves a version as it is.
    """
    found: DataKeys = {}
    for version_id, data_keys in data_keys_of(secret).items():
        stages = secret.versions.get(version_id, {}).get("version_stages", ())
        if not _FOLLOW_THE_KEY.intersection(stages):
            continue
        context = dict(data_keys[0].context)
        try:
            plaintext = opened(asked_by(call), data_keys[0])
            parameters = {"KeyId": key, "Plaintext": plaintext, "EncryptionContext": context}
            sealed = asked_by(call)("Encrypt", parameters)
        except KMSError:
            continue
        found[version_id] = (DataKey(sealed["KeyId"], sealed["CiphertextBlob"], context), *data_keys)
    return found


def open_version(call: ServiceCall, secret: Any, version_id: str) -> None:
    """Asks KMS for the data key of a version, under one key after the other. Raises Refused with the first answer."""
    first: KMSError | None = None
    for data_key in data_keys_of(secret).get(version_id, ()):
        try:
            opened(asked_by(call), data_key)
            return
        except KMSError as error:
            first = first or error
    if first is not None:
        raise _not_decrypted(first)


def _context(secret: Any, version_id: str) -> Mapping[str, str]:
    return {"SecretARN": secret.arn, "SecretVersionId": version_id}


def not_encrypted(error: KMSError) -> Refused:
    return _of_kms(error, "EncryptionFailure", "encrypt")


def _not_decrypted(error: KMSError) -> Refused:
    return _of_kms(error, "DecryptionFailure", "decrypt")


def _of_kms(error: KMSError, code: str, verb: str) -> Refused:
    """Seen in reports of real errors: the denial, a disabled key and a missing one."""
    if error.code == "AccessDeniedException":
        return Refused("AccessDeniedException", "Access to KMS is not allowed")
    return Refused(code, f"Secrets Manager can't {verb} the secret value: {passed_on(error)}")
