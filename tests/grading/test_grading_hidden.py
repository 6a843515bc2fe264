"""What a hidden check gives an answer stays hidden: nothing that is shown can carry it. And a warning costs nothing."""

import json
from collections.abc import Callable

import pytest

from kms_katas.kit import Kit, Verdict

from .conftest import Grade, by_both_runners

# Each check loads the answer anew; the process that they share forgets nothing.
REMEMBERS = """
import sys
SEEN = vars(sys).setdefault("seen", [])
def open_it(kms, blob):
    SEEN.append(blob)
    print(f"seen: {len(SEEN)}")
    return b"wrong"
"""
WARNS = r"""
import logging, sys, warnings
PATTERN = "\d"
for kind in (UserWarning, DeprecationWarning, ResourceWarning, RuntimeWarning):
    warnings.warn("mind this", kind)
async def forgotten(): pass
def open_it(kms, blob):
    warnings.warn("and this")
    logging.warning("and that")
    print("on stderr", file=sys.stderr)
    forgotten()
    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]
"""


@pytest.fixture
def hide(mini_kit: Kit) -> Callable[[str], None]:
    """`hide(name)`: makes that check of the mini kit a hidden one."""

    def hidden(name: str) -> None:
        path = mini_kit.grader(mini_kit.katas[0])
        source = path.read_text("utf-8")
        path.write_text(source.replace(f"def {name}(", f"@pytest.mark.hidden\ndef {name}("), "utf-8")

    return hidden


def shown(verdict: Verdict) -> list[dict[str, object]]:
    checks: list[dict[str, object]] = json.loads(json.dumps(verdict.as_data()))["checks"]
    return checks


@by_both_runners
def test_an_answer_cannot_print_in_a_shown_check_what_a_hidden_one_gave_it(
    grade: Grade, hide: Callable[[str], None]
) -> None:
    hide("test_comes_back")
    hidden, open_one = shown(grade(REMEMBERS))
    assert hidden["hidden"] and "output" not in hidden
    assert open_one["output"] == "seen: 1\n"


def test_checks_are_reported_in_the_order_of_the_file_wherever_the_hidden_ones_are(
    grade: Grade, hide: Callable[[str], None]
) -> None:
    hide("test_comes_back")
    verdict = grade(REMEMBERS)
    assert [check.check for check in verdict.checks] == ["test_comes_back", "test_kms_did_it"]
    assert [check["check"] for check in shown(verdict)] == ["hidden_1", "test_kms_did_it"]


@by_both_runners
def test_a_right_answer_that_warns_in_every_way_passes(grade: Grade) -> None:
    verdict = grade(WARNS)
    assert (verdict.status, verdict.score) == ("pass", verdict.max_score)
