"""When questions and katas come up again."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kms_katas.study.progress import Answered, Progress
from kms_katas.study.schedule import LONGEST, QUESTION_MINUTES, Practice, due_day, schedule

times = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC))
practised = st.lists(st.builds(Practice, times, st.integers(1, 4)), min_size=1, max_size=12)
names = st.sampled_from(["rotation/a", "rotation/b", "grants/c"])
answers = st.lists(st.builds(Answered, times, names, st.booleans(), st.integers(0, 9), st.just((0,))), max_size=12)
days = st.dates(date(2026, 1, 1), date(2028, 1, 1))
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@given(practised, st.data())
def test_neither_order_nor_repetition_of_what_was_practised_changes_the_day(times, data):
    again = data.draw(st.permutations([*times, data.draw(st.sampled_from(times))]))
    assert due_day(again) == due_day(times)


@given(practised)
def test_it_comes_up_after_the_last_time_and_within_a_year(times):
    last = max(one.time for one in times).date()
    assert last < due_day(times) <= last + timedelta(days=LONGEST + 1)


@given(practised)
def test_what_was_known_the_last_time_comes_up_no_sooner_than_what_was_not(times):
    later = max(one.time for one in times) + timedelta(days=3)
    assert due_day([*times, Practice(later, 3)]) >= due_day([*times, Practice(later, 1)])


def test_what_is_missed_comes_up_the_next_day_and_what_is_known_each_time_later_and_later():
    missed, known = [Practice(NOON, 1)], [Practice(NOON, 3)]
    assert due_day(missed) == date(2026, 1, 3)
    gaps = []
    for _ in range(4):
        due = due_day(known)
        gaps.append((due - known[-1].time.date()).days)
        known.append(Practice(datetime(due.year, due.month, due.day, 12, tzinfo=UTC), 3))
    assert gaps == sorted(set(gaps))
    assert gaps[0] > 1


@given(answers, st.lists(st.tuples(st.sampled_from(["keys/a", "keys/b"]), days), max_size=5), st.data())
def test_due_days_do_not_hang_on_the_order_of_lines(answers, passes, data):
    progress = Progress.new()
    for answer in answers:
        progress = progress.with_answered(answer)
    lines = [*progress.lines, *(f"passed {kata} {day}" for kata, day in passes)]
    lines += [f"repeated {kata} {day + timedelta(days=9)}" for kata, day in passes]
    mixed = data.draw(st.permutations(lines + data.draw(st.lists(st.sampled_from(lines), max_size=5))))
    of = {"rotation/a", "rotation/b", "grants/c"}, {"keys/a": 10, "keys/b": 20}
    assert schedule(Progress(tuple(mixed)), *of) == schedule(Progress(tuple(lines)), *of)


def test_each_thing_is_there_once_with_its_minutes_and_what_the_kit_lacks_is_not():
    progress = Progress(
        (
            *(
                "answered rotation/a 2026-01-02T10:00:00Z 5 1 wrong",
                "answered rotation/a 2026-01-03T10:00:00Z 6 2 right",
            ),
            *("answered rotation/gone 2026-01-02T10:00:00Z 5 1 wrong", "passed keys/a 2026-01-02"),
            *("passed keys/gone 2026-01-02", "given keys/b 2026-01-02"),
        )
    )
    due = schedule(progress, {"rotation/a", "rotation/new"}, {"keys/a": 25, "keys/b": 10})
    assert {(one.id, one.is_kata, one.minutes) for one in due} == {
        ("rotation/a", False, QUESTION_MINUTES),
        ("keys/a", True, 25),
    }
    assert list(due) == sorted(due)


def test_a_kata_whose_answer_was_shown_before_comes_up_sooner():
    passed = "passed keys/a 2026-01-02"
    alone, helped = Progress((passed,)), Progress((passed, "solution keys/a 2026-01-01"))
    assert schedule(helped, (), {"keys/a": 5})[0].day < schedule(alone, (), {"keys/a": 5})[0].day
