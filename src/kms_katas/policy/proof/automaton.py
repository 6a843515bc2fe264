"""Several patterns read at once: which combinations of them one text can fit, and the shortest text for each.

All patterns run side by side, each place in each of them being one bit of a number (Baeza-Yates and Gonnet, "A new
approach to text searching", 1992). Not for deciding whether a text fits: match.py does.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Literal, NamedTuple

from ..match import Pattern

Mode = Literal["equals", "ignore-case", "like", "arn"]


class TextTest(NamedTuple):
    """A text compared with a pattern: exactly, without regard to case, with wildcards, or with wildcards as an ARN."""

    mode: Mode
    pattern: Pattern


class NotDecided(Exception):
    """The question is larger than the budget, or of a kind that is not read. `construct` is what makes it so."""

    def __init__(self, construct: str) -> None:
        super().__init__(construct)
        self.construct = construct


class Budget:
    """A number of steps to spend. Steps are counted, not seconds, so that every machine comes to the same verdict."""

    def __init__(self, steps: int) -> None:
        self.limit = steps
        self.spent = 0

    def spend(self, steps: int, construct: str) -> None:
        self.spent += steps
        if self.spent > self.limit:
            raise NotDecided(construct)


LETTERS = ascii_lowercase + digits + ascii_uppercase
_FILLERS = "xyzabcdefghijklmnopqrstuvw0123456789XYZABCDEFGHIJKLMNOPQRSTUVW-_/.=+@,:;#!()[]{}<>~^%&|' \"\\`$?*"


class TextTests:
    """The patterns, read one character after another. A state is a number; 0 is the state in which none can fit."""

    def __init__(self, tests: Sequence[TextTest]) -> None:
        self._literal: dict[str, int] = {}
        self._characters: dict[int, str] = {}  # bit of a place -> the characters that it waits for
        self._any_one = self._any_one_but_colon = 0
        self._stars = self._stars_but_colon = 0
        self._accepting: list[int] = []
        self._before: dict[int, int] = {}  # bit of a * -> the places before it in its pattern
        bit = start = 1
        starts = 0
        for test in tests:
            starts |= bit
            start = bit
            for character, sort in _items(test):
                if sort == "literal":
                    either = character if test.mode != "ignore-case" else _both_cases(character)
                    self._characters[bit] = either
                    for one in either:
                        self._literal[one] = self._literal.get(one, 0) | bit
                elif character == "?":
                    self._any_one |= bit
                    if sort == "segment":
                        self._any_one_but_colon |= bit
                else:
                    self._stars |= bit
                    if sort == "segment":
                        self._stars_but_colon |= bit
                    elif bit != start:
                        self._before[bit] = bit - start
                bit <<= 1
            self._accepting.append(bit)
            bit <<= 1
        self._waiting = 0
        for place in self._characters:
            self._waiting |= place
        self._sensitive_to_colon = self._any_one_but_colon | self._stars_but_colon
        self._forgetting = 0
        for place in self._before:
            self._forgetting |= place
        self._all_accepting = 0
        for place in self._accepting:
            self._all_accepting |= place
        self.start = self._closed(starts)

    def _closed(self, state: int) -> int:
        """With what a * lets pass at once, and without the places that a later * of the same pattern makes needless."""
        state |= (state & self._stars) << 1
        reached = state & self._forgetting
        while reached:
            last = reached & -reached
            reached ^= last
            state &= ~self._before[last]
        return state

    def step(self, state: int, character: str) -> int:
        ones, stars = self._any_one, self._stars
        if character == ":":
            ones, stars = ones & ~self._any_one_but_colon, stars & ~self._stars_but_colon
        moved = (state & (self._literal.get(character, 0) | ones)) << 1 | (state & stars)
        return self._closed(moved)

    def run(self, state: int, text: str) -> int:
        for character in text:
            if not state:
                return 0
            state = self.step(state, character)
        return state

    def fits(self, state: int) -> int:
        """Which of the patterns fit the text read so far, as a number to compare with others of this object alone."""
        return state & self._all_accepting

    def awaited(self, state: int) -> set[str]:
        """The characters that some pattern waits for here; every other character leads to one and the same state."""
        found: set[str] = set()
        waiting = state & self._waiting
        while waiting:
            last = waiting & -waiting
            waiting ^= last
            found.update(self._characters[last])
        if state & self._sensitive_to_colon:
            found.add(":")
        return found


class Part(NamedTuple):
    """Patterns that see a text inside a longer one: what stands before it has led to `start`; `suffix` stands after it,
    None where that is not known, so that the state reached must tell all."""

    tests: TextTests
    start: int
    suffix: str | None = ""


class Reading:
    """Several sets of patterns that read the same text at once, each in its own surroundings."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        self.start = tuple(part.start for part in parts)

    def step(self, state: tuple[int, ...], character: str) -> tuple[int, ...]:
        return tuple(
            [part.tests.step(one, character) if one else 0 for part, one in zip(self._parts, state, strict=True)]
        )

    def run(self, state: tuple[int, ...], text: str) -> tuple[int, ...]:
        return tuple([part.tests.run(one, text) for part, one in zip(self._parts, state, strict=True)])

    def fits(self, state: tuple[int, ...]) -> tuple[int, ...]:
        """What the text read so far comes to. Texts with the same answer are told apart by none of the patterns."""
        return tuple(
            [
                one if part.suffix is None else part.tests.fits(part.tests.run(one, part.suffix))
                for part, one in zip(self._parts, state, strict=True)
            ]
        )

    def awaited(self, state: tuple[int, ...]) -> set[str]:
        found: set[str] = set()
        for part, one in zip(self._parts, state, strict=True):
            if one:
                found |= part.tests.awaited(one)
        return found


def next_characters(awaited: set[str], allowed: str | None = None) -> Iterator[str]:
    """One character for every way on: first one that nothing waits for, then the awaited; of those allowed, if any are
    named."""
    filler = next((one for one in allowed or _FILLERS if one not in awaited), None)
    if filler is not None:
        yield filler
    yield from sorted(one for one in awaited if allowed is None or one in allowed)


def plain(tests: Sequence[TextTest]) -> Part:
    """The patterns on a text that stands alone."""
    reader = TextTests(tests)
    return Part(reader, reader.start)


def example_texts(
    parts: Sequence[Part], usual: Iterable[str], budget: Budget, construct: str, allowed: str | None = None
) -> Iterator[str]:
    """At least one text for every combination of patterns that a text can fit: the usual ones that are the first of
    their combination, then the shortest; the empty text only where no other will do."""
    reading = Reading(parts)
    seen: set[tuple[int, ...]] = set()
    for text in usual:
        fits = reading.fits(reading.run(reading.start, text))
        if fits not in seen:
            seen.add(fits)
            yield text
    states = {reading.start}
    waiting = deque([(reading.start, "")])
    while waiting:
        state, text = waiting.popleft()
        budget.spend(1, construct)
        if text and (fits := reading.fits(state)) not in seen:
            seen.add(fits)
            yield text
        for character in next_characters(reading.awaited(state), allowed):
            following = reading.step(state, character)
            if following not in states or (following == reading.start and not text):
                states.add(following)
                waiting.append((following, text + character))
    if reading.fits(reading.start) not in seen:
        yield ""


def _both_cases(character: str) -> str:
    return "".join(dict.fromkeys(one for one in (character, character.lower(), character.upper()) if len(one) == 1))


def _items(test: TextTest) -> Iterator[tuple[str, Literal["literal", "segment", "any"]]]:
    """The characters of a pattern, with wildcards told from plain ones, and those that stay inside one segment of an
    ARN (all but those after the last colon that parts segments) from those that cross its colons."""
    wild = test.mode in ("like", "arn")
    parting = min(5, sum(piece.count(":") for piece in test.pattern[::2])) if test.mode == "arn" else 0
    after_star = False
    for place, piece in enumerate(test.pattern):
        plain = not wild or place % 2 == 1
        for character in piece:
            if plain or character not in "*?":
                after_star = False
                if not plain and character == ":" and parting:
                    parting -= 1
                yield character, "literal"
            elif not (character == "*" and after_star):
                after_star = character == "*"
                yield character, "segment" if parting else "any"
