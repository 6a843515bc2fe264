"""An exam in the progress file: each answer stays, in whatever order the lines are, and files of two machines merge."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from kms_katas.study.exam import Asked
from kms_katas.study.progress import Answered, Progress
from kms_katas.study.sitting import begin, sittings, with_answer, with_clock, with_end, with_flag

NOW = datetime(2026, 1, 2, 12, 30, 15, tzinfo=UTC)
ASKED = tuple(Asked(number, "5.3", f"rotation/q-{number}", number * 7) for number in range(1, 6))
numbers = st.integers(1, 5)
choices = st.sets(st.integers(0, 4), max_size=3)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), numbers, choices),
        st.tuples(st.just("flag"), numbers, st.booleans()),
        st.tuples(st.just("clock"), st.integers(0, 500), st.none()),
    ),
    max_size=15,
)


def done(progress, name, deeds, start=0):
    """Progress with these deeds, one in each second from `start` on."""
    for second, (what, number, value) in enumerate(deeds, start):
        match what:
            case "answer":
                progress = with_answer(progress, name, number, second, value)
            case "flag":
                progress = with_flag(progress, name, number, second, value)
            case "clock":
                progress = with_clock(progress, name, number)
    return progress


@given(deeds)
def test_the_last_answer_and_the_last_flag_of_each_question_stand(deeds):
    name, progress = begin(Progress.new(), "scs-c03", ASKED, 10, NOW)
    (sitting,) = sittings(done(progress, name, deeds))
    assert (sitting.asked, sitting.minutes, sitting.began, sitting.done) == (ASKED, 10, NOW, None)
    chosen = {number: frozenset(value) for what, number, value in deeds if what == "answer"}
    flagged = {number: value for what, number, value in deeds if what == "flag"}
    assert sitting.chosen == chosen
    assert sitting.flagged == {number for number, on in flagged.items() if on}


@given(deeds, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_doubled_lines_change_no_exam(deeds, chance):
    name, progress = begin(Progress.new(), "scs-c03", ASKED, 10, NOW)
    progress = done(progress, name, deeds)
    lines = [*progress.lines, *progress.lines]
    chance.shuffle(lines)
    assert sittings(Progress(tuple(lines))) == sittings(progress)


@given(deeds, deeds)
def test_two_machines_that_went_on_apart_merge_to_the_same_from_either_side(left, right):
    name, progress = begin(Progress.new(), "scs-c03", ASKED, 10, NOW)
    one, other = done(progress, name, left), done(progress, name, right, start=7)
    merged = sittings(Progress(one.lines + other.lines))
    assert merged == sittings(Progress(other.lines + one.lines))
    for number, chosen in sittings(other)[0].chosen.items():
        if number not in sittings(one)[0].chosen:
            assert merged[0].chosen[number] == chosen


@given(deeds)
def test_the_clock_never_goes_back(deeds):
    name, progress = begin(Progress.new(), "scs-c03", ASKED, 10, NOW)
    used = 0
    for deed in deeds:
        progress = done(progress, name, [deed], start=used)
        (sitting,) = sittings(progress)
        if deed[0] != "clock":
            assert sitting.used >= used
        used = sitting.used
        assert 0 <= sitting.left <= 600


@given(deeds, st.sets(numbers))
def test_what_is_over_stays_and_each_question_counts_as_answered(deeds, right):
    name, progress = begin(Progress.new(), "scs-c03", ASKED, 10, NOW)
    progress = done(progress, name, deeds)
    (sitting,) = sittings(progress)
    over = with_end(progress, sitting, right, NOW)
    assert sittings(over)[0].done == NOW
    assert {(answer.question, answer.right, answer.seed) for answer in over.answered} == {
        (one.question, one.number in right, one.seed) for one in ASKED
    }


def test_exams_are_told_apart_by_their_id_and_go_by_their_day():
    later, progress = begin(Progress.new(), "scs-c03", ASKED, 10, NOW.replace(day=3))
    sooner, progress = begin(progress, "saa-c03", ASKED[:2], 4, NOW)
    progress = with_answer(progress, later, 1, 5, {0})
    assert [(one.id, one.code, len(one.asked), dict(one.chosen)) for one in sittings(progress)] == [
        (sooner, "saa-c03", 2, {}),
        (later, "scs-c03", 5, {1: {0}}),
    ]


@given(
    st.sampled_from(
        [
            "exam 0badcafe scs-c03 2026-13-01T00:00:00Z 5",
            "exam 0badcafe scs-c03 9999-12-31T23:59:59Z 5",
            "exam xyz scs-c03 2026-01-01T00:00:00Z 5",
            "exam-answer 0badcafe 1 9999999 1",
            "exam-question 0badcafe 0 5.3 rotation/a 1",
            "answered rotation/a 2026-02-30T00:00:00Z 1 1 right",
            "answered rotation/a 2026-02-03T00:00:00Z 1 0 right",
            "repeated keys/a 2026-02-30",
        ]
    )
)
def test_a_line_of_no_form_of_ours_is_kept_and_means_nothing(line):
    progress = Progress(("kms-katas-progress 1", line))
    assert (sittings(progress), progress.answered, progress.passes) == ((), (), ())
    assert line in begin(progress, "scs-c03", ASKED, 10, NOW)[1].lines


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2999, 1, 1)),
    st.booleans(),
    st.integers(0, 2**31),
    st.sets(st.integers(0, 4)),
)
def test_an_answer_that_is_noted_is_read_back(time, right, seed, chosen):
    time = time.replace(microsecond=0, tzinfo=UTC)
    answer = Answered(time, "rotation/a", right, seed, tuple(sorted(chosen)))
    assert Progress.new().with_answered(answer).answered == (answer,)
