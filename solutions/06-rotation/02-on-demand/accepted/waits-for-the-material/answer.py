"""Asks DescribeKey until the current material is another one, with longer and longer pauses."""

import time


class NoRotationLeft(RuntimeError):
    def __init__(self, arn):
        super().__init__(arn)
        self.arn = arn

    def __str__(self):
        return f"{self.arn} has had all its on-demand rotations"


def rotate_now(kms, key_id: str) -> dict:
    key = described(kms, key_id)
    try:
        kms.rotate_key_on_demand(KeyId=key_id)
    except kms.exceptions.LimitExceededException:
        raise NoRotationLeft(key["Arn"]) from None
    except kms.exceptions.ConflictException:
        if "OnDemandRotationStartDate" not in kms.get_key_rotation_status(KeyId=key_id):
            raise
    before = after = key["CurrentKeyMaterialId"]
    pause = 1
    while after == before:
        time.sleep(pause)
        pause = min(2 * pause, 30)
        after = described(kms, key_id)["CurrentKeyMaterialId"]
    kinds = [entry["RotationType"] for entry in kms.list_key_rotations(KeyId=key_id, Limit=1000)["Rotations"]]
    return {"before": before, "after": after, "left": 25 - kinds.count("ON_DEMAND")}


def materials(kms, key_id: str, blobs: list) -> list:
    key = described(kms, key_id)
    opened = (kms.decrypt(KeyId=key["Arn"], CiphertextBlob=blob) for blob in blobs)
    return [
        {"current": one["KeyMaterialId"] == key["CurrentKeyMaterialId"], "material": one["KeyMaterialId"]}
        for one in opened
    ]


def described(kms, key_id):
    return kms.describe_key(KeyId=key_id)["KeyMetadata"]
