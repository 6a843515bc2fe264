"""The warm process that children are forked from, and what a forked child does. It never holds lab, checks, solutions.

Started as `python -I -m kms_katas.child FD`, where FD is one end of a Unix socket pair. Each message on it is a word:
`fork`, with two descriptors (the child's bridge, and where its output goes), answered by the child's process id;
`reap PID`, answered by that child's exit status.
"""

import contextlib
import gc
import os
import resource
import signal
import socket
import sys
from typing import Any

import boto3
import botocore.handlers
import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401  (warm: most answers use it)

from kms_katas.child import wire
from kms_katas.child.answer import Answer
from kms_katas.child.bridge import Bridge
from kms_katas.child.clock import LabTime

CPU_SECONDS = 60
"""A child that nobody is left to end, not even this process, is ended by the kernel after this much CPU."""


def main(control: socket.socket) -> None:
    warm()
    # Started here, once: a child only moves it.
    with LabTime(_bridge).at(0) as clock:
        serve_words(control, clock)


def serve_words(control: socket.socket, clock: LabTime) -> None:
    """Fork and reap, until the other end closes."""
    children = set()
    output = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115  (a child's, below)
    control.sendall(b"ready")
    while message := _message(control):
        word, descriptors = message
        if word == b"fork":
            pid = os.fork()
            if pid == 0:
                control.close()
                os.dup2(descriptors[1], 1)
                os.dup2(descriptors[1], 2)
                os.close(descriptors[1])
                sys.stdout = sys.stderr = output
                run_child(socket.socket(fileno=descriptors[0]), clock)
            for descriptor in descriptors:
                os.close(descriptor)
            children.add(pid)
            control.sendall(str(pid).encode())
        else:
            pid = int(word.split()[1])
            _, status = os.waitpid(pid, 0)
            children.remove(pid)
            control.sendall(str(status).encode())
    # Whoever started this was killed before it could end its answers. One that only waits would wait for ever.
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def warm() -> None:
    """Pay once for what every child needs: the imports are done; now a client that has called, and a quiet heap."""
    botocore.handlers.BUILTIN_HANDLERS.insert(0, ("before-send", _bridge.send_request))
    kms = _bridge.clients.prepare("kms", "us-east-1")
    # The operations that answers call most: botocore looks up each one's handlers and shapes at its first call.
    kms.decrypt(CiphertextBlob=b"practice")
    kms.describe_key(KeyId="practice")
    kms.encrypt(KeyId="practice", Plaintext=b"practice")
    kms.generate_data_key(KeyId="practice", KeySpec="AES_256")
    boto3.client("kms", "us-east-1")
    gc.collect()
    gc.freeze()


def _practice(question: dict[str, Any]) -> dict[str, Any]:
    """Stands in for the lab while nobody listens."""
    return {"status": 200, "headers": [["content-type", "application/x-amz-json-1.1"]], "body": wire.encode(b"{}")}


def run_child(connection: socket.socket, clock: LabTime) -> None:
    """Serve one connection until it closes. Never returns."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        serve(connection, clock)
    except wire.Closed:
        pass
    finally:
        os._exit(0)


def serve(connection: socket.socket, clock: LabTime) -> None:
    """Answer `load` and `call` until the other end closes.

    Between them nothing else may use the bridge: a thread that asks waits for the next call.
    """

    def ask(question: dict[str, Any]) -> dict[str, Any]:
        wire.send_frame(connection, question)
        return wire.receive_frame(connection)

    _bridge.connect(ask)
    answer = Answer(_bridge)
    # Held from each outcome to the next order: a thread that asked in between would take the order for its reply.
    _bridge.lock.acquire()
    while True:
        order = wire.receive_frame(connection)
        _bridge.lock.release()
        clock.move_to(order["now"])
        if order["order"] == "load":
            # A new module for each check: what the answer kept in the last one is gone, and a plain boto3.client() is
            # this check's learner.
            os.environ.update(order["environment"])
            _bridge.clients.start_over(order["environment"])
            outcome = answer.load(order["source"], order["path"])
        else:
            outcome = answer.call(order["function"], order["arguments"], order["keywords"])
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        _bridge.lock.acquire()
        try:
            wire.send_frame(connection, {"outcome": outcome})
        except wire.WireError as error:
            wire.send_frame(connection, {"outcome": {"foreign": str(error)}})


def _message(control: socket.socket) -> tuple[bytes, list[int]] | None:
    message, descriptors, _, _ = socket.recv_fds(control, 64, 2)
    return (message, descriptors) if message else None


_bridge = Bridge(_practice)

if __name__ == "__main__":
    # Whoever started this may be gone before it is warm: then there is nothing to do, and nobody to tell.
    with contextlib.suppress(ConnectionError):
        main(socket.socket(fileno=int(sys.argv[1])))
