"""Puts the KMS engine in the place of moto's own, trust policies before its STS, users' permissions boundaries into its
IAM, LookupEvents before its CloudTrail and a gate before the services that call KMS, and takes all of it away again.

For any code that uses moto.mock_aws; `Lab` does it by itself.
"""

import warnings
from functools import cache
from typing import Any

import moto
import moto.cloudtrail.urls
import moto.iam.urls
import moto.kms.models
import moto.kms.urls
import moto.sts.urls
from moto.core.base_backend import BackendDict, BaseBackend

from kms_katas.lab import cloudtrail, sts
from kms_katas.lab.iam import IamWithBoundaries
from kms_katas.lab.kms import setting
from kms_katas.lab.kms.models import KeyStore
from kms_katas.lab.kms.urls import url_paths
from kms_katas.lab.randomness import Randomness
from kms_katas.lab.services.table import SERVICES

_OLDEST, _NEWEST = (5, 2, 5), (5, 3)
_before: tuple[Any, ...] | None = None
_used_stores: Any = BackendDict


def install(enforce: bool = False) -> None:
    """Mounts the engine. With `enforce`, credentials and permissions count; without, every caller is an administrator.

    Without `enforce`, credentials that moto does not know act as the root user of account 123456789012, and everybody
    as the root user of the account that moto's MOTO_ACCOUNT_ID names, where that is set. Calling again only changes
    `enforce`. KMS keys that moto made before are forgotten, since the two engines cannot read each other's.
    """
    _require_no_lab()
    mount()
    setting.current = setting.Setting(enforce=enforce, randomness=Randomness())


def uninstall() -> None:
    """Gives moto its own KMS back. Harmless when nothing is installed."""
    _require_no_lab()
    unmount()
    setting.current = setting.Setting()


def _require_no_lab() -> None:
    if setting.current.record is not None:
        raise RuntimeError(
            "A Lab is open, and it mounts the engine by itself. Call install() and uninstall() outside of it."
        )


def mount() -> None:
    """The seven assignments that moto reads at call time."""
    global _before
    if _before is not None:
        return
    _warn_of_another_moto()
    _before = (
        moto.kms.urls.url_paths,
        moto.kms.models.kms_backends.backend,
        moto.sts.urls.url_paths,
        moto.iam.urls.url_paths,
        moto.cloudtrail.urls.url_paths,
        BaseBackend.urls,
        BaseBackend.url_paths,
    )
    moto.kms.urls.url_paths = url_paths
    moto.kms.models.kms_backends.backend = KeyStore
    moto.sts.urls.url_paths = {"{0}/$": sts.dispatch}
    moto.iam.urls.url_paths = {"{0}/$": IamWithBoundaries.dispatch}
    moto.cloudtrail.urls.url_paths = {"{0}/$": cloudtrail.dispatch}
    BaseBackend.urls = _guarded(BaseBackend.urls)  # type: ignore[assignment, method-assign]
    BaseBackend.url_paths = _guarded(BaseBackend.url_paths)  # type: ignore[assignment, method-assign]
    _forget_stores()


def unmount() -> None:
    global _before
    if _before is None:
        return
    (
        moto.kms.urls.url_paths,
        moto.kms.models.kms_backends.backend,
        moto.sts.urls.url_paths,
        moto.iam.urls.url_paths,
        moto.cloudtrail.urls.url_paths,
        BaseBackend.urls,  # type: ignore[method-assign]
        BaseBackend.url_paths,  # type: ignore[method-assign]
    ) = _before
    _before = None
    _forget_stores()


def _guarded(handlers_of: Any) -> property:
    """moto's own property, with the handlers of the services in SERVICES behind the gate. Loads none of them."""

    found: dict[type[BaseBackend], dict[str, Any]] = {}

    def guarded_handlers(backend: BaseBackend) -> Any:
        name = type(backend).__module__.split(".")[1]
        if name not in SERVICES:
            return handlers_of.fget(backend)
        if type(backend) not in found:  # for S3 moto loads its URLs anew each time that it is asked, twice a request
            handlers = handlers_of.fget(backend)
            found[type(backend)] = {path: _behind_gate(name, handler) for path, handler in handlers.items()}
        return found[type(backend)]

    return property(guarded_handlers)


@cache
def _behind_gate(name: str, handler: Any) -> Any:
    from kms_katas.lab.services.gate import guarded

    return guarded(name, handler)


def mounted() -> bool:
    return _before is not None


def _forget_stores() -> None:
    """Stores made for one engine must not serve the other; moto makes new ones when asked."""
    moto.kms.models.kms_backends.clear()
    if moto.kms.models.kms_backends in _used_stores._instances:
        _used_stores._instances.remove(moto.kms.models.kms_backends)


def _warn_of_another_moto() -> None:
    numbers = tuple(int(part) for part in moto.__version__.split(".")[:3] if part.isdigit())
    if not _OLDEST <= numbers < _NEWEST:
        warnings.warn(
            f"The KMS engine is tested with moto 5.2.5 up to, not including, 5.3, and this is moto {moto.__version__}: "
            "install one of those if KMS answers look wrong.",
            stacklevel=3,
        )
