"""A thread reads, one chunk ahead through a queue of one place; a client of its own; AES-128 with CCM."""

import contextlib
import queue
import threading

import boto3
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

kms_client = boto3.client("kms")


def in_background(source, size):
    places = queue.Queue(maxsize=1)
    stop = threading.Event()

    def work():
        data = b""
        try:
            while not stop.is_set():
                part = source.read(size - len(data))
                data += part
                if len(data) == size or not part:
                    places.put((data, not part))
                    data = b""
                if not part:
                    return
        except BaseException as error:
            places.put(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item = places.get()
            if isinstance(item, BaseException):
                raise item
            yield item
            if item[1]:
                return
    finally:
        stop.set()
        while thread.is_alive():
            with contextlib.suppress(queue.Empty):
                places.get(timeout=0.01)


def seal_stream(kms, key_id, source, sink):
    made = kms_client.generate_data_key(KeyId=key_id, KeySpec="AES_128")
    aead = AESCCM(made["Plaintext"])
    for number, (chunk, last) in enumerate(in_background(source, 20_000)):
        sink.write(aead.encrypt(number.to_bytes(13, "little"), chunk, b"last" if last else b""))
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    aead = AESCCM(kms_client.decrypt(CiphertextBlob=wrapped_key)["Plaintext"])
    for number, (chunk, last) in enumerate(in_background(source, 20_016)):
        sink.write(aead.decrypt(number.to_bytes(13, "little"), chunk, b"last" if last else b""))
