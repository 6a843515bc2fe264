"""What moto resolves the functions of a template against: the resources of a stack by name. Makes none of KMS's."""

from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnsupportedAttribute

from kms_katas.lab.services.call import Refused
from kms_katas.lab.services.cloudformation_kms import TYPES
from kms_katas.lab.services.cloudformation_template import PlainResources


class StackResources(PlainResources):
    """moto's, that knows the attributes of KMS's types. moto makes a resource when it is first looked at: here
    only while a stack is at work, for a stack that failed has some that were never made.
    """

    at_work = True

    def __getitem__(self, key: str) -> Any:
        template = self._resource_json_map.get(key)
        if key not in self._parsed_resources and template and not (self.at_work and template["Type"] not in TYPES):
            return None
        return super().__getitem__(key)

    def validate_outputs(self) -> None:
        for output in (self._template.get("Outputs") or {}).values():
            value = output.get("Value") if isinstance(output, dict) else None
            if not isinstance(value, dict) or "Fn::GetAtt" not in value:
                continue
            named = value["Fn::GetAtt"]
            name, attribute = named.split(".", 1) if isinstance(named, str) else named
            value["Fn::GetAtt"] = [name, attribute]
            resource = self._resource_json_map.get(name)
            if resource is None:
                text = f"Template error: instance of Fn::GetAtt references undefined resource {name}"
                raise Refused("ValidationError", text)
            kind = resource["Type"]
            if kind in TYPES:
                known = attribute in TYPES[kind].attributes
            else:
                of_moto: Any = parsing.resource_class_from_type(kind)
                known = of_moto is None or of_moto.has_cfn_attr(attribute)
            if not known:
                raise UnsupportedAttribute(resource=kind.rpartition(":")[2], attr=attribute)
