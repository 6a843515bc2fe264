"""Learns the current material from a data key that nobody sees, and lets KMS do the counting of the limit."""

import time

from botocore.exceptions import ClientError


class NoRotationLeft(Exception):
    """The key has used up its on-demand rotations."""


def rotate_now(kms, key_id: str) -> dict:
    before = used_today(kms, key_id)
    if "OnDemandRotationStartDate" not in kms.get_key_rotation_status(KeyId=key_id):
        try:
            kms.rotate_key_on_demand(KeyId=key_id)
        except ClientError as error:
            if error.response["Error"]["Code"] == "LimitExceededException":
                raise NoRotationLeft(str(error)) from error
            raise
    deadline = time.time() + 600
    while "OnDemandRotationStartDate" in kms.get_key_rotation_status(KeyId=key_id):
        if time.time() > deadline:
            raise TimeoutError(f"The rotation of {key_id} is not done after ten minutes.")
        time.sleep(5)
    rotations = kms.list_key_rotations(KeyId=key_id, Limit=1000)["Rotations"]
    used = [entry for entry in rotations if entry["RotationType"] == "ON_DEMAND"]
    return {"before": before, "after": used_today(kms, key_id), "left": 25 - len(used)}


def materials(kms, key_id: str, blobs: list) -> list:
    today = used_today(kms, key_id)
    report = []
    for blob in blobs:
        opened = kms.decrypt(CiphertextBlob=blob, KeyId=key_id)
        report.append({"material": opened["KeyMaterialId"], "current": opened["KeyMaterialId"] == today})
    return report


def used_today(kms, key_id):
    return kms.generate_data_key_without_plaintext(KeyId=key_id, KeySpec="AES_256")["KeyMaterialId"]
