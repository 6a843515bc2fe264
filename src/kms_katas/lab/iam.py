"""moto's IAM with what it lacks of users: permissions boundaries, and unique IDs as AWS gives them. Roles have both in
moto.
"""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import User
from moto.iam.responses import IamResponse
from moto.iam.utils import generate_access_key_id_from_account_id

from kms_katas.lab.stored_policies import managed_policy


class IamWithBoundaries(IamResponse):
    """PutUserPermissionsBoundary, DeleteUserPermissionsBoundary, and the boundary that CreateUser is given."""

    def put_user_permissions_boundary(self) -> ActionResult:
        user = self.backend.get_user(self._get_param("UserName"))
        set_boundary(user, self._known(self._get_param("PermissionsBoundary")))
        return EmptyResult()

    def delete_user_permissions_boundary(self) -> ActionResult:
        set_boundary(self.backend.get_user(self._get_param("UserName")), None)
        return EmptyResult()

    def create_user(self) -> ActionResult:
        arn = self._get_param("PermissionsBoundary")
        if arn is not None:
            self._known(arn)
        result = super().create_user()
        set_unique_id(self.backend.get_user(self._get_param("UserName")), self.current_account)
        if arn is not None:
            set_boundary(self.backend.get_user(self._get_param("UserName")), arn)
        return result

    def _known(self, arn: str) -> str:
        if managed_policy(self.current_account, arn) is None:
            raise NotFoundException(f"Scope ARN: {arn} does not exist or is not attachable.")
        return arn


def set_unique_id(user: Any, account: str) -> None:
    """Of moto's user, when it is new: AIDA says what it is of (IAM user guide, "Unique identifiers")."""
    user.id = generate_access_key_id_from_account_id(account, "AIDA", 21)


def set_boundary(entity: Any, arn: str | None) -> None:
    """Of moto's user or role; None takes it away."""
    entity.permissions_boundary_arn = arn
    if isinstance(entity, User):
        told = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
        vars(entity)["permissions_boundary"] = told if arn is not None else None
