"""One Fernet token a line, number and end inside the token: text all through, a third longer than the content."""

import base64
import io
import json

from cryptography.fernet import Fernet

LINE = 30_000


def _fernet(data_key):
    return Fernet(base64.urlsafe_b64encode(data_key))


def _line(fernet, number, content, end):
    inner = json.dumps({"number": number, "end": end, "content": base64.b64encode(content).decode()})
    return fernet.encrypt(inner.encode()) + b"\n"


def seal_stream(kms, key_id, source, sink):
    answer = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    fernet, number = _fernet(answer["Plaintext"]), 0
    for number, content in enumerate(iter(lambda: source.read(LINE), b""), 1):
        sink.write(_line(fernet, number, content, end=False))
    sink.write(_line(fernet, number + 1, b"", end=True))
    return answer["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    fernet = _fernet(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"])
    lines, ended = io.BufferedReader(source), False
    for expected, line in enumerate(iter(lambda: lines.readline(100_000), b""), 1):
        if not line.endswith(b"\n") or ended:
            raise ValueError("not a line, or one after the end")
        inner = json.loads(fernet.decrypt(line[:-1]))
        if inner["number"] != expected:
            raise ValueError(f"line {expected} is missing")
        ended = inner["end"]
        if inner["content"]:
            sink.write(base64.b64decode(inner["content"]))
    if not ended:
        raise EOFError("the end is missing")
