"""A cohort graded by `kata grade`: `python benchmarks/cohort.py [ANSWERS [SAMPLE [KILLED]]]`.

Four figures on the benchmark kata. How many answers a second `kata grade` judges at lite in two lanes, its start and
its results file included, of ANSWERS (1,000) of which 3 in 100 are hostile, each kind as often (bound: 25), and how
many verdicts are wrong (bound: 0). In the same run, how many times as long two cold `pytest`, side by side, take for
each answer of SAMPLE (20), and two `nbgrader autograde` likewise, on the same code and asserts in a notebook (bound: 20
times both). How many verdicts are lost or doubled when the main process is killed 8 times at random in a run of KILLED
(200) answers (bound: 0).

nbgrader has an environment of its own: in the folder that KATA_NBGRADER names, else in one that is made and removed.
"""

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from kms_katas.kit import find_kit

KIT = find_kit(Path(__file__).with_name("kit"))
KATA = KIT.katas[0]
BOUND_RATE, BOUND_TIMES = 25.0, 20.0
LANES, KILLS = 2, 8
RIGHT = (KIT.solutions / KATA.folder / "answer.py").read_text("utf-8")
BODY = "    data_key = kms.generate_data_key"
WRONG = {
    "the starter": (KIT.starter(KATA) / "answer.py").read_text("utf-8"),
    "does not parse": RIGHT + "x = (\n",
    "keeps the data key": RIGHT.replace('"body": body}', '"body": body, "key": data_key["Plaintext"]}'),
    "seals nothing": RIGHT.replace(".encrypt(nonce, payload, None)", "and payload"),
    "asks no KMS to open": RIGHT.replace(
        'kms.decrypt(CiphertextBlob=sealed["wrapped_key"])', '{"Plaintext": bytes(32)}'
    ),
}


def hostile(line: str) -> str:
    """The right answer with a line before what it does."""
    return RIGHT.replace(BODY, f"    {line}\n{BODY}")


HOSTILE = {
    "loops": hostile("while True: pass"),
    "ends its process": hostile("os._exit(0)"),
    "kills its parent": hostile("os.kill(os.getppid(), 9)"),
    "recurses": hostile("seal(kms, key_id, payload)"),
    "fills the memory": hostile("kept = [bytes(10**8) + os.urandom(1) for _ in range(50)]"),
    "prints without end": hostile("for _ in range(10**6): print('passed ' * 100)"),
    "reads the solution": hostile(f"open({str(KIT.solutions / KATA.folder / 'answer.py')!r}).read()"),
    "opens a socket": hostile("__import__('socket').create_connection(('127.0.0.1', 80))"),
    "starts a process": hostile("__import__('subprocess').run(['/bin/true'], check=True)"),
    "returns what is no data": RIGHT.replace(
        'return {"wrapped_key"', 'return type("Equal", (), {"__eq__": 1})() or {"w"'
    ),
}


def main(answers: int, sample: int, killed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = rate(folder, answers)
        against_pytest(folder, sample, ours)
        against_nbgrader(folder, sample, ours)
        kills(folder, killed)


def hand_in(folder: Path, count: int) -> dict[str, str]:
    """Learner to kind: 3 in 100 hostile, 27 wrong, 70 right, each kind as often as the others."""
    kinds = Counter[str]()
    found = {}
    for number in range(count):
        place = number * 37 % 100
        group = HOSTILE if place < 3 else WRONG if place < 30 else {"right": RIGHT}
        kind = list(group)[kinds[str(len(group))] % len(group)]
        kinds[str(len(group))] += 1
        answer = folder / f"learner-{number:04}" / KATA.id / "answer.py"
        answer.parent.mkdir(parents=True)
        answer.write_text(group[kind], "utf-8")
        found[f"learner-{number:04}"] = kind
    return found


def command(submissions: Path, *words: str) -> list[str]:
    kata = [sys.executable, "-c", "from kms_katas import cli; cli.main()", "--kit", str(KIT.root)]
    return [*kata, "grade", str(submissions), "--jobs", str(LANES), "--isolation", "lite", "--seed", "7", *words]


def rate(folder: Path, count: int) -> float:
    """Seconds for each answer."""
    kinds = hand_in(folder / "cohort", count)
    began = time.perf_counter()
    ran = subprocess.run(command(folder / "cohort", "--format", "json"), capture_output=True, text=True)
    took = time.perf_counter() - began
    assert ran.returncode == 1, ran.stderr
    said = {entry["name"]: entry["verdict"]["status"] for entry in json.loads(ran.stdout)["submissions"]}
    assert said.keys() == kinds.keys()
    wrong = {name: status for name, status in said.items() if (status == "pass") != (kinds[name] == "right")}
    for name, status in wrong.items():
        print(f"  wrong: {kinds[name]} has {status}")
    amount = sum(kind in HOSTILE for kind in kinds.values())
    print(
        f"{count} answers, {amount} of them hostile, in two lanes at lite: {took:.1f} s, {count / took:.1f} a second "
        f"(bound {BOUND_RATE:g}), {len(wrong)} wrong verdicts (bound 0)"
    )
    return took / count


def against_pytest(folder: Path, sample: int, ours: float) -> None:
    answers = folder / "pytest" / KATA.folder
    answers.mkdir(parents=True)
    (answers / "answer.py").write_text(RIGHT, "utf-8")
    checks = str(KIT.grader(KATA))
    words = [sys.executable, "-m", "pytest", "-q", "-p", "kms_katas.grading.plugin", checks, "--answers"]

    def one(_: int) -> None:
        subprocess.run([*words, str(folder / "pytest")], cwd=KIT.root, stdout=subprocess.DEVNULL, check=True)

    began = time.perf_counter()
    with ThreadPoolExecutor(LANES) as lanes:
        list(lanes.map(one, range(sample)))
    _compare("cold pytest", (time.perf_counter() - began) / sample, sample, ours)


def _compare(name: str, each: float, sample: int, ours: float) -> None:
    print(
        f"{name}, two at a time, {sample} answers: {each:.2f} s for each, {each / ours:.0f} times as long "
        f"(bound {BOUND_TIMES:g})"
    )


def against_nbgrader(folder: Path, sample: int, ours: float) -> None:
    python = nbgrader_python(folder)
    if python is None:
        print("nbgrader cannot be installed here: not compared")
        return
    courses = [folder / f"course-{number}" for number in range(LANES)]
    for course in courses:
        make_course(course, python, sample // LANES)
    began = time.perf_counter()
    with ThreadPoolExecutor(LANES) as lanes:
        list(lanes.map(lambda course: nbgrader(python, course, "autograde", "sealing"), courses))
    took = time.perf_counter() - began
    graded = [path for course in courses for path in (course / "autograded").glob("*/sealing/answer.ipynb")]
    assert len(graded) == sample // LANES * LANES
    # Each was run, and each assert held.
    assert not any('"output_type": "error"' in path.read_text("utf-8") for path in graded)
    assert all('"execution_count": 8' in path.read_text("utf-8") for path in graded)
    _compare("nbgrader autograde", took / len(graded), len(graded), ours)


def nbgrader_python(folder: Path) -> Path | None:
    if given := os.environ.get("KATA_NBGRADER"):
        return Path(given) / "bin" / "python"
    python = folder / "nbgrader" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder / "nbgrader")], check=True)
    packages = ["nbgrader", "moto", "boto3", "cryptography"]
    ran = subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], capture_output=True)
    return python if ran.returncode == 0 else None


SETUP = """import os, boto3, moto
os.environ |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
moto.mock_aws().start()
kms = boto3.client("kms")
key_id = kms.create_key()["KeyMetadata"]["KeyId"]
payload = os.urandom(1024)"""
ASSERTS = (
    "box = seal(kms, key_id, payload)\nassert open_sealed(kms, box) == payload",
    'assert seal(kms, key_id, payload)["wrapped_key"] != box["wrapped_key"]',
    'changed = bytes([box["body"][0] ^ 1]) + box["body"][1:]\ntry:\n    open_sealed(kms, box | {"body": changed})\n'
    "except Exception:\n    pass\nelse:\n    assert False",
    'key = kms.decrypt(CiphertextBlob=box["wrapped_key"])["Plaintext"]\nassert all(key not in p for p in box.values())',
    "assert all(payload not in part for part in box.values())",
    "assert open_sealed(kms, seal(kms, key_id, payload)) == payload",
)
"""The checks of the benchmark kata, as far as a notebook can have them: nothing runs in another process there."""


def make_course(course: Path, python: Path, learners: int) -> None:
    course.mkdir()
    (course / "source" / "sealing").mkdir(parents=True)
    stubs = "### BEGIN SOLUTION\n" + RIGHT + "### END SOLUTION"
    write_notebook(course / "source" / "sealing" / "answer.ipynb", stubs)
    nbgrader(python, course, "generate_assignment", "sealing")
    released = json.loads((course / "release" / "sealing" / "answer.ipynb").read_text("utf-8"))
    (cell,) = (cell for cell in released["cells"] if cell["metadata"]["nbgrader"]["solution"])
    cell["source"] = RIGHT
    for number in range(learners):
        submitted = course / "submitted" / f"learner-{number}" / "sealing" / "answer.ipynb"
        submitted.parent.mkdir(parents=True)
        submitted.write_text(json.dumps(released), "utf-8")
        nbgrader(python, course, "db", "student", "add", f"learner-{number}")


def write_notebook(path: Path, answer: str) -> None:
    sources = [("setup", SETUP), ("answer", answer), *((f"check{n}", text) for n, text in enumerate(ASSERTS))]
    cells = []
    for name, source in sources:
        about = {"grade": name.startswith("check"), "grade_id": name, "locked": name != "answer", "schema_version": 3}
        about |= {"solution": name == "answer", "task": False} | ({"points": 1} if about["grade"] else {})
        cells.append(
            {"cell_type": "code", "execution_count": None, "id": name, "metadata": {"nbgrader": about}, "outputs": []}
            | {"source": source}
        )
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}), "utf-8")


def nbgrader(python: Path, course: Path, *words: str) -> None:
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"  # it starts alembic by name
    ran = subprocess.run(
        [str(python), "-m", "nbgrader", *words],
        cwd=course,
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": path},
    )
    assert ran.returncode == 0, ran.stderr


def kills(folder: Path, count: int) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    choice = random.Random(seed)
    kinds = hand_in(folder / "killed", count)
    results = folder / "killed.kata-results.sqlite"
    before: dict[str, str] = {}
    lost = 0
    for kill in range(KILLS):
        with subprocess.Popen(command(folder / "killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as main:
            # Between no verdict more and twice an eighth part of what is left, so that something is left for the last.
            until = choice.uniform(0, 2 * (count - len(before)) / (KILLS - kill + 1) * 0.9)
            while main.poll() is None and in_log(results) < until:
                time.sleep(choice.uniform(0, 0.02))
            main.send_signal(signal.SIGKILL)
        now = dict(kept(results))
        lost += sum(now.get(name) != verdict for name, verdict in before.items())
        before = now
    done = len(before)
    ran = subprocess.run(command(folder / "killed", "--format", "json"), capture_output=True, text=True)
    taken = int((re.search(r"(\d+) verdicts? taken over", ran.stderr) or ["", "0"])[1])
    rows = kept(results)
    lost += sum(dict(rows).get(name) != verdict for name, verdict in before.items()) + (done - taken)
    said = [entry["name"] for entry in json.loads(ran.stdout)["submissions"]]
    doubled = len(rows) - len(dict(rows)) + len(said) - len(set(said))
    wrong = sum(
        (json.loads(verdict)["status"] == "pass") != (kinds[name] == "right") for name, verdict in dict(rows).items()
    )
    missing = len(kinds.keys() - dict(rows).keys()) + len(kinds.keys() - set(said))
    print(
        f"{KILLS} kills of the main process, {count} answers, {done} done before the last run (seed {seed}): "
        f"{lost + missing} lost, {doubled} doubled, {wrong} wrong (bound 0)"
    )


def kept(results: Path) -> list[tuple[str, str]]:
    """From a copy: reading the file itself would tidy up what the kill left."""
    if not results.exists():
        return []
    with tempfile.TemporaryDirectory() as copy:
        for path in results.parent.glob(f"{results.name}*"):
            shutil.copy(path, copy)
        with closing(sqlite3.connect(Path(copy) / results.name)) as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'result'").fetchone():
                return []
            return database.execute("SELECT learner, verdict FROM result").fetchall()


def in_log(results: Path) -> int:
    log = results.with_name(f"{results.name}-wal")
    return log.read_bytes().count(b'{"schema": "urn:kms-katas:verdict:1"') if log.exists() else 0


if __name__ == "__main__":
    os.environ.pop("KATA_DEBUG", None)
    numbers = [int(word) for word in sys.argv[1:]]
    main(*(numbers + [1000, 20, 200][len(numbers) :]))
