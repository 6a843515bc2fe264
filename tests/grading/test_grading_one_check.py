"""A check gets its fixtures as pytest would give them, whether the lane makes them or pytest does."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from kms_katas.kit import CheckResult, find_kit

from .conftest import Grade

Checked = Callable[..., tuple[CheckResult, ...]]

HEAD = """
import pytest
from kms_katas.grading import reject

def note(word):
    with open({notes!r}, "a") as file:
        file.write(word + " ")

"""
RIGHT = 'def open_it(kms, blob):\n    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]\n'

BOTH_WAYS = pytest.mark.parametrize("asks", ["", ", request"], ids=["the lane's", "pytest's"])
"""A fixture that asks for `request` is for pytest to make, with all others of its check."""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


@pytest.fixture
def checked(mini_root: Path, grade: Grade, notes: Path) -> Checked:
    """`checked(source)`: the results of checks of that source, which may `note` words."""

    def check(source: str, *answers: str) -> tuple[CheckResult, ...]:
        text = HEAD.replace("{notes!r}", repr(str(notes))) + textwrap.dedent(source)
        (mini_root / "tests/graders/01_keys/test_mini.py").write_text(text, "utf-8")
        found = grade(*(answers or (RIGHT,)), kit=find_kit(mini_root))
        return tuple(check for verdict in (found if answers[1:] else [found]) for check in verdict.checks)

    return check


@BOTH_WAYS
def test_fixtures_are_made_once_a_check_and_ended_in_reverse(checked: Checked, notes: Path, asks: str) -> None:
    source = f"""
        @pytest.fixture
        def one(lab{asks}):
            note("one")
            yield 1
            note(f"end-one-{{lab.calls}}")

        @pytest.fixture
        def two(one):
            note("two")
            yield one + 1
            note("end-two")

        @pytest.fixture(autouse=True)
        def always():
            note("always")

        @pytest.mark.usefixtures("always")
        def test_sum(two, one):
            \"""A sum.\"""
            assert one + two == 3
            note("check")
    """
    assert [check.status for check in checked(source, RIGHT, RIGHT)] == ["pass", "pass"]
    assert notes.read_text() == "always one two check end-two end-one-() " * 2


@BOTH_WAYS
def test_a_fixture_may_override_another_and_ask_for_it(checked: Checked, notes: Path, asks: str) -> None:
    source = f"""
        @pytest.fixture
        def learner(arn, learner{asks}):
            note(learner.arn.rpartition("/")[2])
            return learner.account.user("other")

        @pytest.fixture
        def arn(learner):
            return learner.arn

        def test_who(answer, learner, arn):
            \"""Who.\"""
            note(answer.learner.arn.rpartition("/")[2])
            assert answer.learner is learner and arn != learner.arn
    """
    assert [check.status for check in checked(source)] == ["pass"]
    assert notes.read_text() == "admin other "


@BOTH_WAYS
def test_what_is_raised_first_counts_and_every_fixture_ends(checked: Checked, notes: Path, asks: str) -> None:
    source = f"""
        @pytest.fixture
        def outer(lab{asks}):
            yield
            note("outer")

        @pytest.fixture
        def inner(outer):
            yield
            note("inner")
            reject("as it ends", expected="", next_step="")

        @pytest.fixture
        def never(inner):
            reject("as it begins", expected="", next_step="")

        def test_a(inner):
            \"""Of the check.\"""
            reject("in the check", expected="", next_step="")

        def test_b(inner):
            \"""Of the end.\"""

        def test_c(never):
            \"""Of the beginning.\"""
            note("never")
    """
    assert [check.message for check in checked(source)] == ["in the check", "as it ends", "as it begins"]
    assert notes.read_text() == "inner outer " * 3


@BOTH_WAYS
def test_a_fixture_that_yields_twice_is_no_pass(checked: Checked, asks: str) -> None:
    source = f"""
        @pytest.fixture
        def twice(lab{asks}):
            yield 1
            yield 2

        def test_once(twice):
            \"""Once.\"""
    """
    (check,) = checked(source)
    assert check.status == "error" and "yield" in check.message


def test_classes_scopes_and_parameters_are_as_in_pytest(checked: Checked, notes: Path) -> None:
    source = """
        @pytest.fixture(scope="module")
        def wide():
            note("wide")
            yield
            note("end-wide")

        @pytest.fixture(params=["a", "b"])
        def of_two(request):
            return request.param

        class TestClass:
            @pytest.fixture
            def mine(self):
                self.number = 2

            def test_in_class(self, answer, mine):
                \"""In a class.\"""
                note(f"TestClass{self.number}")

        def test_of_wide(answer, wide):
            \"""Of a module.\"""

        def test_of_each(answer, of_two):
            \"""Of each.\"""
            note(of_two)

        @pytest.mark.parametrize("number", [3, 4])
        def test_of_numbers(answer, number):
            \"""Of numbers.\"""
            note(str(number))
    """
    assert {check.status for check in checked(source, RIGHT, RIGHT)} == {"pass"}
    assert notes.read_text() == "TestClass2 wide end-wide a b 3 4 " * 2


def test_a_file_of_checks_may_have_a_set_up_of_its_own(checked: Checked, notes: Path) -> None:
    source = """
        def setup_function(function):
            note(function.__name__)

        def test_it(answer):
            \"""It.\"""
            note("check")
    """
    assert [check.status for check in checked(source)] == ["pass"]
    assert notes.read_text() == "test_it check "


def test_a_check_that_would_never_run_is_no_pass(checked: Checked) -> None:
    source = """
        async def test_later(answer):
            \"""Later.\"""

        @pytest.fixture
        async def soon():
            return 1

        def test_soon(soon):
            \"""Soon.\"""
    """
    assert "pass" not in [check.status for check in checked(source)]


def test_hooks_of_a_course_have_their_say(checked: Checked, mini_root: Path, notes: Path) -> None:
    hook = "def pytest_runtest_call(item):\n    open({notes!r}, 'a').write('hook ')\n"
    (mini_root / "tests/graders/conftest.py").write_text(hook.replace("{notes!r}", repr(str(notes))), "utf-8")
    assert [check.status for check in checked('def test_it(answer):\n    """It."""\n    note("check")\n')] == ["pass"]
    assert notes.read_text() == "hook check "
