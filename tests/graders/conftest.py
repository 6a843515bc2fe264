"""What checks of several policy katas begin with: a key policy in force, an organization, sessions of a role, calls.

Not for what one kata alone asks.
"""

import pytest

from kms_katas.grading.in_force import put_key_policy, those_named
from kms_katas.grading.intents import called_directly
from kms_katas.grading.judge import Question
from kms_katas.policy import Documents, Principal


@pytest.fixture
def calls(lab):
    """What each call has that somebody makes by themselves."""
    return called_directly(lab.region, lab.clock.now())


@pytest.fixture
def sessions(fresh):
    """`sessions(role)`: any two sessions of the role that has this ARN."""

    def of(role):
        account, name = role.split(":")[4], role.rpartition("/")[2]
        return [
            Principal(f"arn:aws:sts::{account}:assumed-role/{name}/{fresh.text(length)}", role) for length in (8, 12)
        ]

    return of


@pytest.fixture
def organization(lab, _scene):
    """The organization of the key's account. Its ID is what the file of the checks calls ORGANIZATION."""
    made = lab.organization()
    made._backend.org.id = _scene.check.module.ORGANIZATION  # AWS draws one
    made.add(lab.home)
    return made


@pytest.fixture
def key_policy_on(answer, lab):
    """`key_policy_on(key)`: the question about the learner's key policy, which is in force then.

    Whomever the brief names has to be there before; `by` as `put_key_policy` has it.
    """

    def put(key, by=None):
        mine, owner = answer.policy("key-policy.json"), lab.account(key.split(":")[4])
        those_named(mine, lab, but=owner.id)
        put_key_policy(mine, owner, key, by=by)
        return Question(answer, key, Documents(mine.named), (mine,))

    return put
