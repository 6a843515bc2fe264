"""The simulated AWS: a KMS engine mounted on moto, with accounts, principals, a clock and a trail.

Names are loaded when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kms_katas.lab.accounts import Principal
    from kms_katas.lab.calls import Call
    from kms_katas.lab.clock import Clock
    from kms_katas.lab.eventbridge import rule_sees
    from kms_katas.lab.kms.quotas import Quotas
    from kms_katas.lab.lab import Lab
    from kms_katas.lab.mount import install, uninstall

__all__ = ["Call", "Clock", "Lab", "Principal", "Quotas", "install", "rule_sees", "uninstall"]

_HOMES = {
    "Call": "calls",
    "Clock": "clock",
    "Lab": "lab",
    "Principal": "accounts",
    "Quotas": "kms.quotas",
    "install": "mount",
    "rule_sees": "eventbridge",
    "uninstall": "mount",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
