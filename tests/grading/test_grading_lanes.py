"""Lanes beside one another: every answer gets its verdict, whatever is killed; what cannot be judged says so."""

import contextlib
import dataclasses
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kms_katas.grading import lane_source
from kms_katas.grading import lanes as lanes_module
from kms_katas.grading.lanes import Job, grade_in_lanes, not_judged, verdict_data, verdict_from
from kms_katas.grading.outcome import Infra
from kms_katas.grading.runner import TRIES
from kms_katas.kit import CheckResult, Kit, KmsCall, Verdict, find_kit

from .test_grading_limits import descendants

RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'
WRONG = "def open_it(kms, blob):\n    return blob\n"


@pytest.fixture
def jobs(mini_kit: Kit, tmp_path: Path) -> Callable[..., list[Job]]:
    """`jobs(source, ...)`: one job for each, named by its place."""

    def made(*sources: str) -> list[Job]:
        found = []
        for number, source in enumerate(sources):
            folder = tmp_path / "handed in" / str(number)
            folder.mkdir(parents=True)
            (folder / "answer.py").write_text(source, "utf-8")
            found.append(Job(str(number), mini_kit.katas[0], folder, folder, number))
        return found

    return made


def by_name(graded: Any) -> dict[str, str]:
    return {job.name: verdict.status for job, verdict in graded}


def test_every_answer_gets_its_own_verdict_and_no_process_is_left(
    mini_kit: Kit, jobs: Callable[..., list[Job]]
) -> None:
    before = descendants(os.getpid())
    graded = list(grade_in_lanes(mini_kit, jobs(RIGHT, WRONG, RIGHT, "x = (\n"), 2))
    assert by_name(graded) == {"0": "pass", "1": "fail", "2": "pass", "3": "error"}
    assert [verdict.seed for job, verdict in sorted(graded, key=lambda pair: pair[0].name)] == [0, 1, 2, 3]
    assert not descendants(os.getpid(), before)


@pytest.mark.parametrize("role", ["lane", "warm process", "answer's process"])
def test_a_killed_process_of_any_role_changes_no_verdict(
    mini_kit: Kit, jobs: Callable[..., list[Job]], role: str
) -> None:
    """Killed between any two verdicts; and once more, when the next is under way."""
    depth = {"lane": 0, "warm process": 1, "answer's process": 2}[role]
    others = descendants(os.getpid())
    graded = {}
    for job, verdict in grade_in_lanes(mini_kit, jobs(*(RIGHT, WRONG) * 4), 1):
        graded[job.name] = verdict.status
        for pid in levels(os.getpid(), others)[depth : depth + 1]:
            for number in pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
    assert graded == {str(number): ("pass", "fail")[number % 2] for number in range(8)}


def test_random_kills_of_every_process_give_no_wrong_verdict(mini_kit: Kit, jobs: Callable[..., list[Job]]) -> None:
    """The short form of benchmarks/isolation.py."""
    others, over, choose = descendants(os.getpid()), threading.Event(), secrets.SystemRandom()
    todo = jobs(*(RIGHT, WRONG) * 6)
    began = time.monotonic()
    list(grade_in_lanes(mini_kit, todo[:1], 1))
    start = time.monotonic() - began

    def kill() -> None:
        # Killed again and again before they can start, lanes would never come to a verdict.
        while not over.wait(start * choose.uniform(0.1, 1.2)):
            found = [pids for pids in levels(os.getpid(), others) if pids]
            if found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(choose.choice(choose.choice(found)), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        found = by_name(grade_in_lanes(mini_kit, todo, 2))
    finally:
        over.set()
        killer.join()
    for number in range(12):
        # An error says that nothing is known of the answer: no verdict on it.
        assert found[str(number)] in ("error", ("pass", "fail")[number % 2])


def test_lanes_are_renewed_and_no_verdict_is_lost(
    mini_kit: Kit, jobs: Callable[..., list[Job]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "RENEWED_AFTER", 2)
    others, seen, graded = descendants(os.getpid()), set[int](), {}
    for job, verdict in grade_in_lanes(mini_kit, jobs(*(RIGHT, WRONG) * 3), 1):
        graded[job.name] = verdict.status
        seen |= set(lanes_at(1, os.getpid(), others))
    assert graded == {str(number): ("pass", "fail")[number % 2] for number in range(6)}
    assert len(seen) >= 3


def test_when_what_lanes_are_forked_from_is_killed_they_go_on_and_the_next_one_is_forked_from_another(
    mini_kit: Kit, jobs: Callable[..., list[Job]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "RENEWED_AFTER", 2)
    others, killed, graded = descendants(os.getpid()), set[int](), {}
    for job, verdict in grade_in_lanes(mini_kit, jobs(*(RIGHT, WRONG) * 3), 1):
        graded[job.name] = verdict.status
        for pid in lanes_at(0, os.getpid(), others) if len(killed) < 2 else ():
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
    assert len(killed) == 2
    assert graded == {str(number): ("pass", "fail")[number % 2] for number in range(6)}
    assert not descendants(os.getpid(), others)


def test_an_answer_that_kills_its_lane_each_time_is_an_error_in_words_and_the_others_are_judged(
    mini_kit: Kit, jobs: Callable[..., list[Job]]
) -> None:
    killer = (
        "import os\ndef open_it(kms, blob):\n    pid = os.getpid()\n    for _ in range(3):\n"
        "        pid = int(open(f'/proc/{pid}/stat').read().split()[3])\n"
        "    below = lambda pid: [int(one) for task in os.listdir(f'/proc/{pid}/task')\n"
        "        for one in open(f'/proc/{pid}/task/{task}/children').read().split()]\n"
        "    for first in below(pid):\n        if b'lane_process' in open(f'/proc/{first}/cmdline', 'rb').read():\n"
        "            for lane in below(first):\n                os.kill(lane, 9)\n    return blob\n"
    )
    graded = {job.name: verdict for job, verdict in grade_in_lanes(mini_kit, jobs(RIGHT, killer, RIGHT), 1, "none")}
    assert {name: verdict.status for name, verdict in graded.items()} == {"0": "pass", "1": "error", "2": "pass"}
    (check,) = graded["1"].checks
    assert f"tried {TRIES} times" in check.message and "nothing is known" in check.message and check.points == 0
    assert graded["1"].max_score == mini_kit.katas[0].points


def test_checks_that_cannot_be_loaded_are_a_fault_of_the_kit(mini_root: Path, jobs: Callable[..., list[Job]]) -> None:
    (mini_root / "tests/graders/01_keys/test_mini.py").write_text("import nothing_at_all\n", "utf-8")
    with pytest.raises(Infra, match="nothing_at_all"):
        list(grade_in_lanes(find_kit(mini_root), jobs(RIGHT), 1))


def test_no_lane_to_be_had_is_a_fault_of_the_kit(
    mini_kit: Kit, jobs: Callable[..., list[Job]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(Infra):
        list(grade_in_lanes(mini_kit, jobs(RIGHT), 1))


def test_a_lane_that_hangs_is_taken_for_dead(
    mini_root: Path, jobs: Callable[..., list[Job]], monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = mini_root / "tests/graders/01_keys/test_mini.py"
    checks.write_text(
        "import threading\n" + checks.read_text("utf-8") + "\n\ndef test_z(answer):\n"
        '    """Z."""\n    threading.Event().wait()\n',
        "utf-8",
    )
    monkeypatch.setattr(lane_source, "LANE_SECONDS", 4.0)
    monkeypatch.setattr(lanes_module, "TRIES", 1)
    ((_, verdict),) = grade_in_lanes(find_kit(mini_root), jobs(RIGHT), 1)
    assert verdict.status == "error" and "lane ended" in verdict.checks[0].message


def test_a_link_out_of_the_submission_is_refused_though_it_leads_to_the_right_answer(
    mini_kit: Kit, jobs: Callable[..., list[Job]], tmp_path: Path
) -> None:
    inside, outside, folder = jobs(RIGHT, RIGHT, RIGHT)
    solution = mini_kit.solutions / mini_kit.katas[0].folder / "answer.py"
    (inside.folder / "answer.py").rename(inside.folder / "mine.py")
    (inside.folder / "answer.py").symlink_to("mine.py")
    (outside.folder / "answer.py").unlink()
    (outside.folder / "answer.py").symlink_to(solution)
    (folder.within / "link").symlink_to(solution.parent)
    through = dataclasses.replace(folder, folder=folder.within / "link")
    graded = {job.name: verdict for job, verdict in grade_in_lanes(mini_kit, [inside, outside, through], 1)}
    assert [graded[name].status for name in "012"] == ["pass", "error", "error"]
    assert "leads out of the submission" in graded["1"].checks[0].message


def test_a_verdict_comes_from_a_lane_as_it_was(mini_kit: Kit, jobs: Callable[..., list[Job]]) -> None:
    call = KmsCall("Decrypt", "key", "ok", secrets.token_hex(4))
    check = CheckResult("test_a", secrets.token_hex(4), 1, "fail", 3, calls=(call, call), hidden=True, seconds=0.25)
    verdict = Verdict("keys/mini", (check,), 7, "1", "0" * 64, "lite", "forked", 0.5, True)
    assert verdict_from(verdict_data(verdict)) == verdict
    (job,) = jobs(RIGHT)
    assert verdict_from(verdict_data(not_judged(job, "Because."))) == not_judged(job, "Because.")


def lanes_at(depth: int, root: int, others: set[int]) -> list[int]:
    """Those that were started as lane_process and stand so far below `root`: at 0, what lanes are forked from."""
    found = []
    for pid in [*levels(root, others), [], []][depth]:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if b"kms_katas.grading.lane_process" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def levels(root: int, others: set[int]) -> list[list[int]]:
    """The processes below `root` by depth, without `others`: lanes, their warm processes, the answers' processes."""
    found, here = [], {root}
    while here:
        below: set[int] = set()
        for pid in here:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    below |= set(map(int, (task / "children").read_text().split()))
        here = below - others
        found.append(sorted(here))
    return found
