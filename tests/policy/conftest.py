"""A fresh account, key and caller for each test, and a short way to ask for a decision."""

import json
import random
import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from kms_katas.policy import Decision, Documents, NamedPolicy, Principal, Request, decide, parse_document


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    """A statement on every resource; an element given as None is left out."""
    whole = {"Effect": effect, "Resource": "*"} | elements
    if "NotResource" in elements:
        del whole["Resource"]
    return {name: value for name, value in whole.items() if value is not None}


class Scene:
    """One key, its account and a few callers, all with random names."""

    def __init__(self) -> None:
        digits = random.Random()
        self.account = f"{digits.randrange(10**12):012}"
        self.other_account = f"{(int(self.account) + 1 + digits.randrange(10**11)) % 10**12:012}"
        self.region = digits.choice(["us-east-1", "eu-central-1", "ap-southeast-2"])
        self.key = f"arn:aws:kms:{self.region}:{self.account}:key/{uuid.uuid4()}"
        self.alias = f"arn:aws:kms:{self.region}:{self.account}:alias/{uuid.uuid4().hex}"
        self.user = Principal(f"arn:aws:iam::{self.account}:user/{uuid.uuid4().hex}")
        self.root = Principal(f"arn:aws:iam::{self.account}:root")
        self.outsider = Principal(f"arn:aws:iam::{self.other_account}:user/{uuid.uuid4().hex}")
        self.action = "kms:" + digits.choice(["Encrypt", "Decrypt", "GenerateDataKey", "DescribeKey"])

    def session(self, role_path: str = "") -> Principal:
        role = uuid.uuid4().hex
        return Principal(
            f"arn:aws:sts::{self.account}:assumed-role/{role}/{uuid.uuid4().hex}",
            role_arn=f"arn:aws:iam::{self.account}:role/{role_path}{role}",
        )

    def decide(
        self,
        key: list[dict[str, Any]] | None = None,
        identity: list[dict[str, Any]] | None = None,
        *,
        caller: Principal | None = None,
        action: str | None = None,
        resource: str | None = None,
        version: str | None = "2012-10-17",
        **context: str | tuple[str, ...],
    ) -> Decision:
        """Decide on statements of a key policy and of one identity policy; context keys write __ for the colon."""

        def document(statements: list[dict[str, Any]]) -> dict[str, Any]:
            head: Mapping[str, Any] = {"Version": version} if version else {}
            return parse_document(json.dumps({**head, "Statement": statements}))

        return decide(
            Request(
                caller or self.user,
                action or self.action,
                resource or self.key,
                {name.replace("__", ":"): value for name, value in context.items()},
            ),
            Documents(
                key_policy=NamedPolicy("key policy", document(key)) if key else None,
                identity=(NamedPolicy("inline policy work", document(identity)),) if identity else (),
            ),
        )


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def make_statement() -> Any:
    return statement
