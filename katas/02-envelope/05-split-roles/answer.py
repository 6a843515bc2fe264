"""envelope/split-roles: the portal makes wrapped data keys and can open none; the worker opens them and makes none."""


def prepare(kms, key_id: str, container_ids: list) -> dict:
    """A new wrapped data key for each container, by container ID. `kms` has the portal's role."""
    # TODO 1: get each wrapped key from KMS, without ever holding the data key itself
    wrapped = {}
    for container_id in container_ids:
        wrapped[container_id] = b""
    return wrapped


def fill(kms, key_id: str, container_id: str, wrapped_key: bytes, payload: bytes) -> bytes:
    """The body of the container: `payload`, encrypted under the container's data key. `kms` has the worker's role."""
    # TODO 2: open the wrapped key, encrypt the payload
    return payload


def read(kms, key_id: str, container_id: str, wrapped_key: bytes, body: bytes) -> bytes:
    """The payload that `fill` put into `body`. Raises an exception for what is altered or not this container's."""
    # TODO 2: open the wrapped key, then the body; refuse what does not belong together
    return body


def policies(key_arn: str) -> dict:
    """The IAM policies of the two roles: {"portal": dict, "worker": dict}."""
    # TODO 3: allow each role what its functions need, and nothing else
    nothing = {"Version": "2012-10-17", "Statement": []}
    return {"portal": nothing, "worker": nothing}
