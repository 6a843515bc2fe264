"""`kata lab serve`: a lab for programs that somebody else wrote, and the lines that make them use it.

What is answered, and to whom, is in lab/endpoint.py.
"""

import errno
import json
import os
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address

from kms_katas.cli import PASSED, screen
from kms_katas.kit import KitError
from kms_katas.lab import Lab, Principal
from kms_katas.lab.endpoint import Endpoint
from kms_katas.lab.lab import HOME_ACCOUNT
from kms_katas.lab.region_list import regions_of

SCHEMA = "urn:kms-katas:lab-serve:1"
ACCOUNTS = (HOME_ACCOUNT, "444455556666")
"""Two, for half of what is hard about KMS is between accounts."""

_USER_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


def serve(
    users: Sequence[str], host: str, others_may_connect: bool, port: int, region: str, seed: int | None, format: str
) -> int:
    """Serve until Ctrl-C, which is the way to end it: the exit status is 0 then."""
    address = "127.0.0.1" if host == "localhost" else host
    _require_right_host(address, others_may_connect)
    if region not in regions_of("kms"):
        raise KitError(f"{region!r} is no Region of AWS KMS. Give --region one such as us-east-1.")
    with Lab(seed) as lab:
        principals = _principals(lab, users)
        try:
            endpoint = Endpoint(lab, address, port)
        except OSError as error:
            raise KitError(_no_address(address, port, error)) from None
        url = endpoint.url.replace("0.0.0.0", _outward("192.0.2.1")).replace("[::]", _outward("2001:db8::1"))
        with suppress(KeyboardInterrupt):
            if format == "json":
                print(json.dumps(_as_json(url, region, principals)), flush=True)
            else:
                for line in shell_lines(url, region, principals, windows=os.name == "nt"):
                    print(line, flush=True)
            endpoint.serve()
    if format == "text":
        screen.say("\nThe lab is closed, and what was in it is gone.")
    return PASSED


def shell_lines(url: str, region: str, principals: Sequence[Principal], windows: bool) -> list[str]:
    """What people read and paste: a block for each principal, whole in itself."""
    lines = [
        f"The lab is at {url} until you press Ctrl-C here.",
        "Paste one block into the shell that is to use it.",
        "",
    ]
    for principal in principals:
        values = {
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": principal.access_key_id,
            "AWS_SECRET_ACCESS_KEY": principal.secret_access_key,
        }
        lines.append(f"# {principal.arn}")
        if windows:
            lines += [f'$env:{name} = "{value}"' for name, value in values.items()]
            lines += ["Remove-Item Env:AWS_SESSION_TOKEN -ErrorAction Ignore", ""]
        else:
            lines += [f"export {name}={value}" for name, value in values.items()]
            lines += ["unset AWS_SESSION_TOKEN", ""]
    return lines


def _as_json(url: str, region: str, principals: Sequence[Principal]) -> dict[str, object]:
    shown = [
        {
            "arn": principal.arn,
            "account": principal.account.id,
            "accessKeyId": principal.access_key_id,
            "secretAccessKey": principal.secret_access_key,
        }
        for principal in principals
    ]
    return {"schema": SCHEMA, "endpoint": url, "region": region, "principals": shown}


def _principals(lab: Lab, users: Sequence[str]) -> list[Principal]:
    """An administrator of each account, and the users named, in that order."""
    named = [_account_and_name(word) for word in dict.fromkeys(users)]
    accounts = dict.fromkeys([*ACCOUNTS, *(account for account, _ in named)])
    try:
        admins = [lab.account(account).admin for account in accounts]
        return admins + [lab.account(account).user(name) for account, name in named]
    except ValueError as error:
        raise KitError(f"--user: {error}") from None


def _account_and_name(word: str) -> tuple[str, str]:
    account, slash, name = word.rpartition("/")
    if not _USER_NAME.fullmatch(name) or name == "admin":
        raise KitError(
            f"--user {word!r}: give the name of a user, such as alice or 444455556666/alice; admin is there already."
        )
    return (account if slash else HOME_ACCOUNT), name


def _require_right_host(host: str, others_may_connect: bool) -> None:
    try:
        address = ip_address(host)
    except ValueError:
        raise KitError(
            f"--host {host!r} is no IP address of this machine. Leave it out, or give such as 0.0.0.0."
        ) from None
    if not address.is_loopback and not others_may_connect:
        raise KitError(
            f"At {host} other machines reach the lab, and plain HTTP lets whoever is on the way read what is sent. "
            "Where that is meant, add --others-may-connect; else leave --host out."
        )


def _no_address(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use by another program. Give --port another number, or leave it out."
    return f"The lab cannot listen at {host}, port {port}: {error.strerror}. Try without --host and --port."


def _outward(towards: str) -> str:
    """The address of this machine that others would see, for whoever listens at all of them. Nothing is sent."""
    family = socket.AF_INET6 if ":" in towards else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((towards, 9))
        found = str(probe.getsockname()[0])
        return f"[{found}]" if family == socket.AF_INET6 else found
    return "[::1]" if family == socket.AF_INET6 else "127.0.0.1"
