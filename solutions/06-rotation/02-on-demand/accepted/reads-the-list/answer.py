"""Gets everything from ListKeyRotations, page by page; waits on when a colleague's rotation is in KMS's way."""

from time import sleep


class NoRotationLeft(RuntimeError):
    pass


def rotate_now(kms, key_id: str) -> dict:
    old = listed(kms, key_id)
    try:
        kms.rotate_key_on_demand(KeyId=key_id)
    except kms.exceptions.LimitExceededException:
        raise NoRotationLeft(f"No on-demand rotation left for {key_id}") from None
    except kms.exceptions.ConflictException:
        if kms.get_key_rotation_status(KeyId=key_id).get("OnDemandRotationStartDate") is None:
            raise
    new = old
    while len(new) == len(old):
        sleep(2)
        new = listed(kms, key_id)
    on_demand = [entry for entry in new if entry.get("RotationType") == "ON_DEMAND"]
    return {"before": now_current(old), "after": now_current(new), "left": 25 - len(on_demand)}


def materials(kms, key_id: str, blobs: list) -> list:
    current = now_current(listed(kms, key_id))
    arn = kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"]
    report = []
    for blob in blobs:
        opened = kms.decrypt(CiphertextBlob=blob)
        if opened["KeyId"] != arn:
            raise ValueError(f"A ciphertext was made by {opened['KeyId']}, not by {arn}.")
        material = opened["KeyMaterialId"]
        report.append({"material": material, "current": material == current})
    return report


def listed(kms, key_id):
    entries, more = [], {}
    while True:
        page = kms.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL", Limit=10, **more)
        entries += page["Rotations"]
        if not page["Truncated"]:
            return entries
        more = {"Marker": page["NextMarker"]}


def now_current(entries):
    return next(entry["KeyMaterialId"] for entry in entries if entry["KeyMaterialState"] == "CURRENT")
