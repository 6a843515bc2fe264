"""A question about one key, asked about every key: for policies that hang above many, such as those of an organization.

Not for the judgement, nor for what identity policies allow elsewhere: both are in judge.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from kms_katas.grading.judge import STEPS, Question, undecided
from kms_katas.lab.region_list import regions_of
from kms_katas.policy.match import resource_mismatch
from kms_katas.policy.proof import other_keys
from kms_katas.policy.proof.automaton import NotDecided


def on_every_key(asked: Question, named: Callable[[str], str]) -> Iterator[Question]:
    """The question, and the same about one more key of each class that the Resource elements of the learner's files
    tell apart: judged on each, it is judged for every key of every account. `named` is what sentences call an ARN.
    """
    mine = [file.named for file in asked.files]

    def covering(arn: str) -> tuple[bool, ...]:
        each = (one.elements for policy in mine for one in policy.statements)
        return tuple(resource_mismatch(elements, arn, {}, variables=False) is None for elements in each)

    yield asked
    seen = {covering(asked.key)}
    try:
        for arn in other_keys(mine, asked.key, regions_of("kms"), STEPS):
            if (covered := covering(arn)) not in seen:
                seen.add(covered)
                yield replace(asked, key=arn, key_name=named(arn))
    except NotDecided as limit:
        undecided(asked, limit.construct)
