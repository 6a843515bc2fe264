"""What nobody confirmed for a year: the report of `python docs/make --stale [DATE]`.

Not a check: what is old may still be so. It says what to look up next.
"""

from datetime import date, timedelta
from pathlib import Path

from kms_katas.kit.claims import load_claims
from kms_katas.kit.exams import load_exams
from kms_katas.kit.questions import load_questions
from make.facts import load_facts

YEAR = timedelta(days=365)


def report(docs: Path, today: date) -> str:
    """All that was last confirmed more than a year before `today`, the oldest first, one a line."""
    known = _known(docs)
    late = sorted(one for one in known if today - one[0] > YEAR)
    head = (
        f"{len(late)} of {len(known)} facts, claims, questions and exams were last confirmed more than a year "
        f"before {today}."
    )
    return "\n".join([head, *(f"{day}  {name}: {says}" for day, name, says in late)])


def _known(docs: Path) -> list[tuple[date, str, str]]:
    """(last confirmed, id, what it says) of each fact, claim, question and exam."""
    known = [(fact.confirmed, fact.id, f"{fact.what}: {fact.figure}") for fact in load_facts(docs / "facts.toml")]
    known += [
        (claim.confirmed, claim.id, claim.truth) for text in load_claims(docs / "claims") for claim in text.claims
    ]
    for question in load_questions(docs / "questions"):
        known.append((question.confirmed, question.id, " ".join(question.scenario.split())))
    known += [(exam.confirmed, exam.code, exam.about) for exam in load_exams(docs / "exams.toml").exams]
    return known
