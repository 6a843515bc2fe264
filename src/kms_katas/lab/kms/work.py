"""One request on its way through the engine: what came in, what was found out about it, what goes out.

Holds data only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from kms_katas.lab.callers import Caller
from kms_katas.lab.kms.errors import KMSError
from kms_katas.lab.kms.grants import Grant
from kms_katas.lab.kms.keys import Alias, Key
from kms_katas.lab.network import DIRECT, Route


@dataclass(frozen=True, slots=True)
class Check:
    """One permission that a request needs: the action on one resource; `key` is None for `*` and for an alias.

    `absent`: the resource would be a key of another account that does not exist. Asked all the same, with no key policy
    to allow anything, so that a stranger gets the same answer as for a key that is there. `named_alias` is the alias
    name when the request named this key by an alias. `region` is where the permission is needed when that is not the
    Region of the request.
    """

    action: str
    resource: str
    key: Key | None = None
    absent: bool = False
    named_alias: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about.

    `source` is the key that ReEncrypt decrypts with; `key` is then the one that it encrypts with. `grant` is
    the one that RetireGrant ends.
    """

    key: Key | None = None
    alias: Alias | None = None
    checks: tuple[Check, ...] = ()
    source: Key | None = None
    grant: Grant | None = None

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every key that the request uses, in the order of use."""
        if self.source is None or self.source is self.key:
            return (self.key,) if self.key is not None else ()
        return (self.source, self.key) if self.key is not None else (self.source,)


@dataclass(slots=True)
class Work:
    operation: str
    body: bytes
    region: str
    access_key_id: str
    session_token: str | None
    user_agent: str
    motos_account: str | None
    """The account that moto's own switches name; it counts where nothing is enforced."""
    request_id: str
    now: datetime
    route: Route = DIRECT
    parameters: dict[str, Any] = field(default_factory=dict)
    caller: Caller | None = None
    target: Target = Target()
    decision: Any = None
    response: dict[str, Any] | None = None
    material_id: str | None = None
    """Of the key material that Encrypt used: CloudTrail tells it, the answer of Encrypt does not."""
    error: KMSError | None = None

    @property
    def account(self) -> str:
        """The caller's account: where names that are not ARNs are looked up."""
        assert self.caller is not None
        return self.caller.account

    @property
    def accounts(self) -> tuple[str, ...]:
        """The caller's account and those of the keys that the request uses, each once."""
        return tuple(dict.fromkeys((self.account, *(key.account for key in self.target.keys))))

    def event_purpose(self, account: str) -> str:
        """What the ID of this request's event in one account's trail is made for: each account has an event."""
        return account if len(self.accounts) > 1 else "event"

    @property
    def key(self) -> Key:
        """The target key of an operation that has one."""
        assert self.target.key is not None
        return self.target.key


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the engine. `rehearse` makes the checks of `run` that a dry run makes too, and changes nothing.

    `by_alias`: KeyId may be an alias name or alias ARN too (botocore shape KeyIdType, per operation).
    """

    run: Callable[[Work], dict[str, Any]]
    target: Literal["key", "alias", "account"] = "key"
    by_alias: bool = False
    rehearse: Callable[[Work], object] = lambda work: None
