"""A daemon thread reads ahead. Where the opener raises, nobody ends it: it waits at the queue or reads on."""

import queue
import threading

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SIZE = 32 * 1024


def _pump(source, size, chunks):
    while True:
        chunk = b""
        while len(chunk) < size and (part := source.read(size - len(chunk))):
            chunk += part
        chunks.put(chunk)
        if not chunk:
            return


def _ahead(source, size):
    chunks = queue.Queue(maxsize=1)
    threading.Thread(target=_pump, args=(source, size, chunks), daemon=True).start()
    chunk, last = chunks.get(), False
    while not last:
        following = chunk and chunks.get()
        last = not following
        yield chunk, last
        chunk = following


def seal_stream(kms, key_id, source, sink):
    made = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    aead = AESGCM(made["Plaintext"])
    for number, (chunk, last) in enumerate(_ahead(source, SIZE)):
        sink.write(aead.encrypt(number.to_bytes(11, "big") + bytes([last]), chunk, None))
    return made["CiphertextBlob"]


def open_stream(kms, wrapped_key, source, sink):
    aead = AESGCM(kms.decrypt(CiphertextBlob=wrapped_key)["Plaintext"])
    for number, (chunk, last) in enumerate(_ahead(source, SIZE + 16)):
        sink.write(aead.decrypt(number.to_bytes(11, "big") + bytes([last]), chunk, None))
