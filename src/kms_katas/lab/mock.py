"""moto's mock, switched on and off in a fraction of the time, and its stores found in less.

Not for anything that the mock answers.
"""

from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.models import MockAWS, botocore_stubber, responses_mock
from requests.adapters import HTTPAdapter

_METHOD, _SEND = "__getitem__", "send"
_motos: Any = getattr(BackendDict, _METHOD)


class QuickMock(MockAWS):
    """The same mock, but it keeps the 1,288 URL patterns for `requests` that moto registers anew at each start.

    While no mock is on they do nothing: `responses` is not patched in. moto's own mock registers its own anew.
    """

    _filled: Any = None
    """Where the patterns are, once they are there: moto's own mock makes another such place."""
    _send: Any = None

    def _enable_patching(self, reset: bool = True) -> None:
        _listed.clear()
        setattr(BackendDict, _METHOD, _stores_of)
        if responses_mock.get_registry() is not QuickMock._filled:
            super()._enable_patching(reset)
            responses_mock.stop()
            QuickMock._filled = responses_mock.get_registry()
        botocore_stubber.enabled = True
        BackendDict.reset()
        # As responses_mock.start() does, which looks up by name each time what is to be patched.
        self._send = getattr(HTTPAdapter, _SEND)
        setattr(HTTPAdapter, _SEND, responses_mock.unbound_on_send())

    def _disable_patching(self, remove_data: bool) -> None:
        botocore_stubber.enabled = False
        BackendDict.reset()
        setattr(BackendDict, _METHOD, _motos)
        reset_model_data()
        setattr(HTTPAdapter, _SEND, self._send)


_listed: set[int] = set()
"""The services, by id(), that moto has listed since the mock was switched on: it empties those that it has listed."""


def _stores_of(backends: Any, account: str) -> Any:
    """An account's, by Region. moto locks all stores and goes through its list of them each time, a dozen times a call.

    What one service makes of another while moto empties them all is there, and not listed.
    """
    found = dict.get(backends, account)
    if found is None or id(backends) not in _listed:
        found = _motos(backends, account)
        _listed.add(id(backends))
    return found
