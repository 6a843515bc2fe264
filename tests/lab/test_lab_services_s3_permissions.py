"""S3's own permissions in the lab: which action on which resource, bucket policies with their condition keys, and the
words of a refusal.
"""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from conftest import Refused
from s3_buckets import new_bucket, open_to

from kms_katas.lab import Lab, Principal

Policy = Callable[..., dict[str, Any]]


@pytest.fixture
def s3(lab: Lab) -> Any:
    return lab.home.admin.client("s3")


@pytest.fixture
def bucket(lab: Lab, s3: Any) -> str:
    """Has the object "a"."""
    name = new_bucket(lab)
    s3.put_object(Bucket=name, Key="a", Body=b"x")
    return name


@pytest.fixture
def nobody(lab: Lab) -> Principal:
    return lab.home.user("nobody")


def on(bucket: str, *statements: dict[str, Any]) -> str:
    """A bucket policy of these statements on the bucket and all its objects."""
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    whole = [{"Principal": "*", "Resource": resources} | one for one in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": whole})


REQUESTS: dict[str, tuple[str, bool, dict[str, Any]]] = {
    "get_object": ("s3:GetObject", True, {}),
    "head_object": ("s3:GetObject", True, {}),
    "put_object": ("s3:PutObject", True, {}),
    "delete_object": ("s3:DeleteObject", True, {}),
    "get_object_tagging": ("s3:GetObjectTagging", True, {}),
    "put_object_tagging": ("s3:PutObjectTagging", True, {"Tagging": {"TagSet": []}}),
    "get_object_attributes": ("s3:GetObject", True, {"ObjectAttributes": ["ETag"]}),
    "create_multipart_upload": ("s3:PutObject", True, {}),
    "restore_object": ("s3:RestoreObject", True, {}),
    "list_objects": ("s3:ListBucket", False, {}),
    "list_objects_v2": ("s3:ListBucket", False, {}),
    "head_bucket": ("s3:ListBucket", False, {}),
    "list_object_versions": ("s3:ListBucketVersions", False, {}),
    "list_multipart_uploads": ("s3:ListBucketMultipartUploads", False, {}),
    "get_bucket_encryption": ("s3:GetEncryptionConfiguration", False, {}),
    "delete_bucket_encryption": ("s3:PutEncryptionConfiguration", False, {}),
    "get_bucket_policy": ("s3:GetBucketPolicy", False, {}),
    "put_bucket_policy": ("s3:PutBucketPolicy", False, {"Policy": "{}"}),
    "delete_bucket_policy": ("s3:DeleteBucketPolicy", False, {}),
    "get_bucket_versioning": ("s3:GetBucketVersioning", False, {}),
    "get_bucket_location": ("s3:GetBucketLocation", False, {}),
    "get_public_access_block": ("s3:GetBucketPublicAccessBlock", False, {}),
    "get_bucket_cors": ("s3:GetBucketCORS", False, {}),
    "delete_bucket": ("s3:DeleteBucket", False, {}),
}
"""What is called: the permission, whether it is one on the object, and what the call needs beside bucket and key."""


@pytest.mark.parametrize("method", REQUESTS)
def test_each_operation_asks_its_permission_on_its_resource(
    lab: Lab, bucket: str, nobody: Principal, method: str
) -> None:
    action, on_object, more = REQUESTS[method]
    place = {"Bucket": bucket} | ({"Key": "a"} if on_object else {})
    with pytest.raises(ClientError) as denied:
        getattr(nobody.client("s3"), method)(**place, **more)
    request = lab.explain(denied.value).request
    assert (request.action, request.resource) == (action, f"arn:aws:s3:::{bucket}" + ("/a" if on_object else ""))
    assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("get_object", "s3:GetObjectVersion"),
        ("head_object", "s3:GetObjectVersion"),
        ("delete_object", "s3:DeleteObjectVersion"),
        ("get_object_tagging", "s3:GetObjectVersionTagging"),
    ],
)
def test_a_version_is_another_permission(lab: Lab, bucket: str, nobody: Principal, method: str, action: str) -> None:
    with pytest.raises(ClientError) as denied:
        getattr(nobody.client("s3"), method)(Bucket=bucket, Key="a", VersionId="null")
    assert lab.explain(denied.value).request.action == action


def test_the_refusal_has_the_arn_in_quotes(bucket: str, nobody: Principal, refused: Refused) -> None:
    said = f"User: {nobody.arn} is not authorized to perform: s3:GetObject on resource: "
    why = "because no identity-based policy allows the s3:GetObject action"
    with refused("AccessDenied", f'{said}"arn:aws:s3:::{bucket}/a" {why}'):
        nobody.client("s3").get_object(Bucket=bucket, Key="a")


def test_listing_ones_buckets_is_on_no_resource(nobody: Principal, refused: Refused) -> None:
    action = "s3:ListAllMyBuckets"
    why = f"because no identity-based policy allows the {action} action"
    with refused("AccessDenied", f"User: {nobody.arn} is not authorized to perform: {action} {why}"):
        nobody.client("s3").list_buckets()


def test_making_a_bucket_is_a_permission(lab: Lab, nobody: Principal, s3: Any) -> None:
    name = f"mine-{secrets.token_hex(6)}"
    with pytest.raises(ClientError, match="s3:CreateBucket"):
        nobody.client("s3").create_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)


def test_a_bucket_policy_alone_lets_a_user_of_the_account_in(bucket: str, s3: Any, nobody: Principal) -> None:
    open_to(s3, bucket, nobody.arn, "s3:GetObject")
    assert nobody.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


@pytest.mark.parametrize("method", ["get_object", "head_object"])
def test_only_who_may_list_learns_that_an_object_is_not_there(
    lab: Lab, bucket: str, s3: Any, nobody: Principal, method: str
) -> None:
    open_to(s3, bucket, nobody.arn, "s3:GetObject")
    ask = getattr(nobody.client("s3"), method)
    with pytest.raises(ClientError) as hidden:
        ask(Bucket=bucket, Key="b")
    assert hidden.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert lab.explain(hidden.value).request.action == "s3:ListBucket"
    open_to(s3, bucket, nobody.arn, "s3:GetObject", "s3:ListBucket")
    with pytest.raises(ClientError) as told:
        ask(Bucket=bucket, Key="b")
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_policy_can_ask_for_an_encryption_header(lab: Lab, bucket: str, s3: Any, refused: Refused) -> None:
    unless = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Condition": unless}
    s3.put_bucket_policy(Bucket=bucket, Policy=on(bucket, deny))
    with refused("AccessDenied"):
        s3.put_object(Bucket=bucket, Key="b")
    s3.put_object(Bucket=bucket, Key="b", ServerSideEncryption="aws:kms")
    begun = s3.create_multipart_upload(Bucket=bucket, Key="c", ServerSideEncryption="aws:kms")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="c", UploadId=begun, PartNumber=1, Body=b"x")


def test_a_policy_can_ask_for_one_key(lab: Lab, bucket: str, s3: Any, refused: Refused) -> None:
    key, other = lab.home.create_key(), lab.home.create_key()
    name = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    unless = {"StringNotEquals": {name: key}, "Null": {name: "false"}}
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Condition": unless}
    s3.put_bucket_policy(Bucket=bucket, Policy=on(bucket, deny))
    s3.put_object(Bucket=bucket, Key="b", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    s3.put_object(Bucket=bucket, Key="b")
    with refused("AccessDenied"):
        s3.put_object(Bucket=bucket, Key="b", ServerSideEncryption="aws:kms", SSEKMSKeyId=other)


def test_a_policy_can_open_one_folder_for_listing(bucket: str, nobody: Principal, s3: Any, refused: Refused) -> None:
    allow = {"Effect": "Allow", "Action": "s3:ListBucket", "Condition": {"StringLike": {"s3:prefix": "mine/*"}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=on(bucket, allow))
    nobody.client("s3").list_objects_v2(Bucket=bucket, Prefix="mine/2026")
    with refused("AccessDenied"):
        nobody.client("s3").list_objects_v2(Bucket=bucket)


def test_a_policy_can_follow_an_objects_tags(bucket: str, nobody: Principal, s3: Any, refused: Refused) -> None:
    public = {"StringEquals": {"s3:ExistingObjectTag/class": "public"}}
    s3.put_bucket_policy(
        Bucket=bucket, Policy=on(bucket, {"Effect": "Allow", "Action": "s3:GetObject", "Condition": public})
    )
    with refused("AccessDenied"):
        nobody.client("s3").get_object(Bucket=bucket, Key="a")
    s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "class", "Value": "public"}]})
    nobody.client("s3").get_object(Bucket=bucket, Key="a")


def test_a_deny_of_what_is_not_encrypted_on_its_way_hits_nobody_here(bucket: str, s3: Any) -> None:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=on(bucket, {"Effect": "Deny", "Action": "s3:*", "Condition": insecure}))
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_the_root_user_can_mend_a_policy_that_shuts_everybody_out(
    lab: Lab, bucket: str, s3: Any, refused: Refused
) -> None:
    s3.put_bucket_policy(Bucket=bucket, Policy=on(bucket, {"Effect": "Deny", "Action": "s3:*"}))
    with refused("AccessDenied"):
        s3.delete_bucket_policy(Bucket=bucket)
    with refused("AccessDenied"):
        lab.home.root.client("s3").get_object(Bucket=bucket, Key="a")
    lab.home.root.client("s3").delete_bucket_policy(Bucket=bucket)
    s3.get_object(Bucket=bucket, Key="a")


@pytest.mark.parametrize(
    "policy",
    [
        "shut",
        "{",
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}',
        on("another", {"Effect": "Allow", "Action": "s3:*"}),
    ],
)
def test_what_is_no_policy_for_this_bucket_is_refused(bucket: str, s3: Any, refused: Refused, policy: str) -> None:
    with refused("MalformedPolicy"):
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    with refused("NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)


def test_of_many_objects_only_the_allowed_ones_are_deleted(
    lab: Lab, bucket: str, s3: Any, nobody: Principal, statement: Policy
) -> None:
    s3.put_object(Bucket=bucket, Key="b&c")
    s3.put_object(Bucket=bucket, Key="d")
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": nobody.arn},
        "Action": "s3:DeleteObject",
        "Resource": [f"arn:aws:s3:::{bucket}/b*", f"arn:aws:s3:::{bucket}/nothing"],
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    wanted = {"Objects": [{"Key": one} for one in ("a", "b&c", "d")]}
    answer = nobody.client("s3").delete_objects(Bucket=bucket, Delete=wanted)
    assert [one["Key"] for one in answer["Deleted"]] == ["b&c"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("a", "AccessDenied"), ("d", "AccessDenied")]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["a", "d"]


def test_a_copy_reads_the_source_and_writes_the_copy(lab: Lab, bucket: str, s3: Any, nobody: Principal) -> None:
    copy = {"Bucket": bucket, "Key": "b", "CopySource": {"Bucket": bucket, "Key": "a"}}
    open_to(s3, bucket, nobody.arn, "s3:PutObject")
    with pytest.raises(ClientError, match="s3:GetObject"):
        nobody.client("s3").copy_object(**copy)
    open_to(s3, bucket, nobody.arn, "s3:GetObject")
    with pytest.raises(ClientError, match="s3:PutObject"):
        nobody.client("s3").copy_object(**copy)
    open_to(s3, bucket, nobody.arn, "s3:GetObject", "s3:PutObject")
    nobody.client("s3").copy_object(**copy)


def test_tags_with_an_object_are_a_permission_of_their_own(bucket: str, s3: Any, nobody: Principal) -> None:
    open_to(s3, bucket, nobody.arn, "s3:PutObject")
    nobody.client("s3").put_object(Bucket=bucket, Key="b")
    with pytest.raises(ClientError, match="s3:PutObjectTagging"):
        nobody.client("s3").put_object(Bucket=bucket, Key="b", Tagging="team=blue")


def test_the_region_of_a_request_is_the_buckets(lab: Lab, s3: Any, statement: Policy) -> None:
    name = new_bucket(lab, "eu-west-1")
    only = statement("s3:*", StringEquals={"aws:RequestedRegion": "eu-west-1"})
    lab.home.user("west", policies={"west": only}).client("s3").put_object(Bucket=name, Key="a")


def test_acls_are_off_until_the_bucket_says_otherwise(bucket: str, s3: Any, refused: Refused) -> None:
    with refused("AccessControlListNotSupported", "The bucket does not allow ACLs"):
        s3.put_object(Bucket=bucket, Key="b", ACL="public-read")
    with refused("AccessControlListNotSupported"):
        s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    s3.put_object(Bucket=bucket, Key="b", ACL="bucket-owner-full-control")
    controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=controls)
    s3.put_object(Bucket=bucket, Key="b", ACL="public-read")


def test_an_scp_and_an_rcp_reach_s3(lab: Lab, bucket: str, s3: Any, statement: Policy) -> None:
    organization = lab.organization()
    organization.add(lab.home)
    organization.attach_rcp(statement("s3:GetObject", effect="Deny", principal="*"))
    with pytest.raises(ClientError, match="with an explicit deny in a resource control policy"):
        s3.get_object(Bucket=bucket, Key="a")
    organization.attach_scp(statement("s3:ListBucket", effect="Deny"))
    with pytest.raises(ClientError, match="with an explicit deny in a service control policy"):
        s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("get_object_torrent", {}),
        ("rename_object", {"RenameSource": "/b"}),
        ("delete_object_annotation", {"AnnotationName": "n"}),
    ],
)
def test_what_moto_would_take_for_another_operation_is_refused_and_changes_nothing(
    bucket: str, s3: Any, refused: Refused, method: str, more: dict[str, str]
) -> None:
    with refused("NotImplemented"):
        getattr(s3, method)(Bucket=bucket, Key="a", **more)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


@pytest.mark.parametrize("place", ["?encryption", "?delete", "?tagging", "a?encryption", "a?tagging"])
@pytest.mark.parametrize("body", [b"", b"<x", b"\xff", b"<x/>"])
def test_what_cannot_be_read_is_the_senders_fault(lab: Lab, bucket: str, place: str, body: bytes) -> None:
    method = "POST" if place == "?delete" else "PUT"
    request = AWSRequest(method, f"https://{bucket}.s3.amazonaws.com/{place}", {}, body)
    admin = lab.home.admin
    SigV4Auth(Credentials(admin.access_key_id, admin.secret_access_key), "s3", "us-east-1").add_auth(request)
    answer = lab.send(request.prepare())
    assert 400 <= answer.status_code < 500, answer.content
