"""The boto3 clients of an answer, kept warm: making one costs more than a whole check.

Not for what they send: see bridge.py.
"""

import json
import os
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
        self._plain: list[tuple[str, str, _Made]] = []
        """Lent to a boto3.client(), with service and Region."""
        self.of_kms: dict[Any, _Made] = {}
        """By its client, each that was made ready: before any answer was there, so nothing of an answer is in it."""
        self._changed: list[_Made] = []
        """For nobody. To let go of a client is to touch, and so to copy, all that was made ready with it: 0.5 ms."""
        self._begin_session()
        self.start_over({})

    def _begin_session(self) -> None:
        self.core = _session()
        self.default_session = _Session(self)
        self._handlers_of_session = _handlers(self.core.get_component("event_emitter"))

    def start_over(self, environment: dict[str, str]) -> None:
        """A new check begins: nobody holds a client, and a plain boto3.client() is whom the environment names."""
        for name, made in self._lent.items():
            described = json.loads(name)
            self._take_back(described["service"], described["region"], made)
        for service, region, made in self._plain:
            self._take_back(service, region, made)
        self._lent.clear()
        self._plain.clear()
        if not self._session_is_as_it_was:
            self._begin_session()
        _become(self.core.get_credentials(), *(environment.get(name) for name in _VARIABLES))
        boto3.DEFAULT_SESSION = self.default_session

    def _take_back(self, service: str, region: str, made: "_Made") -> None:
        if made.is_as_it_was:
            self._ready.setdefault((service, region), []).append(made)
        else:
            self._changed.append(made)

    @property
    def _session_is_as_it_was(self) -> bool:
        return _handlers(self.core.get_component("event_emitter")) is self._handlers_of_session

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

    def lend_plain(self, service: str, region: str | None) -> Any:
        """What a boto3.client() of this service would make, or None where nothing ready is the same as that."""
        region = region or self.core.get_config_variable("region")
        now, ready = _settings(), self._ready.get((service, str(region)), [])
        made = next((made for made in ready if made.settings == now), None)
        if made is None or not self._session_is_as_it_was or self.core.get_default_client_config() is not None:
            return None
        ready.remove(made)
        self._plain.append((service, str(region), made))
        session = self.core.get_credentials()
        _become(made.credentials, session.access_key, session.secret_key, session.token)
        return made.client

    def prepare(self, service: str, region: str) -> Any:
        """Make a client before anybody asks for it."""
        made = _new(service, region)
        self._ready.setdefault((service, region), []).append(made)
        if service == "kms":
            self.of_kms[made.client] = made
        return made.client


class _Session(boto3.Session):  # type: ignore[misc]  # boto3 has no types
    """The session behind boto3.client(): for a client of which nothing but service and Region is said, a ready one.

    In a Config the Region can be said too: the AWS Encryption SDK makes a client so for each keyring of a Region.
    """

    def __init__(self, clients: Clients) -> None:
        super().__init__(botocore_session=clients.core)
        self._clients = clients

    def client(self, service_name: str, region_name: str | None = None, *rest: Any, **named: Any) -> Any:
        region, config, more = region_name, named.get("config"), {*named}
        if isinstance(config, Config) and vars(config) == vars(Config(region_name=config.region_name)):
            region, more = region_name or config.region_name, more - {"config"}
        ready = None if rest or more else self._clients.lend_plain(service_name, region)
        return ready or super().client(service_name, region_name, *rest, **named)


def _settings() -> dict[str, str]:
    """What botocore reads from the environment when it makes a client, but for who calls, and where."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("AWS_", "BOTO")) and name not in _EACH_TIME
    }


_EACH_TIME = (*_VARIABLES, "AWS_DEFAULT_REGION")


@dataclass(frozen=True, eq=False)
class _Made:
    """A client, the credentials that it signs with at each request, and what shows that somebody changed it."""

    client: Any
    credentials: Any
    settings: dict[str, str] = field(init=False, default_factory=_settings)
    _handlers: Any = field(init=False)
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_handlers", _handlers(self.client.meta.events))
        object.__setattr__(self, "_names", frozenset((*vars(self.client), *vars(self.client.meta))))

    @property
    def is_as_it_was(self) -> bool:
        """No handler came or went, and nothing was hung on it."""
        return self.has_its_handlers and self._names == {*vars(self.client), *vars(self.client.meta)}

    @property
    def has_its_handlers(self) -> bool:
        """Those that it was made with, and no others."""
        return _handlers(self.client.meta.events) is self._handlers


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
    session.register_component("data_loader", LOADER)
    session.set_credentials("none", "none")
    return session


LOADER = Loader()


def _become(
    credentials: Any, access_key_id: str | None, secret_access_key: str | None, session_token: str | None
) -> None:
    credentials.access_key, credentials.secret_key, credentials.token = access_key_id, secret_access_key, session_token
