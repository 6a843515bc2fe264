"""What happens to a stack that has resources of KMS: made, changed and deleted one resource after the other, with an
event for each step, and taken back when one fails. Stacks without are moto's alone.

moto keeps the stack, resolves functions and parameters, and makes the resources of other types, for which no permission
is asked. AWS works on several resources at once; here they come in the order of the template, each after those that it
refers to. Texts: CloudFormation guide, "View stack events", and reports of real events.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from moto.cloudformation import models as motos
from moto.cloudformation import parsing
from moto.ec2.models import ec2_backends
from moto.ec2.models.core import TaggedEC2Resource

from kms_katas.lab.kms import setting
from kms_katas.lab.services.call import Refused, ServiceCall
from kms_katas.lab.services.cloudformation_kms import (
    DEFAULTS,
    TYPES,
    Failed,
    Properties,
    Provider,
    StackResource,
    read_properties,
)
from kms_katas.lab.services.cloudformation_resources import StackResources
from kms_katas.lab.services.cloudformation_template import PlainStack, in_order, parsed, stacks_are

working_for: ContextVar[ServiceCall] = ContextVar("working_for")
"""Who asks for what is done to stacks now: the caller, or the session of the stack's role."""

_KEPT = ("Retain", "RetainExceptOnCreate")
_Undo = Callable[[], None]


class LabStack(PlainStack):
    """moto's stack. `stack_status_reason` is what DescribeStacks says beside its status."""

    stack_status_reason: str | None = None

    def _create_resource_map(self) -> Any:
        return self._resources(self.template_dict, self.parameters)

    def _resources(self, template: dict[str, Any], parameters: dict[str, Any]) -> StackResources:
        """None of them made. Raises Refused or moto's error for a template or parameters that will not do."""
        resources = StackResources(
            self.stack_id,
            self.name,
            parameters,
            self.tags,
            account_id=self.account_id,
            region_name=self.region_name,
            template=template,
            cross_stack_resources=self.cross_stack_resources,
        )
        resources.load()
        if template:
            in_order(template)
        return resources

    @property
    def _is_ours(self) -> bool:
        return _has_kms(self.template_dict)

    @property
    def outputs(self) -> Any:
        return None if self._is_ours and self.status in _UNMADE else super().outputs

    @property
    def exports(self) -> Any:
        """None before it is made: moto would make the resources to know them."""
        return [] if self._is_ours and self.status in _UNMADE else super().exports

    @property
    def stack_resources(self) -> Any:
        found: list[Any] = list(super().stack_resources)
        return [resource for resource in found if resource is not None] if self._is_ours else found

    def create_resources(self) -> None:
        if not self._is_ours:
            super().create_resources()
            return
        self.status = "CREATE_IN_PROGRESS"
        self.description = self.template_dict.get("Description")
        self._set_tags()
        undo: list[tuple[str, _Undo]] = []
        failed = self._make_all(in_order(self.template_dict), undo)
        if failed is None:
            self._say("CREATE_COMPLETE")
            self._publish()
            return
        reason = f"The following resource(s) failed to create: [{failed}]. "
        asked = working_for.get().parameters
        then = asked.get("OnFailure") or ("DO_NOTHING" if asked.get("DisableRollback") else "ROLLBACK")
        if then == "DO_NOTHING":
            self._say("CREATE_FAILED", reason)
            return
        ending, word = ("DELETE", "Delete") if then == "DELETE" else ("ROLLBACK", "Rollback")
        self._say(f"{ending}_IN_PROGRESS", f"{reason}{word} requested by user.")
        left = self._take_back(undo)
        self._say(f"{ending}_COMPLETE" if left is None else f"{ending}_FAILED", left)

    def _publish(self) -> None:
        """Its exports, which moto looks for before there is a resource."""
        backend = motos.cloudformation_backends[self.account_id][self.region_name]
        others = {name: one for name, one in backend.exports.items() if one.exporting_stack_id != self.stack_id}
        backend.exports.clear()
        backend.exports.update(others | {export.name: export for export in self.exports})

    def _set_tags(self) -> None:
        """As moto does before it makes EC2's resources."""
        named = {"aws:cloudformation:stack-name": self.name, "aws:cloudformation:stack-id": self.stack_id}
        self.resource_map.tags.update(named)

    def _make_all(self, names: list[str], undo: list[tuple[str, _Undo]]) -> str | None:
        """The name of the resource that could not be made, None if all are."""
        for name in names:
            if self._is_wanted(name) and not self._step(name, "CREATE", lambda name=name: self._make(name, undo)):  # type: ignore[misc]
                return name
        return None

    def _is_wanted(self, name: str) -> bool:
        condition = self.template_dict["Resources"][name].get("Condition")
        return condition is None or bool(self.resource_map.lazy_condition_map[condition])

    def _step(self, name: str, what: str, work: Callable[[], Any]) -> bool:
        """One resource, with its events. Whether it went well."""
        self._say_of(name, f"{what}_IN_PROGRESS")
        try:
            work()
        except Failed as failed:
            self._say_of(name, f"{what}_FAILED", failed.reason)
            return False
        except Refused as refused:
            self._say_of(name, f"{what}_FAILED", refused.message)
            return False
        except Exception as fault:  # of moto's resource
            self._say_of(name, f"{what}_FAILED", getattr(fault, "message", None) or str(fault))
            return False
        self._say_of(name, f"{what}_COMPLETE")
        return True

    def _make(self, name: str, undo: list[tuple[str, _Undo]]) -> None:
        template = self.template_dict["Resources"][name]
        if template["Type"] not in TYPES:
            resource: Any = self.resource_map[name]
            if resource is not None:
                undo.append((name, lambda: self.resource_map._delete_resource(resource, template)))
                if isinstance(resource, TaggedEC2Resource):
                    self.resource_map.tags["aws:cloudformation:logical-id"] = name
                    backend = ec2_backends[self.account_id][self.region_name]
                    backend.create_tags([resource.physical_resource_id], self.resource_map.tags)  # type: ignore[attr-defined]
            return
        made = StackResource(template["Type"], name)
        self.resource_map._parsed_resources[name] = made
        wanted = self._properties(name)
        if template.get("DeletionPolicy") != "Retain":
            undo.append((name, lambda: self._unmake(made, template)))
        made.properties = wanted
        TYPES[made.cf_resource_type].create(made, wanted, self._provider())

    def _unmake(self, made: Any, template: Mapping[str, Any]) -> None:
        if not isinstance(made, StackResource):
            self.resource_map._delete_resource(made, dict(template))
            return
        if made.physical_resource_id and not made.gone:
            TYPES[made.cf_resource_type].delete(made, self._provider())
        made.gone = True

    def _properties(self, name: str) -> Properties:
        template = self.template_dict["Resources"][name]
        try:
            given = parsing.clean_json(template["Properties"], self.resource_map)
        except Exception as fault:  # of moto's, on functions with arguments that they cannot have
            raise Failed(getattr(fault, "message", None) or f"Template error: {fault}") from None
        return read_properties(template["Type"], given, name, self.tags)

    def _provider(self) -> Provider:
        return Provider(working_for.get(), setting.current.randomness.uuid())

    def _take_back(self, undo: list[tuple[str, _Undo]]) -> str | None:
        """Undoes the steps, the last first. The reason where that fails."""
        left = []
        for name, work in reversed(undo):
            if not name:
                work()
            elif not self._step(name, "DELETE", work):
                left.append(name)
        return f"The following resource(s) failed to delete: [{', '.join(left)}]. " if left else None

    def update(
        self,
        template: str,
        role_arn: str | None = None,
        parameters: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        wanted = parsed(template)
        if not self._is_ours and not _has_kms(wanted):
            super().update(template, role_arn, parameters, tags)
            return
        new_tags = self.tags if tags is None else tags
        given = self.parameters if parameters is None else parameters
        if (wanted, given, new_tags) == (self.template_dict, self.parameters, self.tags):
            raise Refused("ValidationError", "No updates are to be performed.")
        self._resources(wanted, given)
        self._say("UPDATE_IN_PROGRESS", "User Initiated")
        before = (self.template, self.template_dict, self.parameters, self.tags)
        self._take_over(template, wanted, given, new_tags)
        self.role_arn = role_arn or self.role_arn
        undo: list[tuple[str, _Undo]] = []
        replaced: list[Any] = []
        failed = self._change_all(before[1], undo, replaced)
        if failed is not None:
            what, name = failed
            self._say("UPDATE_ROLLBACK_IN_PROGRESS", f"The following resource(s) failed to {what}: [{name}]. ")
            left = self._revert(before, undo)
            self._say("UPDATE_ROLLBACK_COMPLETE" if left is None else "UPDATE_ROLLBACK_FAILED", left)
            return
        self._say("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up(before[1], replaced)
        self.output_map = self._create_output_map()
        self._say("UPDATE_COMPLETE")
        self._publish()

    def _take_over(self, template: Any, wanted: dict[str, Any], parameters: Any, tags: dict[str, str]) -> None:
        self.template, self.template_dict, self.parameters, self.tags = template, wanted, parameters, tags
        resources = self.resource_map
        resources._template, resources._resource_json_map = wanted, wanted.get("Resources", {})
        resources.input_parameters = parameters
        resources.resolved_parameters = {}
        resources.load()
        self._set_tags()

    def _change_all(
        self, before: Mapping[str, Any], undo: list[tuple[str, _Undo]], replaced: list[Any]
    ) -> tuple[str, str] | None:
        """What failed, "create" or "update", and for which resource."""
        for name in in_order(self.template_dict):
            existing = self._existing(name, before)
            if not self._is_wanted(name):
                continue
            if existing is None:
                if not self._step(name, "CREATE", lambda name=name: self._make(name, undo)):  # type: ignore[misc]
                    return "create", name
                continue
            change = self._change(name, existing, before, undo, replaced)
            if change is not None and not self._step(name, "UPDATE", change):
                return "update", name
        return None

    def _existing(self, name: str, before: Mapping[str, Any]) -> Any:
        found = self.resource_map._parsed_resources.get(name) if name in before.get("Resources", {}) else None
        return None if isinstance(found, StackResource) and found.gone else found

    def _change(
        self, name: str, existing: Any, before: Mapping[str, Any], undo: list[tuple[str, _Undo]], replaced: list[Any]
    ) -> Callable[[], Any] | None:
        """What is to be done to a resource that is there, None if nothing is."""
        template = self.template_dict["Resources"][name]
        kind = template["Type"]
        if not isinstance(existing, StackResource) or kind != existing.cf_resource_type:
            if template == before["Resources"][name]:
                return None
            if kind not in TYPES and not isinstance(existing, StackResource):
                return lambda: self._change_of_moto(name, template)
            return lambda: self._replace(name, existing, undo, replaced)
        old = existing.properties
        try:
            wanted = self._properties(name)
        except Failed:
            return lambda: self._properties(name)  # it fails again, among the events
        if wanted == old:
            return None

        def work() -> None:
            provider = self._provider()
            if any(old.get(one, DEFAULTS[one]) != wanted.get(one, DEFAULTS[one]) for one in TYPES[kind].fixed):
                told = (
                    f"Resource of type '{kind}' with identifier '{existing.physical_resource_id}' is not updatable "
                    "with parameters provided."
                )
                raise provider.failed("NotUpdatable", told)
            if any(old.get(one) != wanted.get(one) for one in TYPES[kind].replacing):
                told = "Requested update requires the creation of a new physical resource; hence creating one."
                self._say_of(name, "UPDATE_IN_PROGRESS", told)
                self._replace(name, existing, undo, replaced)
                return
            undo.append((f"{name} ", lambda: TYPES[kind].update(existing, wanted, old, self._provider())))
            TYPES[kind].update(existing, old, wanted, provider)
            existing.properties = wanted
            undo.append(("", lambda: setattr(existing, "properties", old)))

        return work

    def _replace(self, name: str, existing: Any, undo: list[tuple[str, _Undo]], replaced: list[Any]) -> None:
        replaced.append(existing)
        self.resource_map._parsed_resources.pop(name)
        undo.append(("", lambda: self.resource_map._parsed_resources.update({name: existing})))
        self._make(name, undo)

    def _change_of_moto(self, name: str, template: dict[str, Any]) -> None:
        changed: Any = parsing.parse_and_update_resource(
            name, template, self.resource_map, account_id=self.account_id, region_name=self.region_name
        )
        if changed is not None:
            self.resource_map._parsed_resources[name] = changed

    def _revert(self, before: tuple[Any, Any, Any, Any], undo: list[tuple[str, _Undo]]) -> str | None:
        changed = self.template_dict
        self._take_over(*before)
        left = []
        for name, work in reversed(undo):
            if not name:
                work()
            elif not self._step(name.rstrip(), "UPDATE" if name.endswith(" ") else "DELETE", work):
                left.append(name.rstrip())
        for name, template in before[1].get("Resources", {}).items():
            # What moto changed before the failure.
            if template["Type"] not in TYPES and changed["Resources"].get(name, template) != template:
                self._step(name, "UPDATE", lambda name=name, template=template: self._change_of_moto(name, template))  # type: ignore[misc]
        return f"The following resource(s) failed to roll back: [{', '.join(left)}]. " if left else None

    def _clean_up(self, before: dict[str, Any], replaced: list[Any]) -> None:
        """What the new template has no more goes, and what was replaced. A failure here does not undo the update."""
        old = before.get("Resources", {})
        for resource in reversed(replaced):
            name = resource.logical_resource_id
            if old[name].get("UpdateReplacePolicy", "Delete") in _KEPT:
                self._say_of(name, "DELETE_SKIPPED")
            else:
                self._step(name, "DELETE", lambda resource=resource, name=name: self._unmake(resource, old[name]))  # type: ignore[misc]
        for name in reversed(in_order(before)) if before else ():
            if name not in self.template_dict["Resources"] or not self._is_wanted(name):
                self._delete_one(name, old[name])
                self.resource_map._parsed_resources.pop(name, None)

    def _delete_one(self, name: str, template: Mapping[str, Any]) -> bool:
        resource = self.resource_map._parsed_resources.get(name)
        if resource is None or isinstance(resource, str) or getattr(resource, "gone", False):
            return True
        if template.get("DeletionPolicy", "Delete") in _KEPT:
            self._say_of(name, "DELETE_SKIPPED")
            return True
        return self._step(name, "DELETE", lambda: self._unmake(resource, template))

    def delete(self) -> None:
        if not self._is_ours:
            super().delete()
            return
        self._say("DELETE_IN_PROGRESS", "User Initiated")
        resources = self.template_dict["Resources"]
        kept = working_for.get().parameters.get("RetainResources") or ()
        names = [name for name in reversed(in_order(self.template_dict)) if name not in kept]
        left = [name for name in names if not self._delete_one(name, resources[name])]
        if left:
            self._say("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(left)}]. ")
        else:
            self._say("DELETE_COMPLETE")

    def _say(self, status: str, reason: str | None = None) -> None:
        """An event of the stack itself, and its status."""
        self.status = status
        self.resource_map.at_work = status.endswith("IN_PROGRESS")  # type: ignore[attr-defined]
        self.stack_status_reason = reason
        self._add_stack_event(status, resource_status_reason=reason)

    def _say_of(self, name: str, status: str, reason: str | None = None) -> None:
        resource: Any = self.resource_map._parsed_resources.get(name)
        template = self.template_dict["Resources"].get(name)
        kind = template["Type"] if template else getattr(resource, "cf_resource_type", "")
        physical = getattr(resource, "physical_resource_id", None) or ""
        self.events.append(motos.Event(self.stack_id, self.name, name, physical, kind, status, reason, None))


_UNMADE = ("CREATE_PENDING", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED")


def _has_kms(template: Mapping[str, Any]) -> bool:
    return any(resource["Type"] in TYPES for resource in template.get("Resources", {}).values())


@contextmanager
def lab_stacks(call: ServiceCall) -> Iterator[None]:
    """Inside, the stacks that moto makes are these, and `call` is who asks."""
    token = working_for.set(call)
    try:
        with stacks_are(LabStack):
            yield
    finally:
        working_for.reset(token)
