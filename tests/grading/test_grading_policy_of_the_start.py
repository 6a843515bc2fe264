"""A check that puts the starter's policy in force has a copy of its own, for learners edit theirs: the two are one."""

import importlib.util
import json

from kms_katas.kit import find_kit


def test_the_policy_that_break_in_is_tried_under_is_the_one_that_learners_find():
    kit = find_kit()
    kata = kit.find("key-policies/break-in")
    spec = importlib.util.spec_from_file_location("break_in_checks", kit.grader(kata))
    checks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checks)
    starter = json.loads((kit.starter(kata) / "key-policy.json").read_text("utf-8"))
    assert [meaning(one) for one in starter["Statement"]] == [meaning(one) for one in checks.AT_THE_START["Statement"]]


def meaning(statement):
    """A statement without its Sid; an account is the same by its digits and by its ARN."""
    by = statement["Principal"]["AWS"]
    account = by.removeprefix("arn:aws:iam::").removesuffix(":root")
    return {**statement, "Sid": "", "Principal": account}
