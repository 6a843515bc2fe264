"""The files that `kata policy` is given, as text and as policies. Every fault is a sentence, as KitError."""

import sys
from pathlib import Path

from kms_katas.kit import KitError
from kms_katas.policy import NamedPolicy, PolicyError, parse_document

POLICY_BYTES = 1 << 20
"""Far more than KMS takes, so that lint can say by how much a policy is too long."""
CASES_BYTES = 64 << 20

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_text(word: str, most: int = CASES_BYTES) -> str:
    """The text of a file, or of stdin for `-`, without byte order mark. Raises KitError."""
    data = _stdin(most) if word == "-" else _file(Path(word), most)
    name = shown(word)
    if data.startswith(_UTF_16):
        raise KitError(f"{name} is UTF-16, as PowerShell's > writes it. Save it as UTF-8.")
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise KitError(
            f"{name}, line {line}: the byte 0x{data[error.start]:02x} is not UTF-8. Save the file as UTF-8."
        ) from None
    if not text.strip():
        raise KitError(f"{name} is empty. It should hold JSON.")
    return text


def read_policy(word: str) -> NamedPolicy:
    """The policy in a file, known by the file's name. Raises KitError."""
    text = read_text(word, POLICY_BYTES)
    try:
        return NamedPolicy(shown(word), parse_document(text))
    except PolicyError as error:
        raise KitError(f"{shown(word)}: {error} `kata policy lint` shows every fault.") from None


def shown(word: str) -> str:
    """The file as the user typed it."""
    return "stdin" if word == "-" else word


def _stdin(most: int) -> bytes:
    data = sys.stdin.buffer.read(most + 1)
    if len(data) > most:
        raise KitError(f"stdin has more than {most:,} bytes, which is more than this command reads.")
    return data


def _file(path: Path, most: int) -> bytes:
    try:
        if path.is_dir():
            raise KitError(f"{path} is a folder. Give a file of JSON.")
        if not path.exists():
            raise KitError(f"{path} is not there. Give the path of a file, or - for stdin.")
        size = path.stat().st_size
        if size > most:
            raise KitError(f"{path} has {size:,} bytes, and this command reads {most:,} at most.")
        with path.open("rb") as file:
            # No more than that of what has no size, such as a pipe of the shell.
            data = file.read(most + 1)
    except (OSError, ValueError) as error:
        raise KitError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(data) > most:
        raise KitError(f"{path} has more than {most:,} bytes, which is more than this command reads.")
    return data
