"""Identity policies that an answer's function made, one for each role: as IAM stores them, given to a role of its own.

What they allow is judged in judge.py. Not for policies in files, which have lines to point at.
"""

import json
from collections.abc import Callable

from kms_katas.grading.answer import Answer
from kms_katas.grading.expect import reject
from kms_katas.grading.in_force import fault_of_statement, give
from kms_katas.grading.judge import Question
from kms_katas.grading.show import show
from kms_katas.lab import Principal
from kms_katas.lab.kms.default_policy import default_key_policy
from kms_katas.policy import Documents, NamedPolicy, PolicyError, Request, parse_document
from kms_katas.policy import Principal as Who
from kms_katas.policy.document import statements

_READY = "Return a dict like the policies in the IAM user guide: Version, and Statement with Effect, Action, Resource."


def role_under(
    answer: Answer, role: str, document: object, key: str, advice: Callable[[Request, bool], str]
) -> tuple[Question, Principal]:
    """The question about a role of the home account, new, whose only policy is `document`; and a session of it.

    Of `key`, which has the default key policy. `advice` is the next step where a request is decided wrongly: it gets
    the request, and whether it is allowed. Raises Rejected for a policy that IAM would not store.
    """
    home = answer.lab.home
    policy, holder = stored_policy(f"the {role}'s policy", document), home.role(role)
    give(policy, holder)
    session = holder.session("nightly")
    default = NamedPolicy("the default key policy", parse_document(default_key_policy("aws", home.id)))
    callers = [Who(session.arn, session.role_arn)]
    question = Question(answer, key, Documents(default, (policy,)), (), "given", callers, advice=advice)
    return question, session


def stored_policy(name: str, document: object) -> NamedPolicy:
    """The policy in `document`, which came from an answer. Raises Rejected for one that IAM would not store."""
    try:
        parsed = parse_document(json.dumps(document))
    except PolicyError as error:
        said, next_step = error.sentence, _READY
    except (TypeError, ValueError, RecursionError):
        said, next_step = "it is no JSON.", _READY
    else:
        fault = next(filter(None, map(fault_of_statement, statements(parsed))), None)
        if fault is None:
            return NamedPolicy(name, parsed)
        said, next_step = fault
    reject(
        f"IAM refuses {name}: {said}",
        expected="an identity policy that IAM stores",
        next_step=next_step,
        actual=show(document),
    )
