"""Policies of an organization, as Organizations takes them or refuses them: scp.json and rcp.json of an answer.

Not for what they allow: see judge.py. Sources: Organizations user guide, "SCP syntax", "RCP syntax" and "Quotas and
service limits" (copies of 2026). Organizations says of each fault only that the document does not meet the
requirements of its type; which one is told here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kms_katas.grading.document import PolicyFile
from kms_katas.grading.outcome import AnswerUnusable
from kms_katas.grading.source import display_path
from kms_katas.policy.document import as_list, statements

if TYPE_CHECKING:
    from kms_katas.lab.organization import Level  # moto's Organizations is slow to load


@dataclass(frozen=True)
class Guardrail:
    """A kind of policy. `most` is how many characters it may have, spaces and line breaks too."""

    kind: Literal["service-control-policy", "resource-control-policy"]
    most: int

    @property
    def name(self) -> str:
        return self.kind.replace("-", " ")


SCP = Guardrail("service-control-policy", 10_240)
"""Copies of the quotas that are older than 2026 have 5,120."""
RCP = Guardrail("resource-control-policy", 5_120)

OF_FILE = {"scp.json": SCP, "rcp.json": RCP}
"""The files of an answer that are such a policy, by name."""


def attach(policy: PolicyFile, level: "Level") -> None:
    """Hang a learner's policy on a level of an organization, beside the full access that is there.

    Its file's name says which kind it is. Raises AnswerUnusable when Organizations would refuse it.
    """
    kind = OF_FILE[policy.name]
    refuse_what_organizations_refuses(policy)
    if kind is SCP:
        level.attach_scp(policy.document, policy.name)
    else:
        level.attach_rcp(policy.document, policy.name)


def refuse_what_organizations_refuses(policy: PolicyFile) -> None:
    """Raises AnswerUnusable for a document that CreatePolicy would not take as what its file's name says.

    Not the whole of what Organizations checks: of Sids its guide says nothing.
    """
    kind, shown = OF_FILE[policy.name], display_path(policy.path)
    for index, told, fix in _faults(policy, kind):
        line = policy.line(index) if index is not None else 0
        where = f", statement {index + 1} on line {line}" if index is not None else ""
        raise AnswerUnusable(
            f"Organizations refuses {policy.name}{where}: MalformedPolicyDocumentException: {told}",
            f"Open {shown}{f' at line {line}' if line else ''}. {fix}",
            line,
            shown,
        )


def _faults(policy: PolicyFile, kind: Guardrail) -> Iterator[tuple[int | None, str, str]]:
    """The statement, what is wrong, and what to do."""
    if len(policy.text) > kind.most:
        told = f"it has {len(policy.text)} characters, and a {kind.name} may have {kind.most}."
        yield None, told, "Spaces and line breaks count too: join statements that differ in one thing only."
    if policy.document.get("Version") != "2012-10-17":
        yield None, f'every {kind.name} must have "Version": "2012-10-17".', "Write that as its first element."
    for index, statement in enumerate(statements(policy.document)):
        for told, fix in (*_of_kind(statement, kind), *_of_both(statement, kind)):
            yield index, told, fix


def _of_kind(statement: dict[str, Any], kind: Guardrail) -> Iterator[tuple[str, str]]:
    if kind is SCP:
        for element in ("Principal", "NotPrincipal"):
            if element in statement:
                told = f"it has {element}. A {kind.name} is about every principal of the accounts below it."
                yield told, "Take it out; to spare somebody, use a Condition on aws:PrincipalArn."
        return
    if statement["Effect"] == "Allow":
        yield "it allows. What you write yourself can only deny: RCPFullAWSAccess allows.", "Make it a Deny."
    if statement.get("Principal") != "*":
        told = 'its Principal is not "*", and nothing else may stand there.'
        yield told, 'Write "Principal": "*", and say in a Condition whom you mean.'
    if "NotAction" in statement:
        yield f"it has NotAction, which a {kind.name} cannot have.", "List the actions in Action."
    if "*" in as_list(statement.get("Action", [])):
        yield 'its Action is "*", without a service.', 'Write the service, as in "kms:*".'


def _of_both(statement: dict[str, Any], kind: Guardrail) -> Iterator[tuple[str, str]]:
    for element in ("Action", "Resource"):
        if not as_list(statement.get(element, statement.get(f"Not{element}", []))):
            yield f"it has no {element}, and a {kind.name} needs it.", f"Add {element}."
    for action in as_list(statement.get("Action", statement.get("NotAction", []))):
        if not re.fullmatch(r"\*|[\w?*-]+:.+", action):
            yield f'its Action has "{action}", which names no service.', 'Put "kms:" in front of the action.'
    for resource in as_list(statement.get("Resource", statement.get("NotResource", []))):
        if resource != "*" and not resource.startswith("arn:"):
            yield f'its Resource has "{resource}", which is no ARN.', 'Write "*", or a whole ARN.'
