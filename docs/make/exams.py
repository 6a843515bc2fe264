"""The exams' pages: what each weighs, where KMS is in it, and the katas, notes and questions for each of its tasks.

Not for what they say: that is docs/exams.toml. Nor for the order in which to solve an exam's katas: see paths.py.
"""

from collections.abc import Collection, Iterator, Sequence

from kms_katas.kit.catalog import Kit
from kms_katas.kit.exams import Exam, Exams, ExamTask
from kms_katas.kit.kata import Kata
from kms_katas.kit.questions import Question
from make.katas import note_link, note_of, page_of
from make.writing import Page, link, plain, table

INDEX = "exams/index.md"


def exam_pages(kit: Kit, exams: Exams, questions: Sequence[Question], paths: Collection[str]) -> Iterator[Page]:
    """`paths` has the codes of those exams that have a page with a path of their own, at learn/paths/."""
    yield _index(exams, questions)
    yield from (_page(kit, exams, exam, questions, paths) for exam in exams.asked)


def exam_page(exam: Exam) -> str:
    return f"exams/{exam.code}.md"


def questions_of(exam: Exam, task: ExamTask, questions: Sequence[Question]) -> list[Question]:
    """Those that serve this task."""
    return [question for question in questions if task in exam.tasks_of(question.exams, question.tasks)]


def _index(exams: Exams, questions: Sequence[Question]) -> Page:
    asked = (
        [
            link(exam.code.upper(), exam_page(exam), INDEX),
            plain(exam.name),
            _status(exam),
            str(sum(exam.code in question.exams for question in questions)),
        ]
        for exam in exams.asked
    )
    others = (
        [exam.code.upper(), plain(exam.name), _status(exam), plain(f"{exam.about} {exam.doubt}")]
        for exam in exams.exams
        if not exam.tasks
    )
    text = [
        "# The exams",
        "Which exams of AWS ask for KMS, and where. Each has a page with its weights, and with the katas, notes and "
        "questions for each of its tasks.",
        table(("exam", "name", "status", "questions here"), asked),
        "## Others",
        table(("exam", "name", "status", "KMS in it"), others),
        "AWS's exam guides themselves were not read: what stands here is from public copies and from blog posts that "
        "quote them. Look at the guide before you book.",
    ]
    return Page(INDEX, "\n\n".join(text))


def _page(kit: Kit, exams: Exams, exam: Exam, questions: Sequence[Question], paths: Collection[str]) -> Page:
    at, code = exam_page(exam), exam.code.upper()
    served = [question for question in questions if exam.code in question.exams]
    text = [
        f"# {code}: {plain(exam.name)}",
        plain(f"{_status(exam).capitalize()}. {exam.about}{_length(exam)}"),
        _known(exam),
        "## What it weighs",
        _weights(exam),
        "## Where KMS is in it",
        *(_task(kit, exam, task, served, at) for task in exam.tasks),
        "## How deep it goes",
        plain(exams.judgement),
        _depths(exams, exam, served),
        f"`kata exam {exam.code}` gives each domain of KMS a share by its weight, and draws by these shares within "
        f"it, of {len(served)} questions."
        + (f" {link('The path', f'learn/paths/{exam.code}.md', at)} has its katas in order." * (exam.code in paths)),
    ]
    return Page(at, "\n\n".join(part for part in text if part))


def _status(exam: Exam) -> str:
    begins = f" since {exam.begins}" if exam.begins and exam.status in ("current", "ending") else ""
    begins += f" on {exam.begins}" if exam.begins and exam.status == "coming" else ""
    ends = f", last day {exam.ends}" if exam.ends else ""
    return f"{exam.status}{begins}{ends}"


def _length(exam: Exam) -> str:
    return f" It has {exam.questions} questions and takes {exam.minutes} minutes." if exam.questions else ""


def _known(exam: Exam) -> str:
    second = "AWS's exam guide itself was not read. Look at it before you book. " if exam.second_hand else ""
    doubt = f" **Not confirmed:** {plain(exam.doubt)}" if exam.doubt else ""
    title = "Second-hand" if exam.second_hand else "Source"
    return f'!!! note "{title}"\n\n    {second}From: {plain(exam.source)} Confirmed {exam.confirmed}.{doubt}'


def _weights(exam: Exam) -> str:
    if not exam.domains:
        return "Its weights were not seen."
    rows = (
        [
            f"{domain.number}. {plain(domain.name)}",
            f"{domain.weight}%" if domain.weight else "not seen",
            ", ".join(_number(task) for task in exam.tasks if task.domain == domain.number),
        ]
        for domain in exam.domains
    )
    return table(("domain", "weight", "KMS in its tasks"), rows)


def _number(task: ExamTask) -> str:
    return task.number if "." in task.number else "whole"


def _task(kit: Kit, exam: Exam, task: ExamTask, questions: Sequence[Question], at: str) -> str:
    domain = f"Domain {task.number}" if task.domain else "The whole exam"
    katas = [kata for kata in kit.katas if task.is_practised_by(kata)]
    served = questions_of(exam, task, questions)
    rows = ([link(plain(kata.title), page_of(kata), at), note_link(kit, note_of(kata), at)] for kata in katas)
    more = _more_notes(kit, katas, served)
    text = [
        f"### {task.number if '.' in task.number else domain}",
        f"{task.about[:1].upper()}{plain(task.about[1:])}.",
        table(("kata", "note"), rows) if katas else f"No kata yet: {plain(task.no_kata)}" * bool(task.no_kata),
        f"More notes: {', '.join(note_link(kit, note, at) for note in more)}." if more else "",
        f"**{len(served)} question{'' if len(served) == 1 else 's'}.**",
    ]
    return "\n\n".join(part for part in text if part)


def _more_notes(kit: Kit, katas: Sequence[Kata], questions: Sequence[Question]) -> list[str]:
    """Pages that the questions lead to, beside the notes of the katas; pages made from data are not looked for."""
    named = sorted({note.partition("#")[0] for question in questions for note in question.notes})
    known = {note_of(kata) for kata in katas}
    return [note for note in named if note not in known and (kit.root / "docs" / note).is_file()]


def _depths(exams: Exams, exam: Exam, questions: Sequence[Question]) -> str:
    shares = exams.shares(exam.code)
    rows = (
        [
            plain(area.name),
            str(area.depth[exam.code]),
            f"{shares.get(area.name, 0):.0%}",
            str(sum(question.topic in area.topics for question in questions)),
        ]
        for area in exams.areas
    )
    return table(("field", "depth, 0 to 4", "share", "questions"), rows)
