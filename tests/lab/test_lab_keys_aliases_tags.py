"""Keys in lists, aliases, tags, descriptions: fields, limits and paging."""

import secrets
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.lab import Lab
from kms_katas.lab.kms.aws_managed import PREDEFINED
from kms_katas.lab.kms.operations import keys as operations_on_keys
from kms_katas.lab.kms.paging import page


@given(names=st.sets(st.text(min_size=1, max_size=6), max_size=25), limit=st.integers(1, 10))
def test_pages_hold_each_item_once_and_none_is_longer_than_the_limit(names: set[str], limit: int) -> None:
    items = {name: name for name in names}
    seen: list[str] = []
    parameters: dict[str, Any] = {"Limit": limit}
    for _ in range(len(items) + 1):  # no more pages than that: a marker that stands still must not hang the test
        answer = page(items, parameters, "Things", 5, 10)
        assert len(answer["Things"]) <= limit
        seen += answer["Things"]
        assert answer["Truncated"] == ("NextMarker" in answer)
        if not answer["Truncated"]:
            break
        parameters["Marker"] = answer["NextMarker"]
    assert sorted(seen) == sorted(names)


def test_a_page_goes_on_after_its_last_item_even_when_that_item_is_gone() -> None:
    items = {letter: letter for letter in string.ascii_lowercase}
    first = page(items, {"Limit": 3}, "Letters", 5, 10)
    del items["c"]
    items["bb"] = "bb"
    assert page(items, {"Limit": 2, "Marker": first["NextMarker"]}, "Letters", 5, 10)["Letters"] == ["d", "e"]


@settings(max_examples=5, deadline=None)
@given(limit=st.integers(1, 7))
def test_boto3s_paginators_see_every_key_alias_and_tag_once(limit: int) -> None:
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
        tags = [{"TagKey": secrets.token_hex(4), "TagValue": str(number)} for number in range(6)]
        keys = [kms.create_key(Tags=tags)["KeyMetadata"] for _ in range(6)]
        names = {f"alias/{secrets.token_hex(4)}" for _ in range(6)}
        for name in names:
            kms.create_alias(AliasName=name, TargetKeyId=keys[0]["KeyId"])

        def everything(operation: str, member: str, **asked: Any) -> list[Any]:
            pages = kms.get_paginator(operation).paginate(PaginationConfig={"PageSize": limit}, **asked)
            return [item for one in pages for item in one[member]]

        listed = everything("list_keys", "Keys")
        assert sorted(one["KeyArn"] for one in listed) == sorted(one["Arn"] for one in keys)
        aliases = everything("list_aliases", "Aliases")
        assert sorted(one["AliasName"] for one in aliases) == sorted(names | PREDEFINED)
        listed_tags = everything("list_resource_tags", "Tags", KeyId=keys[1]["KeyId"])
        assert sorted(listed_tags, key=str) == sorted(tags, key=str)


@pytest.mark.parametrize(
    ("operation", "most"), [("list_keys", 1000), ("list_aliases", 100), ("list_resource_tags", 50)]
)
def test_a_list_has_its_own_largest_limit(kms: Any, key: Any, refused: Any, operation: str, most: int) -> None:
    extra = {"KeyId": key["KeyId"]} if operation == "list_resource_tags" else {}
    getattr(kms, operation)(Limit=most, **extra)
    with refused("ValidationException"):
        getattr(kms, operation)(Limit=most + 1, **extra)


@pytest.mark.parametrize("marker", ["nonsense", "S2V5cw==", "%%%"])
def test_a_marker_of_ones_own_making_is_invalid(kms: Any, refused: Any, marker: str) -> None:
    with refused("InvalidMarkerException"):
        kms.list_aliases(Marker=marker)


def test_a_marker_belongs_to_its_operation(kms: Any, refused: Any) -> None:
    for _ in range(2):
        kms.create_key()
    marker = kms.list_keys(Limit=1)["NextMarker"]
    with refused("InvalidMarkerException"):
        kms.list_aliases(Marker=marker)


def test_a_new_key_is_what_the_api_documents_by_default(lab: Lab, kms: Any) -> None:
    description = secrets.token_hex(8)
    made = kms.create_key(Description=description)["KeyMetadata"]
    described = kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"]
    assert described == made
    expected = {
        "AWSAccountId": "111122223333",
        "Arn": f"arn:aws:kms:us-east-1:111122223333:key/{made['KeyId']}",
        "CreationDate": lab.clock.now(),
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "Description": description,
        "Enabled": True,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": False,
        "Origin": "AWS_KMS",
    }
    assert {name: made[name] for name in expected} == expected
    assert set(made) == set(expected) | {"KeyId", "CurrentKeyMaterialId"}


def test_a_description_can_change(kms: Any, key: Any) -> None:
    text = secrets.token_hex(8)
    kms.update_key_description(KeyId=key["KeyId"], Description=text)
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["Description"] == text


def test_accounts_and_regions_list_their_own_keys(lab: Lab, kms: Any, key: Any) -> None:
    assert [one["KeyId"] for one in kms.list_keys()["Keys"]] == [key["KeyId"]]
    assert lab.home.admin.client("kms", region="eu-west-1").list_keys()["Keys"] == []
    assert lab.account("444455556666").admin.client("kms").list_keys()["Keys"] == []


def test_keys_shared_through_ram_are_none(kms: Any, key: Any) -> None:
    assert kms.list_keys(ResourceOwners=["OTHER_ACCOUNTS_VIA_RAM"])["Keys"] == []
    assert len(kms.list_keys(ResourceOwners=["OTHER_ACCOUNTS_VIA_RAM", "SELF"])["Keys"]) == 1


def test_an_alias_is_listed_with_arn_target_and_dates(lab: Lab, kms: Any, key: Any) -> None:
    made = lab.clock.now()
    kms.create_alias(AliasName="alias/a/b_c-d", TargetKeyId=key["Arn"])
    updated = lab.clock.advance(days=2)
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName="alias/a/b_c-d", TargetKeyId=other)
    assert [one for one in kms.list_aliases()["Aliases"] if "TargetKeyId" in one] == [
        {
            "AliasName": "alias/a/b_c-d",
            "AliasArn": "arn:aws:kms:us-east-1:111122223333:alias/a/b_c-d",
            "TargetKeyId": other,
            "CreationDate": made,
            "LastUpdatedDate": updated,
        }
    ]


@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [
        (("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("RSA_2048", "ENCRYPT_DECRYPT"), False),
        (("RSA_2048", "ENCRYPT_DECRYPT"), ("RSA_2048", "SIGN_VERIFY"), False),
        (("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("HMAC_256", "GENERATE_VERIFY_MAC"), False),
        (("ECC_NIST_P256", "SIGN_VERIFY"), ("ECC_NIST_P256", "KEY_AGREEMENT"), False),
        (("RSA_2048", "SIGN_VERIFY"), ("ECC_NIST_P256", "SIGN_VERIFY"), True),
        (("HMAC_224", "GENERATE_VERIFY_MAC"), ("HMAC_512", "GENERATE_VERIFY_MAC"), True),
    ],
)
def test_an_alias_moves_to_a_key_of_the_same_type_and_usage_only(
    kms: Any, refused: Any, first: tuple[str, str], second: tuple[str, str], fits: bool
) -> None:
    ids = [kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"] for spec, usage in (first, second)]
    kms.create_alias(AliasName="alias/moving", TargetKeyId=ids[0])
    if fits:
        kms.update_alias(AliasName="alias/moving", TargetKeyId=ids[1])
    else:
        with refused("ValidationException"):
            kms.update_alias(AliasName="alias/moving", TargetKeyId=ids[1])
    assert kms.describe_key(KeyId="alias/moving")["KeyMetadata"]["KeyId"] == ids[int(fits)]


def test_the_aliases_of_one_key_can_be_listed(kms: Any, key: Any) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    kms.create_alias(AliasName="alias/other", TargetKeyId=other)
    for form in (key["KeyId"], key["Arn"]):
        assert [one["AliasName"] for one in kms.list_aliases(KeyId=form)["Aliases"]] == ["alias/mine"]


def test_an_alias_is_there_once(kms: Any, key: Any, refused: Any) -> None:
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    with refused("AlreadyExistsException"):
        kms.create_alias(AliasName="alias/mine", TargetKeyId=key["KeyId"])
    kms.delete_alias(AliasName="alias/mine")
    with refused("NotFoundException"):
        kms.delete_alias(AliasName="alias/mine")


def test_an_alias_begins_with_the_prefix(kms: Any, key: Any, refused: Any) -> None:
    text = 'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html'
    with refused("ValidationException", text):
        kms.create_alias(AliasName="mine", TargetKeyId=key["KeyId"])


@pytest.mark.parametrize("name", ["alias/aws/mine", "alias/"])
def test_reserved_and_empty_alias_names_are_refused(kms: Any, key: Any, refused: Any, name: str) -> None:
    with refused("InvalidAliasNameException"):
        kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])


def test_an_alias_points_to_a_key_and_not_to_an_alias(kms: Any, key: Any, refused: Any) -> None:
    kms.create_alias(AliasName="alias/one", TargetKeyId=key["KeyId"])
    with refused("ValidationException"):
        kms.create_alias(AliasName="alias/two", TargetKeyId="alias/one")


def test_a_key_has_at_most_50_aliases(kms: Any, key: Any, refused: Any) -> None:
    for number in range(50):
        kms.create_alias(AliasName=f"alias/a{number}", TargetKeyId=key["KeyId"])
    text = "Aliases per key quota for this account in this region is 50, current usage is 50."
    with refused("LimitExceededException", text):
        kms.create_alias(AliasName="alias/one-more", TargetKeyId=key["KeyId"])


def test_an_account_has_so_many_keys_in_a_region_and_no_more(
    lab: Lab, kms: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert operations_on_keys._MOST_KEYS == 100_000
    monkeypatch.setattr(operations_on_keys, "_MOST_KEYS", 2)
    kms.create_key()
    kms.schedule_key_deletion(KeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    with refused("LimitExceededException"):
        kms.create_key()
    lab.home.admin.client("kms", region="eu-west-1").create_key()


def test_tags_are_added_changed_and_taken_away(kms: Any) -> None:
    key_id = kms.create_key(Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": ""}])["KeyMetadata"][
        "KeyId"
    ]
    kms.tag_resource(KeyId=key_id, Tags=[{"TagKey": "a", "TagValue": "2"}, {"TagKey": "A", "TagValue": "3"}])
    kms.untag_resource(KeyId=key_id, TagKeys=["b", "not there"])
    found = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key_id)["Tags"]}
    assert found == {"a": "2", "A": "3"}


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a", "b", "a"], "Duplicate tag keys"),
        (["aws:mine"], "Tags beginning with aws: are reserved"),
        ([f"t{number}" for number in range(51)], "Too many tags"),
    ],
)
def test_unsound_tags_are_refused_and_change_nothing(
    kms: Any, key: Any, refused: Any, names: list[str], text: str
) -> None:
    tags = [{"TagKey": name, "TagValue": "x"} for name in names]
    with refused("TagException", text):
        kms.tag_resource(KeyId=key["KeyId"], Tags=tags)
    with refused("TagException", text):
        kms.create_key(Tags=tags)
    assert kms.list_resource_tags(KeyId=key["KeyId"])["Tags"] == []
    assert len(kms.list_keys()["Keys"]) == 1


def test_fifty_tags_are_the_most_also_one_by_one(kms: Any, key: Any, refused: Any) -> None:
    for number in range(50):
        kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": f"t{number}", "TagValue": ""}])
    kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": "t0", "TagValue": "changed"}])
    with refused("TagException", "Too many tags"):
        kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": "t50", "TagValue": ""}])


@pytest.mark.parametrize("operation", ["create_alias", "update_alias"])
def test_an_alias_name_has_no_colon(kms: Any, key: Any, refused: Any, operation: str) -> None:
    with refused("ValidationException", "alias/a:b contains invalid characters for an alias"):
        getattr(kms, operation)(AliasName="alias/a:b", TargetKeyId=key["KeyId"])
