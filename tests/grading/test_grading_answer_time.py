"""Which time an answer sees, by whatever clock, and what its sleeping does: each answer runs in a real child."""

import secrets
import time
from datetime import timedelta

import pytest

from kms_katas.lab import Lab

from .conftest import Hold, by_both_runners

TIME = """
import time, datetime
def now():
    return datetime.datetime.now(datetime.timezone.utc)
def utc():
    return datetime.datetime.utcnow()
def stamp():
    return time.time()
def nap(seconds):
    before, began = time.time(), time.perf_counter()
    time.sleep(seconds)
    return time.time() - before
def ask(clock):
    return clock.now()
"""


@by_both_runners
def test_time_in_the_answer_is_the_labs_time(hold: Hold, lab: Lab) -> None:
    answer = hold(TIME)
    for _ in range(2):
        lab.clock.advance(days=400.5)
        now = lab.clock.now()
        assert answer.call("now") == now
        assert answer.call("utc") == now.replace(tzinfo=None)
        assert answer.call("stamp") == now.timestamp()
        assert answer.call("ask", answer.clock) == now


@pytest.mark.parametrize("name", ["monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"])
def test_clocks_that_tick_move_on_with_the_labs(hold: Hold, lab: Lab, name: str) -> None:
    """An age by time.monotonic is right, and a wait by it ends: it never stands."""
    answer = hold(f"""
import time
from time import {name} as imported
unit = 10**9 if "_ns" in "{name}" else 1
def both():
    return imported() / unit, time.{name}() / unit
def wait():
    until = time.{name}() + unit * 0.01
    while time.{name}() < until:
        pass
def nap(seconds):
    before = time.{name}()
    time.sleep(seconds)
    return (time.{name}() - before) / unit
""")
    before = answer.call("both")
    step = secrets.randbelow(10**6) + 100
    lab.clock.advance(seconds=step)
    for earlier, later in zip(before, answer.call("both"), strict=True):
        assert step <= later - earlier < step + 60
    assert step <= answer.call("nap", step) < step + 60
    answer.call("wait")


@pytest.mark.skipif(not hasattr(time, "clock_gettime"), reason="Windows has no clock_gettime")
def test_a_clock_by_its_number_moves_on_with_the_labs_unless_it_counts_computing(hold: Hold, lab: Lab) -> None:
    answer = hold("""
import time
def read(name):
    clock = getattr(time, name)
    return time.clock_gettime(clock), time.clock_gettime_ns(clock) / 10**9
""")
    names = {"CLOCK_MONOTONIC": 1000, "CLOCK_REALTIME": 1000, "CLOCK_PROCESS_CPUTIME_ID": 0}
    before = {name: answer.call("read", name) for name in names}
    lab.clock.advance(seconds=1000)
    for name, step in names.items():
        for earlier, later in zip(before[name], answer.call("read", name), strict=True):
            assert step <= later - earlier < step + 60


@pytest.mark.parametrize(
    "wait",
    [
        "asyncio.run(asyncio.wait_for(asyncio.sleep(60), 0.02))",
        "queue.Queue().get(timeout=0.02)",
        "threading.Barrier(2).wait(0.02)",
        "pool.submit(threading.Event().wait, 0.1).result(timeout=0.02)",
        "list(concurrent.futures.as_completed([pool.submit(threading.Event().wait, 0.1)], timeout=0.02))",
    ],
)
def test_a_wait_with_a_timeout_ends_wherever_the_labs_clock_stands(hold: Hold, lab: Lab, wait: str) -> None:
    answer = hold(f"""
import asyncio, concurrent.futures, queue, threading
def wait():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        {wait}
""")
    lab.clock.advance(days=400)
    assert answer.raises("wait").type in ("TimeoutError", "Empty", "BrokenBarrierError")


@by_both_runners
def test_what_is_due_by_a_librarys_own_clock_comes_due_when_the_answer_sleeps(hold: Hold) -> None:
    answer = hold("""
import asyncio, sched, time
def by_asyncio():
    async def main():
        loop = asyncio.get_running_loop()
        due = loop.create_future()
        loop.call_later(600, due.set_result, "due")
        time.sleep(601)
        return await due
    return asyncio.run(main())
def by_sched():
    done, scheduler = [], sched.scheduler()
    for seconds in (600, 60):
        scheduler.enter(seconds, 1, done.append, (seconds,))
    scheduler.run()
    return done
""")
    assert answer.call("by_asyncio") == "due"
    assert answer.call("by_sched") == [60, 600]


@by_both_runners
def test_sleeping_moves_the_labs_clock_and_costs_no_time(hold: Hold, lab: Lab) -> None:
    answer, before = hold(TIME), lab.clock.now()
    assert answer.call("nap", 86400) == 86400
    assert lab.clock.now() - before == timedelta(days=1)


def test_sleeping_backwards_raises_as_in_python(hold: Hold, lab: Lab) -> None:
    raised, before = hold(TIME).raises("nap", -1), lab.clock.now()
    assert raised is not None and raised.type == "ValueError"
    assert lab.clock.now() == before
