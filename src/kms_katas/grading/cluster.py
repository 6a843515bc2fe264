"""A cohort on the workers of a Dask cluster: which addresses and workers are fit for it, and the verdicts as they come.

What crosses are the bytes of answers, ids of katas and digests of their checks, and back JSON: no path of this machine,
no learner's name. What a worker does with it is in cluster_worker.py. Not for keeping verdicts: see cohort_results.py.
"""

import contextlib
import ipaddress
import json
import logging
import os
import re
import stat
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import kms_katas
from kms_katas.grading import cluster_worker
from kms_katas.grading.cells import MAX_NOTEBOOK, notebook_in_place
from kms_katas.grading.cohort import in_place, is_known
from kms_katas.grading.lanes import Job, not_judged, verdict_from
from kms_katas.grading.outcome import Infra
from kms_katas.grading.source import MAX_SOURCE, beginning, display_path
from kms_katas.kit import Kata, Kit, KitError, Verdict

CONNECT_SECONDS = 10.0
NO_WORKER_SECONDS = 60.0
"""How long a cluster that lost its last worker is waited for."""
_ASK_TIMES = 3
"""How often all workers are asked what they have, where one dies over it."""
_AHEAD = 4
"""How many answers are on their way for each that is graded."""
_LEVELS = ("none", "lite", "full")
_ADDRESS = re.compile(r"(?:(?P<scheme>tcp|tls)://)?(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")
_TLS = "distributed.comm.tls"
_SETTINGS = (f"{_TLS}.ca-file", f"{_TLS}.client.cert", f"{_TLS}.client.key")


def cluster_address(given: str) -> str:
    """The address of a scheduler, with its scheme. Raises KitError where it is none, or not to be trusted with answers.

    Looks at nothing but the text: no name is looked up.
    """
    found = _ADDRESS.fullmatch(given.strip())
    if found is None:
        raise KitError(
            f"--cluster {given} is no address of a scheduler. Give it as `dask scheduler` prints it: "
            "tls://HOST:PORT, or tcp://127.0.0.1:PORT on this machine."
        )
    address = f"{found['scheme'] or 'tcp'}://{found['host']}:{found['port']}"
    if not is_closed(address):
        raise KitError(
            f"--cluster {address} leads to another machine, and without TLS: who is between could read the answers and "
            "change the verdicts, and whoever reaches the scheduler could run programs on the workers. Start scheduler "
            "and workers with --protocol tls, --tls-ca-file, --tls-cert and --tls-key, give "
            f"--cluster tls://{found['host']}:{found['port']}, and say in Dask's configuration which certificate this "
            f"side has: {_in_words(_SETTINGS)}."
        )
    return address


def is_closed(address: str) -> bool:
    """Whether what is sent there stays on this machine, or is encrypted."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return False
    with contextlib.suppress(ValueError):
        return found["scheme"] == "tls" or ipaddress.ip_address(found["host"].strip("[]")).is_loopback
    return found["host"].lower() == "localhost"


def need_dask() -> None:
    """Raises KitError where the extra is not installed."""
    if find_spec("distributed") is None:
        raise KitError('--cluster needs Dask, which is not installed here: pip install "kms-katas[cluster]".')


class Cluster:
    """The workers at a scheduler. Used by one thread."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        # What is asked twice is to be done twice: Dask would give the first result again.
        self._executor = client.get_executor(pure=False)

    def close(self) -> None:
        """What is still on its way is given up."""
        if self._is_there():
            with contextlib.suppress(OSError):
                self._executor.shutdown(wait=False)
        self._client.close()

    def _is_there(self) -> bool:
        """Whether the scheduler is: with its connection Dask gives up all that was asked there."""
        return bool(self._client.status == "running")

    def level(self, kit: Kit, katas: Iterable[Kata], isolation: str | None) -> str | None:
        """The level at which every worker can grade answers to these katas; None where all are documents.

        Raises KitError where there is no worker, or one that must not grade.
        """
        katas = tuple(katas)
        with self._need_scheduler():
            addresses = (self._client.scheduler_info()["address"], *self._client.nthreads())
        for one in addresses:
            if not is_closed(one):
                raise KitError(
                    f"The cluster at {self._address} also listens at {one}, off this machine and without TLS: whoever "
                    "reaches that could run programs there. Start scheduler and workers with --host 127.0.0.1, or all "
                    "of them with --protocol tls."
                )
        wanted = None if all(kata.documents_only for kata in katas) else isolation or "best"
        order = _asked(kit, katas, wanted)
        levels = []
        answers = self._answers(order)
        if not answers:
            raise KitError(
                f"The scheduler at {self._address} has no worker, so nobody would grade. Start some, on each machine "
                f"one: dask worker {self._address}"
            )
        for worker, said in answers.items():
            told = {"broken": f"{type(said).__name__}: {said}"} if isinstance(said, Exception) else json.loads(said)
            if why := misfit(order, told):
                raise KitError(f"The worker {worker} cannot grade: {why}")
            levels.append(told.get("isolation", "none"))
        return min(levels, key=_LEVELS.index) if wanted else isolation

    def _answers(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """What each worker says of itself. Where one dies over it, the others are asked again."""
        answers: dict[str, Any] = {}
        for _ in range(_ASK_TIMES):
            with self._need_scheduler():
                answers = self._client.run(cluster_worker.able, _data(order), on_error="return")
            if not any(isinstance(said, OSError) for said in answers.values()):
                break
        return answers

    @contextlib.contextmanager
    def _need_scheduler(self) -> Iterator[None]:
        """Raises Infra where the scheduler is gone before it answers."""
        try:
            yield
        except (OSError, ValueError) as error:
            if isinstance(error, ValueError) and self._is_there():
                raise
            raise self._gone() from error

    def _gone(self) -> Infra:
        return Infra(f"the scheduler at {self._address} is gone")

    def grade(self, kit: Kit, jobs: Iterable[Job], isolation: str | None) -> Iterator[tuple[Job, Verdict]]:
        """Each job with its verdict, in the order in which they are done; `isolation` as level() gave it.

        What could not be judged has the status error and says why. Raises Infra when the cluster is lost, or a worker
        came to it that must not grade.
        """
        jobs = list(jobs)
        order = _asked(kit, {job.kata.id: job.kata for job in jobs}.values(), isolation)
        with self._need_scheduler():
            threads = sum(self._client.nthreads().values())
        doubtful = []
        # A worker that died a moment ago may be the only one, and come again.
        for job, reply in self._replies(kit, jobs, order, _AHEAD * max(1, threads)):
            if reply is None:
                doubtful.append(job)
            else:
                yield job, _verdict(order, job, reply)
        # Dask gives up all that was at a worker that died, again and again. Who did it shows when each is alone.
        for job, reply in self._replies(kit, doubtful, order, 1):
            why = "Each worker that took up this answer died, in the end while it graded nothing else."
            yield job, not_judged(job, why) if reply is None else _verdict(order, job, reply)

    def _replies(
        self, kit: Kit, jobs: Iterable[Job], order: Mapping[str, Any], at_once: int
    ) -> Iterator[tuple[Job, Mapping[str, Any] | None]]:
        """What was said on each job; None where Dask gave it up, since its workers died. Raises Infra."""
        killed: Any = import_module("distributed").KilledWorker
        todo, waiting = deque(jobs), dict[Future[bytes], Job]()
        while todo or waiting:
            while todo and len(waiting) < at_once:
                job = todo.popleft()
                try:
                    files, contents = packed(kit, job)
                except OSError as error:
                    yield job, {"unread": f"{job.kata.id} cannot be read: {error.strerror}."}
                    continue
                this = {**order, "kata": job.kata.id, "seed": job.seed, "files": files}
                waiting[self._executor.submit(cluster_worker.grade, _data(this), *contents)] = job
            for future in self._done(waiting) if waiting else ():
                job = waiting.pop(future)
                try:
                    yield job, json.loads(future.result())
                except killed:
                    yield job, None
                except CancelledError as error:
                    raise self._gone() from error
                except Exception as error:  # such as of a worker that came without KMS Katas
                    raise Infra(f"a worker of the cluster failed: {type(error).__name__}: {error}") from error

    def _done(self, waiting: Iterable[Future[bytes]]) -> set[Future[bytes]]:
        """Those that are done, at least one. Raises Infra when there is nobody any more to do one."""
        without = 0.0
        while True:
            done, _ = wait(waiting, timeout=1.0, return_when=FIRST_COMPLETED)
            if done:
                return done
            if not self._is_there():
                raise self._gone()
            with contextlib.suppress(OSError):  # it is gone since
                without = 0.0 if self._client.nthreads() else without + 1.0
            if without >= NO_WORKER_SECONDS:
                raise Infra(f"the scheduler at {self._address} lost its last worker, and got no other")


@contextlib.contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """The cluster at an address of cluster_address(). Raises KitError where nothing answers there."""
    distributed: Any = import_module("distributed")
    for name in ("distributed", "distributed.client"):
        # What comes of it is said in sentences of ours.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    security = distributed.Security()
    if address.startswith("tls:"):
        _need_certificates(security)
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, security=security, set_as_default=False)
    except (OSError, ValueError) as error:
        tls = " that the certificates are of the same authority," if address.startswith("tls:") else ""
        raise KitError(
            f"No scheduler answers at {address}: {error}. Look that `dask scheduler` runs, that it prints this very "
            f"address,{tls} and that no firewall is between."
        ) from error
    cluster = Cluster(client, address)
    try:
        yield cluster
    finally:
        cluster.close()


def _need_certificates(security: Any) -> None:
    given = (security.tls_ca_file, security.tls_client_cert, security.tls_client_key or security.tls_client_cert)
    for setting, value in zip(_SETTINGS, given, strict=True):
        if not value:
            variable = "DASK_" + setting.upper().replace(".", "__").replace("-", "_")
            raise KitError(
                f"A tls:// address needs certificates, and Dask's configuration has no {setting}. Set "
                f"{_in_words(_SETTINGS)} in ~/.config/dask/, or as environment variables such as {variable}."
            )


def misfit(asked: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Why a worker that said this of itself must not grade what is asked, in sentences; empty: it may.

    `broken` in place of what cluster_worker.able says: that could not be called.
    """
    if broken := said.get("broken"):
        return f"KMS Katas does not start there ({broken}). Install there: {_install(asked['kit_version'])}."
    if said["kit_version"] != asked["kit_version"]:
        return (
            f"it has KMS Katas {said['kit_version']}, and this is {asked['kit_version']}. Install the same there: "
            f"{_install(asked['kit_version'])}; then start it again."
        )
    if failed := said.get("failed"):
        return f"{failed.removesuffix('.')}."
    kits = f"Set {cluster_worker.VARIABLE} there to the folder of the kit that has them, then start it again."
    if absent := said["absent"]:
        return f"it does not have {_some(absent)}. {kits}"
    if other := said["other"]:
        return f"its checks of {_some(other)} are other ones than here. Put the same there, or: {kits}"
    for kata, package in said["lacking"].items():
        return f"{kata} needs the package {package}, which is not installed there."
    if said.get("isolation") == "none" and asked["isolation"] != "none":
        return (
            f"answers cannot be closed off there: {said['lacks']}. They could read and write the files of that machine."
            " Give the cluster machines where that works, or virtual machines and --isolation none."
        )
    return ""


def packed(kit: Kit, job: Job) -> tuple[list[dict[str, Any]], list[bytes]]:
    """The files of an answer as cluster_worker.grade takes them: as much of each as a grader reads. Raises OSError."""
    files: list[dict[str, Any]] = []
    contents = []
    notebook = notebook_in_place(kit, job.kata, job.folder)
    for name, most in [*((name, MAX_SOURCE) for name in job.kata.answer), *_named(notebook)]:
        path = job.folder / name
        try:
            if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(job.within)):
                files.append({"name": name, "is": "link"})
            elif stat.S_ISDIR(path.stat().st_mode):
                files.append({"name": name, "is": "folder"})
            else:
                size, data = beginning(path, most + 1)
                files.append({"name": name, "is": "special"} if data is None else {"name": name, "size": size})
                contents += [] if data is None else [data]
        except (FileNotFoundError, NotADirectoryError):
            continue  # it is not there; who grades says so
    return files, contents


def _named(notebook: Path | None) -> list[tuple[str, int]]:
    return [(notebook.name, MAX_NOTEBOOK)] if notebook else []


def _verdict(asked: Mapping[str, Any], job: Job, reply: Mapping[str, Any]) -> Verdict:
    """Raises Infra where there is none, and where it is one on something else."""
    if "unread" in reply:
        return not_judged(job, reply["unread"])
    worker = reply["worker"]
    if "unfit" in reply:
        raise Infra(f"the worker {worker} cannot grade: {misfit(asked, reply['unfit']).removesuffix('.')}")
    if "failed" in reply:
        raise Infra(f"on the worker {worker}, {reply['failed'].removesuffix('.')}")
    told = verdict_from(reply["verdict"])
    checks = asked["checks"][job.kata.id]
    level = "none" if job.kata.documents_only else asked["isolation"]
    about = (told.kata, told.seed, told.kit_version, told.checks_digest, told.isolation)
    if is_known(told) and about != (job.kata.id, job.seed, asked["kit_version"], checks, level):
        raise Infra(f"the worker {worker} gave a verdict on something else than it was asked")
    here = f"{display_path(job.folder)}{os.sep}"

    def shown(text: str) -> str:
        for place in reply["places"]:
            text = text.replace(place, here)
        return text

    return in_place(told, shown)


def _asked(kit: Kit, katas: Iterable[Kata], isolation: str | None) -> dict[str, Any]:
    checks = {kata.id: kit.checks_digest(kata) for kata in katas}
    return {"kit_version": kms_katas.__version__, "isolation": isolation, "checks": checks}


def _data(order: Mapping[str, Any]) -> bytes:
    return json.dumps(order).encode()


def _install(version: str) -> str:
    return f'pip install "kms-katas[cluster]=={version}"'


def _some(katas: Sequence[str]) -> str:
    return katas[0] if len(katas) == 1 else f"{katas[0]} and {len(katas) - 1} more"


def _in_words(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
