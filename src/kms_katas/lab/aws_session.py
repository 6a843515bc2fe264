"""One botocore session for the process that knows nothing of the user: no profile, file, credential or proxy.

It serves the clients of every lab; each client brings its own keys. Not for code that should reach AWS.
"""

import contextlib
import gzip
import json
import os
from functools import lru_cache
from typing import Any

import boto3
import botocore
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.loaders import JSONFileLoader, Loader


class _PlainFiles(JSONFileLoader):  # type: ignore[misc]  # botocore has no types
    """Reads a file into plain dicts, which keep their order too: in botocore's OrderedDicts it takes 3 MiB more."""

    def load_file(self, file_path: str) -> Any:
        for extension, opened in ((".json", open), (".json.gz", gzip.open)):
            with contextlib.suppress(FileNotFoundError), opened(file_path + extension, "rb") as file:
                return json.load(file)
        return None


LOADER = Loader([Loader.BUILTIN_DATA_PATH], _PlainFiles(), include_default_search_paths=False)
"""Reads only the models inside botocore; the default loader would look into ~/.aws/models too."""


@lru_cache(maxsize=1)
def isolated_session() -> tuple[Any, boto3.Session]:
    """The session, as botocore's and as boto3's."""
    from moto.core.models import botocore_stubber

    from kms_katas.lab.transport import serve_event

    variables: dict[str, Any] = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    for name in ("config_file", "credentials_file"):
        variables[name] = (None, None, os.devnull, None)
    session = botocore.session.Session(session_vars=variables)
    session.register_component("data_loader", LOADER)
    # botocore asks every handler of an event, so moto's own must go or each request would be served twice.
    session.unregister("before-send", botocore_stubber)
    session.register("before-send", serve_event)
    return session, boto3.Session(botocore_session=session)


CLIENT_CONFIG = Config(
    ignore_configured_endpoint_urls=True,
    proxies={},
    # Given whole: botocore would put it together anew for each request, a seventh of what a call costs.
    user_agent=f"Boto3/{boto3.__version__} md/Botocore#{botocore.__version__} kms-katas-lab",
)


class ClientPool:
    """Clients that a lab has done with, for the next one: making one takes as long as ten calls.

    Only for who lets no client outlive its lab, as a grader's lane does: a client kept longer becomes somebody else's.
    """

    def __init__(self) -> None:
        self._ready: dict[tuple[str, str], list[tuple[Any, Any]]] = {}
        self._lent: list[tuple[tuple[str, str], tuple[Any, Any]]] = []

    def lend(self, service: str, region: str, credentials: tuple[str, str, str | None]) -> Any:
        """A client with these credentials (access key ID, secret access key, session token)."""
        place = (service, region)
        ready = self._ready.get(place)
        made = ready.pop() if ready else new_client(service, region)
        self._lent.append((place, made))
        client, signs_with = made
        signs_with.access_key, signs_with.secret_key, signs_with.token = credentials
        return client

    def take_back(self) -> None:
        """Its lab is closed."""
        for place, made in self._lent:
            self._ready.setdefault(place, []).append(made)
        self._lent.clear()


def new_client(service: str, region: str) -> tuple[Any, Any]:
    """A boto3 client of the isolated session, and the credentials it signs with: set them before its first call."""
    core, session = isolated_session()
    core.set_credentials("none", "none")
    client = session.client(service, region_name=region, config=CLIENT_CONFIG)
    # No retries: an error must be seen as it is, and a retry would sleep. Setting one attempt instead would put a
    # remark into every error text.
    service_id = client.meta.service_model.service_id.hyphenize()
    client.meta.events.unregister(f"needs-retry.{service_id}", unique_id=f"retry-config-{service_id}")
    return client, core.get_credentials()
