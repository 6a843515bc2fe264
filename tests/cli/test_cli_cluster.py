"""`kata grade --cluster` with a real Dask scheduler and real workers: the verdicts, what is refused, what is killed."""

import contextlib
import json
import os
import random
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import Future

import pytest

pytest.importorskip("distributed")

from kms_katas.grading import cluster as cluster_module
from kms_katas.grading import cluster_worker
from kms_katas.grading.cluster import Cluster, cluster_address, is_closed, misfit
from kms_katas.grading.lanes import Job
from kms_katas.grading.outcome import Infra
from kms_katas.kit import KitError

from .a_cluster import DaskCluster, certificates
from .conftest import RIGHT, WRONG

STATUS = {RIGHT: "pass", WRONG: "fail"}
KILLER = (
    "import os\n\n\ndef open_it(kms, blob):\n    pid = os.getpid()\n    for _ in range(3):\n"
    "        pid = int(open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[1])\n"
    "    os.kill(pid, 9)\n    return blob\n"
)
"""At `none` the third above an answer is who started the warm process: on a cluster, the worker."""
ASKED = "import os, signal\nfrom kms_katas.grading import cluster_worker\ncluster_worker.able = lambda *_: {does}"


def new_cluster(folder, kit, *tls, **settings):
    """One whose workers have a copy of `kit`, as on a machine of their own."""
    shutil.copytree(kit, folder / "kit")
    return DaskCluster(folder, folder / "kit", *tls, **settings)


@pytest.fixture
def started(tmp_path_factory):
    """Starts clusters, which are ended after the test."""
    with contextlib.ExitStack() as stack:

        def start(kit, *tls, **settings):
            found = new_cluster(tmp_path_factory.mktemp("cluster"), kit, *tls, **settings)
            stack.callback(found.end)
            return found

        yield start


@pytest.fixture(scope="module")
def shared():
    found = []
    yield found
    for cluster in found:
        cluster.end()


@pytest.fixture
def two(shared, mini_root, tmp_path_factory):
    """A cluster of two workers, the same for all tests, which do it no harm."""
    if not shared:
        shared.append(new_cluster(tmp_path_factory.mktemp("cluster"), mini_root))
        shared[0].add(2, "--no-nanny")
    return shared[0]


@pytest.fixture
def hand_in(here):
    """`hand_in(source, ...)`: a cohort of so many; gives what each name is to get."""

    def write(*sources):
        names = {f"learner-{secrets.token_hex(4)}": source for source in sources}
        for name, source in names.items():
            (here / "course" / name / "keys" / "mini").mkdir(parents=True)
            (here / "course" / name / "keys" / "mini" / "answer.py").write_text(source, "utf-8")
        return {name: STATUS.get(source, "error") for name, source in names.items()}

    return write


def verdicts(text):
    return {entry["name"]: entry["verdict"] for entry in json.loads(text)["submissions"]}


def statuses(text):
    return {name: verdict["status"] for name, verdict in verdicts(text).items()}


def timeless(verdict):
    checks = [{name: value for name, value in check.items() if name != "seconds"} for check in verdict["checks"]]
    return {name: value for name, value in verdict.items() if name != "seconds"} | {"checks": checks}


def rows(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        return sorted(name for (name,) in database.execute("SELECT learner FROM result"))


# What is graded


def test_verdicts_are_those_of_this_machine_whatever_was_handed_in(kata, here, hand_in, two):
    names = list(hand_in(RIGHT, WRONG, "x = (\n", "# " + "long" * 80_000, "print(1 / 0)\n", *[RIGHT] * 5))
    folder, link, special, gone, notebook = (here / "course" / name / "keys" / "mini" for name in names[5:])
    for one in (folder, link, special, gone, notebook):
        (one / "answer.py").unlink()
    (folder / "answer.py").mkdir()
    (here / "elsewhere.py").write_text(RIGHT)
    (link / "answer.py").symlink_to(here / "elsewhere.py")
    os.mkfifo(special / "answer.py")
    cell = {"cell_type": "code", "source": f"# kata: keys/mini, cell 1 of 1\n{RIGHT}"}
    (notebook / "answer.ipynb").write_text(json.dumps({"cells": [cell]}))
    seed = secrets.randbelow(1000)
    words = ("grade", "course", "--seed", seed, "--format", "json")
    local, remote = (verdicts(kata(*words, *more).out) for more in ((), ("--cluster", two.address)))
    assert list(local) == list(remote) == sorted(names)
    for name in names:
        assert timeless(remote[name]) == timeless(local[name])
    assert local[names[-1]]["status"] == "pass" and "leads out" in json.dumps(local[names[6]])


def test_no_name_and_no_path_crosses(kata, here, hand_in, two, monkeypatch):
    from distributed.cfexecutor import ClientExecutor

    sent, submit = [], ClientExecutor.submit

    def noted(self, function, *contents):
        sent.append(contents)
        return submit(self, function, *contents)

    monkeypatch.setattr(ClientExecutor, "submit", noted)
    names = hand_in(RIGHT, WRONG)
    assert statuses(kata("grade", "course", "--cluster", two.address, "--format", "json").out) == names
    assert sorted(contents[1].decode() for contents in sent) == sorted([RIGHT, WRONG])
    for order, *_ in sent:
        assert not any(word.encode() in order for word in (*names, str(here), here.name, "learner", os.sep * 2))


def test_a_killed_worker_loses_nothing_and_doubles_nothing(kata, here, hand_in, started, mini_root, monkeypatch):
    cluster = started(mini_root)
    victim, _ = cluster.add(2, "--no-nanny")
    names = hand_in(*random.sample([RIGHT, WRONG] * 10, 20))
    grade = Cluster.grade

    def killing(self, *given):
        for number, found in enumerate(grade(self, *given)):
            if number == 6:
                victim.kill()
            yield found

    monkeypatch.setattr(Cluster, "grade", killing)
    ran = kata("grade", "course", "--cluster", cluster.address, "--format", "json")
    assert victim.wait() == -signal.SIGKILL
    assert statuses(ran.out) == names
    assert rows(here / "course.kata-results.sqlite") == sorted(names)


@pytest.mark.system
def test_an_answer_that_kills_its_worker_fails_alone(kata, here, hand_in, started, mini_root):
    # So few that Dask gives up the others' too, which were at the same worker.
    cluster = started(mini_root, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    cluster.add(2, "--nanny")
    names = hand_in(*[RIGHT] * 6, KILLER, *[WRONG] * 6)
    ran = kata("grade", "course", "--cluster", cluster.address, "--isolation", "none", "--format", "json")
    assert statuses(ran.out) == names and list(names.values()).count("error") == 1
    (check,) = next(verdict["checks"] for verdict in verdicts(ran.out).values() if verdict["status"] == "error")
    assert "worker" in check["message"] and "died" in check["message"] and "nothing is known" in check["message"]
    assert len(rows(here / "course.kata-results.sqlite")) == len(names) - 1


def test_without_its_scheduler_a_grading_ends_in_a_sentence_and_the_next_one_goes_on(
    kata, here, hand_in, started, mini_root, two, monkeypatch
):
    cluster = started(mini_root)
    cluster.add(1, "--no-nanny")
    names = hand_in(*[RIGHT, WRONG] * 6)
    grade = Cluster.grade

    def killing(self, *given):
        for number, found in enumerate(grade(self, *given)):
            if number == 2:
                cluster.scheduler.kill()
            yield found

    with monkeypatch.context() as patch:
        patch.setattr(Cluster, "grade", killing)
        ran = kata("grade", "course", "--cluster", cluster.address)
    assert ran.status == 3 and "scheduler" in ran.said and "is gone" in ran.said and "Traceback" not in ran.said
    done = rows(here / "course.kata-results.sqlite")
    assert 2 <= len(done) < len(names)
    again = kata("grade", "course", "--cluster", two.address, "--format", "json")
    assert f"{len(done)} verdicts taken over" in again.err and statuses(again.out) == names


def test_a_worker_that_dies_while_it_is_asked_is_not_waited_for(kata, hand_in, started, mini_root):
    cluster = started(mini_root)
    cluster.add(1, "--no-nanny")
    (victim,) = cluster.add(1, "--no-nanny", before=ASKED.format(does="os._exit(9)"))
    names = hand_in(RIGHT, WRONG)
    ran = kata("grade", "course", "--cluster", cluster.address, "--format", "json")
    assert victim.wait() == 9 and statuses(ran.out) == names


def test_without_its_scheduler_a_grading_that_only_asks_yet_ends_in_a_sentence(kata, hand_in, started, mini_root):
    cluster = started(mini_root)
    cluster.add(1, "--no-nanny", before=ASKED.format(does=f"os.kill({cluster.scheduler.pid}, signal.SIGKILL)"))
    hand_in(RIGHT)
    ran = kata("grade", "course", "--cluster", cluster.address)
    assert ran.status == 3 and "scheduler" in ran.said and "is gone" in ran.said and "CommClosed" not in ran.said


# What is refused


@pytest.mark.parametrize("given", ["tcp://10.1.2.3:8786", "grader.example:8786", "[2001:db8::1]:8786", "0.0.0.0:1"])
def test_off_this_machine_it_needs_tls(kata, hand_in, given):
    hand_in(RIGHT)
    ran = kata("grade", "course", "--cluster", given)
    assert ran.status == 2 and "TLS" in ran.said and "tls://" in ran.said and "distributed.comm.tls.ca-file" in ran.said


@pytest.mark.parametrize("given", ["", "8786", "here", "http://127.0.0.1:8786", "ws://127.0.0.1:1", "tcp://a:b@c:1"])
def test_what_is_no_address_is_told_what_one_is(kata, hand_in, given):
    hand_in(RIGHT)
    ran = kata("grade", "course", "--cluster", given)
    assert ran.status == 2 and "no address of a scheduler" in ran.said


@pytest.mark.parametrize(
    "given", ["127.0.0.1:1", "localhost:8786", "tcp://[::1]:9", "tcp://127.8.9.1:2", "tls://a.b:3"]
)
def test_this_machine_and_tls_are_closed(given):
    assert is_closed(cluster_address(given))


def test_without_dask_it_says_what_to_install(kata, hand_in, monkeypatch):
    hand_in(RIGHT)
    monkeypatch.setitem(sys.modules, "distributed", None)
    ran = kata("grade", "course", "--cluster", "127.0.0.1:8786")
    assert ran.status == 2 and 'pip install "kms-katas[cluster]"' in ran.said


def test_lanes_of_this_machine_are_no_matter_of_a_cluster(kata, hand_in):
    hand_in(RIGHT)
    ran = kata("grade", "course", "--cluster", "127.0.0.1:8786", "--jobs", "2")
    assert ran.status == 2 and "--nthreads" in ran.said


def test_a_scheduler_that_does_not_answer_is_named(kata, hand_in, monkeypatch):
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 0.5)
    hand_in(RIGHT)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ran = kata("grade", "course", "--cluster", f"127.0.0.1:{port}")
    assert ran.status == 2 and f"No scheduler answers at tcp://127.0.0.1:{port}" in ran.said


class Told:
    """What a client knows of a cluster whose scheduler and workers have these addresses, and that does nothing."""

    status = "running"

    def __init__(self, scheduler, *workers):
        self._scheduler, self._workers = scheduler, workers

    def nthreads(self):
        return dict.fromkeys(self._workers, 1)

    def scheduler_info(self):
        return {"address": self._scheduler}

    def run(self, *_, **__):
        return {}

    def get_executor(self, **_):
        return self

    def submit(self, *_):
        return Future()


@pytest.mark.parametrize(
    ("addresses", "named"),
    [
        (["tcp://10.0.0.1:8786", "tcp://127.0.0.1:1"], "tcp://10.0.0.1:8786"),
        (["tcp://127.0.0.1:8786", "tcp://127.0.0.1:1", "tcp://10.0.0.2:1"], "tcp://10.0.0.2:1"),
        (["tls://10.0.0.1:8786", "tls://10.0.0.2:1", "tcp://10.0.0.3:1"], "tcp://10.0.0.3:1"),
        (["tcp://127.0.0.1:8786"], "no worker"),
    ],
)
def test_a_cluster_that_is_open_or_empty_grades_nothing(mini_kit, addresses, named):
    with pytest.raises(KitError, match=named):
        Cluster(Told(*addresses), "tcp://127.0.0.1:8786").level(mini_kit, mini_kit.katas, "lite")


def test_a_cluster_that_lost_all_workers_is_not_waited_for_without_end(mini_kit, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_module, "NO_WORKER_SECONDS", 1.0)
    job = Job("ann", mini_kit.katas[0], tmp_path, tmp_path, 0)
    with pytest.raises(Infra, match="lost its last worker"):
        list(Cluster(Told("tcp://127.0.0.1:8786"), "tcp://127.0.0.1:8786").grade(mini_kit, [job], "lite"))


FIT = {"kit_version": "1.0", "absent": [], "other": [], "lacking": {}, "isolation": "lite", "lacks": "it"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"kit_version": "0.9"}, "kms-katas[cluster]==1.0"),
        ({"absent": ["keys/a"]}, "keys/a"),
        ({"other": ["keys/a", "keys/b", "keys/c"]}, "keys/a and 2 more"),
        ({"lacking": {"keys/a": "a_package"}}, "a_package"),
        ({"isolation": "none"}, "cannot be closed off"),
        ({"failed": "no process could be started"}, "no process could be started."),
        ({"broken": "ModuleNotFoundError: no kms_katas"}, "pip install"),
    ],
)
def test_a_worker_that_is_not_the_same_must_not_grade(change, named):
    asked = {"kit_version": "1.0", "isolation": "lite"}
    assert misfit(asked, FIT) == ""
    assert named in misfit(asked, FIT | change)


def test_a_worker_with_another_kit_or_other_checks_is_named_and_grades_nothing(kata, here, hand_in, started, mini_root):
    hand_in(RIGHT)
    cluster = started(mini_root)
    (worker,) = cluster.add(1, "--no-nanny", before="import kms_katas\nkms_katas.__version__ = '99.1'")
    ran = kata("grade", "course", "--cluster", cluster.address)
    assert ran.status == 2 and "KMS Katas 99.1" in ran.said and not (here / "course.kata-results.sqlite").exists()
    worker.terminate()
    worker.wait()
    cluster.add(1, "--no-nanny")
    checks = mini_root / "tests" / "graders" / "01_keys" / "test_mini.py"
    checks.write_text(checks.read_text() + "\n")
    ran = kata("grade", "course", "--cluster", cluster.address)
    assert ran.status == 2 and "its checks of keys/mini are other ones" in ran.said and "KATA_KITS" in ran.said


def test_a_worker_grades_nothing_with_other_checks_though_nobody_asked_before(two, mini_kit):
    from distributed import Client

    checks = {"keys/mini": secrets.token_hex(32)}
    order = {"kit_version": cluster_module.kms_katas.__version__, "isolation": "lite", "checks": checks}
    order |= {"kata": "keys/mini", "seed": 1, "files": [{"name": "answer.py", "size": len(RIGHT)}]}
    with Client(two.address, set_as_default=False) as client:
        said = json.loads(client.submit(cluster_worker.grade, json.dumps(order).encode(), RIGHT.encode()).result())
    assert "verdict" not in said and said["unfit"]["other"] == ["keys/mini"]


def test_without_the_option_nothing_of_dask_is_loaded():
    words = "import sys\nfrom kms_katas.cli import app, grade\nprint({*sys.modules} & {'distributed', 'dask'})"
    assert subprocess.check_output([sys.executable, "-c", words], text=True).strip() == "set()"


# TLS


@pytest.fixture
def has(monkeypatch):
    """`has(paths)`: from now on Dask's configuration on this side names these, or none."""
    import dask

    with contextlib.ExitStack() as stack:

        def configure(paths):
            for name, path in zip(("ca-file", "client.cert", "client.key"), paths, strict=True):
                stack.enter_context(dask.config.set({f"distributed.comm.tls.{name}": path and str(path)}))

        yield configure


def test_with_tls_only_who_has_a_certificate_of_the_same_authority_grades(
    kata, hand_in, started, mini_root, tmp_path_factory, has, monkeypatch
):
    ours, others = (certificates(tmp_path_factory.mktemp("certificates")) for _ in range(2))
    options = [word for pair in zip(("--tls-ca-file", "--tls-cert", "--tls-key"), ours, strict=True) for word in pair]
    cluster = started(mini_root, "--protocol", "tls", *options)
    cluster.add(1, "--no-nanny")
    assert cluster.address.startswith("tls://")
    names = hand_in(RIGHT, WRONG)
    words = ("grade", "course", "--cluster", cluster.address, "--format", "json")
    has([None] * 3)
    ran = kata(*words)
    assert ran.status == 2 and "distributed.comm.tls.ca-file" in ran.said and "DASK_DISTRIBUTED__COMM__TLS" in ran.said
    has(ours)
    assert statuses(kata(*words).out) == names
    has(others)
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 1.0)
    ran = kata(*words)
    assert ran.status == 2 and "No scheduler answers" in ran.said and "same authority" in ran.said
