"""Questions that the tests of the exports share: any at all, and texts that attack a reader."""

import re
from datetime import date
from pathlib import Path

from hypothesis import strategies as st

from kms_katas.kit.questions import Option, Question, load_questions

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "\x1b[2J\r\x08\u202e\u200b\x00\ud800\ufffe\u2028\x1f",
    "</p></prompt><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>",
    "]]><!-- &amp; <!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    '=HYPERLINK("http://evil.example")',
    "+1+cmd|' /C calc'!A0",
    "[sound:x.mp3] [latex]x[/latex] {{Answer}} {{c1::x}}",
    "`a` and `b` and ` more",
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30), st.text("=+-@;:#[]{}<>&`|\\\"'\n\r\t %", max_size=30))
words = st.from_regex(re.compile(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?", re.ASCII), fullmatch=True)
lists = st.lists(texts, max_size=2).map(tuple)


@st.composite
def question(draw):
    """One of which the ids are what a loader lets through, and the texts are anything."""
    topic, many = draw(words), draw(st.integers(4, 5))
    options = [Option(f"{number} {draw(texts)}", draw(texts)) for number in range(many)]
    for place in draw(st.sets(st.integers(0, many - 1), min_size=1, max_size=many - 1)):
        options[place] = Option(options[place].text, options[place].why, right=True)
    exams = tuple(draw(st.sets(st.sampled_from(["saa-c03", "scs-c03", "clf-c02"]), min_size=1)))
    return Question(
        id=f"{topic}/{draw(words)}",
        topic=topic,
        scenario=draw(texts),
        difficulty=draw(st.integers(1, 3)),
        exams=exams,
        tasks=draw(lists),
        traps=(),
        claims=draw(lists),
        notes=draw(lists),
        sources=draw(lists),
        confirmed=draw(st.dates(date(1990, 1, 1), date(2090, 1, 1))),
        options=tuple(options),
    )


questions = st.lists(question(), min_size=1, max_size=3, unique_by=lambda one: one.id).map(tuple)


def real():
    """The bank as it is."""
    return load_questions(ROOT / "docs" / "questions")
