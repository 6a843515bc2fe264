"""What every answer's process does, however it was started: it is made warm, then it answers orders over the bridge.

Not for how it is started: __main__.py forks it from a warm process, spawned.py is a fresh one.
"""

import contextlib
import gc
import importlib.util
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import boto3
import botocore.handlers
import botocore.session
import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401  (warm: most answers use it)
from botocore.exceptions import UnknownServiceError

from kms_katas.child import wire
from kms_katas.child.answer import Answer
from kms_katas.child.bridge import Bridge
from kms_katas.child.calls import call_quickly
from kms_katas.child.clients import LOADER
from kms_katas.child.clock import LabTime
from kms_katas.child.headers import order_headers_quickly
from kms_katas.child.known_primes import trust_known_primes
from kms_katas.child.practice import PRACTICE_ANSWER, PRACTICE_KEY, practise, practise_with
from kms_katas.child.remembered import remember
from kms_katas.child.sandbox import Enclosure
from kms_katas.child.signing import sign_quickly
from kms_katas.child.unfolded import unfold

if sys.platform != "win32":
    import resource
if sys.platform == "linux":
    from kms_katas.child.sandbox import adopt_orphans

CPU_SECONDS = 60
"""A process that nobody is left to end is ended by the kernel after this much CPU, where the kernel can."""
OF_KMS, OF_EACH, OF_MANY = 3, 2, 8
"""How many clients are made ready: of KMS for every answer; of each service, for whoever needs another beside KMS; and,
where they are made once for all answers, of those that the Amazon S3 Encryption Client asks two for at each use, one of
which nobody can use again, or the AWS Encryption SDK one for each keyring."""
ASKS_FOR_MANY = ("kms", "s3")
OFTEN: dict[str, dict[str, dict[str, Any]]] = {
    "kms": {
        "decrypt": {"CiphertextBlob": b"practice"},
        "describe_key": {"KeyId": PRACTICE_KEY},
        "encrypt": {"KeyId": PRACTICE_KEY, "Plaintext": b"practice"},
        "generate_data_key": {"KeyId": PRACTICE_KEY, "KeySpec": "AES_256"},
    },
    "s3": {
        "put_object": {"Bucket": "practice", "Key": "practice", "Body": b"practice"},
        "get_object": {"Bucket": "practice", "Key": "practice"},
        "head_object": {"Bucket": "practice", "Key": "practice"},
    },
}
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "kms": ("describe_key", {"KeyId": "refused"}),
    "s3": ("get_object", {"Bucket": "practice", "Key": "refused"}),
}
"""A call that _practice refuses. At its first error a client makes all the exceptions that its service has."""
FAULT = 70
"""The exit status of a process that could not begin: no fault of the answer, of which it has seen nothing yet."""
MAX_HELD = 256 * 1024
"""Bytes of frames that wait for the next question: two chunks of a stream, and more small writes than anybody makes."""


def warm() -> None:
    """Pay once for what every answer needs: clients and an answer that called KMS, and a quiet heap."""
    botocore.handlers.BUILTIN_HANDLERS.insert(0, ("before-send", bridge.send_request))
    botocore.session.create_loader = _shared_loader
    trust_known_primes()
    for package in ("cryptography", "botocore"):
        remember(package)
    sign_quickly()
    order_headers_quickly()
    call_quickly(bridge)
    # Again and again: Python fits code that runs often to what it meets, and what is fitted here no answer has to.
    _prepare("kms", OF_KMS, 16)
    boto3.client("kms", "us-east-1", use_ssl=True)  # made anew, where a plain one is lent
    practise(bridge)
    _list_packages_once()
    gc.collect()
    gc.freeze()


_create_loader = botocore.session.create_loader


def _shared_loader(path: str | None = None) -> Any:
    """An answer's own session, and one of a library, would read the same files again for its first client: 70 ms."""
    if path is not None:
        return _create_loader(path)
    LOADER.search_paths[:] = dict.fromkeys(LOADER.search_paths)  # each of boto3's sessions adds its folder to it
    return LOADER


def make_ready(preparation: str, for_all: bool = False) -> None:
    """`client SERVICE` or `import PACKAGE`: have it ready, for both can cost more than a whole check.

    `for_all`: this process is none of an answer, but what all answers' processes are forked from.
    """
    what, name = preparation.split()
    with contextlib.suppress(Exception):  # whoever asks for it is told
        if what == "client":
            _prepare(name, OF_MANY if for_all and name in ASKS_FOR_MANY else OF_EACH, 1)
            for kind in ("paginators-1", "waiters-2", "resources-1"):
                with contextlib.suppress(UnknownServiceError):  # it has none
                    LOADER.load_service_model(name, kind)
        else:
            importlib.import_module(name)
            # Unless an answer asks for it, a package's log is nobody's: without this, Python writes its warnings, and
            # a traceback for each refusal, between what the answer prints.
            logging.getLogger(name).addHandler(logging.NullHandler())
            remember(name)
            if name == "aws_encryption_sdk":
                unfold()
                if for_all:
                    _prepare("kms", OF_MANY, 1)
            practise_with(name, bridge)
    gc.collect()
    gc.freeze()


def _prepare(service: str, number: int, rounds: int) -> None:
    """Clients that made the calls that answers make most: at its first call of each, one looks up handlers and shapes.

    In `rounds`, the first of them.
    """
    made = [bridge.clients.prepare(service, "us-east-1") for _ in range(number)]
    for client in [made[0]] * (rounds - 1) + made:
        for operation, parameters in OFTEN.get(service, {}).items():
            getattr(client, operation)(**parameters)
    for client in made if service in REFUSED else ():
        operation, parameters = REFUSED[service]
        with contextlib.suppress(client.exceptions.ClientError):
            getattr(client, operation)(**parameters)


def _list_packages_once() -> None:
    """What can be imported is listed now: in an enclosure a folder may be closed of which every entry is open."""
    importlib.invalidate_caches()
    importlib.util.find_spec("a_name_that_no_package_has")
    for folder in sys.path:
        finder: Any = sys.path_importer_cache.get(folder)
        if hasattr(finder, "_fill_cache"):
            finder._fill_cache = lambda: None


_stored: dict[str, Any] = {"headers": [], "body": wire.encode(b"")}


def _practice(question: dict[str, Any]) -> dict[str, Any]:
    """Stands in for the lab while nobody listens: one data key, and one object, the last that was put."""
    if "//kms." in question["url"]:
        refused = b"refused" in wire.decode(question["body"])
        return {
            "status": 400 if refused else 200,
            "headers": [["content-type", "application/x-amz-json-1.1"]],
            "body": wire.encode(b'{"__type": "NotFoundException"}' if refused else PRACTICE_ANSWER),
        }
    if question["method"] == "PUT":
        kept = [[name, value] for name, value in question["headers"] if name.lower().startswith("x-amz-meta-")]
        body = wire.decode(question["body"])
        if any(name.lower() == "content-encoding" for name, _ in question["headers"]):  # sent in chunks, here in one
            size, _, rest = body.partition(b"\r\n")
            body = rest[: int(size, 16)]
        _stored.update(headers=[*kept, ["content-length", str(len(body))]], body=wire.encode(body))
        return {"status": 200, "headers": [], "body": wire.encode(b"")}
    if question["url"].endswith("/refused"):
        return {"status": 404, "headers": [], "body": wire.encode(b"<Error><Code>NoSuchKey</Code></Error>")}
    return {"status": 200, **_stored} | ({"body": wire.encode(b"")} if question["method"] == "HEAD" else {})


bridge = Bridge(_practice)


def serve_until_closed(
    connection: wire.Connection, clock: LabTime, settle: Callable[[], object], enclosure: Enclosure
) -> None:
    """Enter the enclosure, serve one connection until it closes, then end the process. Never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if sys.platform != "win32":
            # The soft limit's signal is the one that tells: the hard one's could be anybody's.
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            # What an answer starts is found below it, and ended with it, though its own parent be gone.
            adopt_orphans()
        enclosure.enter()
    except BaseException:
        os._exit(FAULT)
    try:
        _serve(connection, clock, settle)
    except wire.Closed:
        pass
    finally:
        os._exit(0)


def _serve(connection: wire.Connection, clock: LabTime, settle: Callable[[], object]) -> None:
    """Answer `load` and `call`. `settle` is called before each outcome: what was printed has then left the process.

    Between them nothing else may use the bridge: a thread that asks waits for the next call.
    """

    received, held = bytearray(), bytearray()

    def send(message: dict[str, Any]) -> None:
        wire.send_frame(connection, message, bytes(held))
        held.clear()

    def ask(question: dict[str, Any]) -> dict[str, Any]:
        send(question)
        return wire.receive_frame(connection, received)

    def hold(question: dict[str, Any]) -> bool:
        frame = wire.frame(question | {"reply": False})
        if len(held) + len(frame) > MAX_HELD:
            return False
        held.extend(frame)
        return True

    bridge.connect(ask, hold)
    answer = Answer(bridge)
    # Held from each outcome to the next order: a thread that asked in between would take the order for its reply.
    bridge.lock.acquire()
    while True:
        order = wire.receive_frame(connection, received)
        bridge.loads += order["order"] == "load"
        bridge.lock.release()
        clock.move_to(order["now"])
        if order["order"] == "load":
            # A new module for each check: what the answer kept in the last one is gone, and a plain boto3.client() is
            # this check's learner.
            os.environ.update(order["environment"])
            bridge.clients.start_over(order["environment"])
            outcome = answer.load(order["source"], order["path"], order.get("more", ()), order.get("foretold", False))
        else:
            outcome = answer.call(order["function"], order["arguments"], order["keywords"])
        with contextlib.suppress(Exception):
            settle()
        bridge.lock.acquire()
        try:
            send({"outcome": outcome})
        except wire.WireError as error:
            send({"outcome": {"foreign": str(error)}})
