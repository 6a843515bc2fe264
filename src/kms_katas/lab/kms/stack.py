"""A key and an alias with what moto's CloudFormation asks of the resources of a stack. Not for anything that KMS asks.

moto has the names of these members, and sets two of them after it has made a key from a template.
"""

from datetime import timedelta
from typing import Any

from moto.kms.models import kms_backends

from kms_katas.lab.kms import setting
from kms_katas.lab.kms.keys import Alias, Key
from kms_katas.lab.kms.schedule import DEFAULT_ROTATION_PERIOD


class _Resource:
    """moto writes two notes of its own on it: `cf_resource_type` and `logical_resource_id`."""

    def is_created(self) -> bool:
        return True


class StackKey(_Resource, Key):
    @property
    def physical_resource_id(self) -> str:
        return self.id

    @property
    def key_rotation_status(self) -> bool:
        return self.rotation_period is not None

    @key_rotation_status.setter
    def key_rotation_status(self, on: Any) -> None:
        self.rotation_period = DEFAULT_ROTATION_PERIOD if _is_true(on) else None
        self.next_rotation = setting.now() + timedelta(days=DEFAULT_ROTATION_PERIOD) if _is_true(on) else None
        kms_backends[self.account][self.region].keep_in_view(self)  # type: ignore[attr-defined]

    @property
    def enabled(self) -> bool:
        return self.state == "Enabled"

    @enabled.setter
    def enabled(self, on: Any) -> None:
        self.state = "Enabled" if _is_true(on) else "Disabled"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Raises KeyError for another attribute; moto asks for those of a key only, and these are all."""
        return {"Arn": self.arn, "KeyId": self.id}[attribute_name]

    def delete(self, account_id: str, region_name: str) -> None:
        kms_backends[account_id][region_name].delete_key(self.id)


class StackAlias(_Resource, Alias):
    @property
    def physical_resource_id(self) -> str:
        return self.name

    def delete(self, account_id: str, region_name: str) -> None:
        kms_backends[account_id][region_name].delete_alias(self.name)


def _is_true(value: Any) -> bool:
    """Templates have it as a JSON boolean, or as text."""
    return str(value).lower() == "true"
