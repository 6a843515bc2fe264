"""Real Dask clusters for tests: scheduler and workers, each a process here; certificates. Not for what they grade."""

import datetime
import ipaddress
import json
import os
import secrets
import subprocess
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class DaskCluster:
    """A scheduler, and workers of one thread each, which have the kit in `kit` and nothing else of the test."""

    def __init__(self, folder, kit, *tls, **settings):
        """`tls`: options of scheduler and workers alike; `settings`: environment variables of all."""
        self._folder, self._tls = folder, [*map(str, tls)]
        self._environment = {**os.environ, "KATA_KITS": str(kit), "DASK_TEMPORARY_DIRECTORY": str(folder), **settings}
        self._processes = []
        told = folder / "scheduler.json"
        self.scheduler = self._started("scheduler", folder / "log", "--port", "0", "--scheduler-file", told)
        while not (told.exists() and told.read_text().endswith("}")):
            assert self.scheduler.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
        self.address = json.loads(told.read_text())["address"]

    def add(self, count, *options, before="", **settings):
        """So many more workers, once they are there. `before`: Python that their processes run before."""
        logs = [self._folder / f"log of {len(self._processes) + number}" for number in range(count)]
        words = ["worker", *options, self.address, "--nthreads", "1"]
        added = [self._started(words[0], log, *words[1:], before=before, **settings) for log in logs]
        for worker, log in zip(added, logs, strict=True):
            while "Registered to" not in log.read_text():
                assert worker.poll() is None, log.read_text()
                time.sleep(0.02)
        return added

    def end(self):
        for process in self._processes:
            process.kill()  # a worker ends with its nanny
            process.wait()

    def _started(self, role, log, *words, before="", **settings):
        words = ["--host", "127.0.0.1", "--no-dashboard", *self._tls, *map(str, words)]
        code = f"{before}\nimport sys\nfrom distributed.cli.dask_{role} import main\nmain()"
        with open(log, "w") as said:
            process = subprocess.Popen(
                [sys.executable, "-c", code, *words],
                env=self._environment | settings,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        self._processes.append(process)
        return process


def certificates(folder):
    """A new authority, and a certificate of it for all: the paths of authority, certificate and key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, secrets.token_hex(4))])
    now = datetime.datetime.now(datetime.UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    made = []
    for key, is_authority in zip(keys, (True, False), strict=True):
        own = name if is_authority else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        builder = x509.CertificateBuilder().subject_name(own).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made.append(builder.add_extension(here, critical=False).sign(keys[0], hashes.SHA256()))
    pem = serialization.Encoding.PEM
    key = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths = [folder / name for name in ("authority.pem", "own.pem", "key.pem")]
    for path, data in zip(paths, (made[0].public_bytes(pem), made[1].public_bytes(pem), key), strict=True):
        path.write_bytes(data)
    return paths
