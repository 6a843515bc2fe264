"""The paths' pages: the whole curriculum, the first hour, and one for each exam of EXAM_PATHS.

The first hour is a path of katas/paths.toml; the others are in the order of the tracks, prerequisites first.
"""

from collections.abc import Collection, Iterator, Sequence

from kms_katas.kit.catalog import Kit
from kms_katas.kit.exams import Exam, Exams
from kms_katas.kit.kata import Kata
from kms_katas.kit.paths import KataPath, paths_of
from make.exams import exam_page
from make.katas import note_link, note_of, page_of
from make.writing import Page, duration, link, plain, table

FOLDER = "learn/paths"
CURRICULUM = f"{FOLDER}/curriculum.md"
FIRST_HOUR = "first-hour"
EXAM_PATHS = ("saa-c03", "scs-c03")
"""The exams whose katas have a page in order. All others have a page with katas by task (exams.py)."""


def path_pages(kit: Kit, exams: Exams | None = None) -> Iterator[Page]:
    with_path = [exam for exam in exams.exams if exam.code in EXAM_PATHS] if exams else []
    yield _curriculum(kit, with_path)
    yield from (_first_hour(kit, path) for path in _first_hours(kit))
    yield from (_exam(kit, exam) for exam in with_path)


def in_order(katas: Sequence[Kata], wanted: Collection[str] | None = None) -> tuple[Kata, ...]:
    """Katas with all that they need before them: the next is always the first by folder that nothing is missing for.

    With `wanted`, their ids, these and what they need; without, all.
    """
    by_id = {kata.id: kata for kata in katas}
    needed: set[str] = set()
    open_ids = list(by_id if wanted is None else wanted)
    while open_ids:
        if (kata := by_id.get(open_ids.pop())) and kata.id not in needed:
            needed.add(kata.id)
            open_ids += kata.prerequisites
    left, done = [kata for kata in katas if kata.id in needed], dict[str, Kata]()
    while left:
        # Where katas need one another in a circle, which `kata dev check` tells, the first of them goes first.
        kata = next((kata for kata in left if set(kata.prerequisites) & needed <= set(done)), left[0])
        done[kata.id] = kata
        left.remove(kata)
    return tuple(done.values())


def _curriculum(kit: Kit, exams: Sequence[Exam]) -> Page:
    at = CURRICULUM
    katas = in_order(kit.katas)
    shorter = [link(path.title, f"{FOLDER}/{path.name}.md", at) for path in _first_hours(kit)]
    shorter += [link(exam.code.upper(), _place(exam), at) for exam in exams]
    text = [
        "# The whole curriculum",
        f"All {len(katas)} katas in the order in which they build on one another, {_hours(katas)} of solving. Read the "
        "note before its kata, or after it, as you like. On your machine, `kata` alone says what comes next.",
        f"Shorter paths: {', '.join(shorter)}.",
        _steps(kit, katas, at),
    ]
    return Page(at, "\n\n".join(text), wide=True)


def _first_hours(kit: Kit) -> list[KataPath]:
    """One, or none in a kit that has no such path."""
    return [path for path in paths_of(kit) if path.name == FIRST_HOUR]


def _first_hour(kit: Kit, path: KataPath) -> Page:
    at = f"{FOLDER}/{FIRST_HOUR}.md"
    text = [
        f"# {plain(path.title)}",
        f"{len(path.katas)} katas, {path.solving} minutes of solving. No AWS account, no network, no bill.",
        "In a clone of the repository, with Python 3.11 or newer:",
        f"    python3 kata.py init --path {path.name}\n    python3 kata.py watch",
        "`watch` checks each time you save. On Windows write `py` for `python3`.",
        _steps(kit, path.katas, at),
        f"Then go on with {link('the whole curriculum', CURRICULUM, at)}: `python3 kata.py init` adds all other katas.",
    ]
    return Page(at, "\n\n".join(text), wide=True)


def _exam(kit: Kit, exam: Exam) -> Page:
    at, code = _place(exam), exam.code.upper()
    asked = {kata.id for kata in kit.katas if code in kata.exams}
    katas = in_order(kit.katas, asked)
    more = len(katas) - len(asked)
    before = f" {more} of them {'is' if more == 1 else 'are'} there because others build on them." if more else ""
    text = [
        f"# {code}: the path",
        f"{link('The page of the exam', exam_page(exam), at)} has its dates, its weights, what each task asks of KMS, "
        "and how we know.",
        f"{len(katas)} katas, {_hours(katas)} of solving, each after all that it builds on.{before} "
        f"`kata list --exam {code}` shows which of the exam's you have passed.",
        _steps(kit, katas, at, exam),
    ]
    return Page(at, "\n\n".join(text), wide=True)


def _place(exam: Exam) -> str:
    return f"{FOLDER}/{exam.code}.md"


def _steps(kit: Kit, katas: Sequence[Kata], at: str, exam: Exam | None = None) -> str:
    rows, spent = [], 0
    for number, kata in enumerate(katas, 1):
        spent += kata.minutes
        before = ", ".join(f"`{needed}`" for needed in kata.prerequisites)
        row = [str(number), _link(kata, at), str(kata.level), duration(kata.minutes), duration(spent), before]
        if exam:
            row.append(", ".join(task.number for task in exam.tasks if task.is_practised_by(kata)))
        rows.append([*row, note_link(kit, note_of(kata), at)])
    return table(("", "kata", "level", "takes", "by then", "builds on", *(("task",) if exam else ()), "note"), rows)


def _link(kata: Kata, at: str) -> str:
    return link(plain(kata.title), page_of(kata), at)


def _hours(katas: Sequence[Kata]) -> str:
    return duration(sum(kata.minutes for kata in katas))
