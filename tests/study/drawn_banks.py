"""Banks of questions and exams for Hypothesis. It tests nothing."""

from datetime import date

from hypothesis import strategies as st

from kms_katas.kit.exams import Area, Domain, Exam, Exams, ExamTask
from kms_katas.kit.questions import Option, Question

CODE = "scs-c03"
TOPICS = ("rotation", "grants", "services")


def question(name, topic="rotation", options=4, right=(0,), tasks=(), exams=(CODE,)):
    made = tuple(Option(f"option {place}", "why", place in right) for place in range(options))
    texts = {"claims": ("A1",), "notes": (), "sources": ("a guide",)}
    return Question(
        f"{topic}/{name}",
        topic,
        "What?",
        1,
        tuple(exams),
        tuple(tasks),
        (),
        **texts,
        confirmed=date(2026, 1, 2),
        options=made,
    )


def exam_of(tasks, weights):
    """`tasks`: numbers such as 5.3; `weights`: by domain."""
    texts = {"name": "Security", "status": "current", "about": "It asks.", "source": "A guide.", "doubt": ""}
    return Exam(
        code=CODE,
        questions=65,
        minutes=170,
        begins=None,
        ends=None,
        domains=tuple(Domain(number, f"domain {number}", weight) for number, weight in weights.items()),
        tasks=tuple(ExamTask(CODE, number, f"about {number}", ()) for number in tasks),
        confirmed=date(2026, 1, 2),
        second_hand=True,
        **texts,
    )


@st.composite
def exams(draw):
    """An exam with one to five domains, some of unknown weight, one to three tasks in each, and areas of some depth."""
    numbers = draw(st.lists(st.integers(1, 9), min_size=1, max_size=5, unique=True))
    weights = {number: draw(st.integers(0, 40)) for number in numbers}
    tasks = [f"{number}.{task}" for number in numbers for task in range(1, draw(st.integers(1, 3)) + 1)]
    if draw(st.booleans()):
        tasks, weights = ["all"], {}
    areas = tuple(Area(topic, (topic,), {CODE: draw(st.integers(0, 4))}) for topic in TOPICS[:2])
    if not any(area.depth[CODE] for area in areas):
        areas = (*areas, Area("else", ("design",), {CODE: 1}))
    exam = exam_of(tasks, weights)
    return exam, Exams((exam,), areas, "Ours.")


@st.composite
def questions(draw, exam, largest=40):
    """Questions for some of the tasks of an exam, and some for another exam."""
    of_exam = [task.id for task in exam.tasks]
    made = []
    for number in range(draw(st.integers(0, largest))):
        tasks = draw(st.lists(st.sampled_from(of_exam), max_size=3, unique=True))
        codes = (CODE,) if draw(st.integers(0, 9)) else ("saa-c03",)
        options = draw(st.integers(4, 5))
        right = draw(st.sets(st.integers(0, options - 1), min_size=1, max_size=options - 1))
        made.append(question(f"q-{number}", draw(st.sampled_from(TOPICS)), options, right, tasks, codes))
    return made
