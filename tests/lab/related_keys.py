"""How the tests of multi-Region keys make related keys and look at them. It tests nothing."""

from typing import Any

from kms_katas.lab import Lab

HOME, WEST, EAST = "us-east-1", "us-west-2", "ap-east-1"


def client(lab: Lab, region: str = HOME) -> Any:
    return lab.home.admin.client("kms", region)


def metadata(lab: Lab, key: str, region: str = HOME) -> dict[str, Any]:
    found: dict[str, Any] = client(lab, region).describe_key(KeyId=key)["KeyMetadata"]
    return found


def arn(key: str, region: str) -> str:
    return f"arn:aws:kms:{region}:111122223333:key/{key}"


def settle(lab: Lab) -> None:
    lab.clock.advance(seconds=1)


def replicate(lab: Lab, key: str, region: str = WEST, source: str = HOME, **asked: Any) -> dict[str, Any]:
    """The answer, once the replica is ready."""
    found: dict[str, Any] = client(lab, source).replicate_key(KeyId=key, ReplicaRegion=region, **asked)
    settle(lab)
    return found
