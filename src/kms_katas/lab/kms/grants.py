"""A grant as the engine stores it, lists it, and hands it to the policy room.

What the operations do with it: operations/grants.py.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kms_katas.lab.kms.grant_principals import unique_id
from kms_katas.policy import Grant as WeighedGrant


@dataclass(frozen=True, slots=True)
class Named:
    """Grantee or retiring principal: an ARN with the unique ID behind it, or the name of a service."""

    name: str = ""
    unique_id: str | None = None
    is_service: bool = False

    @property
    def is_there(self) -> bool:
        """False when the user or role is deleted, also when there is a new one of that name."""
        return self.unique_id is None or unique_id(self.name) == self.unique_id

    @property
    def shown(self) -> str:
        return self.name if self.is_there else str(self.unique_id)


NOBODY = Named()


@dataclass(frozen=True)
class Grant:
    """`constraints` has the members of the shape GrantConstraints; `tokens` is every token that stands for it."""

    id: str
    key_arn: str
    name: str
    created: datetime
    issuing_account: str
    grantee: Named
    retiring: Named
    operations: tuple[str, ...]
    constraints: dict[str, Any] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set, repr=False)

    def same_as(self, other: "Grant") -> bool:
        """Whether a CreateGrant for the one is a retry of that for the other."""
        return self._meaning() == other._meaning()

    def _meaning(self) -> tuple[object, ...]:
        whom = (self.key_arn, self.name, self.issuing_account, self.grantee, self.retiring)
        return (*whom, set(self.operations), self.constraints)

    def entry(self) -> dict[str, Any]:
        """A GrantListEntry: members for services and constraints only where there are some, Name also when empty."""
        found = {
            "KeyId": self.key_arn,
            "GrantId": self.id,
            "Name": self.name,
            "CreationDate": self.created,
            "GranteeServicePrincipal" if self.grantee.is_service else "GranteePrincipal": self.grantee.shown,
            "IssuingAccount": f"arn:{self.key_arn.split(':')[1]}:iam::{self.issuing_account}:root",
            "Operations": list(self.operations),
        }
        if self.retiring.name:
            kind = "RetiringServicePrincipal" if self.retiring.is_service else "RetiringPrincipal"
            found[kind] = self.retiring.shown
        if self.constraints:
            found["Constraints"] = self.constraints
        return found

    def weighed(self) -> WeighedGrant:
        """For the policy room. A principal that is gone is named by its ID there, which is no caller's."""
        return WeighedGrant(
            self.id,
            self.key_arn,
            self.grantee.shown,
            self.operations,
            retiring=self.retiring.shown,
            issuing_account=self.issuing_account,
            equals=self.constraints.get("EncryptionContextEquals", {}),
            subset=self.constraints.get("EncryptionContextSubset", {}),
            source_arn=self.constraints.get("SourceArn", ""),
            name=self.name,
        )
