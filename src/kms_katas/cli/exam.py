"""`kata exam`: the KMS part of an exam, sat at the terminal. What is shown of one that is over: exam_result.py."""

import random
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from rich.text import Text

from kms_katas.cli import PASSED, screen
from kms_katas.cli.exam_result import gone_from_kit, list_exams, show_again, show_result
from kms_katas.cli.place import Place
from kms_katas.cli.progress import duration
from kms_katas.cli.question import TimeUp, answer_of, read_line, show
from kms_katas.cli.quiz import bank_of
from kms_katas.kit import KitError
from kms_katas.kit.exams import Exam, Exams, load_exams
from kms_katas.kit.questions import Question
from kms_katas.study.exam import COUNT, Asked, draw, minutes_for, score
from kms_katas.study.progress import Progress
from kms_katas.study.quiz import LETTERS, SEEDS, letters, order_of
from kms_katas.study.sitting import Sitting, begin, sittings, with_answer, with_clock, with_end, with_flag
from kms_katas.study.workspace import Workspace

HELP = """\
  a, or a c   your answer, by letters or numbers; a new one takes its place
  -           takes your answer back
  Enter, n    the next question
  p           the one before
  g 7         question 7
  f           flags the question to look at it again, or takes the flag off
  l           lists the questions
  q           leaves; the clock stands still until you come back
  end         ends the exam and shows the result"""


def exam(place: Place, word: str | None, count: int | None, minutes: int | None, again: bool, format: str) -> int:
    """Begin an exam, go on with one, or show one that is over; without `word` list them."""
    kit, workspace = place.kit, place.workspace
    exams, bank = load_exams(kit.exams), bank_of(kit)
    progress = workspace.progress() if workspace else Progress(())
    sat = sittings(progress)
    if word is None:
        if count or minutes or again:
            raise KitError(f"Say which exam: {_codes(exams)}.")
        list_exams(exams, bank, sat, format)
        return PASSED
    named = next((one for one in sat if one.id == word.lower()), None)
    entry = _entry(exams, named.code if named else word)
    over = [one for one in sat if one.code == entry.code and one.done]
    if again or (named and named.done):
        if not over:
            raise KitError(f"No {entry.code} of yours is over. Begin one: {screen.command(f'exam {entry.code}')}")
        show_again(kit, entry, named if named and named.done else over[-1], bank, progress, format)
        return PASSED
    if format != "text":
        raise KitError(f"--format {format} is for an exam that is over. Add --show.")
    workspace = place.need_workspace()
    going_on = named or next((one for one in sat if one.code == entry.code and _can_go_on(one, bank)), None)
    if going_on and (count or minutes):
        raise KitError(
            f"A {entry.code} of yours is not over. `{screen.command(f'exam {entry.code}')}` goes on with it, and `end` "
            "there ends it. --count and --minutes are for a new one."
        )
    sitting = going_on or _begin(workspace, entry, exams, bank, count or COUNT, minutes)
    over_now = _Desk(workspace, entry, bank, sitting).sit(bool(going_on))
    if over_now:
        show_result(kit, entry, over_now, bank, progress)
    return PASSED


def _can_go_on(sitting: Sitting, bank: Mapping[str, Question]) -> bool:
    return not sitting.done and any(one.question in bank for one in sitting.asked)


def _codes(exams: Exams) -> str:
    return ", ".join(exam.code for exam in exams.asked)


def _entry(exams: Exams, word: str) -> Exam:
    """The exam of this code, if it can be asked. Raises KitError."""
    found = exams.exam(word)
    if found and found.tasks:
        return found
    about = f" {found.about}" if found else ""
    raise KitError(f"There is no exam {word!r} to sit here.{about} There are {_codes(exams)}.")


def _begin(
    workspace: Workspace, exam: Exam, exams: Exams, bank: Mapping[str, Question], count: int, minutes: int | None
) -> Sitting:
    """Draw a new exam and note it. Raises KitError where the bank has no question for it."""
    known = {answer.question for answer in workspace.progress().answered}
    asked = draw(exam, exams, bank.values(), count, random.randrange(SEEDS), known)
    if not asked:
        raise KitError(f"This kit has no question for {exam.code} yet.")
    now, name = datetime.now(UTC), ""

    def begun(progress: Progress) -> Progress:
        nonlocal name
        name, progress = begin(progress, exam.code, asked, minutes or minutes_for(exam, len(asked)), now)
        return progress

    progress = workspace.note(begun)
    return next(one for one in sittings(progress) if one.id == name)


class _Desk:
    """Where one exam is sat: what is typed, what is noted, which question lies there. Each answer is noted at once."""

    def __init__(self, workspace: Workspace, exam: Exam, bank: Mapping[str, Question], sitting: Sitting) -> None:
        self._workspace, self._exam, self._bank, self._sitting = workspace, exam, bank, sitting
        self._asked = [one for one in sitting.asked if one.question in bank]
        if not self._asked:
            raise KitError(f"Nothing of what the exam {sitting.id} asks is left in this kit, so it cannot go on.")
        self._before, self._began = sitting.used, time.monotonic()
        self._at = next((at for at, one in enumerate(self._asked) if not self._chosen(one)), 0)
        self._sure = False

    def sit(self, going_on: bool) -> Sitting | None:
        """Until it is over, which gives the exam; None: the learner left, or the input has ended."""
        self._greet(going_on)
        try:
            self._show()
            while True:
                line = read_line(self._prompt(), self._left)
                if self._left <= 0:
                    raise TimeUp
                if line is None or line.lower() in ("q", "quit"):
                    self._note_clock()
                    screen.say(f"All that you answered is kept. {screen.command(f'exam {self._exam.code}')} goes on.")
                    return None
                if self._do(line.lower()):
                    return self._end()
        except TimeUp:
            screen.say("The time is over.", "bold")
            return self._end()
        except KeyboardInterrupt:
            self._note_clock()
            raise

    def _greet(self, going_on: bool) -> None:
        sitting, code = self._sitting, self._exam.code
        many = screen.count(len(self._asked), "question")
        if going_on:
            answered = len(self._asked) - len(self._unanswered)
            screen.say(f"{code.upper()} goes on: {answered} of {many} answered, {duration(self._left)} left.", "bold")
        else:
            title = f"{self._exam.name} ({code.upper()}), the KMS part: {many} in {sitting.minutes} minutes."
            screen.say(title, "bold")
            screen.say(
                "Nothing says right or wrong before the end. Till then you may go back, flag and change answers."
            )
            screen.say("Each answer is written down at once: q or Ctrl-C leaves, the same command goes on.")
        if len(self._asked) < len(sitting.asked):
            screen.say(gone_from_kit(len(sitting.asked) - len(self._asked)))

    @property
    def _used(self) -> int:
        return min(self._before + int(time.monotonic() - self._began), self._sitting.minutes * 60)

    @property
    def _left(self) -> float:
        return self._sitting.minutes * 60 - self._before - (time.monotonic() - self._began)

    @property
    def _one(self) -> Asked:
        return self._asked[self._at]

    @property
    def _question(self) -> Question:
        return self._bank[self._one.question]

    @property
    def _order(self) -> tuple[int, ...]:
        return order_of(self._question, self._one.seed)

    @property
    def _unanswered(self) -> list[int]:
        return [one.number for one in self._asked if not self._chosen(one)]

    def _chosen(self, one: Asked) -> frozenset[int]:
        """What was answered, of the options that this kit still has."""
        places = range(len(self._bank[one.question].options))
        return self._sitting.chosen.get(one.number, frozenset()).intersection(places)

    def _prompt(self) -> str:
        many = f", choose {len(self._question.right)}" if len(self._question.right) > 1 else ""
        options = f"a to {LETTERS[len(self._order) - 1]}{many}"
        return f"{self._one.number}/{len(self._sitting.asked)}, {_clock(self._left)} left ({options}; ? for help): "

    def _show(self) -> None:
        flag = "   flagged" if self._one.number in self._sitting.flagged else ""
        chosen = self._chosen(self._one)
        show(self._question, self._order, f"Question {self._one.number} of {len(self._sitting.asked)}{flag}", chosen)
        if chosen:
            screen.say(f"Your answer so far: {letters(chosen, self._order)}.")
        screen.console().print()

    def _do(self, line: str) -> bool:
        """What was typed. True: the exam is to end."""
        sure, self._sure = self._sure, False
        if line in ("", "n", "next"):
            self._go(self._at + 1)
        elif line in ("p", "prev", "previous", "back"):
            self._go(max(self._at - 1, 0))
        elif found := re.fullmatch(r"g(?:o)? ?([0-9]{1,3})", line):
            self._go_to(int(found[1]))
        elif line in ("f", "flag"):
            self._flag()
        elif line in ("l", "list"):
            self._list()
        elif line in ("?", "help"):
            screen.say(HELP)
        elif line == "-":
            self._answer(frozenset())
            screen.say("Your answer is taken back.")
        elif line == "end":
            return self._ends(sure)
        else:
            answer = answer_of(line, self._question, self._order)
            if isinstance(answer, str):
                screen.say(answer)
            else:
                self._answer(answer)
                self._go(self._at + 1)
        return False

    def _go(self, at: int) -> None:
        if at < len(self._asked):
            self._at = at
            self._show()
            return
        self._list()
        first = self._asked[0].number
        screen.say(f"That was the last question. `g {first}` goes to question {first}, `end` ends the exam.")

    def _go_to(self, number: int) -> None:
        found = [at for at, one in enumerate(self._asked) if one.number == number]
        if found:
            self._go(found[0])
        else:
            screen.say(f"There is no question {number}. They go from 1 to {self._asked[-1].number}.")

    def _answer(self, chosen: frozenset[int]) -> None:
        number, used = self._one.number, self._used
        self._note(lambda progress: with_answer(progress, self._sitting.id, number, used, chosen))

    def _flag(self) -> None:
        number, used = self._one.number, self._used
        on = number not in self._sitting.flagged
        self._note(lambda progress: with_flag(progress, self._sitting.id, number, used, on))
        screen.say(f"Question {number} is {'flagged' if on else 'flagged no more'}.")

    def _note_clock(self) -> None:
        self._note(lambda progress: with_clock(progress, self._sitting.id, self._used))

    def _note(self, change: Callable[[Progress], Progress]) -> None:
        self._take(self._workspace.note(change))

    def _take(self, progress: Progress) -> None:
        """What the file says now is what is so."""
        self._sitting = next((one for one in sittings(progress) if one.id == self._sitting.id), self._sitting)

    def _list(self) -> None:
        """Each question with its answer and flag, five in a row."""
        screen.console().print()
        cells = []
        for one in self._asked:
            order = order_of(self._bank[one.question], one.seed)
            chosen = letters(self._chosen(one), order).replace(" and ", "")
            flag = " flag" if one.number in self._sitting.flagged else ""
            cells.append(f"{one.number:>4} {chosen or '-'}{flag}")
        for row in range(0, len(cells), 5):
            screen.console().print(Text("".join(f"{cell:<15}" for cell in cells[row : row + 5]).rstrip()))
        unanswered = self._unanswered
        screen.say(f"{len(unanswered)} not answered, {len(self._sitting.flagged)} flagged, {_clock(self._left)} left.")

    def _ends(self, sure: bool) -> bool:
        """Whether it is meant; asked once, where something is open."""
        if sure or not (self._unanswered or self._sitting.flagged):
            return True
        self._list()
        screen.say("Type end once more to end it all the same.")
        self._sure = True
        return False

    def _end(self) -> Sitting:
        self._note_clock()
        sitting = self._sitting
        result = score(self._exam, sitting.asked, sitting.chosen, self._bank)
        wrong, gone = ({one.number for one in ones} for ones in (result.wrong, result.gone))
        right = [one.number for one in sitting.asked if one.number not in wrong | gone]
        self._note(lambda progress: with_end(progress, sitting, right, datetime.now(UTC), gone))
        return self._sitting


def _clock(seconds: float) -> str:
    """`12:05`."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02}"
