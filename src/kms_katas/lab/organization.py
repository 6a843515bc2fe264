"""`Lab.organization`: accounts in organizational units, with service and resource control policies on each level.

It writes into moto's Organizations, so boto3 shows what is made here. What the policies do is read in organizations.py.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from moto.iam.models import iam_backends
from moto.organizations.models import FakeAccount, FakeOrganizationalUnit, organizations_backends
from moto.organizations.utils import DEFAULT_SCP_POLICY_ID

from kms_katas.lab.callers import PARTITION
from kms_katas.lab.kms.setting import one_at_a_time
from kms_katas.lab.stored_policies import policy_text

if TYPE_CHECKING:
    from kms_katas.lab.accounts import Account

PolicyDocument = Mapping[str, Any]


class Level:
    """A place where policies hang: the root of an organization, an organizational unit, or an account.

    FullAWSAccess hangs on each from the start, so that nothing is denied until somebody denies it.
    """

    def __init__(self, backend: Any, entity: Any) -> None:
        self._backend = backend
        self._entity = entity

    def __repr__(self) -> str:
        return f"Level({self.id!r})"

    @property
    def id(self) -> str:
        """Of the root, the unit or the account."""
        return str(self._entity.id)

    @one_at_a_time
    def attach_scp(self, document: PolicyDocument, name: str | None = None) -> None:
        """Hangs a service control policy here: it bounds the principals of every account below.

        Raises ValueError for a document that is no policy, and for a name that is taken.
        """
        self._attach(document, name, "SERVICE_CONTROL_POLICY")

    @one_at_a_time
    def attach_rcp(self, document: PolicyDocument, name: str | None = None) -> None:
        """Hangs a resource control policy here: it bounds what anybody may do with the keys of every account below.

        Raises ValueError for a document that is no policy, and for a name that is taken.
        """
        self._attach(document, name, "RESOURCE_CONTROL_POLICY")

    @one_at_a_time
    def detach_full_access(self) -> None:
        """Takes FullAWSAccess away: from now on only what an attached service control policy allows goes."""
        self._backend.detach_policy(PolicyId=DEFAULT_SCP_POLICY_ID, TargetId=self.id)

    def _attach(
        self,
        document: PolicyDocument,
        name: str | None,
        kind: Literal["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"],
    ) -> None:
        text = policy_text(document)
        name = name or f"policy-{len(self._backend.policies)}"
        if any(policy.name == name for policy in self._backend.policies):
            raise ValueError(f"The organization already has a policy {name!r}. Give this one another name.")
        made = self._backend.create_policy(Content=text, Name=name, Type=kind, Description="")
        root = self._backend.ou[0]
        if not any(one["Type"] == kind for one in root.policy_types):
            root.add_policy_type(kind)
        self._backend.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=self.id)


class Unit(Level):
    """The root of an organization, or one of its organizational units."""

    @one_at_a_time
    def unit(self, name: str) -> "Unit":
        """The organizational unit of this name below this one, made on first use."""
        backend = self._backend
        found = next((one for one in backend.ou if one.parent_id == self.id and one.name == name), None)
        if found is None:
            made = backend.create_organizational_unit(Name=name, ParentId=self.id)
            found = backend.get_organizational_unit_by_id(made["OrganizationalUnit"]["Id"])
        entity: FakeOrganizationalUnit = found
        return Unit(backend, entity)

    @one_at_a_time
    def add(self, account: "Account") -> Level:
        """Puts the account here, wherever it was in this organization before, and returns its own level.

        Raises ValueError for an account of another organization.
        """
        owner = organizations_backends.master_accounts.get(account.id, (account.id, PARTITION))[0]
        belongs = owner in organizations_backends and organizations_backends[owner][PARTITION].org is not None
        if belongs and owner != self._backend.account_id:
            raise ValueError(f"Account {account.id} is in the organization of account {owner}, and can be in one only.")
        entity = next((one for one in self._backend.accounts if one.id == account.id), None) or self._joined(account.id)
        entity.parent_id = self.id
        return Level(self._backend, entity)

    def _joined(self, account_id: str) -> Any:
        """moto gives a new account an ID of its own choice and a role there; this account is there already."""
        entity = FakeAccount(self._backend.org, AccountName=f"account {account_id}", Email=f"{account_id}@example.com")
        iam_backends.pop(entity.id, None)
        entity.id, entity.joined_method = account_id, "INVITED"
        self._backend.accounts.append(entity)
        organizations_backends.master_accounts[account_id] = (self._backend.account_id, PARTITION)
        for policy in self._backend.policies:
            if policy.aws_managed:
                self._backend.attach_policy(PolicyId=policy.id, TargetId=account_id)
        return entity


class Organization(Unit):
    """An organization, seen from its root. Neither kind of policy reaches its management account."""

    def __init__(self, management: "Account") -> None:
        backend = organizations_backends[management.id][PARTITION]
        if backend.org is None:
            backend.create_organization(region="us-east-1", FeatureSet="ALL")
        super().__init__(backend, backend.ou[0])
        self.management = management

    def __repr__(self) -> str:
        return f"Organization({self.organization_id!r})"

    @property
    def organization_id(self) -> str:
        """As aws:PrincipalOrgID has it: "o-" and ten letters and digits."""
        assert self._backend.org is not None
        return str(self._backend.org.id)
