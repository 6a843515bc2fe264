"""The checks of key-policies/read-a-policy: each row's answer and its reason, asked of the policies themselves.

What is right stands in no file: policy_rows.py decides each row that the learner's table holds.
"""

import pytest

from kms_katas.grading.judge_table import rows_must_be_right
from kms_katas.grading.policy_rows import asked, misread, solved, wrong


@pytest.fixture
def table(answer):
    """The learner's table."""
    return answer.table("table.toml")


@pytest.mark.task(1)
@pytest.mark.points(10)
def test_every_row_is_decided_rightly(answer, table):
    """Each row is decided rightly: allow or deny, by which statement, and why."""
    rows_must_be_right(
        answer,
        table,
        misread=lambda row, said: misread(asked(table.pool, row), said, table.pool),
        wrong=lambda row, said: wrong(asked(table.pool, row), said),
        solved=lambda row: solved(asked(table.pool, row)),
    )
