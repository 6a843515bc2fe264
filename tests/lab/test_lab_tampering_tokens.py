"""One changed character in any region of a grant token or a marker, and bytes that never were one, are refused with
AWS's code. Ciphertexts and import tokens: test_lab_tampering.py.
"""

import base64
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.lab import Lab

BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
WHERE = st.floats(0, 1, exclude_max=True)


def altered(text: str, where: float, character: str) -> str:
    place = int(where * len(text))
    return text[:place] + character + text[place + 1 :]


def code_of(call: Any) -> str | None:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


@settings(max_examples=60, deadline=None)
@given(where=WHERE, character=st.sampled_from(BASE64))
def test_no_character_of_a_grant_token_can_change(where: float, character: str) -> None:
    with Lab() as lab:
        kms, user = lab.home.admin.client("kms"), lab.home.user("grantee")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        token = kms.create_grant(
            KeyId=key, GranteePrincipal=user.arn, RetiringPrincipal=user.arn, Operations=["Encrypt"]
        )["GrantToken"]
        wrong = altered(token, where, character)
        if wrong == token:
            return
        mine = user.client("kms")
        for call in (
            lambda: mine.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[wrong]),
            lambda: mine.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[token, wrong]),
            lambda: mine.retire_grant(GrantToken=wrong),
        ):
            assert code_of(call) == "InvalidGrantTokenException"
        assert len(kms.list_grants(KeyId=key)["Grants"]) == 1


@settings(max_examples=60, deadline=None)
@given(where=WHERE, character=st.characters(min_codepoint=32, max_codepoint=255))
def test_an_altered_marker_is_refused_or_begins_elsewhere(where: float, character: str) -> None:
    """It holds a place in the list and no secret; what matters is that no other answer comes of it than AWS's."""
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
        keys = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)}
        marker = kms.list_keys(Limit=1)["NextMarker"]
        try:
            shown = kms.list_keys(Marker=altered(marker, where, character))["Keys"]
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("InvalidMarkerException", "ValidationException")
        else:
            assert {one["KeyId"] for one in shown} <= keys


@settings(max_examples=40, deadline=None)
@given(junk=st.binary(min_size=1, max_size=40))
def test_a_marker_that_never_was_one_is_refused(junk: bytes) -> None:
    marker = base64.b64encode(junk).decode()
    with Lab() as lab:
        kms = lab.home.admin.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        for call in (
            lambda: kms.list_keys(Marker=marker),
            lambda: kms.list_aliases(Marker=marker),
            lambda: kms.list_grants(KeyId=key, Marker=marker),
            lambda: kms.list_resource_tags(KeyId=key, Marker=marker),
            lambda: kms.list_key_policies(KeyId=key, Marker=marker),
            lambda: kms.list_key_rotations(KeyId=key, Marker=marker),
            lambda: kms.list_retirable_grants(RetiringPrincipal=lab.home.admin.arn, Marker=marker),
            lambda: kms.describe_custom_key_stores(Marker=marker),
        ):
            assert code_of(call) == "InvalidMarkerException"


def test_a_marker_of_one_list_is_none_of_another(lab: Lab, kms: Any) -> None:
    key, _ = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    marker = kms.list_keys(Limit=1)["NextMarker"]
    with pytest.raises(ClientError, match="InvalidMarkerException"):
        kms.list_grants(KeyId=key, Marker=marker)
