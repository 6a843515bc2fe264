"""Policy variables: which differences between the values of one key matter to the patterns that it is written into.

`${aws:username}` in a condition on another key links the two. For every text around a variable this says what the other
patterns on the linked key make of the value in its place.
"""

from collections.abc import Iterator, Sequence

from ..context import Context
from .automaton import Mode, NotDecided, Part, TextTest, TextTests
from .domain import of_principal
from .values import VARIABLE, Atom, mode_of, text_tests


def linked_parts(
    source: str, atoms: Sequence[Atom], resources: Sequence[str], key_arn: str, known: Context
) -> list[Part]:
    """The patterns that the values of the key `source` meet where variables stand for them.

    `known` has the keys whose values are settled already. Raises NotDecided for a wildcard in front of a variable.
    """
    parts: list[Part] = []
    for target in dict.fromkeys(atom.key for atom in atoms if source in atom.sources):
        tests = [test for atom in atoms if atom.key == target for test in text_tests(atom, known)]
        tests += open_tests(target, atoms, known)
        value = known.get(target)
        if isinstance(value, str):
            tests.append(TextTest("equals", ("", value, "")))
        written = [text for atom in atoms if atom.key == target and source in atom.sources for text in atom.values]
        if tests:
            parts += _parts(source, written, tests, known, target)
    if resources:
        parts += _parts(source, resources, [TextTest("equals", ("", key_arn, ""))], known, "Resource")
    return parts


def open_tests(target: str, atoms: Sequence[Atom], known: Context) -> list[TextTest]:
    """What the patterns on a key come to where a variable in them has no settled value yet.

    The variable may stand for anything, or for what the patterns on its own key name.
    """
    tests = []
    for atom in atoms:
        unsettled = atom.sources - known.keys()
        if atom.key != target or not unsettled:
            continue
        mode: Mode = "arn" if mode_of(atom) == "arn" else "like"
        fillings = [
            filling
            for source in sorted(unsettled)
            for other in atoms
            if other.key == source
            for test in text_tests(other, known)
            for filling in _fillings(test)
        ]
        for text in atom.values:
            before, *others = VARIABLE.split(text, maxsplit=1)
            if others:
                after = VARIABLE.sub("*", others[1])
                tests += [TextTest(mode, (before, *filling, after)) for filling in (("", "*", ""), *fillings)]
    return [TextTest(test.mode, _in_order(test.pattern)) for test in tests]


def _fillings(test: TextTest) -> Iterator[tuple[str, str, str]]:
    """A pattern as a piece of another one: literal, wild."""
    text = "".join(test.pattern)
    if test.mode in ("like", "arn"):
        yield "", text, ""
    else:
        yield from ((one, "", "") for one in dict.fromkeys((text, text.lower(), text.upper())))


def _in_order(pieces: tuple[str, ...]) -> tuple[str, ...]:
    """(text before, literal, wild, literal, text after) as a Pattern: wild and literal pieces in turn."""
    before, literal, wild, _, after = pieces
    return (before, literal, wild + after) if literal else (before + wild + after,)


def _parts(
    source: str, written: Sequence[str], tests: Sequence[TextTest], known: Context, target: str
) -> Iterator[Part]:
    reader = TextTests(tests)
    for text in dict.fromkeys(written):
        for found in VARIABLE.finditer(text):
            if _name(found[1]) != source:
                continue
            before, after = _filled(text[: found.start()], known), _filled(text[found.end() :], known)
            if before is None:
                if of_principal(source):
                    # The caller's own keys are not independent of each other; callers are told apart by all of them.
                    continue
                raise NotDecided(f"the wildcard or variable before ${{{found[1]}}} in {target}")
            yield Part(reader, reader.run(reader.start, before), after)


def _name(body: str) -> str:
    return body.split(",")[0].strip().lower()


def _filled(text: str, known: Context) -> str | None:
    """A piece of a pattern as plain text; None where it holds a wildcard, or a variable without a settled value."""
    pieces = VARIABLE.split(text)
    for place, piece in enumerate(pieces):
        if place % 2:
            value = piece if piece in ("*", "?", "$") else known.get(_name(piece))
            if not isinstance(value, str):
                return None
            pieces[place] = value
        elif "*" in piece or "?" in piece:
            return None
    return "".join(pieces)
