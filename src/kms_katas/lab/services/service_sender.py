"""A service that acts as itself, for a resource of somebody's: S3 for a bucket, SNS for a topic.

It has no policies of its own. The policy of what it sends to must let it in, and the policy of the key.

Doubtful: whether KMS sees aws:SourceArn and aws:SourceAccount when S3 and SNS send. The AWS CDK writes such conditions
into key policies for SNS; for S3 nothing says so. Here both are there.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from kms_katas.lab.callers import Caller
from kms_katas.lab.kms import setting
from kms_katas.lab.network import DIRECT
from kms_katas.lab.organizations import rcps_over
from kms_katas.lab.request_keys import global_keys
from kms_katas.lab.services.call import Permission, ServiceCall
from kms_katas.lab.services.data_keys import Ask
from kms_katas.lab.services.keys_for_services import ask_kms_as_service
from kms_katas.policy import Decision, Documents, Principal, decide_on_resource
from kms_katas.policy import Request as Question


@dataclass(frozen=True, slots=True)
class ServiceSender:
    """`principal` is the name of the service, "s3.amazonaws.com"; `source_arn` is the resource for which it acts,
    `source_account` the account of that.
    """

    principal: str
    source_arn: str
    source_account: str

    @property
    def who(self) -> Hashable:
        """Whose data keys it uses. Not documented for services; here each resource for which one acts has its own."""
        return self.principal, self.source_arn

    def decision(self, permission: Permission, region: str, reached_by_rcps: bool) -> Decision:
        """Whether the policy of the resource lets it in."""
        way = replace(DIRECT, source_arn=self.source_arn, source_account=self.source_account)
        caller = Caller(self.principal, self.source_account, "AWSService", self.principal, "")
        context = global_keys(caller, region, "", setting.now(), way, permission.owner) | permission.context
        question = Question(
            Principal(self.principal), permission.action, permission.resource, context, owner=permission.owner
        )
        documents = Documents(rcps=rcps_over(permission.owner)) if reached_by_rcps else Documents()
        return decide_on_resource(question, permission.policy, documents)

    def asks(self, region: str, call: ServiceCall | None = None) -> Ask:
        """`call` is the request that fails with KMS's refusal, if one does."""

        def ask(operation: str, parameters: Any) -> dict[str, Any]:
            return ask_kms_as_service(
                self.principal, region, operation, parameters, self.source_arn, self.source_account, call
            )

        return ask


class Destination(Protocol):
    """A queue or topic as a service sees it. `found` is moto's, None where there is none."""

    @property
    def found(self) -> Any: ...
    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def context(self) -> dict[str, str]:
        """The encryption context of its data keys."""

    def refusal(self, sender: ServiceSender) -> Decision | None:
        """The decision of its policy that keeps a service out; None where it lets that in, or nothing is enforced."""

    def take(self, sender: ServiceSender, text: str) -> None:
        """A message from a service. What may not come in is lost, and nobody is told."""
