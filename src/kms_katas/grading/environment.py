"""The environment variables that an answer meets: the learner's in the lab, nothing of how this user reaches AWS."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # No more than that: the runner imports this before anything else, and the lab is what takes longest to import.
    from kms_katas.lab import Principal

NO_AWS_SETTINGS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What keeps botocore from looking for credentials and settings in files and on the network."""

PROCESS_ENVIRONMENT = {
    "PATH": os.defpath,
    "HOME": "/",
    "LANG": "C.UTF-8",
    # Each thread's own arena would reserve 64 MiB of the address space that an answer is given.
    "MALLOC_ARENA_MAX": "2",
    **{name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},  # without it no Python on Windows
    **NO_AWS_SETTINGS,
}
"""The whole environment of a process that answers run in; the learner's variables come with each answer."""


def environment_of(learner: "Principal", region: str) -> dict[str, str]:
    """What makes a plain boto3.client() the learner's.

    All four always: the last check's learner may have had another.
    """
    return {
        "AWS_ACCESS_KEY_ID": learner.access_key_id,
        "AWS_SECRET_ACCESS_KEY": learner.secret_access_key,
        "AWS_SESSION_TOKEN": learner.session_token or "",
        "AWS_DEFAULT_REGION": region,
    }


@contextmanager
def answer_environment(names: Mapping[str, str]) -> Iterator[None]:
    """This process's environment as an answer's, with `names` in it, until the with block ends."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update({**NO_AWS_SETTINGS, **names})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
