"""Asks for a rotation without looking whether one is in progress, in which case KMS begins no other."""

import time

MOST_ON_DEMAND = 25


class NoRotationLeft(Exception):
    """The key has used up its on-demand rotations."""


def rotate_now(kms, key_id: str) -> dict:
    """Rotate on demand and wait until it is done: {"before": material ID, "after": material ID, "left": int}."""
    before = current_material(kms, key_id)
    if on_demand_rotations(kms, key_id) >= MOST_ON_DEMAND:
        raise NoRotationLeft(f"{key_id} has had its {MOST_ON_DEMAND} on-demand rotations.")
    kms.rotate_key_on_demand(KeyId=key_id)
    while in_progress(kms, key_id):
        time.sleep(1)
    left = MOST_ON_DEMAND - on_demand_rotations(kms, key_id)
    return {"before": before, "after": current_material(kms, key_id), "left": left}


def materials(kms, key_id: str, blobs: list) -> list:
    """For each ciphertext, in order: {"material": ID of the key material that made it, "current": bool}."""
    current = current_material(kms, key_id)
    made = [kms.decrypt(KeyId=key_id, CiphertextBlob=blob)["KeyMaterialId"] for blob in blobs]
    return [{"material": material, "current": material == current} for material in made]


def current_material(kms, key_id):
    return kms.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"]


def in_progress(kms, key_id):
    return "OnDemandRotationStartDate" in kms.get_key_rotation_status(KeyId=key_id)


def on_demand_rotations(kms, key_id):
    """How many of the key's rotations were on demand: automatic ones do not count."""
    pages = kms.get_paginator("list_key_rotations").paginate(KeyId=key_id)
    return sum(entry["RotationType"] == "ON_DEMAND" for page in pages for entry in page["Rotations"])
