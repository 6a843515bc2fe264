"""The record ID is sealed together with the content, and compared after opening: Fernet under a key of its own."""

import base64
import json
import os

from cryptography.fernet import Fernet


def seal_records(kms, key_id, tenant, purpose, records):
    own_key = os.urandom(32)
    wrapped = kms.encrypt(KeyId=key_id, Plaintext=own_key, EncryptionContext={"purpose": purpose, "tenant": tenant})
    fernet = Fernet(base64.urlsafe_b64encode(own_key))
    sealed = {}
    for record_id in sorted(records):
        inside = {"id": record_id, "content": base64.b64encode(records[record_id]).decode()}
        sealed[record_id] = fernet.encrypt(json.dumps(inside).encode())
    return {"wrapped_key": wrapped["CiphertextBlob"], "records": sealed}


def open_record(kms, wrapped_key, tenant, purpose, record_id, body):
    context = {"purpose": purpose, "tenant": tenant}
    own_key = kms.decrypt(CiphertextBlob=wrapped_key, EncryptionContext=context)["Plaintext"]
    inside = json.loads(Fernet(base64.urlsafe_b64encode(own_key)).decrypt(body))
    if inside["id"] != record_id:
        raise PermissionError("this is another patient's record")
    return base64.b64decode(inside["content"])
