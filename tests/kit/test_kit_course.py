"""course.toml: what it may say, and a sentence for everything else; the katas that it makes of a kit and its own."""

import random
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kms_katas
from kms_katas.kit import Kit, KitError
from kms_katas.kit.course import SCHEMA, Assignment, Cost, Course, by_home, course_kit, course_of, parsed

ANY_FILE = Path("course.toml")
HEAD = f'schema = "{SCHEMA}"\ntitle = "T"\nkit = ">=0"\n'
ONE = '[[kata]]\nid = "keys/mini"\n'

numbers = st.decimals(0, 1000, places=3).map(Fraction)
costs = st.one_of(numbers.map(Cost), st.decimals(0, 100, places=2).map(lambda share: Cost(Fraction(share), True)))
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
dates = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=offsets)
ids = st.from_regex(r"[a-z]{1,5}/[a-z]{1,5}", fullmatch=True)
assignments = st.builds(Assignment, ids, numbers, st.none() | dates)
courses = st.builds(
    Course,
    title=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1),
    kit=st.just(">=0"),
    assignments=st.lists(assignments, min_size=1, max_size=4, unique_by=lambda entry: entry.kata).map(tuple),
    hint=costs,
    solution=costs,
    extra=st.lists(st.from_regex(r"[a-z]{1,9}(/[a-z\"é]{1,3})?", fullmatch=True), unique=True).map(tuple),
)


@given(courses)
def test_what_is_written_is_read_back(course):
    assert parsed(course.as_toml(), ANY_FILE) == course


@pytest.mark.parametrize(
    "text, told",
    [
        ("schema = [\n", "line"),
        ('schema = "urn:other:1"\n', SCHEMA),
        (HEAD, "[[kata]]"),
        (HEAD + "kata = []\n", "[[kata]]"),
        (HEAD + "colour = 1\n" + ONE, "`colour`"),
        (HEAD.replace('"T"', '"T\\n"') + ONE, "`title`"),
        (HEAD.replace(">=0", "newest") + ONE, "PEP 440"),
        (HEAD.replace('">=0"', "1") + ONE, "PEP 440"),
        (HEAD + 'extra = "own"\n' + ONE, "`extra`"),
        (HEAD + 'extra = ["../own"]\n' + ONE, "'../own'"),
        (HEAD + 'extra = ["/own"]\n' + ONE, "no absolute path"),
        (HEAD + 'extra = ["own", "own"]\n' + ONE, "more than once"),
        (HEAD + "cost = 1\n" + ONE, "[cost]"),
        (HEAD + ONE + "[cost]\nhints = 1\n", "[cost]"),
        (HEAD + ONE + '[cost]\nhint = "101 %"\n', "cost.hint"),
        (HEAD + ONE + "[cost]\nsolution = -1\n", "cost.solution"),
        (HEAD + ONE + "[cost]\nsolution = nan\n", "cost.solution"),
        (HEAD + ONE + "weight = true\n", "kata 1 (keys/mini): `weight`"),
        (HEAD + ONE + "weight = 1e-99\n", "`weight`"),
        (HEAD + ONE + "wieght = 1\n", "`wieght`"),
        (HEAD + ONE + "due = 2026-01-01\n", "offset from UTC"),
        (HEAD + ONE + "due = 2026-01-01T10:00:00\n", "offset from UTC"),
        (HEAD + ONE + 'due = "2026-01-01T10:00:00Z"\n', "not in quotes"),
        (HEAD + "[[kata]]\nid = 7\n", "kata 1: `id`"),
        (HEAD + ONE + ONE, "2 times"),
    ],
)
def test_a_wrong_entry_is_told_with_the_file_and_its_place(text, told):
    with pytest.raises(KitError) as refused:
        parsed(text, Path("somewhere") / "course.toml")
    assert told in str(refused.value) and str(Path("somewhere/course.toml")) in str(refused.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(KitError) as refused:
        parsed(HEAD.replace(">=0", "?") + "extra = 1\n" + ONE + "weight = -1\n", ANY_FILE)
    assert len(str(refused.value).splitlines()) == 3


def test_a_weight_is_as_exact_as_it_is_written():
    found = parsed(HEAD + ONE + "weight = 0.1\n", ANY_FILE).assignments[0].weight
    assert found * 10 == 1 and found == Fraction(Decimal("0.1"))


def test_a_cost_is_points_or_a_share_of_a_katas_points():
    points = random.randrange(1, 50)
    assert Cost(Fraction(1, 2)).of(points) == Fraction(1, 2)
    assert Cost(Fraction(25), per_cent=True).of(points) == Fraction(points, 4)


# The katas


@pytest.fixture
def course(mini_root, tmp_path):
    """`course(TEXT, own=ID)`: a course.toml on the mini kit, beside a folder `own` with a kata of that id."""

    def make(text, own="clinic/note"):
        folder = tmp_path / "course"
        track, name = own.split("/")
        place = folder / "own" / "katas" / f"01-{track}" / f"01-{name}"
        place.mkdir(parents=True)
        for file in (mini_root / "katas" / "01-keys" / "01-mini").iterdir():
            (place / file.name).write_text(file.read_text("utf-8").replace("keys/mini", own), "utf-8")
        (folder / "course.toml").write_text(text, "utf-8")
        return folder / "course.toml"

    return make


OWN = HEAD + 'extra = ["own"]\n[[kata]]\nid = "clinic/note"\n' + ONE


def test_its_katas_come_in_its_own_order_each_from_where_it_lies(course, mini_kit):
    path = course(OWN)
    kit = course_kit(path, mini_kit)
    assert [kata.id for kata in kit.katas] == ["clinic/note", "keys/mini"]
    note, mini = kit.katas
    assert kit.starter(note) == path.parent / "own" / "katas" / "01-clinic" / "01-note"
    assert kit.starter(mini) == mini_kit.starter(mini) and kit.grader(mini) == mini_kit.grader(mini)
    assert (kit.has_checks(note), kit.has_checks(mini)) == (False, True)
    assert [(home.root, those) for home, those in by_home(kit, kit.katas)] == [
        (path.parent / "own", (note,)),
        (mini_kit.root, (mini,)),
    ]
    (path.parent / "own" / "tests" / "graders" / "01_clinic").mkdir(parents=True)
    (path.parent / "own" / "tests" / "graders" / "01_clinic" / "test_note.py").touch()
    assert kit.has_checks(note)
    assert not course_kit(path, mini_kit, own_checks=False).has_checks(note)
    assert {mini_kit.root, path.parent} <= set(kit.private)
    assert course_of(kit) == kit.course and course_of(Kit(mini_kit.root)) is None


def test_what_it_does_not_name_is_not_in_it(course, mini_kit):
    assert [kata.id for kata in course_kit(course(HEAD + 'extra = ["own"]\n' + ONE), mini_kit).katas] == ["keys/mini"]


@pytest.mark.parametrize(
    "text, own, told",
    [
        (HEAD + '[[kata]]\nid = "keys/absent"\n', "clinic/note", "keys/absent"),
        # Its folder: a verdict is known by the id, and with another name nobody would have a point.
        (HEAD + '[[kata]]\nid = "01-keys/01-mini"\n', "clinic/note", "Its id is keys/mini"),
        (HEAD + 'extra = ["other"]\n' + ONE, "clinic/note", "no folder katas/"),
        (OWN, "keys/mini", "another id"),
    ],
)
def test_what_is_not_there_or_twice_is_told(course, mini_kit, text, own, told):
    with pytest.raises(KitError, match=told):
        course_kit(course(text, own), mini_kit)


def test_a_broken_kata_of_its_own_is_the_courses_fault(course, mini_kit):
    path = course(OWN)
    (path.parent / "own/katas/01-clinic/01-note/kata.toml").write_text("schema = 1\n")
    with pytest.raises(KitError, match=r"01-clinic/01-note/kata\.toml"):
        course_kit(path, mini_kit)


@pytest.mark.parametrize("name", ["../answer.py", "/tmp/answer.py", "..\\\\answer.py", ".bashrc", ""])
def test_a_kata_of_its_own_has_its_answer_in_its_own_folder(course, mini_kit, name):
    path = course(OWN)
    place = path.parent / "own/katas/01-clinic/01-note/kata.toml"
    place.write_text(place.read_text("utf-8").replace('"answer.py"', f'"{name}"'), "utf-8")
    with pytest.raises(KitError, match="plain name"):
        course_kit(path, mini_kit)


def test_another_version_of_the_kit_is_refused_with_what_to_install(course, mini_kit, monkeypatch):
    path = course(HEAD.replace(">=0", "~=1.4") + ONE)
    monkeypatch.setattr(kms_katas, "__version__", "1.4.9")
    assert course_kit(path, mini_kit).katas
    monkeypatch.setattr(kms_katas, "__version__", "2.0")
    with pytest.raises(KitError, match=r'pip install "kms-katas~=1\.4"'):
        course_kit(path, mini_kit)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_bytes(b"\xff"), lambda path: None])
def test_a_file_that_is_none_is_told(tmp_path, mini_kit, make):
    make(tmp_path / "course.toml")
    with pytest.raises(KitError, match="--course"):
        course_kit(tmp_path / "course.toml", mini_kit)


def test_a_due_date_is_shown_on_the_clock_of_the_course():
    assert Assignment("a/b", due=datetime(2026, 1, 2, 3, 4, tzinfo=UTC)).shown_due == "2026-01-02 03:04+00:00"
