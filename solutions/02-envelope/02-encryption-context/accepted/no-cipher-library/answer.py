"""Only the standard library: SHAKE-256 as a key stream, then HMAC; a salt and two keys for each record."""

import hashlib
import hmac
import secrets


def _keys(data_key, salt):
    return [hmac.digest(data_key, salt + bytes([number]), "sha512") for number in (1, 2)]


def _crypt(key, data):
    return bytes(one ^ other for one, other in zip(data, hashlib.shake_256(key).digest(len(data)), strict=True))


def _mac(key, record_id, sealed):
    return hmac.digest(key, hashlib.sha256(record_id.encode()).digest() + sealed, "sha256")


def seal_records(kms, key_id, tenant, purpose, records):
    context = {"purpose": purpose, "tenant": tenant}
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)

    def seal(record_id, content):
        salt = secrets.token_bytes(24)
        stream_key, mac_key = _keys(made["Plaintext"], salt)
        sealed = _crypt(stream_key, content)
        return _mac(mac_key, record_id, sealed) + salt + sealed

    return {
        "wrapped_key": made["CiphertextBlob"],
        "records": {record_id: seal(record_id, content) for record_id, content in records.items()},
    }


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"purpose": purpose, "tenant": tenant}
    try:
        data_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    except kms.exceptions.ClientError as error:
        raise PermissionError(error.response["Error"]["Code"]) from None
    mac, salt, sealed = body[:32], body[32:56], body[56:]
    stream_key, mac_key = _keys(data_key, salt)
    if not hmac.compare_digest(mac, _mac(mac_key, record_id, sealed)):
        raise ValueError("not this record")
    return _crypt(stream_key, sealed)
