"""Every policy that has a say in what a caller asks, read out of moto's stores: those that hang on the caller, those of
its organization and the resource's, and that of the VPC endpoint. Decides nothing.
"""

from collections.abc import Iterator

from moto.iam.models import iam_backends

from kms_katas.lab.callers import PARTITION, Caller
from kms_katas.lab.network import Route
from kms_katas.lab.organizations import rcps_over, scps_over
from kms_katas.lab.stored_policies import managed_policy, named_policy, of_managed
from kms_katas.policy import Documents, Grant, NamedPolicy, Principal


def documents_about(
    caller: Caller,
    owner: str,
    route: Route,
    key_policy: NamedPolicy | None = None,
    grants: tuple[Grant, ...] = (),
    aws_managed_key: bool = False,
) -> Documents:
    """What the caller, its organization, the resource's and the route bring, with what is said of the KMS key. `owner`
    is the account of the resource, for an operation on no resource the one in which it happens.
    """
    limited = not _is_of_aws(caller.role_arn or "")
    return Documents(
        key_policy=key_policy,
        grants=grants,
        aws_managed_key=aws_managed_key,
        identity=tuple(identity_policies(caller)),
        boundary=_boundary(caller),
        session=tuple(_session_policies(caller)),
        scps=scps_over(caller.account) if limited else (),
        rcps=rcps_over(owner) if limited else (),
        vpc_endpoint=route.endpoint.policy if route.endpoint is not None else None,
    )


def _is_of_aws(role_arn: str) -> bool:
    """Whether the policies of an organization leave the role alone: service-linked roles (Organizations guide, on
    service and on resource control policies), and EC2's own role for the disks of an instance, of which nothing is
    documented.
    """
    return ":role/aws-service-role/" in role_arn or role_arn.endswith(":role/aws:ec2-infrastructure")


def principal_of(caller: Caller) -> Principal:
    """The caller as policies see it, with its tags."""
    return Principal(caller.arn, caller.role_arn, caller.tags)


def identity_policies(caller: Caller) -> Iterator[NamedPolicy]:
    """Each identity policy of the caller: inline, attached, and those of its groups."""
    entity = caller.entity
    if entity is None:
        return
    groups = []
    if caller.role_arn is None:
        groups = [group for group in iam_backends[caller.account][PARTITION].groups.values() if entity in group.users]
    for holder in (entity, *groups):
        for name, text in holder.policies.items():
            yield named_policy(f'inline policy "{name}"', text)
        for managed in holder.managed_policies.values():
            yield of_managed(managed)


def _boundary(caller: Caller) -> NamedPolicy | None:
    arn = getattr(caller.entity, "permissions_boundary_arn", None)
    return _managed(caller.account, arn) if arn else None


def _session_policies(caller: Caller) -> Iterator[NamedPolicy]:
    """A managed one counts with the default version that it has now: recorded on 2026-09-11 (radkawar/stackd,
    testdata/aws/sts/managed_session_policy.json).
    """
    terms = caller.session
    if terms is None:
        return
    if terms.policy is not None:
        yield named_policy("session policy", terms.policy)
    for arn in terms.policy_arns:
        yield _managed(caller.account, arn)


def _managed(account: str, arn: str) -> NamedPolicy:
    """One that is not there allows nothing."""
    return managed_policy(account, arn) or named_policy(arn, "")
