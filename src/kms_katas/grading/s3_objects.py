"""How objects in S3 are put and how they lie, an S3 that gives its lists in short pages, and what S3 is given. Not for
judging.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from botocore.exceptions import ClientError

from kms_katas.lab import Principal
from kms_katas.lab.services.call import Refused
from kms_katas.lab.services.s3_staging import may_refuse, new_object, set_default_encryption, stored_object
from kms_katas.lab.services.s3_stored import tags_of

_OF_A_LIST = frozenset(
    {
        *("list-type", "versions", "prefix", "delimiter", "encoding-type", "fetch-owner", "max-keys", "start-after"),
        *("marker", "key-marker", "version-id-marker", "continuation-token"),
    }
)
_METADATA = "x-amz-meta-"


@dataclass(frozen=True)
class Lies:
    """How an object lies: the mode in S3's word, AES256 for SSE-S3; the ARN of its KMS key, if it has one."""

    mode: str
    key: str = ""
    bucket_key: bool = False

    def __str__(self) -> str:
        if not self.key:
            return self.mode
        return f"{self.mode} under {self.key}, {'with' if self.bucket_key else 'without'} a Bucket Key"


def put_default(who: Principal, bucket: str, key: str) -> None:
    """SSE-KMS under the key, with a Bucket Key; SSE-C may be put, as into every bucket made before 2026."""
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,
        "BlockedEncryptionTypes": {"EncryptionType": ["NONE"]},
    }
    set_default_encryption(who, bucket, rule)


def put_under(key: str = "", mode: str = "aws:kms", **more: Any) -> dict[str, Any]:
    """What to say in PutObject for an object under a KMS key, aws/s3 if none is named; with a Bucket Key where the mode
    has one.
    """
    how = {"ServerSideEncryption": mode, "BucketKeyEnabled": mode == "aws:kms", **more}
    return how | ({"SSEKMSKeyId": key} if key else {})


def how_it_lies(told: dict[str, Any]) -> Lies:
    """Out of the answer to HeadObject or GetObject."""
    mode = told.get("ServerSideEncryption") or ("SSE-C" if "SSECustomerAlgorithm" in told else "none")
    return Lies(mode, told.get("SSEKMSKeyId", ""), told.get("BucketKeyEnabled", False))


def lies_now(who: Principal, bucket: str, name: str) -> Lies:
    """What HeadObject tells somebody who may do everything in S3; where it is refused, its error in the place of the
    mode. S3 is asked by a request only where it could say more than how the object lies.
    """
    _, lock = stored_object(bucket, name)
    if lock is not None and not lock.customer_key_md5 and not may_refuse(bucket):
        return Lies(lock.mode, lock.key_arn, lock.bucket_key)
    try:
        return how_it_lies(who.client("s3").head_object(Bucket=bucket, Key=name))
    except ClientError as error:
        return Lies(f"not to be seen: {error}")


def put_plainly(who: Principal, bucket: str, name: str, body: bytes) -> None:
    """Put an object with no word on encryption, as somebody who may do everything in S3. Raises boto3's ClientError
    where S3 refuses it; by a request only then, and where it could be refused for more than its key.
    """
    if not may_refuse(bucket):
        with suppress(Refused):
            new_object(who, bucket, name, body)
            return
    who.client("s3").put_object(Bucket=bucket, Key=name, Body=body)


def put_with(who: Principal, bucket: str, name: str, parts: dict[str, Any], how: dict[str, Any]) -> None:
    """Put an object with all that `all_of` tells of it."""
    new_object(
        who,
        bucket,
        name,
        parts["bytes"],
        metadata=parts["metadata"],
        content_type=parts["content type"],
        tags=parts["tags"],
        storage_class=parts["storage class"],
        how=how,
    )


def read_now(bucket: str, name: str) -> tuple[bytes, dict[str, str]]:
    """Bytes and metadata of an object under SSE-S3, which anybody may read who may read the bucket."""
    stored, _ = stored_object(bucket, name)
    noted = {key.removeprefix(_METADATA): value for key, value in stored.metadata.items() if key.startswith(_METADATA)}
    return stored.value, noted


def all_of(who: Principal, bucket: str, name: str) -> dict[str, Any]:
    """What an object is besides its encryption, by the names that a sentence gives it; where S3 refuses to read it, its
    error in each place.
    """
    try:
        got = who.client("s3").get_object(Bucket=bucket, Key=name)
    except ClientError as error:
        return dict.fromkeys(("bytes", "metadata", "content type", "tags", "storage class"), str(error))
    stored, _ = stored_object(bucket, name)
    return {
        "bytes": got["Body"].read(),
        "metadata": got["Metadata"],
        "content type": got["ContentType"],
        "tags": dict(tags_of(stored)),
        "storage class": got.get("StorageClass", "STANDARD"),
    }


def in_pages(
    send: Callable[[Any], Any], bucket: str, most: int, sent: list[tuple[str, str]] | None = None
) -> Callable[[Any], Any]:
    """The lab's `send`, but no list of the bucket has more than `most` entries.

    S3 may always give fewer than it was asked for (botocore op:ListObjectsV2). Method and name of the object of each
    request on the bucket are added to `sent`; a request on the bucket itself has the name "".
    """

    def handed_on(request: Any) -> Any:
        parts = urlsplit(request.url)
        host, name = parts.netloc.partition(".")[0], unquote(parts.path).removeprefix("/")
        if host != bucket:
            host, _, name = name.partition("/")
        if host == bucket:
            if sent is not None:
                sent.append((request.method, name))
            asked = dict(parse_qsl(parts.query, keep_blank_values=True))
            if request.method == "GET" and not name and asked.keys() <= _OF_A_LIST:
                asked["max-keys"] = str(min(most, int(asked.get("max-keys", most))))
                request.url = parts._replace(query=urlencode(asked)).geturl()
        return send(request)

    return handed_on


def overheard(send: Callable[[Any], Any], given: list[tuple[str, bytes]]) -> Callable[[Any], Any]:
    """The lab's `send`; the method of each request to S3, and all that S3 is given with it, are added to `given`."""

    def handed_on(request: Any) -> Any:
        if "s3" in urlsplit(request.url).netloc.split("."):
            lines = [unquote(request.url), *(f"{name}: {value}" for name, value in request.headers.items()), ""]
            given.append((request.method, "\n".join(lines).encode() + (request.body or b"")))
        return send(request)

    return handed_on
