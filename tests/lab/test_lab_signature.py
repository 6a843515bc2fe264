"""The signature that a request should carry: it is the one that botocore's own signers give."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from kms_katas.lab.callers import Caller, Credential
from kms_katas.lab.signature import Signed, expected_signature, signature_by

WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=383), max_size=12)
SEGMENTS = st.sampled_from(["", "a", "b%20c", ".", "..", "~x", "k=1", "ä", "+", "*"])
NAMES = ["content-md5", "content-type", "host", "user-agent", "x-amz-content-sha256", "x-amz-date", "x-amz-meta-a"]
NAMES += ["expect", "connection", "x-amz-target"]


@settings(deadline=None)
@given(st.data())
@pytest.mark.parametrize("service", ["kms", "s3"])
def test_it_is_the_one_that_botocore_gives(service: str, data: Any) -> None:
    secret = data.draw(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
    caller = Caller("arn:aws:iam::111122223333:root", "111122223333", "Root", "111122223333", "AKIA")
    credential = Credential(secret, None, caller, True, None)
    names = data.draw(st.lists(st.sampled_from([*NAMES, "not-there"]), unique=True))
    signed = Signed(credential, "AKIA", service, "eu-west-1", (*names, "host"), "")
    headers = data.draw(st.dictionaries(st.sampled_from([name for name in NAMES if name != "host"]), WORDS))
    headers["x-amz-date"] = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    query = "&".join(data.draw(st.lists(st.sampled_from(["b=2", "b=1", "a", "a=", "c=%2F=", "B=1"]))))
    url = (
        f"https://{service}.eu-west-1.amazonaws.com/{'/'.join(data.draw(st.lists(SEGMENTS)))}{'?' * bool(query)}{query}"
    )
    method, body = data.draw(st.sampled_from(["GET", "post", "PUT"])), data.draw(st.binary(max_size=40))
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("AKIA", secret), service, "eu-west-1")
    found = expected_signature(signed, service, "eu-west-1", method, url, headers, body)
    assert found == signature_by(signer, signed, method, url, headers, body)
