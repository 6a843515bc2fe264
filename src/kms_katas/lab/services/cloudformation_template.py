"""A CloudFormation template as text becomes data that may be trusted to be no more than data; and the order of its
resources. Not for what the resources are.

moto reads templates with a loader that runs what a YAML tag asks for, so each is read here before moto sees it, and
those of stacks within stacks, which no request has, here instead. Texts of AWS: seen in reports of real errors.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import yaml  # type: ignore[import-untyped]
from moto.cloudformation import models as motos
from moto.cloudformation import parsing
from moto.ssm.models import ssm_backends

from kms_katas.lab.kms import setting
from kms_katas.lab.services.call import Refused

_MOST_CHARACTERS = 51_200  # of TemplateBody (CloudFormation API reference, CreateStack)
_MOST_RESOURCES = 500  # CloudFormation guide, quotas
_PSEUDO = "AWS::"
_IN_SUB = re.compile(r"\$\{([^!}][^}]*)\}")
_RESOURCES = "Template format error: At least one Resources member must be defined."


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Plain data, and CloudFormation's short forms (!Ref, !GetAtt, !Sub and so on). A date stays text, as in the
    Version of a policy.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012  (as in PyYAML)
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise Refused("ValidationError", "Template error: YAML aliases are not allowed in CloudFormation templates")
        return super().compose_node(parent, index)


def _short_form(loader: _Loader, suffix: str, node: Any) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def parsed(text: str) -> dict[str, Any]:
    """The template, from JSON or YAML. Raises Refused in CloudFormation's words for what is none."""
    if len(text) > _MOST_CHARACTERS:
        raise Refused(
            "ValidationError",
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            f"length less than or equal to {_MOST_CHARACTERS}",
        )
    try:
        template = _read(text)
    except RecursionError:
        raise Refused("ValidationError", "Template format error: the template is nested too deeply.") from None
    if not isinstance(template, dict):
        raise Refused("ValidationError", "Template format error: unsupported structure.")
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise Refused("ValidationError", _RESOURCES)
    if len(resources) > _MOST_RESOURCES:
        told = f"Number of resources, {len(resources)}, is greater than maximum allowed, {_MOST_RESOURCES}"
        raise Refused("ValidationError", f"Template format error: {told}")
    for name, resource in resources.items():
        _require_no_code(name, resource)
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise Refused(
                "ValidationError",
                f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member.",
            )
        if not isinstance(resource.setdefault("Properties", {}), dict):
            raise Refused(
                "ValidationError", f"Template format error: [/Resources/{name}/Properties] Expected an object"
            )
    return template


class PlainStack(motos.Stack):
    """moto's own, but for how it reads its template."""

    parse_template = staticmethod(parsed)  # type: ignore[assignment]


class PlainResources(parsing.ResourceMap):
    """moto's own, but for parameters of a template that name a SecureString: moto would tell what is in it."""

    def parse_ssm_parameter(self, value: str, value_type: str) -> str:
        found = ssm_backends[self._account_id][self._region_name].get_parameter(value)
        if setting.current.enforce and found is not None and found.parameter_type == "SecureString":
            told = f"Parameters [{value}] referenced by template have types not supported by CloudFormation."
            raise Refused("ValidationError", told)
        return super().parse_ssm_parameter(value, value_type)


@contextmanager
def stacks_are(kind: Any) -> Iterator[None]:
    """Inside, the stacks that moto makes are of this kind, and their resources, if the kind has no others, plain."""
    names: Any = motos
    before = names.Stack, names.ResourceMap
    names.Stack, names.ResourceMap = kind, PlainResources
    try:
        yield
    finally:
        names.Stack, names.ResourceMap = before


def _require_no_code(name: str, resource: Any) -> None:
    """Of custom resources moto runs the code in Docker, if there is one. A lab never runs what it is given."""
    kind = str(resource.get("Type")) if isinstance(resource, dict) else ""
    if setting.current.enforce and (kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource"):
        told = f"The resource {name} is of type {kind}, which runs code: the lab does not have that type."
        raise Refused("ValidationError", told)


def _read(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # a SafeLoader
    except yaml.YAMLError as problem:
        try:
            return json.loads(text)  # which may be indented by tabs
        except ValueError:
            mark = getattr(problem, "problem_mark", None)
            place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
            raise Refused("ValidationError", f"Template format error: YAML not well-formed.{place}") from None


def in_order(template: Mapping[str, Any]) -> list[str]:
    """The names of the resources, each after those that it refers to. Raises Refused for a circle, and for names that
    are neither a resource nor a parameter.
    """
    resources: Mapping[str, Any] = template["Resources"]
    known = {*resources, *(template.get("Parameters") or {})}
    needs = {name: _needed(name, resource) for name, resource in resources.items()}
    conditions = {resource.get("Condition") for resource in resources.values()} - {None}
    if undefined := sorted(str(one) for one in conditions if one not in (template.get("Conditions") or {})):
        told = f"Unresolved condition dependency {undefined[0]} in the Resources block of the template"
        raise Refused("ValidationError", f"Template format error: {told}")
    unknown = sorted({one for names in needs.values() for one in names if not one.startswith(_PSEUDO)} - known)
    if unknown:
        raise Refused(
            "ValidationError",
            f"Template format error: Unresolved resource dependencies [{', '.join(unknown)}] in the Resources block of "
            "the template",
        )
    left = {name: names & resources.keys() for name, names in needs.items()}
    ordered: dict[str, None] = {}
    while left:
        ready = [name for name, names in left.items() if names <= ordered.keys()]
        if not ready:
            raise Refused("ValidationError", f"Circular dependency between resources: [{', '.join(left)}]")
        ordered |= dict.fromkeys(ready)
        for name in ready:
            del left[name]
    return list(ordered)


def _needed(name: str, resource: Mapping[str, Any]) -> set[str]:
    explicit = resource.get("DependsOn", ())
    try:
        return {*((explicit,) if isinstance(explicit, str) else explicit), *_references(resource.get("Properties"))}
    except (TypeError, IndexError, KeyError):
        told = f"Template error: a function in the resource {name} has an argument that it cannot have."
        raise Refused("ValidationError", told) from None


def _references(value: Any) -> Iterator[str]:
    """The names in Ref, Fn::GetAtt and Fn::Sub."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name == "Ref" and isinstance(one, str):
                yield one
            elif name == "Fn::GetAtt":
                yield (one if isinstance(one, str) else str(one[0])).partition(".")[0]
            elif name == "Fn::Sub":
                text, own = (one, {}) if isinstance(one, str) else (str(one[0]), one[1])
                yield from (found.partition(".")[0] for found in _IN_SUB.findall(text) if found not in own)
                yield from _references(own)
            else:
                yield from _references(one)
