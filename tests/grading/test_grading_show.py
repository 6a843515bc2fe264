"""Values as a learner reads them: what is cut off is not looked at, and what is left reads as if it had been."""

import pytest

from kms_katas.grading.show import show


class Counted:
    """Counts how often anybody looks at it."""

    looked = 0

    def __repr__(self):
        Counted.looked += 1
        return "<one of many>"


@pytest.fixture(autouse=True)
def nobody_looked():
    Counted.looked = 0


@pytest.mark.parametrize("kind", [list, tuple, lambda many: dict(enumerate(many))])
def test_what_does_not_fit_is_not_looked_at(kind):
    text = show(kind([Counted() for _ in range(20)]), 30)
    assert len(text) == 60 and text.endswith("…")
    assert Counted.looked < 8


@pytest.mark.parametrize("length", range(0, 6))
def test_what_fits_is_shown_whole(length):
    values = [f"v{number}" for number in range(length)]
    assert show(values) == repr(values)
    assert show(tuple(values)) == "(" + ", ".join(map(repr, values)) + ")"
    assert show(dict.fromkeys(values, 1)) == repr(dict.fromkeys(values, 1))


@pytest.mark.parametrize("limit", range(1, 12))
def test_it_is_cut_where_the_whole_would_be(limit):
    values = ["", "a", 1, None, "", "bc"]
    whole = "[" + ", ".join(map(repr, values)) + "]"
    assert show(values, limit * 2) == (whole if len(whole) <= limit * 4 else whole[: limit * 4 - 1] + "…")
