"""Asks KMS from a thread, under asyncio and with timeouts; caches of bounded size; AES-OCB3."""

import asyncio
import os
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from cryptography.hazmat.primitives.ciphers.aead import AESOCB3

_pool = ThreadPoolExecutor(4)
_seal, _open = OrderedDict(), OrderedDict()
_lock = threading.Lock()


async def _ask(f, **kw):
    return await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(_pool, lambda: f(**kw)), timeout=30)


def _ctx(c):
    return tuple(sorted(c.items()))


def seal(kms, key_id, context, payload, limits):
    with _lock:
        k = (key_id, _ctx(context))
        e = _seal.get(k)
        now = time.monotonic()
        if (
            e is None
            or e[2] + 1 > limits["messages"]
            or e[3] + len(payload) > limits["bytes"]
            or now - e[4] >= limits["seconds"]
        ):
            _seal.pop(k, None)
            r = asyncio.run(_ask(kms.generate_data_key, KeyId=key_id, KeySpec="AES_256", EncryptionContext=context))
            e = _seal[k] = [r["Plaintext"], r["CiphertextBlob"], 0, 0, now]
        e[2] += 1
        e[3] += len(payload)
        while len(_seal) > 1000:
            _seal.popitem(last=False)
        n = os.urandom(12)
        return {"body": n + AESOCB3(e[0]).encrypt(n, payload, repr(k[1]).encode()), "wrapped_key": e[1]}


def open_sealed(kms, context, sealed, seconds):
    with _lock:
        k = (sealed["wrapped_key"], _ctx(context))
        now = time.monotonic()
        e = _open.get(k)
        if e is None or now - e[1] >= seconds:
            f = _pool.submit(kms.decrypt, CiphertextBlob=sealed["wrapped_key"], EncryptionContext=context)
            e = _open[k] = (f.result(timeout=20)["Plaintext"], now)
        while len(_open) > 1000:
            _open.popitem(last=False)
        return AESOCB3(e[0]).decrypt(sealed["body"][:12], sealed["body"][12:], repr(k[1]).encode())
