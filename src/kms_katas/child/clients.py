"""The boto3 clients of an answer, kept warm: making one costs more than a whole check.

Not for what they send: see bridge.py.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.session
from boto3.utils import lazy_call
from botocore.config import Config
from botocore.loaders import Loader

_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Clients:
    """Hands out clients by their handle's description. Between checks they are taken back, for whoever comes next, but
    for those that the answer changed: a library that wraps a client would find itself in there, and act twice.
    """

    def __init__(self) -> None:
        self._ready: dict[tuple[str, str], list[_Made]] = {}
        self._lent: dict[str, _Made] = {}
        self._begin_session()
        self.start_over({})

    def _begin_session(self) -> None:
        self._core = _session()
        self.default_session = boto3.Session(botocore_session=self._core)
        self._handlers_of_session = _handlers(self._core.get_component("event_emitter"))

    def start_over(self, environment: dict[str, str]) -> None:
        """A new check begins: nobody holds a client, and a plain boto3.client() is whom the environment names."""
        for name, made in self._lent.items():
            if made.is_as_it_was:
                described = json.loads(name)
                self._ready.setdefault((described["service"], described["region"]), []).append(made)
        self._lent.clear()
        if _handlers(self._core.get_component("event_emitter")) is not self._handlers_of_session:
            self._begin_session()
        _become(self._core.get_credentials(), *(environment.get(name) for name in _VARIABLES))
        boto3.DEFAULT_SESSION = self.default_session

    def lend(self, described: dict[str, Any]) -> Any:
        """The client of a handle; the same one for the same handle."""
        name = json.dumps(described, sort_keys=True)
        if name not in self._lent:
            ready = self._ready.get((described["service"], described["region"]))
            self._lent[name] = ready.pop() if ready else _new(described["service"], described["region"])
            _become(
                self._lent[name].credentials,
                described["access_key_id"],
                described["secret_access_key"],
                described["session_token"],
            )
        return self._lent[name].client

    def prepare(self, service: str, region: str) -> Any:
        """Make a client before anybody asks for it."""
        made = _new(service, region)
        self._ready.setdefault((service, region), []).append(made)
        return made.client


@dataclass(frozen=True)
class _Made:
    """A client, the credentials that it signs with at each request, and what shows that somebody changed it."""

    client: Any
    credentials: Any
    _handlers: Any = field(init=False)
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_handlers", _handlers(self.client.meta.events))
        object.__setattr__(self, "_names", frozenset((*vars(self.client), *vars(self.client.meta))))

    @property
    def is_as_it_was(self) -> bool:
        """No handler came or went, and nothing was hung on it."""
        same = _handlers(self.client.meta.events) is self._handlers
        return same and self._names == {*vars(self.client), *vars(self.client.meta)}


def _handlers(events: Any) -> object:
    """An object that botocore replaces whenever a handler is registered or taken away (botocore/hooks.py).

    It is private to botocore; one without it is taken for never changed.
    """
    return getattr(getattr(events, "_emitter", events), "_lookup_cache", None)


def _new(service: str, region: str) -> _Made:
    session = _session()
    # boto3's client of S3 can more than botocore's: upload_fileobj, copy and their kind.
    session.register("creating-client-class.s3", lazy_call("boto3.s3.inject.inject_s3_transfer_methods"))
    # botocore would put the user agent together anew for each request, a seventh of what a call costs.
    config = Config(user_agent=f"Boto3/{boto3.__version__} {session.user_agent()}")
    return _Made(session.create_client(service, region_name=region, config=config), session.get_credentials())


def _session() -> Any:
    """A session with credentials to be set later. All share what is read from botocore's files: a fork copies less."""
    session = botocore.session.Session()
    session.register_component("data_loader", _LOADER)
    session.set_credentials("none", "none")
    return session


_LOADER = Loader()


def _become(
    credentials: Any, access_key_id: str | None, secret_access_key: str | None, session_token: str | None
) -> None:
    credentials.access_key, credentials.secret_key, credentials.token = access_key_id, secret_access_key, session_token
