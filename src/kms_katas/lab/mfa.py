"""Whether a code is the one that a user's virtual MFA device shows now (RFC 6238, as AWS's devices: six digits, 30
seconds).
"""

import base64
import hmac
import struct
from datetime import datetime, timedelta

from moto.iam.models import iam_backends

from kms_katas.lab.callers import PARTITION, Caller

_STEP = timedelta(seconds=30)


def code_shown(seed: str, now: datetime) -> str:
    """`seed` as CreateVirtualMFADevice gives it: base32."""
    counter = struct.pack(">Q", int(now.timestamp()) // int(_STEP.total_seconds()))
    padded = seed + "=" * (-len(seed) % 8)
    digest = hmac.new(base64.b32decode(padded), counter, "sha1").digest()
    place = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[place : place + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06d}"


def is_users_device(caller: Caller, serial_number: str) -> bool:
    return serial_number in getattr(caller.entity, "mfa_devices", {})


def is_right_code(caller: Caller, serial_number: str, code: str, now: datetime) -> bool:
    """A code of the step before or after counts too, for a device whose clock is not exact."""
    device = iam_backends[caller.account][PARTITION].virtual_mfa_devices.get(serial_number)
    if device is None:
        return False
    return any(hmac.compare_digest(code_shown(device.base32_string_seed, now + shift), code) for shift in _SHIFTS)


_SHIFTS = (timedelta(), -_STEP, _STEP)
