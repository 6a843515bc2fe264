"""`Lab`: a simulated AWS to hold in one's hand, with enforcement on and no special credentials.

Opening it is the whole set-up.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

import moto.sts.models
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import ClientError
from moto.core.models import MockAWS
from moto.moto_api._internal import mock_random

from kms_katas.lab import mount
from kms_katas.lab.accounts import Account
from kms_katas.lab.aws_session import ClientPool
from kms_katas.lab.callers import Caller, Credential, find_credential
from kms_katas.lab.calls import Call, call_of
from kms_katas.lab.clock import Clock
from kms_katas.lab.kms import responses, setting
from kms_katas.lab.kms.models import catch_up_everywhere
from kms_katas.lab.kms.quotas import Meter, Quotas
from kms_katas.lab.kms.trail import records_of_request
from kms_katas.lab.kms.work import Work
from kms_katas.lab.mock import QuickMock
from kms_katas.lab.network import VpcEndpoint
from kms_katas.lab.organizations import forget_members
from kms_katas.lab.randomness import Randomness
from kms_katas.lab.region_list import regions_of, shared_region_lists
from kms_katas.lab.stored_policies import named_policy, policy_text
from kms_katas.lab.trail import Record, Trail
from kms_katas.lab.transport import Answer, host_of, is_for_the_engine, serve
from kms_katas.policy import Decision

if TYPE_CHECKING:
    from kms_katas.lab.organization import Organization

_TOKENS = "random_session_token"
HOME_ACCOUNT = "111122223333"
_EVERYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
"""The policy that AWS gives an endpoint by itself."""

_MOTO_CONFIG: Any = {
    "core": {
        "mock_credentials": True,
        "passthrough": {"urls": [], "services": []},
        "reset_boto3_session": False,
        "service_whitelist": None,
    }
}


class Lab:
    """A context manager. One lab at a time in a process; each starts empty. Threads may share it.

    Credentials and permissions are checked for KMS, for STS, where AssumeRole asks the role's trust policy, and for the
    services that call KMS (services/table.py). IAM, Organizations and the rest are moto's own: they let every caller do
    everything.

    With a `seed`, IDs, key material, data keys and ciphertexts repeat from run to run. A `client_pool` that outlives
    the lab saves making its clients anew; see there who may have one.
    """

    region = "us-east-1"

    def __init__(self, seed: int | None = None, client_pool: ClientPool | None = None) -> None:
        self.clock = Clock()
        self._calls: list[Call] = []
        self._seed = seed
        self._randomness = Randomness(seed)
        self._accounts: dict[str, Account] = {}
        self._works: list[Work] = []
        self._trail = Trail()
        self._denied: dict[str, Decision] = {}
        self._via = "lab"
        self._mock = QuickMock(config=_MOTO_CONFIG)
        self.client_pool = client_pool or ClientPool()
        self._motos_tokens: Any = None
        self._before: tuple[bool, setting.Setting, Any] | None = None

    def __enter__(self) -> "Lab":
        if MockAWS._nested_count:
            raise RuntimeError(
                "A Lab cannot open inside mock_aws or another Lab: they share one simulated AWS. Leave that one first."
            )
        self._before = (mount.mounted(), setting.current, mock_random.getstate())
        mock_random.seed(self._seed)
        self._motos_tokens = getattr(moto.sts.models, _TOKENS)
        setattr(moto.sts.models, _TOKENS, self._new_session_token)
        self.clock.start()
        shared_region_lists.start()
        mount.mount()
        self._mock.start()
        forget_members()
        setting.current = setting.Setting(
            clock=self.clock.now,
            enforce=True,
            randomness=self._randomness,
            record=self._record,
            trail=self._trail,
            denied=self._denied.__setitem__,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._before is not None
        was_mounted, setting.current, state = self._before
        self._mock.stop()
        self.client_pool.take_back()
        if not was_mounted:
            mount.unmount()
        shared_region_lists.stop()
        self.clock.stop()
        setattr(moto.sts.models, _TOKENS, self._motos_tokens)
        mock_random.setstate(state)

    @property
    def home(self) -> Account:
        """Account 111122223333."""
        return self.account(HOME_ACCOUNT)

    @setting.one_at_a_time
    def account(self, account_id: str) -> Account:
        """The account with this 12-digit ID, made on first use. Raises ValueError for anything else."""
        if not (len(account_id) == 12 and account_id.isascii() and account_id.isdigit()):
            raise ValueError(f"An account ID has 12 digits, and {account_id!r} does not. Try one like '444455556666'.")
        if account_id not in self._accounts:
            self._accounts[account_id] = Account(self, account_id)
        return self._accounts[account_id]

    @setting.one_at_a_time
    def organization(self, management: str = "999988887777") -> "Organization":
        """The organization whose management account has this ID, made on first use.

        Raises ValueError for anything but 12 digits.
        """
        from kms_katas.lab.organization import Organization  # here, for moto's Organizations is slow to load

        return Organization(self.account(management))

    @setting.one_at_a_time
    def vpc_endpoint(
        self, policy: Mapping[str, Any] | None = None, vpc: str | None = None, account: Account | None = None
    ) -> VpcEndpoint:
        """An interface endpoint of KMS in a VPC of `account`, the home account if not given; `policy` is its endpoint
        policy, by default AWS's, which allows everything. Use it as `principal.client("kms", vpc_endpoint=...)`.

        `vpc` is the ID of the VPC, by default a random one. EC2 knows nothing of either. Raises ValueError for a
        document that is no policy.
        """
        digits = self._randomness.bytes(17).hex()
        text = policy_text(_EVERYBODY if policy is None else policy)
        name = f"vpce-{digits[:17]}"
        owner = (account or self.home).id
        return VpcEndpoint(name, vpc or f"vpc-{digits[17:34]}", owner, named_policy(f"endpoint policy of {name}", text))

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every KMS call so far with its real values, oldest first. For checks: no AWS log holds plaintexts."""
        return tuple(self._calls)

    @property
    @setting.one_at_a_time
    def trail(self) -> tuple[Record, ...]:
        """What CloudTrail would have logged so far, of every account and Region, oldest first."""
        if setting.current.trail is self._trail:
            catch_up_everywhere(self.clock.now())  # KMS logs what it does by itself when it is due, asked or not
        return self._trail.records()

    @contextmanager
    def via(self, mark: str) -> Iterator[None]:
        """Calls made inside carry this mark as `Call.via`."""
        before, self._via = self._via, mark
        try:
            yield
        finally:
            self._via = before

    def remark(self, call: Call, mark: str) -> None:
        """Gives a call that was made another mark, once it is known what came of it."""
        self._calls[call.number - 1] = replace(call, via=mark)

    @property
    def grant_delay(self) -> timedelta:
        """How long, by the lab's clock, a new grant counts with its token only; on AWS usually under five minutes.

        Zero at first. May be set in an open lab, and then holds for the grants that are there too.
        """
        return setting.current.grant_delay

    @grant_delay.setter
    def grant_delay(self, delay: timedelta) -> None:
        setting.current = replace(setting.current, grant_delay=_checked(delay))

    @property
    def tag_and_alias_delay(self) -> timedelta:
        """How long, by the lab's clock, permissions still follow the tags and aliases that a key had before a change:
        aws:ResourceTag and kms:ResourceAliases; on AWS up to five minutes. Every operation shows the change at once.

        Zero at first. May be set in an open lab, and then holds for the changes that were made too.
        """
        return setting.current.tag_and_alias_delay

    @tag_and_alias_delay.setter
    def tag_and_alias_delay(self, delay: timedelta) -> None:
        setting.current = replace(setting.current, tag_and_alias_delay=_checked(delay))

    @property
    def rotation_delay(self) -> timedelta:
        """How long, by the lab's clock, an on-demand rotation is in progress; on AWS about two minutes.

        It is done as soon as more time than this has passed. Zero at first. May be set in an open lab.
        """
        return setting.current.rotation_delay

    @rotation_delay.setter
    def rotation_delay(self, delay: timedelta) -> None:
        setting.current = replace(setting.current, rotation_delay=_checked(delay))

    @property
    def regions_down(self) -> frozenset[str]:
        """Regions in which every request fails with ServiceUnavailable, HTTP 503, and leaves no event in `trail`.

        None at first; set them all at once: `lab.regions_down = {"us-east-1"}`, and `= ()` when they are back. What is
        stored there stays. IAM and other services without a Region in their host name go on. Raises ValueError for a
        name that is no Region of KMS.
        """
        return setting.current.regions_down

    @regions_down.setter
    def regions_down(self, regions: Iterable[str]) -> None:
        names = (regions,) if isinstance(regions, str) else tuple(regions)
        for name in names:
            if name not in regions_of("kms"):
                raise ValueError(
                    f"{name!r} is no Region of AWS KMS. Give the names of Regions, such as {{'us-east-1'}}."
                )
        setting.current = replace(setting.current, regions_down=frozenset(names))

    @property
    def quotas(self) -> Quotas | None:
        """The request quotas of every account, for each whole second of the lab's clock; None, as at first, for none.

        That clock stands still between two calls unless somebody sleeps, so everything until then is in one second:
        set them when the lab is prepared. Setting them begins the count anew.
        """
        meter = setting.current.meter
        return meter.quotas if meter is not None else None

    @quotas.setter
    def quotas(self, quotas: Quotas | None) -> None:
        if quotas is not None and not isinstance(quotas, Quotas):
            raise TypeError(
                f"The quotas of a lab are Quotas or None, not {type(quotas).__name__}. Give such as "
                "Quotas({'symmetric': 5}), from kms_katas.lab."
            )
        setting.current = replace(setting.current, meter=Meter(quotas) if quotas is not None else None)

    def explain(self, error: ClientError) -> Decision:
        """The decision behind an AccessDeniedException of KMS, an AccessDenied of AssumeRole, or the denial of a
        service that calls KMS: its own, or that of KMS where KMS refused what the service asked for the caller.

        Raises LookupError for an error that is no denial of this lab.
        """
        request_id = error.response.get("ResponseMetadata", {}).get("RequestId")
        if request_id in self._denied:
            return self._denied[request_id]
        work = next((work for work in self._works if work.request_id == request_id), None)
        code = error.response.get("Error", {}).get("Code", "no code")
        if work is None or code != "AccessDeniedException":
            raise LookupError(
                f"This error ({code}) is no denial of this lab. "
                "Give explain() a denial of a call made here: an AccessDeniedException of KMS, an AccessDenied of "
                "AssumeRole, or what a service that calls KMS says where it or KMS does not let the caller in."
            )
        if work.decision is None:
            raise LookupError(
                "No policy decided this: the key of the ciphertext is deleted or in another Region, "
                "and AWS says it with the words of a denial."
            )
        decision: Decision = work.decision
        return decision

    def credential(self, access_key_id: str) -> Credential | None:
        """What belongs to an access key ID, or None when this lab has no such key."""
        return find_credential(access_key_id)

    def send(self, prepared: AWSPreparedRequest) -> AWSResponse:
        """Hands a signed request to the simulated AWS.

        Never raises and never touches the network; the signature is not checked.
        """
        self.clock.reach(host_of(prepared.url))
        return serve(prepared)

    def answer(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, caller: Caller | None = None
    ) -> Answer:
        """What `send` gives for a request in plain data: status, headers and body. Names in `headers` are in small
        letters. `caller` is who signed it, where that is known already.

        KMS gets it as it is: botocore's objects for request and response take a tenth of what a call costs. But a
        check may put something of its own in the place of `send`, and then that sees every request.
        """
        if "send" not in vars(self) and is_for_the_engine(url):
            return responses.answer(url, headers, body, caller)
        response = self.send(AWSPreparedRequest(method, url, HeadersDict(headers), body, stream_output=False))
        return response.status_code, response.headers, response.content

    def _new_session_token(self) -> str:
        """As opaque as AWS's, and repeated by the seed (moto's own is not)."""
        return "FwoGZXIvYXdzE" + base64.b64encode(self._randomness.bytes(180)).decode()

    def _record(self, work: Work) -> None:
        self._works.append(work)
        self._trail.add(partial(records_of_request, work))
        self._calls.append(call_of(work, len(self._works), self._via))


def _checked(delay: timedelta) -> timedelta:
    if not isinstance(delay, timedelta):
        raise TypeError(f"A delay is a timedelta, not {type(delay).__name__}. Give such as timedelta(minutes=5).")
    if delay < timedelta():
        raise ValueError(
            f"Nothing counts before it is there, and this delay is {delay.total_seconds()} s. Give one of 0 or more."
        )
    return delay
